/*
 * klog-replicate --serve: the end that was called.  It trusts nobody: the
 * caller names topics, never paths, and says only what the options given here
 * let it say.
 */
#include "serve.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "confine.h"
#include "main.h"
#include "names.h"
#include "report.h"
#include "session.h"
#include "topiclist.h"

enum {
	SILENCE_MS = 120000, /* a caller pings far more often */
	WAIT_MS = 30000,     /* for the locks of a log */
	NAME_SIZE = WIRE_NAME_MAX + 1
};

/* The first message: 0, or -1. */
static int
hear_hello(struct link *l, struct wire *w, struct err *e)
{
	int r;

	while ((r = link_next(l, w, e)) == 0)
		if (main_stopped())
			return main_stop(e);
		else if (link_wait(l, -1, true, e) < 0)
			return -1;
	if (r < 0)
		return -1;
	if (w->type != WIRE_HELLO)
		return err_set(e, ERR_DATA,
		    "a message of type %d came where the first should be",
		    w->type);
	return 0;
}

/* Who gets the topics that are named: one of them. */
struct offered {
	struct source *source;
	struct answer *answer;
};

static int
offer(const struct offered *to, const struct serving *o, const char *name,
    struct err *e)
{
	char origin[NAME_SIZE];

	if (to->answer != NULL)
		return answer_add(to->answer, name, e);
	if (source_offers(to->source, name))
		return 0;
	snprintf(origin, sizeof(origin), "%s%s%s", o->origin,
	    *o->origin != '\0' ? "/" : "", name);
	return source_add(to->source, name, NULL, origin, e);
}

/* Offer the topics that the pattern matches: how many, or -1. */
static int
offer_matching(const struct offered *to, const struct serving *o,
    char *pattern, struct err *e)
{
	char **names;
	size_t count, i;
	int n = 0;

	if (pattern[0] == '.' || strchr(pattern, '/') != NULL)
		return err_set(
		    e, ERR_DATA, "\"%s\" is not a topic's name", pattern);
	if (strpbrk(pattern, "*?[") == NULL)
		return offer(to, o, pattern, e) < 0 ? -1 : 1;
	if (topic_list(".", &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count && n >= 0; i++) {
		if (fnmatch(pattern, names[i], FNM_PERIOD) != 0)
			continue;
		n = offer(to, o, names[i], e) < 0 ? -1 : n + 1;
	}
	names_free(names, count);
	if (n == 0)
		return err_set(
		    e, ERR_SYSTEM, "%s: matches no topic", pattern);
	return n;
}

static int
offer_named(const struct offered *to, const struct serving *o,
    struct slice names, struct err *e)
{
	char pattern[NAME_SIZE];
	struct slice name;
	int r = 0;

	while (r >= 0 && wire_next_name(&names, &name)) {
		snprintf(pattern, sizeof(pattern), "%.*s", (int)name.len,
		    (const char *)name.data);
		r = offer_matching(to, o, pattern, e);
	}
	return r < 0 ? -1 : 0;
}

/* Digests may be asked for whatever else may be done: nothing is written. */
static int
be_asked(const struct serving *o, struct link *l, const struct wire *hello,
    bool *told, struct err *e)
{
	struct answer *a = answer_new(&l->output);
	const struct offered to = { .answer = a };
	int r;

	if (a == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = offer_named(&to, o, hello->names, e);
	*told = r == 0; /* the session tells of its own failures */
	if (r == 0)
		r = session_answer(l, a, e);
	answer_free(a);
	return r;
}

struct finding {
	const struct serving *o;
	struct slice names;
};

/* Offer what has come since. */
static int
find_more(void *ctx, struct source *s, struct err *e)
{
	const struct finding *f = ctx;
	const struct offered to = { .source = s };

	return offer_named(&to, f->o, f->names, e);
}

static int
be_source(const struct serving *o, struct link *l, const struct wire *hello,
    bool *told, struct err *e)
{
	char follower[NAME_SIZE];
	struct finding f = { o, hello->names };
	struct source_options so = { .follow = hello->flags & WIRE_FOLLOW,
		.groups = hello->flags & WIRE_GROUPS,
		.read_only = o->read_only,
		.follower = follower,
		/* From sshd: the caller's address, a blank, more. */
		.host = getenv("SSH_CONNECTION"),
		.folder = ".",
		.find = find_more,
		.ctx = &f,
		.wait_ms = WAIT_MS };
	struct session s = { .link = l };
	struct offered to;
	int r;

	if (o->append_only)
		return err_set(e, ERR_ROLE,
		    "nothing may be read here, only appended");
	snprintf(follower, sizeof(follower), "%.*s", (int)hello->name.len,
	    (const char *)hello->name.data);
	s.source = source_new(&so, &l->output);
	if (s.source == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	to = (struct offered){ .source = s.source };
	r = offer_named(&to, o, hello->names, e);
	*told = r == 0; /* the session tells of its own failures */
	if (r == 0)
		r = session_run(&s, e);
	source_free(s.source);
	return r;
}

static int
be_target(const struct serving *o, struct link *l, const struct wire *hello,
    bool *told, struct err *e)
{
	struct target_options to = { .folder = ".",
		.append_only = o->append_only,
		.unsafe = o->unsafe,
		.groups = hello->flags & WIRE_GROUPS,
		.wait_ms = WAIT_MS };
	struct session s = { .link = l };
	int r;

	if (o->read_only)
		return err_set(e, ERR_ROLE,
		    "nothing may be written here, only read");
	s.target = target_new(&to, &l->output);
	if (s.target == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*told = true;
	r = session_run(&s, e);
	target_free(s.target);
	return r;
}

static int
converse(const struct serving *o, struct link *l, struct err *e)
{
	struct wire hello;
	struct buf kept = { 0 };
	bool told = false;
	size_t size;
	int r;

	l->timeout_ms = SILENCE_MS;
	r = hear_hello(l, &hello, e);
	/* Its slices lie in what the next message overwrites. */
	if (r == 0 && (wire_put(&kept, &hello) < 0 ||
		wire_get(kept.data, kept.len, &hello, &size, e) < 0))
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0 && hello.direction == WIRE_PULL)
		r = be_source(o, l, &hello, &told, e);
	else if (r == 0 && hello.direction == WIRE_COMPARE)
		r = be_asked(o, l, &hello, &told, e);
	else if (r == 0)
		r = be_target(o, l, &hello, &told, e);
	if (r < 0 && !told && e->code != ERR_STOPPED)
		link_fail(l, e);
	buf_release(&kept);
	return r;
}

int
serve(const struct serving *o, int in, int out, bool *told, struct err *e)
{
	struct link l;
	int r;

	*told = false;
	if (chdir(o->folder) < 0)
		err_sys(e, "%s", o->folder);
	else
		e->code = ERR_NONE;
	if (e->code == ERR_NONE && o->confined)
		(void)confine(!o->read_only, e);
	if (link_open(&l, in, out, "the caller", &(struct err){ 0 }) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (e->code != ERR_NONE) {
		*told = link_fail(&l, e) && isatty(out) == 0;
		r = -1;
	} else {
		r = converse(o, &l, e);
		*told = l.greeted;
	}
	link_close(&l);
	return r;
}
