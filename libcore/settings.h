/*
 * settings: what a topic was told to do; what was not said has its default.
 *
 * Names and meanings are Kafka's (4.x, TopicConfig).  A const table describes
 * each: parser, klog-topic config and the manual are made from it.
 */
#ifndef KLOG_SETTINGS_H
#define KLOG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { SETTINGS_KEYS = 21, TOPIC_ID = 23 };

enum { PARTITIONS_MAX = 100000 };

enum cleanup_policy { CLEANUP_DELETE = 1, CLEANUP_COMPACT = 2 };

enum { COMPRESSION_PRODUCER = 5 }; /* besides enum codec_id */

#define SETTING_NEVER INT64_MAX

struct settings {
	char id[TOPIC_ID]; /* 22 characters of URL-safe base64, NUL */
	int32_t partitions; /* 1 to PARTITIONS_MAX */
	uint32_t given; /* bit i: row i of the table was set */
	int64_t retention_ms; /* -1 unlimited */
	int64_t retention_bytes; /* -1 unlimited */
	int64_t segment_bytes;
	int64_t segment_ms;
	int64_t segment_index_bytes;
	int64_t cleanup_policy; /* CLEANUP_ bits */
	int64_t dirty_ratio; /* in millionths */
	int64_t min_compaction_lag_ms;
	int64_t max_compaction_lag_ms;
	int64_t delete_retention_ms;
	int64_t max_message_bytes; /* of a whole batch */
	int64_t compression_type; /* enum codec_id or PRODUCER */
	int64_t zstd_level;
	int64_t gzip_level;
	int64_t append_time; /* 1: message.timestamp.type=LogAppendTime */
	int64_t timestamp_after_max_ms;
	int64_t min_insync_replicas;
	int64_t replica_lag_ms;
	int64_t index_interval_bytes;
	int64_t flush_ms;
	int64_t flush_messages;
};

enum setting_type {
	SETTING_NUMBER,
	SETTING_BYTES,
	SETTING_MS,
	SETTING_RATIO,
	SETTING_CHOICE,
	SETTING_POLICY
};

struct setting { /* one row of the table */
	const char *name;
	enum setting_type type;
	size_t offset; /* of its int64_t in struct settings */
	int64_t fallback; /* the default */
	int64_t min, max;
	bool unlimited; /* "-1" and "unlimited" are taken */
	const char *const *choices; /* CHOICE: NULL-ended, value = place */
	const char *meaning; /* one line */
};

/* Row i, 0 to SETTINGS_KEYS - 1, in alphabetical order. */
const struct setting *settings_row(int i);

/* The row of that name, or -1. */
int settings_find(const char *name);

/* All defaults; id empty, one partition. */
void settings_init(struct settings *s);

/*
 * Set a key from its text; sizes and durations take suffixes.  0, or -1
 * ERR_USAGE naming the keys or values that exist (s unchanged).
 */
int settings_set(
    struct settings *s, const char *key, const char *value, struct err *e);

/* Back to the default.  0, or -1 ERR_USAGE. */
int settings_unset(struct settings *s, const char *key, struct err *e);

/* The value of row i (or its default), as settings_set takes it. */
void settings_text(const struct settings *s, int i, char *out, size_t size);

/* Whether the same keys are given in both, with the same values. */
bool settings_agree(const struct settings *a, const struct settings *b);

/* Whether nothing is compacted: then offsets that are missing are damage. */
bool settings_is_strict(const struct settings *s);

/*
 * Bytes that a batch of this topic may have, as stored or unpacked: what
 * claims more is damage, so that no file makes a reader take all memory.
 * 32 MiB, or max.message.bytes if that is more.
 */
int64_t settings_batch_limit(const struct settings *s);

/* Settings that can't go together: 0, or -1 ERR_USAGE. */
int settings_check(const struct settings *s, struct err *e);

#endif
