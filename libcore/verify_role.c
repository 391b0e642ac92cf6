/*
 * The topic's role, and the states of its partitions, which repeat it.
 */
#include "role.h"
#include "verify.h"
#include "verify_parts.h"

int
verify_role(struct verify_part *p, struct err *e)
{
	struct role role;

	if (role_read(&role, p->dirfd, p->where, e) >= 0)
		return 0;
	if (e->code == ERR_SYSTEM && e->sys != 0)
		return -1;
	if (e->code == ERR_CORRUPT)
		verify_tell(p, verify_whole(ABOUT_ROLE, MEND_NONE), ROLE_NAME,
		    "is not a role (leader, replica of HOST:PATH, fenced by "
		    "epoch N or sealed): write what it was");
	return 0;
}

int
verify_state_role(struct verify_part *p, struct err *e)
{
	const struct topic *t = p->v->topic;
	char text[ROLE_TEXT];
	struct role role;
	int tries;

	/*
	 * Where it says anything else, whoever appends asks the file (role.h):
	 * a change may be under way, or was cut short.
	 */
	for (tries = 0; tries < 2; tries++) {
		if (!p->known ||
		    atomic_load(&p->state.page->role) != ROLE_LEADER)
			return 0;
		if (role_read(&role, t->dirfd, t->path, e) < 0)
			return e->code == ERR_SYSTEM && e->sys != 0 ? -1 : 0;
		if (role.kind == ROLE_LEADER)
			return 0;
	}
	role_text(&role, text);
	verify_tell(p, verify_whole(ABOUT_ROLE, MEND_INDEX), "state",
	    "says that the topic leads, but its role is %.200s", text);
	return 0;
}

bool
verify_is_copy(const struct verify_part *p)
{
	const struct topic *t = p->v->topic;
	struct role role;
	struct err ignored;

	return role_read(&role, t->dirfd, t->path, &ignored) >= 0 &&
	    role.kind == ROLE_REPLICA;
}
