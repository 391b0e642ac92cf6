/*
 * Cases of KIP-101 and KIP-279, and random histories against a model that
 * knows each record.
 */
#include "history.h"

#include "test.h"

struct log {
	struct epochs epochs;
	struct history h;
};

/* Epochs as "EPOCH START ORIGIN" triples, ended by a negative epoch. */
static void
make(struct log *l, const int *triples, int64_t start, int64_t end)
{
	*l = (struct log){ .h = { &l->epochs, start, end } };
	for (; triples[0] >= 0; triples += 3)
		CHECK_EQ_INT(epochs_assign(&l->epochs, triples[0], triples[1],
				 (uint64_t)triples[2]),
		    0);
}

static enum history_relation
opposite(enum history_relation r)
{
	if (r == HISTORY_BEHIND)
		return HISTORY_AHEAD;
	return r == HISTORY_AHEAD ? HISTORY_BEHIND : r;
}

/* Both ways round. */
static void
compare(const struct log *a, const struct log *b, enum history_relation want,
    int64_t want_common, const char *what)
{
	int64_t common;

	test_int((int)history_compare(&a->h, &b->h, &common), (int)want,
	    __FILE__, __LINE__, what);
	test_int(common, want_common, __FILE__, __LINE__, what);
	test_int((int)history_compare(&b->h, &a->h, &common),
	    (int)opposite(want), __FILE__, __LINE__, what);
	test_int(common, want_common, __FILE__, __LINE__, what);
}

struct kase {
	const char *what;
	int a[16];
	int64_t a_start, a_end;
	int b[16];
	int64_t b_start, b_end;
	enum history_relation want;
	int64_t common;
};

static const struct kase cases[] = {
	{ "both are empty", { -1 }, 0, 0, { -1 }, 0, 0, HISTORY_SAME, 0 },
	{ "a new replica", { -1 }, 0, 0, { 0, 0, 1, -1 }, 0, 100,
	    HISTORY_BEHIND, 0 },
	{ "a replica that is not as far", { 0, 0, 1, -1 }, 0, 60,
	    { 0, 0, 1, -1 }, 0, 100, HISTORY_SAME, 60 },
	{ "KIP-101, scenario 1: the leader lost its tail, restarted",
	    { 0, 0, 1, -1 }, 0, 2, { 0, 0, 1, 1, 1, 2, -1 }, 0, 1,
	    HISTORY_BEHIND, 1 },
	{ "KIP-101, scenario 2: other records at the same offset",
	    { 0, 0, 1, -1 }, 0, 2, { 0, 0, 1, 1, 1, 2, -1 }, 0, 2,
	    HISTORY_BEHIND, 1 },
	{ "KIP-279: fast changes of leaders, epochs only one has",
	    { 0, 0, 1, 2, 20, 3, -1 }, 0, 26,
	    { 0, 0, 1, 1, 10, 2, 3, 15, 4, -1 }, 0, 30, HISTORY_SPLIT, 10 },
	{ "promoted, nothing appended yet", { 0, 0, 1, -1 }, 0, 100,
	    { 0, 0, 1, 1, 100, 2, -1 }, 0, 100, HISTORY_BEHIND, 100 },
	{ "an old leader that wrote on", { 0, 0, 1, -1 }, 0, 120,
	    { 0, 0, 1, 1, 100, 2, -1 }, 0, 130, HISTORY_BEHIND, 100 },
	{ "one that rebooted: the same number, another origin",
	    { 0, 0, 1, 1, 120, 7, -1 }, 0, 125, { 0, 0, 1, 1, 100, 8, -1 }, 0,
	    130, HISTORY_SPLIT, 100 },
	{ "the same, and at the same offset", { 0, 0, 1, 1, 100, 7, -1 }, 0,
	    125, { 0, 0, 1, 1, 100, 8, -1 }, 0, 130, HISTORY_SPLIT, 100 },
	{ "one that rebooted twice has the larger number",
	    { 0, 0, 1, 2, 120, 7, -1 }, 0, 125, { 0, 0, 1, 1, 100, 8, -1 }, 0,
	    130, HISTORY_SPLIT, 100 },
	{ "origins were not noted", { 0, 0, 0, 1, 50, 0, -1 }, 0, 90,
	    { 0, 0, 0, 1, 50, 0, 4, 80, 9, -1 }, 0, 81, HISTORY_BEHIND, 80 },
	{ "nothing in common", { 0, 0, 1, -1 }, 0, 10, { 0, 0, 2, -1 }, 0, 10,
	    HISTORY_SPLIT, 0 },
	{ "one was trimmed", { 0, 0, 1, 1, 50, 2, -1 }, 60, 80,
	    { 0, 0, 1, 1, 50, 2, -1 }, 0, 90, HISTORY_SAME, 80 },
	{ "and its list too", { 1, 60, 2, -1 }, 60, 80,
	    { 0, 0, 1, 1, 50, 2, -1 }, 0, 90, HISTORY_SAME, 80 },
	{ "its list begins where an epoch does", { 1, 50, 2, -1 }, 50, 80,
	    { 0, 0, 1, 1, 50, 2, -1 }, 0, 90, HISTORY_SAME, 80 },
	{ "trimmed to its end, then promoted", { 0, 0, 1, 1, 100, 2, -1 }, 100,
	    100, { 0, 0, 1, -1 }, 0, 100, HISTORY_AHEAD, 100 },
	{ "the leader trimmed more than the replica has",
	    { 0, 0, 1, -1 }, 0, 50, { 0, 0, 1, 1, 70, 2, -1 }, 80, 90,
	    HISTORY_BEHIND, 50 },
	{ "and its list too: nothing to compare", { 0, 0, 1, -1 }, 0, 50,
	    { 1, 80, 2, -1 }, 80, 90, HISTORY_BEHIND, 50 },
	{ "records of no known epoch", { -1 }, 0, 50, { 0, 0, 1, -1 }, 0, 90,
	    HISTORY_BEHIND, 0 },
	{ "no epoch known at all", { -1 }, 0, 50, { -1 }, 0, 90, HISTORY_SAME,
	    50 },
};

static void
known_cases(void)
{
	const struct kase *k;
	struct log a, b;

	for (k = cases; k < cases + sizeof(cases) / sizeof(cases[0]); k++) {
		make(&a, k->a, k->a_start, k->a_end);
		make(&b, k->b, k->b_start, k->b_end);
		compare(&a, &b, k->want, k->common, k->what);
		epochs_release(&a.epochs);
		epochs_release(&b.epochs);
	}
}

/* ---- a model: logs that know each record ---- */

enum { LOGS = 3, LENGTH = 60, STEPS = 40, RUNS = 20000 };

struct copy {
	struct log log;
	bool leads; /* else it begins an epoch before it appends */
	int record[LENGTH]; /* a number for each record that ever was */
};

static uint64_t state = 88172645463325252;

static int
any(int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int)(state % (uint64_t)below);
}

static int
brute_common(const struct copy *a, const struct copy *b)
{
	int64_t i = a->log.h.start;

	if (b->log.h.start > i)
		i = b->log.h.start;
	while (i < a->log.h.end && i < b->log.h.end &&
	    a->record[i] == b->record[i])
		i++;
	return (int)i;
}

/* Neither starts behind the other's end. */
static bool
meet(const struct copy *a, const struct copy *b)
{
	return a->log.h.start <= b->log.h.end && b->log.h.start <= a->log.h.end;
}

/* Cut back to the common point, take all that the source has. */
static void
follow(struct copy *to, const struct copy *from)
{
	struct history *h = &to->log.h;
	int64_t common;
	size_t i;

	to->leads = false;
	history_compare(h, &from->log.h, &common);
	epochs_cut(&to->log.epochs, common);
	/* What lies below is no copy of anything there. */
	if (h->start < from->log.h.start)
		h->start = from->log.h.start;
	if (common < h->start)
		common = h->start;
	for (h->end = common; h->end < from->log.h.end; h->end++) {
		to->record[h->end] = from->record[h->end];
		if (any(30) == 0)
			break; /* cut short */
	}
	to->log.epochs.count = 0;
	for (i = 0; i < from->log.epochs.count &&
	     from->log.epochs.list[i].start <= h->end;
	     i++)
		CHECK_EQ_INT(epochs_assign(&to->log.epochs,
				 from->log.epochs.list[i].epoch,
				 from->log.epochs.list[i].start,
				 from->log.epochs.list[i].origin),
		    0);
}

static void
step(struct copy *c, int *records, uint64_t *origins)
{
	struct history *h = &c->log.h;
	int n = any(6);

	switch (any(4)) {
	case 0: /* a promotion or a recovery, which may lose the tail */
		if (n < 3 && h->end - n >= h->start)
			h->end -= n;
		CHECK_EQ_INT(epochs_assign(&c->log.epochs,
				 epochs_newest(&c->log.epochs) + 1, h->end,
				 ++*origins),
		    0);
		c->leads = true;
		break;
	case 1: /* a trim */
		if (any(8) == 0 && h->start + n <= h->end)
			h->start += n;
		break;
	default:
		for (; c->leads && n > 0 && h->end < LENGTH; n--)
			c->record[h->end++] = ++*records;
	}
}

static void
random_histories(void)
{
	struct copy c[LOGS];
	int run, i, j, k, records = 0, wrong = 0;
	uint64_t origins = 0;
	int64_t common;

	for (run = 0; run < RUNS && wrong == 0; run++) {
		memset(c, 0, sizeof(c));
		for (i = 0; i < LOGS; i++)
			c[i].log.h.epochs = &c[i].log.epochs;
		for (k = 0; k < STEPS; k++) {
			i = any(LOGS);
			j = any(LOGS);
			if (i != j && any(3) == 0 && meet(&c[i], &c[j]))
				follow(&c[i], &c[j]);
			else
				step(&c[i], &records, &origins);
		}
		for (i = 0; i < LOGS; i++)
			for (j = 0; j < LOGS; j++) {
				if (!meet(&c[i], &c[j]))
					continue;
				history_compare(
				    &c[i].log.h, &c[j].log.h, &common);
				wrong += common != brute_common(&c[i], &c[j]);
			}
		for (i = 0; i < LOGS; i++)
			epochs_release(&c[i].log.epochs);
	}
	if (wrong > 0)
		fprintf(stderr, "# run %d\n", run);
	CHECK_EQ_INT(wrong, 0);
}

TEST_MAIN(TEST(known_cases), TEST(random_histories))
