/*
 * klog-topic seal, unseal: close a topic to producers, and open it again.
 */
#include <inttypes.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "durable.h"
#include "each.h"
#include "report.h"
#include "role.h"
#include "verbs.h"

struct seal {
	struct opt_common common;
	bool unsafe;
	int64_t timeout;	/* ms to wait for the locks */
};

static const struct seal defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_ROW_UNSAFE(struct seal, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct seal, timeout, 0, INT32_MAX,
	    "how long to wait for who is appending (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

struct sealing {
	const char *path;
	bool before;		/* it was sealed */
};

static int
close_it(void *context, struct role *r, struct err *e)
{
	struct sealing *s = context;

	s->before = r->kind == ROLE_SEALED;
	if (r->kind == ROLE_REPLICA)
		return err_set(e, ERR_ROLE,
		    "%s: is a replica of %s and takes no records but its: a "
		    "replica is never sealed", s->path, r->source);
	if (r->kind == ROLE_FENCED)
		return err_set(e, ERR_ROLE, "%s: was fenced by epoch %" PRId32
		    " and takes no records: it can't be sealed too", s->path,
		    r->epoch);
	r->kind = ROLE_SEALED;
	return 0;
}

static int
open_it(void *context, struct role *r, struct err *e)
{
	struct sealing *s = context;

	s->before = r->kind == ROLE_SEALED;
	if (r->kind == ROLE_REPLICA)
		return err_set(e, ERR_ROLE, "%s: is a replica of %s, not "
		    "sealed: klog-replicate promote makes it the leader",
		    s->path, r->source);
	if (r->kind == ROLE_FENCED)
		return err_set(e, ERR_ROLE, "%s: was fenced by epoch %" PRId32
		    ", not sealed: klog-replicate follow makes it a replica",
		    s->path, r->epoch);
	r->kind = ROLE_LEADER;
	return 0;
}

/* Make durable what partition number holds: nothing comes after it. */
static int
sync_one(struct topic *t, int32_t number, int64_t deadline, struct err *e)
{
	struct partition p;
	int r;

	if (partition_open(&p, t->dirfd, number, t->path, &t->settings, e) < 0)
		return -1;
	p.use = PARTITION_KEEPER;
	r = append_begin(&p, deadline, e);
	if (r == 0) {
		append_end(&p);
		r = durable_wait(&p, p.slot.next_offset, deadline, e);
	}
	partition_close(&p);
	return r;
}

static int
sync_all(struct topic *t, int64_t deadline, struct err *e)
{
	char why[sizeof(e->text)];
	int32_t i;

	if (topic_reload(t, e) < 0)
		return -1;
	for (i = 0; i < t->settings.partitions; i++) {
		if (sync_one(t, i, deadline, e) == 0)
			continue;
		snprintf(why, sizeof(why), "%s", e->text);
		return err_set(e, e->code, "%s: is sealed, but not all of it "
		    "is known to be on disk: %.500s", t->path, why);
	}
	return 0;
}

static int
change_one(const struct seal *o, const char *path, bool seal, struct err *e)
{
	int64_t deadline = clock_mono_ms() + o->timeout;
	struct sealing s = { .path = path };
	struct topic t;
	int r = -1;

	if (topic_open(&t, path, e) < 0)
		return -1;
	s.path = t.path;
	if (topic_check_local(&t, o->unsafe, e) == 0)
		r = role_change(t.dirfd, t.path, deadline,
		    seal ? close_it : open_it, &s, e);
	if (r == 0 && seal)
		r = sync_all(&t, deadline, e);
	if (r == 0)
		report_note("%s: %s%s", t.path,
		    s.before == seal ? "is " : "",
		    seal ? "sealed" : s.before ? "unsealed" : "not sealed");
	topic_close(&t);
	return r;
}

static int
seal_one(void *context, const char *path, struct err *e)
{
	return change_one(context, path, true, e);
}

static int
unseal_one(void *context, const char *path, struct err *e)
{
	return change_one(context, path, false, e);
}

static int
run_seal(void *opts, int argc, char **argv, struct err *e)
{
	struct seal *o = opts;

	return each_topic(&o->common, argc, argv, seal_one, o, e);
}

static int
run_unseal(void *opts, int argc, char **argv, struct err *e)
{
	struct seal *o = opts;

	return each_topic(&o->common, argc, argv, unseal_one, o, e);
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_seal = {
	.name = "seal",
	.summary = "close topics to producers",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct seal),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run_seal,
};

const struct command verb_unseal = {
	.name = "unseal",
	.summary = "open sealed topics to producers again",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct seal),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run_unseal,
};
