/*
 * keyed: a place with records that have keys, for the tests of compaction.
 */
#ifndef KLOG_TEST_KEYED_H
#define KLOG_TEST_KEYED_H

#include "compaction.h"
#include "cursor.h"
#include "place_files.h"
#include "place_opened.h"
#include "view.h"

#define KEYED_NOW INT64_C(1700000000000)

struct keyed {
	struct place pl;
	struct settings set;
};

/* "compact", segments of 4 KiB, which is a roll every few batches. */
static inline void
keyed_make(struct keyed *k)
{
	struct err e;

	place_make(&k->pl);
	k->set = k->pl.topic.settings;
	k->set.cleanup_policy = CLEANUP_COMPACT;
	k->set.segment_bytes = 4096;
	k->set.index_interval_bytes = 256;
	partition_close(&k->pl.p);
	place_need(partition_open(&k->pl.p, k->pl.topic.dirfd, 0,
		       k->pl.topic.path, &k->set, &e) == 0,
	    "partition_open", &e);
}

static inline struct slice
text(const char *s)
{
	return s == NULL ?
	    SLICE_NULL :
	    (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

/* Append one batch: "k=v" words, "k" alone is a tombstone.  Its base. */
static inline int64_t
keyed_append(struct keyed *k, const char *words, enum codec_id codec)
{
	struct batch_builder bb = { 0 };
	struct codec *c = codec_new();
	struct buf scratch = { 0 };
	char *copy = strdup(words), *word, *value, *rest = copy;
	struct record r = { .timestamp = KEYED_NOW };
	uint8_t *bytes;
	int64_t base = -1;
	struct err e;
	size_t size;

	while ((word = strsep(&rest, " ")) != NULL) {
		value = strchr(word, '=');
		if (value != NULL)
			*value++ = '\0';
		r.key = text(word);
		r.value = text(value);
		place_need(batch_builder_add(&bb, &r) == 0, "add", NULL);
	}
	place_need(batch_builder_finish(&bb, c, codec, 1, &scratch, &bytes,
		       &size, &e) == 0 &&
		append_batch(&k->pl.p, bytes, size, 0, &base, &e) == 0,
	    "append", &e);
	buf_release(&scratch);
	batch_builder_release(&bb);
	codec_free(c);
	free(copy);
	return base;
}

/* Seal the active segment, as a roll does. */
static inline void
keyed_roll(struct keyed *k)
{
	struct err e;

	place_need(append_begin(&k->pl.p, 0, &e) == 0 &&
		append_roll(&k->pl.p, &e) == 0,
	    "roll", &e);
	append_end(&k->pl.p);
}

/* All records a reader gets: "0:k=v 3:k", malloc'd; empty batches "[4-9]". */
static inline char *
keyed_read(struct keyed *k, bool ranges)
{
	struct codec *codec = codec_new();
	struct buf bytes = { 0 }, scratch = { 0 };
	struct batch_records br;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	struct cursor c;
	struct record r;
	struct batch b;
	struct view v;
	struct err e;
	int got;

	v = place_view(&k->pl);
	view_expect(&v, &k->set);
	v.strict = true;
	cursor_init(&c, &v, 0);
	while ((got = cursor_next(&c, &b, &bytes, &e)) > 0) {
		if (b.count == 0 && ranges)
			fprintf(f, "%s[%" PRId64 "-%" PRId64 "]",
			    ftell(f) > 0 ? " " : "", b.base_offset,
			    b.last_offset);
		place_need(batch_records_init(&br, &b, bytes.data, codec,
			       &scratch, 1 << 20, &e) == 0,
		    "records", &e);
		while ((got = batch_records_next(&br, &r, &e)) > 0) {
			fprintf(f, "%s%" PRId64 ":%.*s",
			    ftell(f) > 0 ? " " : "", r.offset, r.key.len,
			    (const char *)r.key.data);
			if (r.value.len >= 0)
				fprintf(f, "=%.*s", r.value.len,
				    (const char *)r.value.data);
		}
		place_need(got == 0, "record", &e);
	}
	place_need(got == 0, "cursor_next", &e);
	fclose(f);
	cursor_release(&c);
	buf_release(&bytes);
	buf_release(&scratch);
	view_close(&v);
	codec_free(codec);
	return out;
}

/* Compact it now, or ms later: what compaction_run answers. */
static inline int
keyed_compact(struct keyed *k, struct compaction *c, int64_t later,
    struct err *e)
{
	c->partition = &k->pl.p;
	c->now_ms = KEYED_NOW + later;
	return compaction_run(c, e);
}

#endif
