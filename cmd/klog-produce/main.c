/*
 * klog-produce: append records from stdin or files to a topic.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "main.h"
#include "produce.h"
#include "report.h"
#include "text.h"
#include "units.h"
#include "where.h"

enum { WORKERS_MAX = 4, BATCH_BYTES_MIN = 1024 };

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

static const struct opt table[] = {
	OPT_HEADING("Input (lines, if none of the first six is given)"),
	OPT_FLAG('0', "null", T, null_delimited,
	    "records end with a NUL byte"),
	OPT_STRING('D', "delimiter", "STR", T, delimiter,
	    "records end with STR (escapes as \\n \\t \\xNN)"),
	OPT_STRING('F', "format", "FMT", T, format,
	    "records look like FMT (%k, %s, ...)"),
	OPT_FLAG('J', "json", T, json, "a JSON object a line"),
	OPT_FLAG(0, "framed", T, framed,
	    "binary: lengths before keys and values"),
	OPT_FLAG(0, "whole", T, whole, "each file is one record"),
	OPT_STRING('K', "key-separator", "SEP", T, key_separator,
	    "the key stands before the first SEP"),
	OPT_STRING('k', "key", "KEY", T, key, "key of records without one"),
	OPT_STRING(0, "key-json", "PATH", T, key_json,
	    "key: what is at PATH (.a.b) of a JSON value"),
	OPT_LIST('H', "header", "NAME=VALUE", T, headers,
	    "add a header; NAME alone has a null value"),
	OPT_FLAG('Z', "null-empty", T, null_empty,
	    "an empty value is null, with -K an empty key too"),
	OPT_TIME('t', "timestamp", "TIME", T, timestamp,
	    "timestamp of all records (when each is read)",
	    .given = OPT_AT(T, has_timestamp, bool)),
	OPT_STRING(0, "time-json", "PATH", T, time_json,
	    "timestamp: what is at PATH of a JSON value"),
	OPT_FLAG(0, "follow", T, follow, "go on when FILE grows"),
	OPT_INT('n', "max-records", "N", T, limit, 0, INT64_MAX,
	    "stop after N records", .given = OPT_AT(T, has_limit, bool)),
	OPT_STRING(0, "rate", "N", T, rate, "at most N records a second"),
	OPT_HEADING("Where to"),
	OPT_INT('p', "partition", "N", T, partition, 0, INT32_MAX,
	    "all records to partition N",
	    .given = OPT_AT(T, has_partition, bool)),
	OPT_CHOICE(0, "partitioner", "HOW", T, partitioner, partitioner_names,
	    "murmur2 of the key (as Kafka), roundrobin, sticky"),
	OPT_FLAG(0, "keep-partition", T, keep_partition,
	    "with -J or -F: the partition that the record says"),
	OPT_FLAG(0, "create", T, create, "make the topic if it is missing"),
	OPT_INT(0, "partitions", "N", T, partitions, 1, PARTITIONS_MAX,
	    "with --create: how many (1)"),
	OPT_ROW_DIR,
	OPT_HEADING("How"),
	OPT_CHOICE('a', "acks", "WHEN", T, acks, acks_names,
	    "done when: 0 appended, 1 on disk (default), all"),
	OPT_CALL('z', "compression", "CODEC", T, compression,
	    parse_compression,
	    "none, zstd[:LEVEL], gzip[:LEVEL], lz4, snappy (the topic's)"),
	OPT_SIZE(0, "batch-bytes", "SIZE", T, batch_bytes, BATCH_BYTES_MIN,
	    INT32_MAX, "a batch is full at SIZE, uncompressed (1M)"),
	OPT_DURATION(0, "linger", "DUR", T, linger, 0, 3600000,
	    "how long a batch may wait for more records (5ms)"),
	OPT_DURATION(0, "timeout", "DUR", T, timeout, 0, INT64_MAX,
	    "how long to wait for others' locks (for ever)"),
	OPT_STRING(0, "on-error", "WHAT", T, on_error,
	    "a bad record: stop (default), skip, or append it to a FILE"),
	OPT_FLAG(0, "tee", T, tee, "copy stored records to stdout"),
	OPT_STRING(0, "report", "FMT", T, report,
	    "print FMT for each stored record (\"%t %p %o\\n\")",
	    .fallback = "%t %p %o\\n"),
	OPT_FLAG(0, "unsafe-fs", T, unsafe_fs,
	    "write to file systems that may break promises"),
	OPT_ROW_PROGRESS, OPT_ROWS_COMMON, OPT_END
};

#undef T

static const struct options defaults = {
	.partitions = 1, .acks = -1, .batch_bytes = 1 << 20, .linger = 5,
	.timeout = -1,
};

/* "100" or "100/s". */
static int
parse_rate(struct options *o, struct err *e)
{
	char text[24];
	size_t n;
	int64_t rate;

	if (o->rate == NULL)
		return 0;
	n = strlen(o->rate);
	if (n > 2 && strcmp(o->rate + n - 2, "/s") == 0)
		n -= 2;
	if (n < sizeof(text)) {
		memcpy(text, o->rate, n);
		text[n] = '\0';
	}
	if (n >= sizeof(text) || units_int(text, 1, INT32_MAX, &rate) < 0)
		return err_set(e, ERR_USAGE, "--rate: \"%s\" is not a number "
		    "of records a second from 1 to %d", o->rate, INT32_MAX);
	o->rate_per_ms = (double)rate / 1000;
	return 0;
}

static int
check(struct options *o, struct err *e)
{
	const char *acks = getenv("KLOG_ACKS"), *z;
	int forms = o->null_delimited + (o->delimiter != NULL) +
	    (o->format != NULL) + o->json + o->framed + o->whole;
	int i;

	if (forms > 1)
		return err_set(e, ERR_USAGE, "only one of -0, -D, -F, -J, "
		    "--framed and --whole can be given");
	if (o->tee && o->report != NULL)
		return err_set(e, ERR_USAGE,
		    "only one of --tee and --report can be given");
	if (o->keep_partition && o->has_partition)
		return err_set(e, ERR_USAGE,
		    "only one of -p and --keep-partition can be given");
	if (o->acks < 0) {
		o->acks = ACKS_DISK;
		for (i = 0; acks != NULL && acks[0] != '\0'; i++) {
			if (acks_names[i].name == NULL)
				return err_set(e, ERR_USAGE, "KLOG_ACKS: "
				    "\"%s\" is not one of 0, 1, all", acks);
			if (strcmp(acks_names[i].name, acks) == 0) {
				o->acks = acks_names[i].value;
				break;
			}
		}
	}
	z = getenv("KLOG_COMPRESSION");
	if (!o->compression.given && z != NULL && z[0] != '\0' &&
	    parse_compression(&o->compression, z, e) < 0)
		return err_prefix(e, "KLOG_COMPRESSION");
	if (o->on_error != NULL && strcmp(o->on_error, "stop") == 0)
		o->on_error = NULL;
	return parse_rate(o, e);
}

static int
encode_headers(struct producer *p, struct buf *headers, struct err *e)
{
	const struct opt_list *list = &p->o->headers;
	struct slice name, value;
	const char *equals;
	size_t i;

	for (i = 0; i < list->n; i++) {
		name = text_slice(list->items[i]);
		value = SLICE_NULL;
		equals = strchr(list->items[i], '=');
		if (equals != NULL) {
			value = text_slice(equals + 1);
			name.len = (int32_t)(equals - list->items[i]);
		}
		if (header_append(headers, name, value) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

/* The reader of the input form; its slices live in unescaped and headers. */
static int
make_reader(struct producer *p, struct buf *headers, struct err *e)
{
	const struct options *o = p->o;
	struct form_options fo = {
		.kind = o->framed ? FORM_FRAMED : o->json ? FORM_JSON :
		    o->format != NULL ? FORM_FORMAT :
		    o->whole ? FORM_WHOLE : FORM_LINES,
		.format = o->format, .key_json = o->key_json,
		.time_json = o->time_json, .key = text_slice(o->key),
		.has_timestamp = o->has_timestamp, .timestamp = o->timestamp,
		.null_empty = o->null_empty, .follow = o->follow,
		.keep_partition = o->keep_partition,
		.header_count = (int32_t)o->headers.n,
		.max_record = (size_t)p->topic.settings.max_message_bytes,
	};
	size_t separator;

	if (encode_headers(p, headers, e) < 0)
		return -1;
	fo.headers = (struct slice){ headers->data, (int32_t)headers->len };
	/* Both texts are decoded before either is pointed to. */
	if (o->delimiter != NULL &&
	    text_unescape("-D", o->delimiter, &p->unescaped, e) < 0)
		return -1;
	separator = p->unescaped.len;
	if (o->key_separator != NULL &&
	    text_unescape("-K", o->key_separator, &p->unescaped, e) < 0)
		return -1;
	if ((o->delimiter != NULL && separator == 0) ||
	    (o->key_separator != NULL && p->unescaped.len == separator))
		return err_set(e, ERR_USAGE, "%s: is empty",
		    o->delimiter != NULL && separator == 0 ? "-D" : "-K");
	if (o->null_delimited)
		fo.delimiter = (struct slice){ (const uint8_t *)"", 1 };
	else if (o->delimiter != NULL)
		fo.delimiter = (struct slice){ p->unescaped.data,
			(int32_t)separator };
	if (o->key_separator != NULL)
		fo.key_separator = (struct slice){ p->unescaped.data +
			separator, (int32_t)(p->unescaped.len - separator) };
	p->reader = form_reader_new(&fo, e);
	return p->reader == NULL ? -1 : 0;
}

static int
open_topic(struct producer *p, const char *path, struct err *e)
{
	const struct options *o = p->o;
	struct settings s;

	if (topic_open(&p->topic, path, e) == 0)
		return topic_check_local(&p->topic, o->unsafe_fs, e);
	if (!o->create || e->code != ERR_SYSTEM || e->sys != ENOENT)
		return -1;
	settings_init(&s);
	s.partitions = (int32_t)o->partitions;
	if (topic_create(path, &s, o->unsafe_fs, e) < 0 && e->sys != EEXIST)
		return -1;
	return topic_open(&p->topic, path, e);
}

/* The codec: -z, $KLOG_COMPRESSION, the topic's, zstd. */
static void
settle_compression(struct options *o, const struct settings *s)
{
	if (!o->compression.given) {
		o->compression.codec =
		    s->compression_type == COMPRESSION_PRODUCER ? CODEC_ZSTD :
		    (enum codec_id)s->compression_type;
		o->compression.level = CODEC_LEVEL_DEFAULT;
	}
	if (o->compression.level != CODEC_LEVEL_DEFAULT)
		return;
	if (o->compression.codec == CODEC_ZSTD)
		o->compression.level = (int)s->zstd_level;
	else if (o->compression.codec == CODEC_GZIP)
		o->compression.level = (int)s->gzip_level;
}

static int
check_topic(struct producer *p, struct err *e)
{
	const struct settings *s = &p->topic.settings;

	if (p->o->has_partition && p->o->partition >= s->partitions)
		return err_set(e, ERR_USAGE, "-p: %s has partitions 0 to %"
		    PRId32, p->topic.path, s->partitions - 1);
	if (p->o->acks == ACKS_ALL && s->min_insync_replicas > 1)
		return err_set(e, ERR_BUSY, "%s: --acks all needs %" PRId64
		    " copies in sync (min.insync.replicas), there is 1",
		    p->topic.path, s->min_insync_replicas);
	return 0;
}

static int
open_outputs(struct producer *p, struct err *e)
{
	const char *name = p->o->on_error;

	if (out_init(&p->out, STDOUT_FILENO, "stdout") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (p->o->report != NULL) {
		p->report = format_new(p->o->report, e);
		if (p->report == NULL)
			return -1;
	}
	if (name == NULL || strcmp(name, "skip") == 0)
		return 0;
	p->errors_fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0666);
	return p->errors_fd < 0 ? err_sys(e, "%s", name) : 0;
}

static int
start(struct producer *p, struct options *o, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct accumulator_options ao = {
		.topic = &p->topic, .batch_bytes = o->batch_bytes,
		.durable = o->acks != ACKS_NONE, .timeout_ms = o->timeout,
		.acked = o->report != NULL ? ack_batch : NULL, .ctx = p,
	};

	settle_compression(o, &p->topic.settings);
	ao.codec = o->compression.codec;
	ao.level = o->compression.level;
	ao.workers = cores < 2 ? 0 : ao.codec == CODEC_NONE ? 1 :
	    cores < WORKERS_MAX ? (int)cores : WORKERS_MAX;
	p->accumulator = accumulator_new(&ao, e);
	if (p->accumulator == NULL)
		return -1;
	if (getrandom(&p->random, sizeof(p->random), 0) < 0 ||
	    p->random == 0)
		p->random = 1;
	p->started = clock_mono_ms();
	main_stop_signals();
	progress_start(&p->progress, o->common.progress, 0);
	return 0;
}

static int
store(struct producer *p, struct err *e)
{
	int r = loop_run(p, e);

	progress_end(&p->progress);
	if (r < 0) {
		ack_failed(p, e);
		return -1;
	}
	ack_summary(p);
	return main_stopped() != 0 ? main_stop(e) : 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct options *o = opts;
	struct producer p = { .o = o, .files = argv + 1, .sticky = -1,
		.file_count = argc - 1, .fd = -1, .errors_fd = -1,
		.topic = { .dirfd = -1 } };
	struct buf headers = { 0 };
	char *path = NULL;
	int r = -1;

	if (check(o, e) == 0 && where_topic(&o->common, argv[0], &path,
	    e) == 0 && files_check(&p, e) == 0 &&
	    open_topic(&p, path, e) == 0 && check_topic(&p, e) == 0 &&
	    make_reader(&p, &headers, e) == 0 && open_outputs(&p, e) == 0 &&
	    start(&p, o, e) == 0)
		r = store(&p, e);
	accumulator_free(p.accumulator);
	form_reader_free(p.reader);
	format_free(p.report);
	out_release(&p.out);
	buf_release(&p.tee);
	buf_release(&p.unescaped);
	buf_release(&headers);
	topic_close(&p.topic);
	free(p.inputs);
	free(path);
	if (p.errors_fd >= 0 && close(p.errors_fd) < 0 && r == 0)
		r = err_sys(e, "%s", o->on_error);
	return r;
}

static const char *const usage[] = {
	"[options] TOPIC [FILE...]", NULL
};
static const struct command command = {
	.summary = "append records from stdin or files to a topic",
	.usage = usage, .opts = table, .opts_size = sizeof(struct options),
	.defaults = &defaults, .min_operands = 1,
	.max_operands = OPERANDS_ANY, .run = run,
};
static const struct program program = {
	.name = "klog-produce",
	.summary = "append records from stdin or files to a topic",
	.single = &command,
};

int
main(int argc, char **argv)
{
	return main_run(&program, argc, argv);
}
