/*
 * klog-check --against: one topic and its copy elsewhere.
 */
#include "against.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "peer.h"
#include "report.h"
#include "serve.h"
#include "verify.h"

/* The other end, when the copy is here too. */
static int
serve_here(void *ctx, int in, int out)
{
	const struct against *a = ctx;
	const struct serving o = {
		.folder = *a->place.folder != '\0' ? a->place.folder : ".",
		.origin = "",
		.read_only = true
	};
	struct err e;
	bool told;

	return serve(&o, in, out, &told, &e) == 0 ? 0 : main_status(&e);
}

/* Where the copy is, and what it is called.  0, or -1. */
static int
find_copy(struct against *a, struct err *e)
{
	const struct check *c = a->check;
	struct place many = { .many = c->several };

	if (place_target(&a->place, &c->common, c->against, &many, e) < 0)
		return -1;
	if (a->place.name == NULL)
		a->place.name = strdup(a->topic->name);
	if (a->place.name != NULL)
		a->there = place_text(&a->place, a->place.name);
	return a->there == NULL ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

/* Start the other end, and say what is wanted.  0, or -1. */
static int
connect_peer(struct against *a, struct err *e)
{
	const struct check *c = a->check;
	const struct peer p = { .host = a->place.host,
		.folder = a->place.folder,
		.shell = peer_shell(c->shell),
		.program = c->program,
		.serve = serve_here,
		.ctx = a };
	struct wire w = { .type = WIRE_HELLO, .direction = WIRE_COMPARE };
	struct buf names = { 0 };
	int r;

	if (peer_start(&p, &a->link,
		a->place.host != NULL ? a->place.host : c->against, e) < 0)
		return -1;
	link_expect(&a->link, c->timeout);
	r = wire_add_name(&names, a->place.name);
	w.names = (struct slice){ names.data, (int32_t)names.len };
	if (r == 0)
		r = wire_put(&a->link.output, &w);
	buf_release(&names);
	return r < 0 ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

static int
hear_topic(struct against *a, struct err *e)
{
	struct wire w;

	if (against_hear(a, &w, e) < 0)
		return -1;
	if (w.type != WIRE_TOPIC || w.topic != 0 ||
	    w.partitions > PARTITIONS_MAX)
		return err_set(e, ERR_DATA,
		    "%s: did not say what topic it has", a->link.peer);
	a->partitions = w.partitions;
	return 0;
}

/* One partition: 0 the same, STATUS_DIFFER, or -1. */
static int
compare_partition(struct against *a, int32_t number, struct err *e)
{
	struct against_log log = { .number = number };
	const struct digest *here = &log.here;
	int r;

	if (digest_open(&log.here, a->topic, number, e) < 0)
		return -1;
	r = against_look(a, &log, e);
	log.from = log.start > here->start ? log.start : here->start;
	log.to = log.end < here->end ? log.end : here->end;
	if (r == 0)
		r = against_compare(a, &log, e);
	a->bytes += here->taken;
	a->records += log.counts.same;
	if (r == 0) {
		against_tell(a, &log);
		r = log.differs || log.end != here->end ? STATUS_DIFFER : 0;
	}
	digest_close(&log.here);
	return r;
}

/* The same of one that may be missing on either side. */
static int
look_at(struct against *a, int32_t number, struct err *e)
{
	int r = STATUS_DIFFER;

	if (main_stopped())
		return main_stop(e);
	if (number >= a->topic->settings.partitions)
		against_tell_missing(a, number, true);
	else if (number >= a->partitions)
		against_tell_missing(a, number, false);
	else
		r = compare_partition(a, number, e);
	a->compared += r >= 0;
	a->differing += r == STATUS_DIFFER;
	return r;
}

static int
compare_all(struct against *a, struct err *e)
{
	const struct check *c = a->check;
	int32_t i, n = a->topic->settings.partitions;
	int one, status = 0;

	if (a->partitions > n && c->which.list == NULL)
		n = a->partitions;
	for (i = 0; i < n && status >= 0; i++) {
		if (!check_wants(c, i))
			continue;
		one = look_at(a, i, e);
		status = one != 0 ? one : status;
	}
	return status;
}

static int
converse(struct against *a, struct err *e)
{
	struct wire bye = { .type = WIRE_BYE };
	struct err ignored;
	int status;

	if (connect_peer(a, e) < 0)
		return -1;
	status = hear_topic(a, e);
	if (status == 0)
		status = compare_all(a, e);
	if (status >= 0 && wire_put(&a->link.output, &bye) == 0)
		(void)link_finish(&a->link, &ignored);
	if (status < 0 && !a->theirs && e->code != ERR_STOPPED)
		link_fail(&a->link, e);
	return status;
}

int
check_against(struct check *c, const struct topic *t, struct err *e)
{
	struct against a = { .check = c,
		.topic = t,
		.link = { .in = -1, .out = -1 } };
	int64_t total = 0;
	int32_t i;
	int status = -1;

	for (i = 0; i < t->settings.partitions; i++)
		if (check_wants(c, i))
			total += verify_size(t, i);
	progress_start(&c->progress, c->common.progress, total);
	if (check_has(c, t, e) == 0 && find_copy(&a, e) == 0)
		status = converse(&a, e);
	progress_end(&c->progress);
	if (status >= 0)
		against_tell_all(&a);
	link_close(&a.link);
	place_release(&a.place);
	free(a.there);
	return status;
}
