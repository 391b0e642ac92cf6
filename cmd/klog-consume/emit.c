#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "consume.h"
#include "main.h"
#include "text.h"

enum { PIPE_BYTES = 1 << 20 };	/* fewer switches between us and a reader */

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
emit_open(struct consumer *c, struct err *e)
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
	if (c->writer == NULL)
		return -1;
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
	return o->whole != NULL ? open_whole(c, e) : 0;
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

/* --rate and --speed: sleep until this record is due. */
static int
keep_pace(struct consumer *c, const struct record *r, struct err *e)
{
	double due = 0;
	int64_t wait;
	struct timespec ts;

	if (c->printed == 0)
		c->first_timestamp = r->timestamp;
	if (c->o->rate_per_ms > 0)
		due = (double)c->printed / c->o->rate_per_ms;
	if (c->o->speed_factor > 0 &&
	    (double)(r->timestamp - c->first_timestamp) /
	    c->o->speed_factor > due)
		due = (double)(r->timestamp - c->first_timestamp) /
		    c->o->speed_factor;
	for (;;) {
		wait = (int64_t)due - (clock_mono_ms() - c->started);
		if (wait <= 0 || main_stopped() != 0)
			return 0;
		if (emit_flush(c, e) < 0)
			return -1;
		ts = (struct timespec){ wait / 1000, wait % 1000 * 1000000 };
		nanosleep(&ts, NULL);
		progress_tick(&c->progress, 0, 0);
	}
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
emit_record(struct consumer *c, const struct stream *s, const struct batch *b,
    const struct record *r, struct err *e)
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
	if (form_write(c->writer, &meta, r, &c->out.bytes, e) < 0)
		return -1;
	if (out_is_full(&c->out) && emit_flush(c, e) < 0)
		return -1;
	return 1;
}
