/*
 * The topic's role, and the states of its partitions, which repeat it.
 */
#include "role.h"
#include "verify.h"
#include "verify_parts.h"

static const struct trouble bad_role = { .about = ABOUT_ROLE,
	.base = -1,
	.position = -1,
	.bytes = -1,
	.offset = -1,
	.end = -1 };

int
verify_role(struct verify_part *p, struct err *e)
{
	struct role role;

	if (role_read(&role, p->dirfd, p->where, e) >= 0)
		return 0;
	if (e->code == ERR_SYSTEM && e->sys != 0)
		return -1;
	if (e->code == ERR_CORRUPT)
		verify_tell(p, bad_role, ROLE_NAME,
		    "is not a role (leader, replica of HOST:PATH, fenced by "
		    "epoch N or sealed): write what it was");
	return 0;
}

int
verify_state_role(struct verify_part *p, struct err *e)
{
	const struct topic *t = p->v->topic;
	struct trouble trouble = bad_role;
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
	trouble.mend = MEND_INDEX;
	verify_tell(p, trouble, "state",
	    "says another role than the topic's, which is %.200s", text);
	return 0;
}
