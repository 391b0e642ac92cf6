#include "prefetch.h"

#include "examples.h"

enum { ITEMS = 20000, REST_EVERY = 97, FAIL_EVERY = 1009, SEAL_EVERY = 7 };

struct world {
	int64_t next;		/* number of the item to read */
	int inside;		/* threads in read; more than one is wrong */
	int overlaps;
	bool rested;		/* that item was "nothing more" already */
	bool over;		/* 0 or -1 was given, no resume yet */
	int late;		/* reads after that */
};

static uint8_t example[ROOM];
static struct batch example_batch;

static int
read_item(void *ctx, struct prefetch_item *item)
{
	struct world *w = ctx;
	int status = 1;

	w->overlaps += w->inside++ != 0;
	w->late += w->over;
	item->skipped = w->next;
	item->raw_limit = 1 << 20;
	if (!w->rested && w->next % FAIL_EVERY == FAIL_EVERY - 1)
		status = err_set(&item->error, ERR_DATA, "item");
	else if (!w->rested && w->next % REST_EVERY == REST_EVERY - 1)
		status = 0;
	if (status == 1) {
		item->batch = example_batch;
		item->batch.base_offset = w->next++;
		item->batch.last_offset = w->next;
		item->sealed = w->next % SEAL_EVERY == 0;
		if (buf_append(&item->bytes, example,
		    (size_t)example_batch.size) < 0)
			abort();
	}
	w->rested = w->over = status != 1;
	w->inside--;
	return status;
}

static void
check_records(struct prefetch_item *item)
{
	struct record r;
	struct err e;
	int got, n = 0;

	while ((got = batch_records_next(&item->records, &r, &e)) > 0)
		CHECK_EQ_INT(r.offset, item->batch.base_offset + n++);
	CHECK_EQ_INT(got, 0);
	CHECK_EQ_INT(n, 2);
}

/* All in order, each end told once, and nothing read until resumed. */
static void
in_order(int workers)
{
	struct world w = { 0 };
	struct prefetch_options o = {
		.workers = workers, .read = read_item, .ctx = &w,
	};
	struct err e;
	struct prefetch *p = prefetch_new(&o, &e);
	struct prefetch_item *item;
	int64_t want = 0, rests = 0, failures = 0;

	load(example_b, example, &example_batch);
	while (want < ITEMS) {
		item = prefetch_next(p);
		CHECK_EQ_INT(item->skipped, want);
		if (item->status == 1) {
			CHECK_EQ_INT(item->batch.base_offset, want++);
			if (!item->sealed)
				check_records(item);
		} else {
			rests += item->status == 0;
			failures += item->status == -1;
			w.over = false;
			prefetch_resume(p);
		}
		prefetch_put(p, item);
	}
	prefetch_free(p);
	CHECK_EQ_INT(failures, ITEMS / FAIL_EVERY);
	CHECK_EQ_INT(rests, ITEMS / REST_EVERY -
	    ITEMS / (REST_EVERY * FAIL_EVERY));
	CHECK_EQ_INT(w.overlaps, 0);
	CHECK_EQ_INT(w.late, 0);
}

static void
without_workers(void)
{
	in_order(0);
}

static void
one_worker(void)
{
	in_order(1);
}

static void
many_workers(void)
{
	in_order(5);
}

/* What cannot be unpacked is told in its place; the rest goes on. */
static int
read_bad(void *ctx, struct prefetch_item *item)
{
	int status = read_item(ctx, item);

	if (status == 1 && item->batch.base_offset % 3 == 0)
		item->batch.attributes |= CODEC_GZIP;
	return status;
}

static void
bad_batches(void)
{
	struct world w = { 0 };
	struct prefetch_options o = {
		.workers = 2, .read = read_bad, .ctx = &w,
	};
	struct err e;
	struct prefetch *p = prefetch_new(&o, &e);
	struct prefetch_item *item;
	int64_t i;

	load(example_b, example, &example_batch);
	for (i = 0; i < REST_EVERY - 1; i++) {
		item = prefetch_next(p);
		CHECK_EQ_INT(item->batch.base_offset, i);
		if (!item->sealed) {
			CHECK_EQ_INT(item->status, i % 3 == 0 ? -2 : 1);
			if (i % 3 == 0)
				CHECK_EQ_INT(item->error.code, ERR_CORRUPT);
		}
		prefetch_put(p, item);
	}
	prefetch_free(p);
}

TEST_MAIN(
    TEST(without_workers), TEST(one_worker), TEST(many_workers),
    TEST(bad_batches))
