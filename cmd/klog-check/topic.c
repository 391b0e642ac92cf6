/*
 * One topic: verify, print, mend, verify again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "json.h"
#include "main.h"
#include "repair.h"
#include "report.h"
#include "verify.h"

enum { STATUS_DAMAGED = 4 };

/* A string of JSON on stdout, quotes included. */
static void
put_string(const char *text)
{
	struct buf out = { 0 };

	if (json_put_bytes(&out, (struct slice){ (const uint8_t *)text,
		    (int32_t)strlen(text) }) == 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
}

static void
print_json(const struct check *c, const struct trouble *t)
{
	const char *mend = check_mend_name(t->mend);

	printf("{\"topic\":\"%s\"", c->topic->name);
	if (t->partition >= 0)
		printf(",\"partition\":%" PRId32, t->partition);
	fputs(",\"file\":", stdout);
	put_string(t->file);
	if (t->position >= 0)
		printf(",\"position\":%" PRId64, t->position);
	if (t->bytes >= 0)
		printf(",\"bytes\":%" PRId64, t->bytes);
	if (t->offset >= 0)
		printf(",\"offset\":%" PRId64, t->offset);
	if (t->offset >= 0 && t->end > t->offset)
		printf(",\"end\":%" PRId64, t->end);
	fputs(",\"problem\":", stdout);
	put_string(t->what);
	if (mend != NULL)
		printf(",\"repair\":\"%s\"", mend);
	puts("}");
}

static void
print_text(const struct check *c, const struct trouble *t)
{
	const char *mend = check_mend_name(t->mend);
	char line[1024], what[1024];
	int n = 0;

	if (t->position >= 0)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
		    "position %" PRId64 ": ", t->position);
	if (t->offset >= 0 && t->end > t->offset + 1)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
		    "offsets %" PRId64 " to %" PRId64 ": ", t->offset,
		    t->end - 1);
	else if (t->offset >= 0)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
		    "offset %" PRId64 ": ", t->offset);
	n += snprintf(line + n, sizeof(line) - (size_t)n, "%.600s", t->what);
	if (t->bytes > 0)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
		    " (%" PRId64 " bytes)", t->bytes);
	if (mend != NULL)
		snprintf(line + n, sizeof(line) - (size_t)n, " [repair: %s]",
		    mend);
	report_escape(what, sizeof(what), line);
	printf("%s/%s: %s\n", c->topic->path, t->file, what);
}

static void
tell(void *context, const struct trouble *t)
{
	struct check *c = context;

	c->mendable[((unsigned)t->mend & c->kinds) != 0]++;
	c->needed |= (unsigned)t->mend;
	c->by_hand |= t->mend == MEND_NONE;
	if (c->json)
		print_json(c, t);
	else
		print_text(c, t);
}

static int
tick(void *context, int64_t bytes, int64_t records)
{
	struct check *c = context;

	progress_tick(&c->progress, bytes, records);
	return main_stopped();
}

bool
check_wants(const struct check *c, int32_t number)
{
	size_t i;

	if (c->which.list == NULL)
		return true;
	for (i = 0; i < c->which.n; i++)
		if (c->which.list[i] == number)
			return true;
	return false;
}

static int
verify_all(struct check *c, struct verify *v, struct err *e)
{
	int32_t i, n = c->topic->settings.partitions;
	int64_t total = 0;
	int r;

	*v = (struct verify){ .topic = c->topic,
		.deep = c->deep,
		.since = c->since,
		.told = tell,
		.progress = tick,
		.context = c };
	c->mendable[0] = c->mendable[1] = 0;
	c->needed = 0;
	c->by_hand = false;
	for (i = 0; i < n; i++)
		if (check_wants(c, i))
			total += verify_size(c->topic, i);
	progress_start(&c->progress, c->common.progress, total);
	r = verify_topic(v, e);
	for (i = 0; i < n && r == 0; i++)
		if (check_wants(c, i))
			r = verify_partition(v, i, e);
	progress_end(&c->progress);
	verify_release(v);
	return r;
}

static void
told_done(void *context, const char *line)
{
	struct check *c = context;
	char text[2048];

	if (c->json) {
		printf("{\"topic\":\"%s\",\"repaired\":", c->topic->name);
		put_string(line);
		puts("}");
		return;
	}
	report_escape(text, sizeof(text), line);
	printf("%s/%s\n", c->topic->path, text);
}

static int
repair_all(struct check *c, struct err *e)
{
	struct repair r = { .topic = c->topic,
		.kinds = c->kinds,
		.save = c->save,
		.deadline = clock_mono_ms() + c->timeout,
		.did = told_done,
		.context = c };
	int32_t i;
	int status = repair_topic(&r, e);

	for (i = 0; i < c->topic->settings.partitions && status == 0; i++)
		if (check_wants(c, i))
			status = repair_partition(&r, i, e);
	return status;
}

static void
summarise(const struct check *c, const struct verify *v)
{
	if (c->json)
		printf("{\"topic\":\"%s\",\"partitions\":%" PRId64
		       ",\"segments\":%" PRId64 ",\"batches\":%" PRId64
		       ",\"records\":%" PRId64 ",\"bytes\":%" PRId64
		       ",\"problems\":%" PRId64 "}\n",
		    c->topic->name, v->partitions, v->segments, v->batches,
		    v->records, v->bytes, v->troubles);
	else if (v->troubles == 0 && !report_quiet())
		printf("%s: good: %" PRId64 " partition%s, %" PRId64
		       " segment%s, %" PRId64 " batches, %" PRId64
		       " records, %" PRId64 " bytes\n",
		    c->topic->path, v->partitions,
		    v->partitions == 1 ? "" : "s", v->segments,
		    v->segments == 1 ? "" : "s", v->batches, v->records,
		    v->bytes);
}

/* On standard error, how many problems there are and what to do. */
static void
advise(const struct check *c, const struct verify *v)
{
	static const enum mend kinds[] = { MEND_INDEX, MEND_TAIL, MEND_SALVAGE,
		MEND_POISON };
	unsigned needed = c->needed;
	char with[128] = "";
	size_t i, n = 0;

	/* Salvage does these as well. */
	if (needed & MEND_SALVAGE)
		needed &= ~(unsigned)(MEND_INDEX | MEND_TAIL);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (needed & (unsigned)kinds[i])
			n += (size_t)snprintf(with + n, sizeof(with) - n,
			    "%s%s", n > 0 ? "," : "; to mend: --repair=",
			    check_mend_name(kinds[i]));
	if (c->dry_run)
		report_error("%s: %" PRId64 " problem%s, of which %" PRId64
			     " would be mended",
		    c->topic->path, v->troubles, v->troubles == 1 ? "" : "s",
		    c->mendable[1]);
	else
		report_error("%s: %" PRId64 " problem%s%s%s", c->topic->path,
		    v->troubles, v->troubles == 1 ? "" : "s", with,
		    c->by_hand ? "; what has no repair is for a hand" : "");
}

int
check_has(const struct check *c, const struct topic *t, struct err *e)
{
	int32_t there = t->settings.partitions;

	if (c->which.n == 0 || c->which.list[c->which.n - 1] < there)
		return 0;
	return err_set(e, ERR_SYSTEM,
	    "%s: has no partition %" PRId32 "; the last is %" PRId32, t->path,
	    c->which.list[c->which.n - 1], there - 1);
}

int
check_topic(struct check *c, const struct topic *t, struct err *e)
{
	struct verify v;

	c->topic = t;
	if (check_has(c, t, e) < 0)
		return -1;
	if (verify_all(c, &v, e) < 0)
		return -1;
	if (c->mendable[1] > 0 && !c->dry_run) {
		if (repair_all(c, e) < 0 || verify_all(c, &v, e) < 0)
			return -1;
	}
	summarise(c, &v);
	if (v.troubles == 0)
		return 0;
	advise(c, &v);
	return STATUS_DAMAGED;
}
