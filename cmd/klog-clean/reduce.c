/*
 * --reduce: a command that makes one value of all values of a key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clean.h"
#include "fsio.h"
#include "main.h"
#include "spill.h"
#include "text.h"

enum { VARIABLE = 320, HELD_MAX = 1 << 20 };

struct reduce {
	const struct clean *c;
	struct compaction_reduce calls;
	uint8_t end; /* of a value, both ways */
	char topic[VARIABLE], partition[VARIABLE];
	const struct partition *of;
	struct buf key;	/* "KLOG_KEY=..." */
	int64_t count;	/* of values: */
	int file;	/* those before values, in a temporary file; -1: none */
	int64_t written; /* bytes in it */
	struct buf values; /* with one that is alone */
	struct buf output;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

static int
fail(const struct reduce *r, const char *why, struct err *e)
{
	return err_set(e, ERR_DATA,
	    "%s/%s: not compacted: --reduce: key \"%s\": %s",
	    r->c->topic->path, strchr(r->partition, '=') + 1,
	    strchr((const char *)r->key.data, '=') + 1, why);
}

/* Begin with the key's values anew. */
static void
forget(struct reduce *r)
{
	if (r->file >= 0)
		close(r->file);
	r->file = -1;
	r->written = 0;
	r->count = 0;
	buf_clear(&r->values);
}

/* Many values of a key are not held in memory. */
static int
put_aside(struct reduce *r, struct err *e)
{
	const struct partition *p = r->of;

	if (r->file < 0)
		r->file = spill_file(p->dirfd, p->where, e);
	if (r->file < 0)
		return -1;
	if (fsio_write_at(r->file, r->values.data, r->values.len, r->written) <
	    0)
		return err_sys(e, "%s: temporary file", p->where);
	r->written += (int64_t)r->values.len;
	buf_clear(&r->values);
	return 0;
}

static int
begin(void *context, struct slice key, struct err *e)
{
	struct reduce *r = context;

	buf_clear(&r->key);
	forget(r);
	if (text_put(&r->key, text_slice("KLOG_KEY=")) < 0 ||
	    text_put(&r->key, key) < 0 || buf_append(&r->key, "", 1) < 0)
		return no_memory(e);
	return 0;
}

/* A tombstone ends what was there before: it is not reduced any more. */
static int
value(void *context, struct slice v, struct err *e)
{
	struct reduce *r = context;

	if (v.len < 0) {
		forget(r);
		return 0;
	}
	if (v.len > 0 && memchr(v.data, r->end, (size_t)v.len) != NULL)
		return fail(r, r->end == '\n' ?
			"a value holds a newline; -0 ends values with a NUL" :
			"a value holds a NUL", e);
	if (r->count > 0 && r->values.len + (size_t)v.len >= HELD_MAX &&
	    put_aside(r, e) < 0)
		return -1;
	if (text_put(&r->values, v) < 0 ||
	    buf_append(&r->values, &r->end, 1) < 0)
		return no_memory(e);
	r->count++;
	return 0;
}

/* What it wrote is one value, whose end may be missing. */
static int
read_output(struct reduce *r, struct slice *v, struct err *e)
{
	size_t n = r->output.len;

	if (n == 0)
		return fail(r, "it wrote nothing, not even an empty value", e);
	if (r->output.data[n - 1] == r->end)
		n--;
	if (memchr(r->output.data, r->end, n) != NULL)
		return fail(r, "it wrote more than one value", e);
	*v = (struct slice){ r->output.data, (int32_t)n };
	return 0;
}

static int
end(void *context, struct slice *v, struct err *e)
{
	struct reduce *r = context;
	const char *const env[] = { r->topic, r->partition,
		(const char *)r->key.data, NULL };
	struct slice input = { r->values.data, (int32_t)r->values.len };
	char why[COMMAND_WHY] = "";
	int got;

	*v = SLICE_NULL;
	if (r->count == 0)
		return 0;
	if (r->count == 1) {
		*v = (struct slice){ r->values.data, input.len - 1 };
		return 0;
	}
	if (main_stopped() != 0)
		return main_stop(e);
	if (r->file >= 0 && put_aside(r, e) < 0)
		return -1;
	buf_clear(&r->output);
	got = command_run(r->c->reduce, input, r->file, env, &r->output,
	    (size_t)r->c->topic->settings.max_message_bytes, NULL, why, e);
	/* ^C reaches the command too. */
	if (got == 0 && main_stopped() != 0)
		return main_stop(e);
	if (got == 0)
		return fail(r, why, e);
	return got < 0 ? -1 : read_output(r, v, e);
}

struct reduce *
reduce_new(const struct clean *c, const struct partition *p, int32_t number)
{
	struct reduce *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->c = c;
	r->of = p;
	r->file = -1;
	r->end = c->null ? '\0' : '\n';
	r->calls = (struct compaction_reduce){ begin, value, end, r };
	snprintf(r->topic, VARIABLE, "KLOG_TOPIC=%s", c->topic->name);
	snprintf(r->partition, VARIABLE, "KLOG_PARTITION=%" PRId32, number);
	return r;
}

void
reduce_free(struct reduce *r)
{
	if (r == NULL)
		return;
	forget(r);
	buf_release(&r->key);
	buf_release(&r->values);
	buf_release(&r->output);
	free(r);
}

const struct compaction_reduce *
reduce_calls(const struct reduce *r)
{
	return &r->calls;
}
