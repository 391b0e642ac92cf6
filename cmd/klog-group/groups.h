/*
 * groups: from TOPIC operands and -g to the groups that are meant, and the
 * refusal to change one that is in use.
 */
#ifndef KLOG_GROUP_GROUPS_H
#define KLOG_GROUP_GROUPS_H

#include <stdbool.h>

#include "err.h"
#include "group.h"
#include "member.h"
#include "opt.h"
#include "topic.h"

/*
 * Whether name can be a group's; NULL is a -g that is missing.  Called before
 * any file is touched.  0, or -1 ERR_USAGE.
 */
int groups_check_name(const char *name, struct err *e);

/* Open a group that is there.  0, or -1: "no such group", e->sys ENOENT. */
int groups_open(struct group *g, const struct topic *t, const char *name,
    struct err *e);

/* Topic and group in one; groups_close_both closes them.  0, or -1. */
int groups_open_both(struct topic *t, struct group *g,
    const struct opt_common *common, const char *operand, const char *name,
    struct err *e);
void groups_close_both(struct topic *t, struct group *g);

/*
 * Call fn for group name (NULL: each there is, sorted) of every topic, in
 * order.  All names are checked first: a bad one is -1 with *e and fn is
 * never called.  What fails is reported at once and the others go on; a group
 * that was removed meanwhile is left out.  The worst (highest) status, or -1.
 */
int groups_each(const struct opt_common *common, int argc, char **argv,
    const char *name, int (*fn)(void *context, struct group *g,
    struct err *e), void *context, struct err *e);

/*
 * Refuse to change a group with live members: 0, or -1 ERR_BUSY that names
 * them.
 */
int groups_refuse_live(const struct group *g, struct err *e);

/* The member that has the partition, borrowed from list, or NULL. */
const struct member_info *groups_owner(const struct member_info *list,
    size_t count, int32_t partition);

#endif
