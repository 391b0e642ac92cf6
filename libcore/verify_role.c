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

	/* Who changes it writes the file first, and may be at it. */
	for (tries = 0; p->known && tries < 2; tries++) {
		if (role_read(&role, t->dirfd, t->path, e) < 0)
			return e->code == ERR_SYSTEM && e->sys != 0 ? -1 : 0;
		if (atomic_load(&p->state.page->role) == (uint32_t)role.kind)
			return 0;
	}
	if (!p->known)
		return 0;
	role_text(&role, text);
	verify_tell(p, verify_whole(ABOUT_ROLE, MEND_INDEX), "state",
	    "says another role than the topic's, which is %.200s", text);
	return 0;
}
