#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "main.h"
#include "text.h"

enum {
	PIPE_BYTES = 1 << 20	/* fewer switches between us and a reader */
};

#define FAR_MS 1e15		/* no record is waited for longer */

static int
open_whole(struct consumer *c, struct err *e)
{
	const char *dir = c->o->whole;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return err_sys(e, "%s", dir);
	c->whole_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c->whole_fd < 0 ? err_sys(e, "%s", dir) : 0;
}

int
emit_init(struct consumer *c, struct err *e)
{
	const struct options *o = c->o;
	struct form_options fo = {
		.kind = o->framed ? FORM_FRAMED : o->json ? FORM_JSON :
		    o->format != NULL ? FORM_FORMAT : FORM_LINES,
		.format = o->format, .null_empty = o->null_empty,
		.null_as = o->null_as,
		.visible = !o->raw && isatty(STDOUT_FILENO),
	};
	size_t separator;

	if (out_init(&c->out, STDOUT_FILENO, "stdout") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (o->delimiter != NULL &&
	    text_unescape("-D", o->delimiter, &c->unescaped, e) < 0)
		return -1;
	separator = c->unescaped.len;
	if (o->key_separator != NULL &&
	    text_unescape("-K", o->key_separator, &c->unescaped, e) < 0)
		return -1;
	if (o->null_delimited)
		fo.delimiter = (struct slice){ (const uint8_t *)"", 1 };
	else if (o->delimiter != NULL)
		fo.delimiter = (struct slice){ c->unescaped.data != NULL ?
			c->unescaped.data : (const uint8_t *)"",
			(int32_t)separator };
	if (o->key_separator != NULL)
		fo.key_separator = (struct slice){ c->unescaped.data != NULL ?
			c->unescaped.data + separator : (const uint8_t *)"",
			(int32_t)(c->unescaped.len - separator) };
	c->writer = form_writer_new(&fo, e);
	return c->writer == NULL ? -1 : 0;
}

int
emit_open(struct consumer *c, struct err *e)
{
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
	return c->o->whole != NULL ? open_whole(c, e) : 0;
}

int
emit_flush(struct consumer *c, struct err *e)
{
	enum out_state state;

	do
		state = out_flush(&c->out, e);
	while (state == OUT_INTERRUPTED && main_stopped() == 0);
	return state == OUT_FAILED ? -1 : 0;
}

/* --rate and --speed: when this record is due, by clock_mono_ms. */
static double
due_at(struct consumer *c, const struct record *r, double now)
{
	double due = now, at;

	if (c->printed == 0) {
		c->first_timestamp = r->timestamp;
		c->paced_from = (int64_t)now;
	}
	if (c->o->rate_per_ms > 0) {
		/* What was not used while waiting is not made up for. */
		due = c->due > now ? c->due : now;
		c->due = due + 1 / c->o->rate_per_ms;
	}
	if (c->o->speed_factor > 0) {
		at = (double)c->paced_from + ((double)r->timestamp -
		    (double)c->first_timestamp) / c->o->speed_factor;
		due = at > due ? at : due;
	}
	return due - now < FAR_MS ? due : now + FAR_MS;
}

/*
 * Signals are let through only while sleeping: one that came right before it
 * would be noticed an hour later.
 */
static int
keep_pace(struct consumer *c, const struct record *r, struct err *e)
{
	int64_t due = (int64_t)due_at(c, r, (double)clock_mono_ms()), wait;
	struct timespec ts;
	sigset_t all, old;

	while ((wait = due - clock_mono_ms()) > 0 && main_stopped() == 0) {
		if (emit_flush(c, e) < 0)
			return -1;
		ts = (struct timespec){ wait / 1000, wait % 1000 * 1000000 };
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		if (main_stopped() == 0)
			ppoll(NULL, 0, &ts, &old);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		progress_tick(&c->progress, 0, 0);
	}
	return 0;
}

static int
emit_file(struct consumer *c, const struct stream *s, const struct record *r,
    struct err *e)
{
	size_t len = r->value.len > 0 ? (size_t)r->value.len : 0, done = 0;
	char name[512];
	ssize_t put;
	int fd;

	snprintf(name, sizeof(name), "%s-%" PRId32 "-%" PRId64,
	    s->topic->name, s->partition, r->offset);
	fd = openat(c->whole_fd, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(e, "%s/%s", c->o->whole, name);
	while (done < len) {
		put = write(fd, r->value.data + done, len - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			break;
		done += (size_t)put;
	}
	if (done < len)
		err_sys(e, "%s/%s", c->o->whole, name);
	if (close(fd) < 0 && done == len)
		return err_sys(e, "%s/%s", c->o->whole, name);
	return done < len ? -1 : 0;
}

int
emit_into(struct consumer *c, const struct stream *s, const struct batch *b,
    const struct record *r, struct buf *out, struct err *e)
{
	struct form_meta meta = {
		.topic = s->topic->name, .partition = s->partition,
		.epoch = b->epoch,
		.codec = codec_name(b->attributes & BATCH_CODEC_MASK),
		.append_time = (b->attributes & BATCH_APPEND_TIME) != 0,
	};
	int got;

	if (c->filter != NULL) {
		got = filter_match(c->filter, r, e);
		if (got <= 0)
			return got;
	}
	if ((c->o->rate_per_ms > 0 || c->o->speed_factor > 0) &&
	    keep_pace(c, r, e) < 0)
		return -1;
	if (main_stopped() != 0)
		return 0;
	c->printed++;
	c->left--;
	if (c->o->count)
		return 1;
	if (c->o->whole != NULL)
		return emit_file(c, s, r, e) < 0 ? -1 : 1;
	return form_write(c->writer, &meta, r, out, e) < 0 ? -1 : 1;
}

int
emit_record(struct consumer *c, const struct stream *s, const struct batch *b,
    const struct record *r, struct err *e)
{
	int got = emit_into(c, s, b, r, &c->out.bytes, e);

	if (got > 0 && out_is_full(&c->out) && emit_flush(c, e) < 0)
		return -1;
	return got;
}
