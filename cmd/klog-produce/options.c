/*
 * The options of klog-produce: the table, and what it can't say.
 */
#include <stdlib.h>
#include <string.h>

#include "produce.h"
#include "rate.h"
#include "units.h"

enum { BATCH_BYTES_MIN = 1024 };

static const struct opt_choice acks_names[] = {
	{ "0", ACKS_NONE }, { "1", ACKS_DISK }, { "all", ACKS_ALL },
	{ "-1", ACKS_ALL }, { NULL, 0 },
};
static const struct opt_choice partitioner_names[] = {
	{ "murmur2", PARTITIONER_MURMUR2 },
	{ "roundrobin", PARTITIONER_ROUNDROBIN },
	{ "sticky", PARTITIONER_STICKY }, { NULL, 0 },
};

/* "zstd:3"; env KLOG_COMPRESSION is read the same way. */
static int
parse_compression(void *field, const char *arg, struct err *e)
{
	struct compression *c = field;
	const char *colon = strchr(arg, ':');
	char name[16];
	size_t n = colon == NULL ? strlen(arg) : (size_t)(colon - arg);
	int64_t level = CODEC_LEVEL_DEFAULT;
	int codec = -1;

	if (n < sizeof(name)) {
		memcpy(name, arg, n);
		name[n] = '\0';
		codec = codec_parse(name);
	}
	if (codec < 0)
		return err_set(e, ERR_USAGE, "\"%s\" is not one of none, "
		    "gzip[:LEVEL], snappy, lz4, zstd[:LEVEL]", arg);
	if (colon != NULL &&
	    (codec == CODEC_ZSTD ?
	    units_int(colon + 1, -131072, 22, &level) :
	    codec == CODEC_GZIP ? units_int(colon + 1, 1, 9, &level) : -1) < 0)
		return err_set(e, ERR_USAGE, "\"%s\": zstd has levels from "
		    "-131072 to 22, gzip from 1 to 9, the others none", arg);
	*c = (struct compression){ true, (enum codec_id)codec, (int)level };
	return 0;
}

#define T struct options

const struct opt options_table[] = {
	OPT_HEADING("Input (lines, unless one of the first six is given)"),
	OPT_FLAG('0', "null", T, null_delimited,
	    "records end with a NUL byte"),
	OPT_STRING('D', "delimiter", "STR", T, delimiter,
	    "records end with STR (\\n \\t \\r \\0 \\\\ \\xNN)"),
	OPT_STRING('F', "format", "FMT", T, format,
	    "records look like FMT, as '%k\\t%s\\n'"),
	OPT_FLAG('J', "json", T, json, "one JSON object a line"),
	OPT_FLAG(0, "framed", T, framed,
	    "binary, lengths before keys and values"),
	OPT_FLAG(0, "whole", T, whole,
	    "each FILE, or all of stdin, is one record"),
	OPT_STRING('K', "key-separator", "SEP", T, key_separator,
	    "the key stands before the first SEP"),
	OPT_STRING('k', "key", "KEY", T, key,
	    "key of the records that have none"),
	OPT_STRING(0, "key-json", "PATH", T, key_json,
	    "key: the value at PATH (.a.b) of a JSON value"),
	OPT_LIST('H', "header", "NAME=VALUE", T, headers,
	    "add a header (repeatable); NAME alone is null"),
	OPT_FLAG('Z', "null-empty", T, null_empty,
	    "an empty value is null; with -K an empty key too"),
	OPT_TIME('t', "timestamp", "TIME", T, timestamp,
	    "timestamp of all records (when each was read)",
	    .given = OPT_AT(T, has_timestamp, bool)),
	OPT_STRING(0, "time-json", "PATH", T, time_json,
	    "timestamp: the value at PATH of a JSON value"),
	OPT_FLAG(0, "follow", T, follow, "keep reading FILE as it grows"),
	OPT_INT('n', "max-records", "N", T, limit, 0, INT64_MAX,
	    "stop after storing N records",
	    .given = OPT_AT(T, has_limit, bool)),
	OPT_CALL(0, "rate", "N", T, rate_per_ms, rate_option,
	    "store at most N records a second"),
	OPT_HEADING("Where to"),
	OPT_INT('p', "partition", "N", T, partition, 0, INT32_MAX,
	    "put all records into partition N",
	    .given = OPT_AT(T, has_partition, bool)),
	OPT_CHOICE(0, "partitioner", "HOW", T, partitioner, partitioner_names,
	    "murmur2 (of the key, as Kafka), roundrobin, sticky"),
	OPT_FLAG(0, "keep-partition", T, keep_partition,
	    "with -J or -F: the partition that a record names"),
	OPT_FLAG(0, "create", T, create, "make the topic if it is missing"),
	OPT_INT(0, "partitions", "N", T, partitions, 1, PARTITIONS_MAX,
	    "with --create: how many partitions (1)",
	    .given = OPT_AT(T, has_partitions, bool)),
	OPT_ROW_DIR,
	OPT_HEADING("How"),
	OPT_CHOICE('a', "acks", "WHEN", T, acks, acks_names,
	    "stored is 0: appended, 1: on disk (default), all"),
	OPT_CALL('z', "compression", "CODEC", T, compression,
	    parse_compression,
	    "none, zstd[:N], gzip[:N], lz4, snappy (the topic's)"),
	OPT_SIZE(0, "batch-bytes", "SIZE", T, batch_bytes, BATCH_BYTES_MIN,
	    INT32_MAX, "a batch is full at SIZE, not compressed (1M)"),
	OPT_DURATION(0, "linger", "DUR", T, linger, 0, 3600000,
	    "a batch waits this long for more records (5ms)"),
	OPT_DURATION(0, "timeout", "DUR", T, timeout, 0, INT64_MAX,
	    "wait this long for another writer (for ever)"),
	OPT_STRING(0, "on-error", "WHAT", T, on_error,
	    "a bad record: stop (default), skip, or a FILE for it"),
	OPT_FLAG(0, "tee", T, tee,
	    "copy records to stdout once they are stored"),
	OPT_STRING(0, "report", "FMT", T, report,
	    "print FMT for each stored record (%t %p %o\\n)",
	    .fallback = "%t %p %o\\n"),
	OPT_FLAG(0, "unsafe-fs", T, unsafe_fs,
	    "write to a file system that may lose data"),
	OPT_ROW_PROGRESS, OPT_ROWS_COMMON, OPT_END
};

#undef T

const struct options options_defaults = {
	.partitions = 1, .acks = -1, .batch_bytes = 1 << 20, .linger = 5,
	.timeout = -1,
};

/* --acks, else $KLOG_ACKS, else on disk. */
static int
settle_acks(struct options *o, struct err *e)
{
	const char *acks = getenv("KLOG_ACKS");
	int i;

	if (o->acks >= 0)
		return 0;
	o->acks = ACKS_DISK;
	if (acks == NULL || acks[0] == '\0')
		return 0;
	for (i = 0; acks_names[i].name != NULL; i++)
		if (strcmp(acks_names[i].name, acks) == 0) {
			o->acks = acks_names[i].value;
			return 0;
		}
	return err_set(e, ERR_USAGE,
	    "KLOG_ACKS: \"%s\" is not one of 0, 1, all", acks);
}

/* Options that do not go together. */
static int
check_together(const struct options *o, struct err *e)
{
	int forms = o->null_delimited + (o->delimiter != NULL) +
	    (o->format != NULL) + o->json + o->framed + o->whole;

	if (forms > 1)
		return err_set(e, ERR_USAGE, "only one of -0, -D, -F, -J, "
		    "--framed and --whole can be given");
	if (o->tee && o->report != NULL)
		return err_set(e, ERR_USAGE,
		    "only one of --tee and --report can be given");
	if (o->keep_partition && o->has_partition)
		return err_set(e, ERR_USAGE,
		    "only one of -p and --keep-partition can be given");
	if (o->keep_partition && !o->json && o->format == NULL)
		return err_set(e, ERR_USAGE,
		    "--keep-partition: goes with -J or -F");
	if (o->has_partitions && !o->create)
		return err_set(e, ERR_USAGE,
		    "--partitions: goes with --create");
	return 0;
}

int
options_check(struct options *o, struct err *e)
{
	const char *z = getenv("KLOG_COMPRESSION");

	if (check_together(o, e) < 0 || settle_acks(o, e) < 0)
		return -1;
	if (!o->compression.given && z != NULL && z[0] != '\0' &&
	    parse_compression(&o->compression, z, e) < 0)
		return err_prefix(e, "KLOG_COMPRESSION");
	if (o->on_error != NULL && strcmp(o->on_error, "stop") == 0)
		o->on_error = NULL;
	return 0;
}
