#include "state.h"

#include <pthread.h>
#include <stdatomic.h>

#include "place_files.h"

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";
static const char other[] = "11234567-89ab-cdef-0123-456789abcdef";

static void
mapping(void)
{
	struct state_slot slot = { .base = 7, .next_offset = 9 }, got;
	struct state a = { 0 }, b = { 0 };
	struct place pl;
	struct err e;

	place_dir(&pl);
	CHECK_EQ_INT(state_map(&a, pl.dirfd, true, false, "p", &e), 0);
	place_put(pl.dirfd, "state", "short", 5);
	CHECK_EQ_INT(state_map(&a, pl.dirfd, true, false, "p", &e), 0);
	CHECK(!state_is_valid(&a, pl.dirfd, boot));
	CHECK_EQ_INT(state_map(&a, pl.dirfd, true, true, "p", &e), 1);
	CHECK(!state_is_valid(&a, pl.dirfd, boot));
	CHECK_EQ_INT(state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e), 0);
	CHECK(state_is_valid(&a, pl.dirfd, boot));
	CHECK(!state_is_valid(&a, pl.dirfd, other));
	CHECK_EQ_INT(atomic_load(&a.page->durable_offset), 9);
	CHECK_EQ_INT(state_map(&b, pl.dirfd, false, false, "p", &e), 1);
	CHECK(state_is_valid(&b, pl.dirfd, boot));
	/* One flipped bit, and it counts for nothing. */
	a.page->slot[atomic_load(&a.page->current) & 1].position ^= 4;
	CHECK(!state_is_valid(&b, pl.dirfd, boot));
	slot.next_offset = 10;
	state_publish(&a, &slot);
	CHECK(state_is_valid(&b, pl.dirfd, boot));
	state_read(&b, &got);
	CHECK_EQ_INT(got.base, 7);
	CHECK_EQ_INT(got.next_offset, 10);
	/* Shorter, gone, another file: it counts no more, and nobody dies. */
	place_put(pl.dirfd, "state", "", 0);
	CHECK(!state_is_valid(&a, pl.dirfd, boot));
	unlinkat(pl.dirfd, "state", 0);
	CHECK(!state_is_valid(&a, pl.dirfd, boot));
	state_unmap(&a);
	state_unmap(&b);
	state_unmap(&b);
	CHECK(!state_is_valid(&b, pl.dirfd, boot));
	place_remove(&pl);
}

/* Whoever looked last after cut number n is told the lowest since. */
static void
cuts(void)
{
	static const int64_t at[] = { 90, 40, 70, 60, 80, 30, 50, 55, 54, 95 };
	enum { COUNT = sizeof(at) / sizeof(at[0]) };
	struct state_slot slot = { .next_offset = 100 };
	struct state a = { 0 };
	struct place pl;
	struct err e;
	int64_t offset, lowest;
	uint32_t seen, n, i;

	place_dir(&pl);
	place_need(state_map(&a, pl.dirfd, true, true, "p", &e) == 1 &&
		state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e) == 0,
	    "state", &e);
	seen = atomic_load(&a.page->cuts);
	CHECK(!state_was_cut(&a, &seen, &offset));
	for (n = 0; n < COUNT; n++) {
		slot.next_offset = at[n];
		state_withdraw(&a, &slot);
		for (i = 0; i <= n; i++) {
			uint32_t k = i;

			for (lowest = 100; k <= n; k++)
				lowest = at[k] < lowest ? at[k] : lowest;
			seen = i;
			CHECK(state_was_cut(&a, &seen, &offset));
			CHECK(n - i < STATE_CUTS - 2 ? offset == lowest :
						       offset <= lowest);
			CHECK_EQ_INT(seen, n + 1);
			CHECK(!state_was_cut(&a, &seen, &offset));
		}
	}
	seen = COUNT + 1; /* of a page that is gone */
	CHECK(!state_was_cut(&a, &seen, &offset));
	CHECK_EQ_INT(seen, COUNT);
	state_unmap(&a);
	place_remove(&pl);
}

/* It is told again when the page counts again, and where a log got shorter. */
static void
cuts_at_reset(void)
{
	struct state_slot slot = { .next_offset = 100 };
	struct state a = { 0 };
	struct place pl;
	struct err e;
	int64_t offset;
	uint32_t seen;
	int i;

	place_dir(&pl);
	place_need(state_map(&a, pl.dirfd, true, true, "p", &e) == 1 &&
		state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e) == 0,
	    "state", &e);
	for (i = 0; i < 2; i++) {
		seen = atomic_load(&a.page->cuts);
		CHECK_EQ_INT(
		    state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e), 0);
		CHECK(!state_was_cut(&a, &seen, &offset));
		slot.next_offset -= 10;
		if (i == 0) {
			state_withdraw(&a, &slot);
			CHECK(state_was_cut(&a, &seen, &offset));
			CHECK_EQ_INT(offset, 90);
		}
		CHECK_EQ_INT(
		    state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e), 0);
		CHECK(state_was_cut(&a, &seen, &offset));
		CHECK_EQ_INT(offset, slot.next_offset);
	}
	state_unmap(&a);
	place_remove(&pl);
}

static atomic_bool done;

static void *
publish(void *arg)
{
	struct state_slot slot = { 0 };
	int64_t n;

	for (n = 1; n < 200000; n++) {
		slot.position = n;
		slot.next_offset = n * 3;
		slot.created_ms = -n;
		state_publish(arg, &slot);
	}
	atomic_store(&done, true);
	return NULL;
}

/* End of file and end offset are never seen apart. */
static void
together(void)
{
	struct state_slot slot = { 0 };
	struct state a = { 0 };
	struct place pl;
	pthread_t thread;
	int64_t last = 0;
	struct err e;
	bool good = true;

	place_dir(&pl);
	place_need(state_map(&a, pl.dirfd, true, true, "p", &e) == 1 &&
		state_reset(&a, pl.dirfd, boot, &slot, 0, -1, "p", &e) == 0 &&
		pthread_create(&thread, NULL, publish, &a) == 0, "thread", &e);
	while (!atomic_load(&done)) {
		state_read(&a, &slot);
		good = good && slot.next_offset == slot.position * 3 &&
		    slot.created_ms == -slot.position && slot.position >= last;
		last = slot.position;
	}
	CHECK(good);
	pthread_join(thread, NULL);
	state_unmap(&a);
	place_remove(&pl);
}

static int
begin(struct place *pl, struct err *e)
{
	int r = append_begin(&pl->p, 0, e);

	if (r == 0)
		append_end(&pl->p);
	return r;
}

/* cp -a: the state page came along, but is not of this file. */
static void
copied(void)
{
	struct place pl;
	uint8_t data[4096];
	struct err e;
	int fd;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	fd = openat(pl.part, "state", O_RDONLY | O_CLOEXEC);
	CHECK_EQ_INT(fsio_read_at(fd, data, sizeof(data), 0), sizeof(data));
	close(fd);
	place_close(&pl);
	place_open(&pl);
	unlinkat(pl.part, "state", 0);
	place_put(pl.part, "other", "", 0);
	place_put(pl.part, "state", data, sizeof(data));
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 2);
	place_remove(&pl);
}

/* Any bytes in the page: refused or rebuilt. */
static void
hostile_state(void)
{
	struct place pl;
	uint32_t seed = 1;
	int64_t next;
	uint8_t *page;
	struct err e;
	size_t i;
	int n, r;

	for (n = 0; n < 60; n++) {
		place_make(&pl);
		place_fill(&pl, 2, 1000, 1);
		page = (uint8_t *)pl.p.state.page;
		/* From behind the identity on, one word at a time. */
		i = offsetof(struct state_page, current) + (size_t)n * 4;
		for (r = 0; r < 4; r++) {
			seed = seed * 1103515245 + 12345;
			page[i + (size_t)r] = (uint8_t)(seed >> 16);
		}
		next = 2;
		r = begin(&pl, &e);
		if (r == 0)
			next = pl.p.slot.next_offset;
		CHECK(r == 0 || e.code == ERR_CORRUPT ||
		    e.code == ERR_SYSTEM || e.code == ERR_ROLE);
		CHECK(next >= 0 || r != 0);
		place_remove(&pl);
	}
}

static void
short_state(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	place_put(pl.part, "state", "", 0); /* under our mapping */
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 2);
	CHECK_EQ_INT(place_size(&pl, "state"), 4096);
	place_remove(&pl);
}

TEST_MAIN(TEST(mapping), TEST(cuts), TEST(cuts_at_reset),
    TEST(together), TEST(copied), TEST(hostile_state),
    TEST(short_state))
