/*
 * klog-replicate promote: a replica leads from now on.  Its epochs are on
 * disk before its role is, and its role before anything is appended.
 */
#include <inttypes.h>
#include <stdio.h>

#include "checkpoint.h"
#include "clock.h"
#include "promote.h"
#include "report.h"
#include "role.h"
#include "topic.h"
#include "verbs.h"
#include "view.h"
#include "where.h"

struct promotion {
	struct opt_common common;
	bool force;
	bool unsafe;
	int64_t timeout; /* ms to wait for the locks */

	/* While it runs: */
	const struct topic *topic;
	int64_t deadline;
};

static const struct promotion defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_FLAG(0, "force", struct promotion, force,
	    "also if records of the leader are known to be missing here"),
	OPT_ROW_UNSAFE(struct promotion, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct promotion, timeout, 0,
	    INT32_MAX, "how long to wait for locks (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
check_role(const struct topic *t, const struct role *r, struct err *e)
{
	switch (r->kind) {
	case ROLE_REPLICA:
		return 0;
	case ROLE_FENCED:
		return err_set(e, ERR_ROLE,
		    "%s: was fenced by epoch %" PRId32 ": another leads; "
		    "klog-replicate follow makes this its replica",
		    t->path, r->epoch);
	case ROLE_SEALED:
		return err_set(e, ERR_ROLE,
		    "%s: leads already, and is sealed: klog-topic unseal "
		    "opens it", t->path);
	case ROLE_LEADER:
		break;
	}
	return err_set(e, ERR_ROLE, "%s: leads already", t->path);
}

/*
 * What of partition number's records is known to be at the leader only.  One
 * that was never asked of (--partitions) has no high watermark yet.
 */
static int
check_one(const struct promotion *o, int32_t number, bool *behind,
    struct err *e)
{
	const struct topic *t = o->topic;
	int64_t offset, high;
	struct view v;
	int r, copied;

	if (view_open(&v, t->dirfd, number, t->path, e) < 0)
		return -1;
	view_expect(&v, &t->settings);
	v.past_copies = true;
	r = promote_behind(v.dirfd, &offset, v.where, e);
	if (r > 0)
		r = view_refresh(&v, e);
	copied = r < 0 ? -1 : checkpoint_read_high(v.dirfd, &high, v.where, e);
	if (copied < 0)
		r = -1;
	if (copied == 0) {
		*behind = true;
		report_warn("%s: was never copied from the leader%s", v.where,
		    o->force ? ": what it had there is given up" : "");
	} else if (r >= 0 && offset > v.end.next_offset) {
		*behind = true;
		report_warn("%s: the leader had offsets %" PRId64 " to %" PRId64
			    " when it was last heard, which are not here%s",
		    v.where, v.end.next_offset, offset - 1,
		    o->force ? ": they are given up" : "");
	}
	view_close(&v);
	return r < 0 ? -1 : 0;
}

static int
check_all(const struct promotion *o, struct err *e)
{
	bool behind = false;
	int32_t i;

	for (i = 0; i < o->topic->settings.partitions; i++)
		if (check_one(o, i, &behind, e) < 0)
			return -1;
	if (!behind || o->force)
		return 0;
	return err_set(e, ERR_ROLE,
	    "%s: records of the leader are missing here: nothing was changed; "
	    "copy them first, or give them up with --force", o->topic->path);
}

static int
promote_one(const struct promotion *o, int32_t number, struct err *e)
{
	const struct topic *t = o->topic;
	struct partition p;
	struct role role;
	int64_t start;
	int32_t epoch;
	int r;

	if (partition_open(&p, t->dirfd, number, t->path, &t->settings, e) < 0)
		return -1;
	p.use = PARTITION_REPLICA;
	r = promote_partition(&p, o->deadline, &epoch, &start, e);
	/* Another promotion was faster. */
	if (r < 0 && e->code == ERR_ROLE &&
	    role_read(&role, t->dirfd, t->path, e) >= 0)
		(void)check_role(t, &role, e);
	if (r == 0 && !report_quiet())
		printf("%s: leader epoch %" PRId32 " from offset %" PRId64
		       " on\n", p.where, epoch, start);
	partition_close(&p);
	return r;
}

/* Others may have been faster. */
static int
lead(void *ctx, struct role *r, struct err *e)
{
	const struct promotion *o = ctx;

	if (check_role(o->topic, r, e) < 0)
		return -1;
	*r = (struct role){ .kind = ROLE_LEADER };
	return 0;
}

/* Whether the file says that t leads, but not yet all states: a promotion
 * was killed just then. */
static bool
half_led(const struct topic *t, const struct role *r)
{
	struct err ignored;
	bool half = false;
	struct view v;
	int32_t i;

	for (i = 0; r->kind == ROLE_LEADER && i < t->settings.partitions;
	     i++) {
		if (view_open(&v, t->dirfd, i, t->path, &ignored) < 0)
			break;
		if (view_refresh(&v, &ignored) == 0 && v.state.page != NULL)
			half |= atomic_load(&v.state.page->role) !=
			    ROLE_LEADER;
		view_close(&v);
	}
	return half;
}

static int
promote_all(struct promotion *o, struct err *e)
{
	const struct topic *t = o->topic;
	struct role r;
	int32_t i;

	if (role_read(&r, t->dirfd, t->path, e) < 0)
		return -1;
	if (half_led(t, &r))
		return role_set(t->dirfd, t->path, o->deadline, &r, e);
	if (check_role(t, &r, e) < 0 ||
	    topic_check_local(t, o->unsafe, e) < 0 || check_all(o, e) < 0)
		return -1;
	for (i = 0; i < t->settings.partitions; i++)
		if (promote_one(o, i, e) < 0)
			return -1;
	return role_change(t->dirfd, t->path, o->deadline, lead, o, e);
}

static int
caught_up(const struct topic *t, struct err *e)
{
	struct view v;
	int32_t i;
	int r = 0;

	for (i = 0; r == 0 && i < t->settings.partitions; i++) {
		if (view_open(&v, t->dirfd, i, t->path, e) < 0)
			return -1;
		r = promote_note_caught_up(v.dirfd, v.where, e);
		view_close(&v);
	}
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct promotion *o = opts;
	struct topic t;
	int r;

	(void)argc;
	if (where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	o->topic = &t;
	o->deadline = clock_mono_ms() + o->timeout;
	r = promote_all(o, e);
	/* What the old leader had means nothing to who leads. */
	if (r == 0)
		r = caught_up(&t, e);
	topic_close(&t);
	return r;
}

static const char *const usage[] = { "[--force] TOPIC", NULL };

const struct command verb_promote = {
	.name = "promote",
	.summary = "make a replica the leader",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct promotion),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
