#include "settings.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "units.h"

#define KIB ((int64_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define DAY ((int64_t)86400000)

static const char *const compression_names[] = { "none", "gzip", "snappy",
	"lz4", "zstd", "producer", NULL };
static const char *const timestamp_names[] = { "CreateTime", "LogAppendTime",
	NULL };

#define FIELD(f) offsetof(struct settings, f)

static const struct setting rows[SETTINGS_KEYS] = {
	{ "cleanup.policy", SETTING_POLICY, FIELD(cleanup_policy),
	    CLEANUP_DELETE, 0, 0, false, NULL,
	    "what may go: delete (old segments), compact (old values), "
	    "or both" },
	{ "compression.gzip.level", SETTING_NUMBER, FIELD(gzip_level), 6, 1, 9,
	    false, NULL, "gzip level of new batches" },
	{ "compression.type", SETTING_CHOICE, FIELD(compression_type),
	    CODEC_ZSTD, 0, COMPRESSION_PRODUCER, false, compression_names,
	    "codec of new batches" },
	{ "compression.zstd.level", SETTING_NUMBER, FIELD(zstd_level), 1,
	    -131072, 22, false, NULL, "zstd level of new batches" },
	{ "delete.retention.ms", SETTING_MS, FIELD(delete_retention_ms), DAY, 0,
	    INT64_MAX, false, NULL, "how long compaction keeps a tombstone" },
	{ "flush.messages", SETTING_NUMBER, FIELD(flush_messages),
	    SETTING_NEVER, 1, INT64_MAX, false, NULL,
	    "with --acks 0: sync after this many records" },
	{ "flush.ms", SETTING_MS, FIELD(flush_ms), SETTING_NEVER, 0, INT64_MAX,
	    false, NULL, "with --acks 0: sync after this long" },
	{ "index.interval.bytes", SETTING_BYTES, FIELD(index_interval_bytes),
	    4 * KIB, 0, INT32_MAX, false, NULL,
	    "log bytes between two index entries" },
	{ "max.compaction.lag.ms", SETTING_MS, FIELD(max_compaction_lag_ms),
	    SETTING_NEVER, 1, INT64_MAX, false, NULL,
	    "compact records that are older than this" },
	{ "max.message.bytes", SETTING_BYTES, FIELD(max_message_bytes),
	    MIB + 12, 0, 512 * MIB, false, NULL,
	    "largest batch, so also largest record" },
	{ "message.timestamp.after.max.ms", SETTING_MS,
	    FIELD(timestamp_after_max_ms), SETTING_NEVER, 0, INT64_MAX, false,
	    NULL, "refuse records stamped further ahead of the clock" },
	{ "message.timestamp.type", SETTING_CHOICE, FIELD(append_time), 0, 0, 1,
	    false, timestamp_names,
	    "whose clock stamps: the producer's, or the append's" },
	{ "min.cleanable.dirty.ratio", SETTING_RATIO, FIELD(dirty_ratio),
	    500000, 0, 1000000, false, NULL,
	    "compact when this share of the log is not compacted" },
	{ "min.compaction.lag.ms", SETTING_MS, FIELD(min_compaction_lag_ms), 0,
	    0, INT64_MAX, false, NULL,
	    "never compact records that are younger" },
	{ "min.insync.replicas", SETTING_NUMBER, FIELD(min_insync_replicas), 1,
	    1, INT32_MAX, false, NULL,
	    "copies, this one included, that --acks all waits for" },
	{ "replica.lag.time.max.ms", SETTING_MS, FIELD(replica_lag_ms), 30000,
	    1, INT64_MAX, false, NULL,
	    "a replica behind for longer is not in sync" },
	{ "retention.bytes", SETTING_BYTES, FIELD(retention_bytes), -1, 0,
	    INT64_MAX, true, NULL,
	    "keep at least this much of each partition" },
	{ "retention.ms", SETTING_MS, FIELD(retention_ms), 7 * DAY, 0,
	    INT64_MAX, true, NULL, "keep records this long" },
	{ "segment.bytes", SETTING_BYTES, FIELD(segment_bytes), GIB, 4 * KIB,
	    INT32_MAX, false, NULL, "start a new segment file at this size" },
	{ "segment.index.bytes", SETTING_BYTES, FIELD(segment_index_bytes),
	    10 * MIB, 64, 10 * MIB, false, NULL,
	    "start a new segment file when an index has this size" },
	{ "segment.ms", SETTING_MS, FIELD(segment_ms), 7 * DAY, 1, INT64_MAX,
	    false, NULL, "start a new segment file after this long" },
};

static int64_t *
field(struct settings *s, int i)
{
	return (int64_t *)(void *)((char *)s + rows[i].offset);
}

const struct setting *
settings_row(int i)
{
	return &rows[i];
}

int
settings_find(const char *name)
{
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return i;
	return -1;
}

void
settings_init(struct settings *s)
{
	int i;

	memset(s, 0, sizeof(*s));
	s->partitions = 1;
	for (i = 0; i < SETTINGS_KEYS; i++)
		*field(s, i) = rows[i].fallback;
}

static int
unknown_key(const char *key, struct err *e)
{
	size_t used;
	int i;

	err_set(e, ERR_USAGE, "%s: no such setting; there are", key);
	for (i = 0; i < SETTINGS_KEYS; i++) {
		used = strlen(e->text);
		snprintf(e->text + used, sizeof(e->text) - used, " %s",
		    rows[i].name);
	}
	return -1;
}

/* "delete", "compact", or both with a comma between. */
static int
parse_policy(const char *text, int64_t *out)
{
	const char *end;
	int64_t bits = 0;
	size_t n;

	for (;; text = end + 1) {
		end = strchr(text, ',');
		n = end == NULL ? strlen(text) : (size_t)(end - text);
		if (n == 6 && memcmp(text, "delete", n) == 0)
			bits |= CLEANUP_DELETE;
		else if (n == 7 && memcmp(text, "compact", n) == 0)
			bits |= CLEANUP_COMPACT;
		else
			return -1;
		if (end == NULL)
			break;
	}
	*out = bits;
	return 0;
}

/* A number from 0 to 1 with at most six decimals, in millionths. */
static int
parse_ratio(const char *text, int64_t *out)
{
	int64_t value, scale = 1000000;

	if ((text[0] != '0' && text[0] != '1') ||
	    (text[1] != '.' && text[1] != '\0'))
		return -1;
	value = (text[0] - '0') * scale;
	if (text[1] == '.') {
		if (text[2] == '\0')
			return -1;
		for (text += 2; *text != '\0'; text++) {
			if (*text < '0' || *text > '9' || scale == 1)
				return -1;
			scale /= 10;
			value += (*text - '0') * scale;
		}
	}
	*out = value;
	return 0;
}

static int
parse_choice(const struct setting *row, const char *text, int64_t *out)
{
	int64_t i;

	if (row->choices == compression_names &&
	    strcmp(text, "uncompressed") == 0)
		text = "none";
	for (i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*out = i;
			return 0;
		}
	}
	return -1;
}

static int
parse_value(const struct setting *row, const char *text, int64_t *out)
{
	int r = -1;

	if (row->unlimited &&
	    (strcmp(text, "-1") == 0 || strcmp(text, "unlimited") == 0)) {
		*out = -1;
		return 0;
	}
	switch (row->type) {
	case SETTING_POLICY:
		return parse_policy(text, out);
	case SETTING_CHOICE:
		return parse_choice(row, text, out);
	case SETTING_RATIO:
		r = parse_ratio(text, out);
		break;
	case SETTING_NUMBER:
		return units_int(text, row->min, row->max, out);
	case SETTING_BYTES:
		r = units_size(text, out);
		break;
	case SETTING_MS:
		r = units_duration(text, out);
		break;
	}
	return r == 0 && *out >= row->min && *out <= row->max ? 0 : -1;
}

static int
bad_value(const struct setting *row, const char *value, struct err *e)
{
	size_t used;
	int i;

	err_set(e, ERR_USAGE, "%s: \"%s\" is not ", row->name, value);
	used = strlen(e->text);
	switch (row->type) {
	case SETTING_POLICY:
		snprintf(e->text + used, sizeof(e->text) - used,
		    "delete, compact, or compact,delete");
		break;
	case SETTING_CHOICE:
		for (i = 0; row->choices[i] != NULL; i++) {
			used = strlen(e->text);
			snprintf(e->text + used, sizeof(e->text) - used, "%s%s",
			    i == 0 ? "one of " : ", ", row->choices[i]);
		}
		break;
	case SETTING_RATIO:
		snprintf(e->text + used, sizeof(e->text) - used,
		    "a number from 0 to 1");
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_MS:
		snprintf(e->text + used, sizeof(e->text) - used,
		    "%s from %" PRId64 " to %" PRId64 "%s",
		    row->type == SETTING_NUMBER ? "a number" :
			row->type == SETTING_BYTES ?
						  "a size (64k, 1M) in bytes" :
						  "a duration (30s, 7d) in ms",
		    row->min, row->max, row->unlimited ? ", or unlimited" : "");
		break;
	}
	return -1;
}

int
settings_set(
    struct settings *s, const char *key, const char *value, struct err *e)
{
	int i = settings_find(key);
	int64_t v;

	if (i < 0)
		return unknown_key(key, e);
	if (parse_value(&rows[i], value, &v) < 0)
		return bad_value(&rows[i], value, e);
	*field(s, i) = v;
	s->given |= 1U << i;
	return 0;
}

int
settings_unset(struct settings *s, const char *key, struct err *e)
{
	int i = settings_find(key);

	if (i < 0)
		return unknown_key(key, e);
	*field(s, i) = rows[i].fallback;
	s->given &= ~(1U << i);
	return 0;
}

void
settings_text(const struct settings *s, int i, char *out, size_t size)
{
	const struct setting *row = &rows[i];
	int64_t v;

	memcpy(&v, (const char *)s + row->offset, sizeof(v));
	switch (row->type) {
	case SETTING_POLICY:
		snprintf(out, size, "%s%s%s",
		    v & CLEANUP_COMPACT ? "compact" : "",
		    v == (CLEANUP_COMPACT | CLEANUP_DELETE) ? "," : "",
		    v & CLEANUP_DELETE ? "delete" : "");
		break;
	case SETTING_CHOICE:
		snprintf(out, size, "%s", row->choices[v]);
		break;
	case SETTING_RATIO:
		snprintf(out, size, "%" PRId64 ".%06" PRId64, v / 1000000,
		    v % 1000000);
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_MS:
		snprintf(out, size, "%" PRId64, v);
		break;
	}
}

bool
settings_agree(const struct settings *a, const struct settings *b)
{
	char x[128], y[128];
	int i;

	if (a->given != b->given)
		return false;
	for (i = 0; i < SETTINGS_KEYS; i++) {
		settings_text(a, i, x, sizeof(x));
		settings_text(b, i, y, sizeof(y));
		if (strcmp(x, y) != 0)
			return false;
	}
	return true;
}

bool
settings_is_strict(const struct settings *s)
{
	return (s->cleanup_policy & CLEANUP_COMPACT) == 0;
}

int64_t
settings_batch_limit(const struct settings *s)
{
	return s->max_message_bytes > 32 * MIB ? s->max_message_bytes :
						 32 * MIB;
}

int
settings_check(const struct settings *s, struct err *e)
{
	if (s->max_message_bytes > s->segment_bytes &&
	    (s->given >> settings_find("max.message.bytes") & 1))
		return err_set(e, ERR_USAGE,
		    "max.message.bytes: larger than "
		    "segment.bytes (%" PRId64 ")",
		    s->segment_bytes);
	return 0;
}
