#include "deadletter.h"

#include <sys/random.h>

#include "accumulator.h"
#include "clock.h"
#include "main.h"
#include "router.h"
#include "text.h"

enum { NUMBER_TEXT = 24, OWN_HEADERS = 3 };

struct deadletter {
	struct topic topic;
	int64_t timeout_ms;
	struct accumulator *accumulator; /* NULL: none yet, or it failed */
	uint32_t turn;		/* of records without key */
	struct buf headers;
};

struct deadletter *
deadletter_open(const char *path, bool unsafe, int64_t timeout_ms,
    struct err *e)
{
	struct deadletter *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (topic_open(&d->topic, path, e) < 0) {
		free(d);
		return NULL;
	}
	d->timeout_ms = timeout_ms;
	/* Runs that write one dead letter each must not all hit one place. */
	if (getrandom(&d->turn, sizeof(d->turn), GRND_NONBLOCK) < 0)
		d->turn = (uint32_t)clock_wall_ms();
	if (topic_check_local(&d->topic, unsafe, e) < 0) {
		deadletter_close(d);
		return NULL;
	}
	return d;
}

void
deadletter_close(struct deadletter *d)
{
	if (d == NULL)
		return;
	accumulator_free(d->accumulator);
	topic_close(&d->topic);
	buf_release(&d->headers);
	free(d);
}

const struct topic *
deadletter_topic(const struct deadletter *d)
{
	return &d->topic;
}

static bool
stopped(void)
{
	return main_stopped() != 0;
}

static int
make_accumulator(struct deadletter *d, struct err *e)
{
	const struct settings *s = &d->topic.settings;
	struct accumulator_options o = {
		.topic = &d->topic,
		.codec = s->compression_type == COMPRESSION_PRODUCER ?
		    CODEC_ZSTD : (enum codec_id)s->compression_type,
		.level = CODEC_LEVEL_DEFAULT,
		.batch_bytes = s->max_message_bytes, .care = HANDLES_DURABLE,
		.stopped = stopped, .timeout_ms = d->timeout_ms,
	};

	if (o.codec == CODEC_ZSTD)
		o.level = (int)s->zstd_level;
	else if (o.codec == CODEC_GZIP)
		o.level = (int)s->gzip_level;
	d->accumulator = accumulator_new(&o, e);
	return d->accumulator == NULL ? -1 : 0;
}

static int
add_headers(struct deadletter *d, struct record *r, const char *source,
    int64_t attempts, const char *error, struct err *e)
{
	char number[NUMBER_TEXT];

	snprintf(number, sizeof(number), "%" PRId64, attempts);
	buf_clear(&d->headers);
	if (buf_append(&d->headers, r->headers.data,
	    (size_t)r->headers.len) < 0 ||
	    header_append(&d->headers, text_slice("klog.error"),
	    text_slice(error)) < 0 ||
	    header_append(&d->headers, text_slice("klog.source"),
	    text_slice(source)) < 0 ||
	    header_append(&d->headers, text_slice("klog.attempts"),
	    text_slice(number)) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r->headers = (struct slice){ d->headers.data,
		(int32_t)d->headers.len };
	r->header_count += OWN_HEADERS;
	return 0;
}

/* What Kafka's leader refuses too (LogValidator).  0, or -1 ERR_DATA. */
static int
check(const struct deadletter *d, const struct record *r, int64_t now,
    const char *source, struct err *e)
{
	const struct settings *s = &d->topic.settings;

	if (r->key.len < 0 && (s->cleanup_policy & CLEANUP_COMPACT))
		return err_set(e, ERR_DATA, "%s: %s: has no key, which a "
		    "compacted topic needs", d->topic.path, source);
	if (s->timestamp_after_max_ms != SETTING_NEVER &&
	    r->timestamp - now > s->timestamp_after_max_ms)
		return err_set(e, ERR_DATA, "%s: %s: its time is too far "
		    "ahead of the clock (message.timestamp.after.max.ms)",
		    d->topic.path, source);
	return 0;
}

static int
add(struct deadletter *d, const struct record *r, const char *source,
    struct err *e)
{
	int32_t n = d->topic.settings.partitions;
	int32_t partition = r->key.len < 0 ?
	    (int32_t)(d->turn++ % (uint32_t)n) :
	    router_partition(r->key.data, (size_t)r->key.len, n);
	int got = accumulator_add(d->accumulator, partition, r, 0, e);

	if (got <= 0)
		return got;
	return err_set(e, ERR_DATA, "%s: %s: larger than max.message.bytes (%"
	    PRId64 ") with its new headers", d->topic.path, source,
	    d->topic.settings.max_message_bytes);
}

int
deadletter_put(struct deadletter *d, const struct record *r,
    const char *source, int64_t attempts, const char *error, struct err *e)
{
	int64_t now = clock_wall_ms();
	struct record letter = *r;

	if (letter.timestamp < 0)
		letter.timestamp = now;
	if (check(d, &letter, now, source, e) < 0 ||
	    add_headers(d, &letter, source, attempts, error, e) < 0)
		return -1;
	if (d->accumulator == NULL && make_accumulator(d, e) < 0)
		return -1;
	if (add(d, &letter, source, e) == 0 &&
	    accumulator_flush(d->accumulator, e) == 0)
		return 0;
	/* One that failed takes nothing more; the next put begins anew. */
	accumulator_free(d->accumulator);
	d->accumulator = NULL;
	return -1;
}
