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
#include "fsio.h"
#include "main.h"
#include "produce.h"
#include "report.h"
#include "text.h"
#include "where.h"

enum {
	ESCAPED_TIMES = 8,	/* \u0001 for a byte is 6 */
	RECORD_MAX = 1 << 30
};

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

/*
 * The longest record to read.  Whether it can be stored is known when it is
 * encoded; until then escapes may make it longer, and what is put aside
 * should be whole.
 */
static size_t
max_record(const struct producer *p)
{
	const struct options *o = p->o;
	int64_t max = p->topic.settings.max_message_bytes;

	if (o->json || o->format != NULL)
		max *= ESCAPED_TIMES;
	if (o->on_error != NULL && max < FORM_RECORD_MAX)
		max = FORM_RECORD_MAX;
	return (size_t)(max < RECORD_MAX ? max : RECORD_MAX);
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
		.max_record = max_record(p),
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
	p->delimiter_len = (int32_t)separator;
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
			p->delimiter_len };
	if (o->key_separator != NULL)
		fo.key_separator = (struct slice){ p->unescaped.data +
			separator, (int32_t)(p->unescaped.len - separator) };
	p->reader = form_reader_new(&fo, e);
	return p->reader == NULL ? -1 : 0;
}

/* Open it, or take the settings that it will be created with. */
static int
find_topic(struct producer *p, const char *path, struct err *e)
{
	const struct options *o = p->o;

	if (topic_open(&p->topic, path, e) == 0)
		return topic_check_local(&p->topic, o->unsafe_fs, e);
	if (e->code != ERR_SYSTEM || e->sys != ENOENT)
		return -1;
	if (!o->create)
		return err_set(e, ERR_SYSTEM,
		    "%s: no such topic (--create makes it)", path);
	settings_init(&p->topic.settings);
	p->topic.settings.partitions = (int32_t)o->partitions;
	return 0;
}

static int
check_topic(const struct producer *p, const char *path, struct err *e)
{
	const struct settings *s = &p->topic.settings;

	if (p->o->has_partition && p->o->partition >= s->partitions)
		return err_set(e, ERR_USAGE, "-p: %s has partitions 0 to %"
		    PRId32, path, s->partitions - 1);
	return 0;
}

static int
create_topic(struct producer *p, const char *path, struct err *e)
{
	struct settings s = p->topic.settings;

	if (p->topic.dirfd >= 0)
		return 0;
	/* Another may have made it meanwhile, in another way. */
	if (topic_create(path, &s, p->o->unsafe_fs, e) < 0 && e->sys != EEXIST)
		return -1;
	if (topic_open(&p->topic, path, e) < 0)
		return -1;
	return check_topic(p, path, e);
}

static int
make_report(struct producer *p, struct err *e)
{
	if (out_init(&p->out, STDOUT_FILENO, "stdout") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (p->o->report != NULL) {
		p->report = format_new(p->o->report, e);
		if (p->report == NULL)
			return -1;
	}
	return 0;
}

static int
open_errors(struct producer *p, struct err *e)
{
	const char *name = p->o->on_error;

	if (name == NULL || strcmp(name, "skip") == 0)
		return 0;
	p->errors_fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0666);
	return p->errors_fd < 0 ? err_sys(e, "%s", name) : 0;
}

/*
 * A record that was put aside is as safe as one that was stored.  r, or -1 if
 * it was not negative and this fails.
 */
static int
close_errors(struct producer *p, int r, struct err *e)
{
	int failed;

	if (p->errors_fd < 0)
		return r;
	/* EINVAL: a pipe or a device, on which there is nothing to sync. */
	failed = p->o->acks != ACKS_NONE && p->skipped > 0 &&
	    fsio_sync(p->errors_fd) < 0 && errno != EINVAL && errno != EROFS;
	if (close(p->errors_fd) < 0)
		failed = 1;
	return failed && r >= 0 ? err_sys(e, "%s", p->o->on_error) : r;
}

static int
start(struct producer *p, struct err *e)
{
	if (target_open(p, e) < 0)
		return -1;
	if (getrandom(&p->random, sizeof(p->random), 0) < 0 ||
	    p->random == 0)
		p->random = 1;
	p->started = clock_mono_ms();
	main_stop_signals();
	progress_start(&p->progress, p->o->common.progress, 0);
	return 0;
}

static int
store(struct producer *p, struct err *e)
{
	int r = loop_run(p, e);

	progress_end(&p->progress);
	ack_cut(p);
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

	if (options_check(o, e) == 0 && where_topic(&o->common, argv[0], &path,
	    e) == 0 && files_check(&p, e) == 0 &&
	    find_topic(&p, path, e) == 0 && check_topic(&p, path, e) == 0 &&
	    make_reader(&p, &headers, e) == 0 && make_report(&p, e) == 0 &&
	    create_topic(&p, path, e) == 0 && open_errors(&p, e) == 0 &&
	    start(&p, e) == 0)
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
	return close_errors(&p, r, e);
}

static const char *const usage[] = {
	"[options] TOPIC [FILE...]", NULL
};
static const struct command command = {
	.summary = "append records from stdin or files to a topic",
	.usage = usage, .opts = options_table,
	.opts_size = sizeof(struct options), .defaults = &options_defaults,
	.min_operands = 1, .max_operands = OPERANDS_ANY, .run = run,
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
