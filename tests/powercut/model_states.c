/* States as a crash leaves them, and where one is wrong. */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * States at a point.  Of power cuts every NEST-th is also crashed in its
 * recovery, of deaths every NEST_KILLED-th.
 */
enum {
	LEVELS = 2,
	TABLE = 512,
	STATES = 32,
	NESTED = 3,
	NEST = 60,
	NEST_KILLED = 6
};

long states_checked, states_nested;

/* The disks that states are made on, by how deep they are nested. */
static struct disk level[LEVELS];
static const struct disk *level_from[LEVELS];
static struct chooser level_chooser[LEVELS];
static uint64_t level_table[LEVELS][TABLE];
static struct disk scratch;

/* ---- failing ---- */

static int
depth_of(const struct way *way)
{
	int n = -1;

	for (; way != NULL; way = way->before)
		n++;
	return n;
}

static void
dump_state(int depth, const char *dir)
{
	struct chooser c = level_chooser[depth];
	char path[256];

	snprintf(path, sizeof(path), "%s/after", dir);
	disk_dump(&level[depth], path);
	if (c.style == NONE)
		disk_clone(level_from[depth], &scratch);
	else
		disk_crash(level_from[depth], &scratch, &c);
	snprintf(path, sizeof(path), "%s/before", dir);
	disk_dump(&scratch, path);
}

void
model_fail(const struct way *way, const char *fmt, ...)
{
	char dir[] = "/tmp/klog-powercut-XXXXXX";
	const struct way *first = way;
	int depth = way->state == NONE ? NONE : depth_of(way);
	va_list ap;

	printf("# failed: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n# seed %llu, run %d", (unsigned long long)run.seed,
	    run.number);
	for (; way != NULL; way = way->before) {
		printf(", step %d, state %d", way->step, way->state);
		if (way->before != NULL)
			printf(" after");
		first = way;
	}
	printf("\n# again: build/tests/powercut/model %llu %d 1 %d %d\n",
	    (unsigned long long)run.seed, run.number, first->step,
	    first->state);
	if (mkdtemp(dir) != NULL) {
		if (depth >= 0)
			dump_state(depth, dir);
		else
			disk_dump(calls_disk, dir);
		printf("# files: %s\n", dir);
	}
	exit(1);
}

static struct {
	const struct way *way;
	int step;
	bool only_killed;
} nested;

static void
nested_point(const struct point *at)
{
	if (at->kind != POINT_CALL && at->kind != POINT_WAIT)
		check_point(calls_disk, at, nested.way, ++nested.step,
		    nested.only_killed);
}

/* Whether this state was made at this point before. */
static bool
is_known(uint64_t *table, uint64_t hash)
{
	int i, at = (int)(hash % TABLE);

	hash |= 1;
	for (i = 0; i < TABLE; i++, at = (at + 1) % TABLE) {
		if (table[at] == hash)
			return true;
		if (table[at] == 0) {
			table[at] = hash;
			return false;
		}
	}
	return false;
}

/* The first ones are deaths of all processes, the others power cuts. */
static void
check_one(const struct disk *from, const struct point *at, int depth,
    int kills, bool only_killed, const struct way *way)
{
	struct chooser *c = &level_chooser[depth];
	struct disk *d = &level[depth], *old = calls_disk;
	void (*point)(const struct point *) = calls_point;
	int names = name_count();
	uint64_t seed;
	int nest = way->state < kills ? NEST_KILLED : NEST;

	seed = mix(mix(run.seed, (uint64_t)run.number),
	    (uint64_t)way->step << 20 ^ (uint64_t)way->state);
	if (way->before != NULL)
		seed = mix(seed, level_chooser[0].random);
	*c = (struct chooser){ .random = seed, .style = NONE };
	level_from[depth] = from;
	if (way->state < kills) {
		disk_clone(from, d);
		if (way->state > 0)
			calls_cut_short(d, at, &seed);
	} else {
		only_killed = false;
		disk_crash(from, d, c);
		if (is_known(level_table[depth], c->hash))
			return;
		*c = (struct chooser){ .random = seed };
	}
	calls_disk = d;
	calls_point = NULL;
	if (depth == 0) {
		nested.way = way;
		nested.step = 0;
		nested.only_killed = only_killed;
	}
	check_disk(d, only_killed,
	    depth == 0 && seed % (unsigned)nest == 0 ? nested_point : NULL,
	    way);
	calls_disk = old;
	calls_point = point;
	name_forget(names);
	states_checked++;
	states_nested += depth > 0;
}

void
check_point(const struct disk *from, const struct point *at,
    const struct way *before, int step, bool only_killed)
{
	int depth = depth_of(before) + 1, kills, n;
	struct way way = { before, step, 0 };

	kills = at->kind != POINT_WRITE ? 1 : depth == 0 ? 3 : 2;
	n = kills;
	if (at->kind != POINT_CALL)
		n += depth == 0 ? STATES : NESTED;
	memset(level_table[depth], 0, sizeof(level_table[depth]));
	for (; way.state < n; way.state++) {
		if (depth == 0 && run.only_step >= 0 &&
		    (step != run.only_step || way.state != run.only_state))
			continue;
		check_one(from, at, depth, kills, only_killed, &way);
	}
}
