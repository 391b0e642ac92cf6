/*
 * --before-delete: a command that may save a segment, and must let it go.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clean.h"
#include "clock.h"
#include "main.h"
#include "report.h"
#include "text.h"

enum { VARIABLE = 320, LONG_MS = 30000 };

struct waiting {
	struct clean *c;
	const char *path;
	bool told;
};

/* A line on a terminal, else a message, once. */
static void
tick(void *context)
{
	struct waiting *w = context;
	struct progress *p = &w->c->progress;

	progress_tick(p, 0, 0);
	if (w->told || p->on || clock_mono_ms() - p->started < LONG_MS)
		return;
	w->told = true;
	report_warn("%s: --before-delete has run for 30s, and goes on",
	    w->path);
}

/* Append path so that a shell takes it for one word. */
static int
put_quoted(struct buf *out, const char *path)
{
	size_t n;

	if (buf_append(out, "'", 1) < 0)
		return -1;
	for (; *path != '\0'; path += n) {
		n = strcspn(path, "'");
		if (buf_append(out, path, n) < 0 ||
		    (path[n] == '\'' && buf_append(out, "'\\''", 4) < 0))
			return -1;
		n += path[n] == '\'';
	}
	return buf_append(out, "'", 1);
}

/* CMD with the path for each %f, or behind it.  0, or -1. */
static int
put_command(struct buf *out, const char *command, const char *path)
{
	const char *at;
	bool named = false;

	for (; (at = strstr(command, "%f")) != NULL; command = at + 2) {
		named = true;
		if (buf_append(out, command, (size_t)(at - command)) < 0 ||
		    put_quoted(out, path) < 0)
			return -1;
	}
	if (text_put(out, text_slice(command)) < 0)
		return -1;
	if (!named &&
	    (buf_append(out, " ", 1) < 0 || put_quoted(out, path) < 0))
		return -1;
	return buf_append(out, "", 1);
}

static int
run(struct clean *c, const char *path, const char *const *env, struct err *e)
{
	struct waiting waiting = { .c = c, .path = path };
	struct command_tick ticks = { tick, &waiting };
	struct buf command = { 0 };
	char why[COMMAND_WHY] = "";
	int r;

	if (put_command(&command, c->before_delete, path) < 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else
		r = command_run((const char *)command.data, SLICE_NULL, -1, env,
		    NULL, 0, &ticks, why, e);
	buf_release(&command);
	if (r > 0)
		return 0;
	if (r < 0)
		return err_prefix(e, "%s: stays: --before-delete", path);
	/* ^C reaches the command too. */
	if (main_stopped() != 0)
		return main_stop(e);
	return err_set(e, ERR_SYSTEM,
	    "%s: stays, and so does what follows: --before-delete: %s", path,
	    why);
}

int
hook_run(struct clean *c, int32_t number, const char *path,
    const struct retention_segment *s, struct err *e)
{
	char topic[VARIABLE], partition[VARIABLE], base[VARIABLE],
	    end[VARIABLE], what[VARIABLE];
	const char *const env[] = { topic, partition, base, end, NULL };
	int r;

	snprintf(topic, VARIABLE, "KLOG_TOPIC=%s", c->topic->name);
	snprintf(partition, VARIABLE, "KLOG_PARTITION=%" PRId32, number);
	snprintf(base, VARIABLE, "KLOG_BASE=%" PRId64, s->base);
	snprintf(end, VARIABLE, "KLOG_END=%" PRId64, s->end);
	snprintf(what, VARIABLE, "--before-delete of %s/%" PRId32 "/%020" PRId64
				 ".log",
	    c->topic->name, number, s->base);
	progress_start(&c->progress, c->common.progress, 0);
	c->progress.what = what;
	r = run(c, path, env, e);
	progress_end(&c->progress);
	return r;
}
