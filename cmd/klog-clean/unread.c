/*
 * --keep-unread: how far the slowest group has read.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "clean.h"
#include "group.h"
#include "report.h"

/* What one group has committed there: 1, 0 nothing, -1. */
static int
of_group(const struct clean *c, const char *name, int32_t number,
    int64_t *offset, struct err *e)
{
	struct committed committed;
	struct group g;
	int got;

	got = group_open(&g, c->topic, name, false, e);
	if (got <= 0)
		return got;
	got = group_committed_surely(&g, number, &committed, e);
	group_close(&g);
	if (got < 0)
		err_prefix(e, "%s/%" PRId32 ": stays: --keep-unread",
		    c->topic->path, number);
	if (got > 0)
		*offset = committed.offset;
	else if (got == 0)
		report_note("%s/%" PRId32 ": group %s has committed nothing "
			    "there and keeps nothing",
		    c->topic->path, number, name);
	return got;
}

int
unread_bound(
    const struct clean *c, int32_t number, int64_t *bound, struct err *e)
{
	char **names;
	size_t n, i;
	int64_t offset;
	int got, any = 0;

	if (group_list(c->topic, &names, &n, e) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		got = any < 0 ? 0 : of_group(c, names[i], number, &offset, e);
		if (got < 0)
			any = -1;
		if (got > 0 && (any == 0 || offset < *bound))
			*bound = offset;
		if (got > 0)
			any = 1;
		free(names[i]);
	}
	free(names);
	return any;
}
