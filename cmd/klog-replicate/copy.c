/*
 * klog-replicate SRC DST: one connection, or one after another.
 */
#include "copy.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "clock.h"
#include "main.h"
#include "names.h"
#include "peer.h"
#include "report.h"
#include "serve.h"
#include "session.h"
#include "together.h"
#include "topiclist.h"
#include "units.h"

enum {
	BACKOFF_FIRST = 1000, /* ms, until a lost connection is tried again */
	BACKOFF_MAX = 60000,
	LASTED = 30000, /* ms, after which a connection was a good one */
	WAIT_MS = 30000 /* for the locks of a log */
};

static bool
wants(void *ctx, int32_t partition)
{
	const struct partitions *p = &((struct copy *)ctx)->partitions;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->list[i] == partition)
			return true;
	return p->list == NULL;
}

/* The other end, when both are here: it has the source. */
static int
serve_here(void *ctx, int in, int out)
{
	const struct copy *c = ctx;
	const struct serving o = {
		.folder = *c->from.folder != '\0' ? c->from.folder : ".",
		.origin = ""
	};
	struct err e;
	bool told;

	if (serve(&o, in, out, &told, &e) == 0)
		return 0;
	return main_status(&e);
}

static int
connect_peer(struct copy *c, struct link *l, struct err *e)
{
	const struct place *far = c->pull ? &c->from : &c->to;
	const struct peer p = { .host = far->host,
		.folder = far->folder,
		.shell = c->shell,
		.program = c->program,
		.serve = serve_here,
		.ctx = c };

	if (peer_start(&p, l, c->peer, e) < 0)
		return -1;
	link_expect(l, c->timeout);
	l->rate = c->rate;
	return 0;
}

static int
say_hello(const struct copy *c, struct link *l, struct err *e)
{
	struct buf names = { 0 };
	struct wire w = { .type = WIRE_HELLO,
		.direction = c->pull ? WIRE_PULL : WIRE_PUSH,
		.name = { (const uint8_t *)c->follower,
		    (int32_t)strlen(c->follower) } };
	int r = 0;

	w.flags = (uint8_t)((c->follow ? WIRE_FOLLOW : 0) |
	    (c->groups ? WIRE_GROUPS : 0));
	if (c->pull)
		r = wire_add_name(&names, c->from.name);
	w.names = (struct slice){ names.data, (int32_t)names.len };
	if (r == 0)
		r = wire_put(&l->output, &w);
	buf_release(&names);
	return r < 0 ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

int
copy_connect(struct copy *c, struct link *l, struct err *e)
{
	if (connect_peer(c, l, e) < 0)
		return -1;
	return say_hello(c, l, e);
}

/* Offer a topic that lies here. */
static int
offer(const struct copy *c, struct source *s, const char *name,
    struct err *e)
{
	char *path, *origin = NULL;
	int r = -1;

	if (source_offers(s, name))
		return 0;
	path = place_text(&c->from, name);
	if (path == NULL ||
	    asprintf(&origin, "%s/%s", c->origin, name) < 0)
		err_set(e, ERR_SYSTEM, "%s: out of memory", name);
	else
		r = source_add(s, path,
		    c->to.name != NULL ? c->to.name : NULL, origin, e);
	free(path);
	free(origin);
	return r;
}

static int
offer_all(const struct copy *c, struct source *s, struct err *e)
{
	const char *folder = *c->from.folder != '\0' ? c->from.folder : ".";
	char **names;
	size_t count, i;
	int n = 0;

	if (!c->from.many)
		return offer(c, s, c->from.name, e);
	if (topic_list(folder, &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count && n >= 0; i++) {
		if (fnmatch(c->from.name, names[i], FNM_PERIOD) != 0)
			continue;
		n = offer(c, s, names[i], e) < 0 ? -1 : n + 1;
	}
	names_free(names, count);
	if (n == 0)
		return err_set(e, ERR_SYSTEM, "%s/%s: matches no topic", folder,
		    c->from.name);
	return n < 0 ? -1 : 0;
}

static int
find_more(void *ctx, struct source *s, struct err *e)
{
	return offer_all(ctx, s, e);
}

/* The source is here; out gets what it says.  NULL and -1, or 0. */
static int
make_source(const struct copy *c, struct buf *out, struct source **s,
    struct err *e)
{
	const struct source_options o = { .follow = c->follow,
		.groups = c->groups,
		.follower = c->follower,
		.host = c->pull ? c->host : c->to.host,
		.wants = wants,
		.folder = !c->from.many	       ? NULL :
		    *c->from.folder != '\0' ? c->from.folder :
						".",
		.find = find_more,
		.ctx = (void *)c,
		.wait_ms = c->timeout >= 0 ? c->timeout : WAIT_MS };

	*s = source_new(&o, out);
	if (*s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return offer_all(c, *s, e);
}

/* The target is here. */
static int
make_target(const struct copy *c, struct buf *out, struct target **t,
    struct err *e)
{
	const struct target_options o = { .path = c->path,
		.folder = c->path != NULL	? NULL :
		    *c->to.folder != '\0' ? c->to.folder :
						  ".",
		.source = c->origin,
		.force = c->force,
		.unsafe = c->unsafe,
		.groups = c->groups,
		.wants = wants,
		.ctx = (void *)c,
		.wait_ms = c->timeout >= 0 ? c->timeout : WAIT_MS };

	*t = target_new(&o, out);
	return *t == NULL ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

struct moved { /* by one connection */
	const struct source_counts *sent; /* NULL: the source is there */
	const struct target_counts *got; /* NULL: the target is there */
	int64_t out, in; /* bytes on the connection */
};

/*
 * What a connection moved: for people with -v, one object with --json.  What
 * was sent to a copy that failed need not all be there.
 */
static void
account(const struct copy *c, const struct moved *m, bool failed, int64_t ms)
{
	const struct target_counts *in = m->got;
	int64_t bytes = 0, batches = 0, records = 0;
	char size[UNITS_TEXT], moved[UNITS_TEXT], took[UNITS_TEXT];

	if (in != NULL) {
		bytes = in->bytes;
		batches = in->batches;
		records = in->records;
	} else if (m->sent != NULL) {
		bytes = m->sent->bytes;
		batches = m->sent->batches;
		records = m->sent->records;
	}
	units_format_size(bytes, size);
	units_format_size(m->in + m->out, moved);
	units_format_duration(ms, took);
	if (in != NULL && in->cut > 0)
		report_warn("%" PRId64 " bytes that the source does not have "
			    "were cut off, and kept in cut/",
		    in->cut);
	if (in != NULL && in->rewound > 0)
		report_warn("groups were set back, %" PRId64 " records that "
			    "they had read are gone",
		    in->rewound);
	if (in != NULL && in->busy > 0)
		report_warn("%" PRId64 " offsets of groups were left as they "
			    "are: members of these groups read here",
		    in->busy);
	report_note("%s: %s %" PRId64 " record%s in %" PRId64 " batch%s, %s "
		    "bytes; the connection moved %s in %s",
	    c->peer, failed && in == NULL ? "sent" : "copied", records,
	    records == 1 ? "" : "s", batches, batches == 1 ? "" : "es", size,
	    moved, took);
	if (!c->json)
		return;
	printf("{\"records\":%" PRId64 ",\"batches\":%" PRId64
	       ",\"bytes\":%" PRId64 ",\"sent\":%" PRId64
	       ",\"received\":%" PRId64 ",\"groups\":%" PRId64
	       ",\"cut\":%" PRId64 ",\"rewound\":%" PRId64
	       ",\"ms\":%" PRId64 "}\n",
	    records, batches, bytes, m->out, m->in,
	    in != NULL ? in->groups : 0, in != NULL ? in->cut : 0,
	    in != NULL ? in->rewound : 0, ms);
	(void)fflush(stdout);
}

/* Whether it may go better another time. */
static bool
may_pass(const struct err *e)
{
	return e->code == ERR_BUSY || e->code == ERR_SYSTEM;
}

/* Both ends are here.  0, or -1; *again: another time may go better. */
static int
copy_here(struct copy *c, bool *again, struct err *e)
{
	struct together g = { .rate = c->rate, .progress = &c->progress };
	int64_t began = clock_mono_ms();
	struct moved m = { 0 };
	int r;

	r = make_source(c, &g.to_target, &g.source, e);
	if (r == 0)
		r = make_target(c, &g.to_source, &g.target, e);
	if (r == 0) {
		r = together_run(&g, e);
		m = (struct moved){ source_counts(g.source),
			target_counts(g.target), g.out, g.in };
		account(c, &m, r < 0, clock_mono_ms() - began);
	}
	*again = r < 0 && may_pass(e);
	together_release(&g);
	return r;
}

/* One connection.  0, or -1; *again: another one may go better. */
static int
connect_once(struct copy *c, bool *again, bool *lost, struct err *e)
{
	struct link l = { .in = -1, .out = -1 };
	struct session s = { .link = &l,
		.progress = &c->progress,
		.lost = &c->lost };
	int64_t began = clock_mono_ms();
	struct moved m = { 0 };
	int r;

	*again = true;
	*lost = false;
	if (copy_connect(c, &l, e) < 0)
		return -1;
	r = c->pull ? make_target(c, &l.output, &s.target, e) :
		      make_source(c, &l.output, &s.source, e);
	if (r == 0) {
		r = session_run(&s, e);
		m.sent = s.source == NULL ? NULL : source_counts(s.source);
		m.got = s.target == NULL ? NULL : target_counts(s.target);
		m.in = l.bytes_in;
		m.out = l.bytes_out;
		account(c, &m, r < 0, clock_mono_ms() - began);
	} else {
		link_fail(&l, e);
	}
	*lost = r < 0 && l.lost && l.greeted;
	*again = (r < 0 && l.lost) || (may_pass(e) && l.greeted);
	source_free(s.source);
	target_free(s.target);
	link_close(&l);
	return r;
}

/* Sleep ms and up to half of that more, so that followers of one host do not
 * come back all at once. */
static void
back_off(int64_t ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = 0;
	ms += ms / 2 * (random % 1000) / 1000;
	if (!main_stopped())
		(void)poll(NULL, 0, (int)ms);
}

int
copy_run(struct copy *c, struct err *e)
{
	int64_t wait = BACKOFF_FIRST, began;
	bool again, lost;
	int r;

	progress_start(&c->progress, c->common.progress, 0);
	for (;;) {
		began = clock_mono_ms();
		lost = false;
		r = c->from.host == NULL && c->to.host == NULL ?
		    copy_here(c, &again, e) :
		    connect_once(c, &again, &lost, e);
		if (main_stopped())
			r = main_stop(e);
		if (r == 0 || e->code == ERR_STOPPED || !c->follow || !again)
			break;
		if (clock_mono_ms() - began > LASTED)
			wait = BACKOFF_FIRST;
		report_warn("%s; what was acknowledged is safe; trying again "
			    "in about %" PRId64 " s",
		    e->text, wait / 1000);
		c->lost = true;
		back_off(wait);
		wait = wait * 2 < BACKOFF_MAX ? wait * 2 : BACKOFF_MAX;
		if (main_stopped()) {
			r = main_stop(e);
			break;
		}
	}
	progress_end(&c->progress);
	if (r < 0 && lost && e->code != ERR_STOPPED && strlen(e->text) < 500) {
		size_t n = strlen(e->text);

		snprintf(e->text + n, sizeof(e->text) - n,
		    "; what was acknowledged is safe, and the same command "
		    "goes on from there");
	}
	return r;
}
