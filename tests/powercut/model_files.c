/* The bytes of a partition, looked at without the core. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "segment.h"

enum { SEGMENTS = ENTRIES };

struct files {
	int count;
	struct {
		int64_t base;
		const struct node *log, *index, *time;
	} list[SEGMENTS];
	const struct node *epochs, *start;
	int temporary; /* an entry's name, or NONE */
};

/* A name of 20 digits and a suffix: the suffix, or NULL. */
static const char *
split(const char *name, int64_t *base)
{
	int i;

	*base = 0;
	for (i = 0; i < 20; i++) {
		if (name[i] < '0' || name[i] > '9')
			return NULL;
		*base = *base * 10 + (name[i] - '0');
	}
	return name + 20;
}

static void
add_segment_file(
    struct files *f, int64_t base, const char *suffix, const struct node *n)
{
	int i;

	for (i = f->count; i > 0 && f->list[i - 1].base >= base; i--)
		continue;
	if (i == f->count || f->list[i].base != base) {
		memmove(&f->list[i + 1], &f->list[i],
		    (size_t)(f->count - i) * sizeof(f->list[0]));
		f->count++;
		f->list[i].base = base;
		f->list[i].log = f->list[i].index = f->list[i].time = NULL;
	}
	if (strcmp(suffix, ".log") == 0)
		f->list[i].log = n;
	else if (strcmp(suffix, ".index") == 0)
		f->list[i].index = n;
	else if (strcmp(suffix, ".timeindex") == 0)
		f->list[i].time = n;
}

/* The partition's directory, or NONE. */
static int16_t
find_partition(const struct disk *d)
{
	static const char *const way[] = { "d", "t", "0" };
	int16_t node = 0;
	size_t i;

	for (i = 0; i < 3 && node != NONE; i++)
		node = disk_find(d, node, name_number(way[i]));
	return node;
}

void
files_begin(struct disk *d)
{
	int16_t root, dir;

	disk_init(d);
	root = disk_node(d, NODE_DIR);
	dir = disk_node(d, NODE_DIR);
	disk_change(d, root, NONE, name_number("d"), dir);
	disk_synced(d, root, d->seq);
}

void
files_remove_page(struct disk *d)
{
	int16_t dir = find_partition(d), name = name_number("state"), node;

	node = dir == NONE ? NONE : disk_find(d, dir, name);
	if (node != NONE)
		disk_change(d, dir, name, NONE, node);
}

bool
files_cut_has(const struct disk *d, const struct past *p)
{
	int16_t node = disk_find(d, find_partition(d), name_number("cut"));
	const struct dir *dd;
	const struct node *n;
	int i;

	if (node == NONE)
		return false;
	dd = &d->dirs[d->nodes[node].dir];
	for (i = 0; i < dd->now_count; i++) {
		n = &d->nodes[dd->now[i].node];
		if (memmem(n->data, (size_t)n->size, p->bytes,
			(size_t)p->size) != NULL)
			return true;
	}
	return false;
}

static void
list_files(struct files *f, const struct disk *d)
{
	const struct dir *dd;
	const struct node *n;
	const char *name, *suffix;
	int64_t base;
	int k;

	f->count = 0;
	f->epochs = f->start = NULL;
	f->temporary = NONE;
	dd = &d->dirs[d->nodes[find_partition(d)].dir];
	for (k = 0; k < dd->now_count; k++) {
		name = name_text(dd->now[k].name);
		n = &d->nodes[dd->now[k].node];
		suffix = split(name, &base);
		if (suffix != NULL)
			add_segment_file(f, base, suffix, n);
		else if (strcmp(name, "leader-epoch-checkpoint") == 0)
			f->epochs = n;
		else if (strcmp(name, "log-start-offset") == 0)
			f->start = n;
		else if (name[0] == '.')
			f->temporary = dd->now[k].name;
	}
}

/* The next decimal number of a text file; -1: none. */
static int64_t
number(const struct node *n, int32_t *at)
{
	int64_t v = 0;

	if (*at >= n->size || n->data[*at] < '0' || n->data[*at] > '9')
		return -1;
	for (; *at < n->size && n->data[*at] >= '0' && n->data[*at] <= '9';
	     (*at)++)
		v = v * 10 + (n->data[*at] - '0');
	(*at)++;
	return v;
}

/* Each batch has the epoch that the checkpoint says for its offset. */
static void
check_epochs(const struct node *n, const struct seen *all,
    const struct way *way)
{
	int64_t version, count, epoch, start, next_epoch = -1, next = 0;
	int32_t at = 0;
	int i = 0, k;

	version = n == NULL ? -1 : number(n, &at);
	count = version != 0 ? -1 : number(n, &at);
	if (count < 1)
		model_fail(way, "leader-epoch-checkpoint is not one");
	next_epoch = number(n, &at);
	next = number(n, &at);
	for (k = 0; k < count; k++) {
		epoch = next_epoch;
		start = next;
		next_epoch = k + 1 < count ? number(n, &at) : -1;
		next = k + 1 < count ? number(n, &at) : INT64_MAX;
		if (epoch < 0 || start < 0 || next < start)
			model_fail(way, "leader-epoch-checkpoint: line %d",
			    k + 3);
		for (; i < all->count; i++) {
			const struct past *p = &past.list[all->list[i]];

			if (p->base >= next)
				break;
			if (p->base < start || p->epoch != epoch)
				model_fail(way,
				    "offset %lld: epoch %d, the checkpoint "
				    "says %lld from %lld on",
				    (long long)p->base, p->epoch,
				    (long long)epoch, (long long)start);
		}
	}
	if (i < all->count || at < n->size)
		model_fail(way, "leader-epoch-checkpoint: left over");
}

/* The batch of the segment that is at position: its place, or NONE. */
static int
batch_at(const struct node *log, int32_t position)
{
	if (position < 0 || position >= log->size)
		return NONE;
	return past_match(log->data + position, log->size - position);
}

/* The one that must be there, after a batch that ends below next (or -1). */
static int
batch_after(const struct node *log, int32_t position, int64_t base,
    int64_t next, const struct way *way)
{
	int i = batch_at(log, position);

	if (i < 0 || (next >= 0 && past.list[i].base != next))
		model_fail(way, "%020lld.log: position %d", (long long)base,
		    position);
	return i;
}

/* An index is there and has no part of an entry. */
static void
need_entries(const struct node *n, int entry, int64_t base, const char *suffix,
    const struct way *way)
{
	if (n == NULL || n->size % entry != 0)
		model_fail(way, "%020lld.%s: missing or torn", (long long)base,
		    suffix);
}

static void
check_index(const struct node *n, const struct node *log, int64_t base,
    const struct way *way)
{
	int32_t at, position, last = 0;
	int i;

	need_entries(n, INDEX_ENTRY, base, "index", way);
	for (at = 0; at < n->size; at += INDEX_ENTRY, last = position) {
		position = (int32_t)get_be32(n->data + at + 4);
		i = batch_at(log, position);
		if (i < 0 || position <= last ||
		    past.list[i].last - base !=
			(int64_t)get_be32(n->data + at))
			model_fail(way, "%020lld.index: entry at %d is wrong",
			    (long long)base, at);
	}
}

static void
check_time(const struct node *n, const struct node *log, int64_t base,
    const struct way *way)
{
	int64_t most = -1, when, stamp, offset;
	const struct past *p;
	int32_t at = 0, pos;
	int i;

	need_entries(n, TIMEINDEX_ENTRY, base, "timeindex", way);
	/* Entries are largest times so far, in the order of the batches. */
	for (pos = 0; pos < log->size && at < n->size; pos += p->size) {
		i = batch_at(log, pos);
		if (i < 0)
			break;
		p = &past.list[i];
		stamp = (int64_t)get_be64(p->bytes + BATCH_MAX_TIMESTAMP);
		if (stamp <= most)
			continue;
		most = stamp;
		when = (int64_t)get_be64(n->data + at);
		offset = (int32_t)get_be32(n->data + at + 8);
		if (when == stamp && offset == p->last - base)
			at += TIMEINDEX_ENTRY;
	}
	if (at < n->size)
		model_fail(way, "%020lld.timeindex: entry at %d is wrong",
		    (long long)base, at);
}

/*
 * What a writer left that was killed when nothing needed a recovery, or when
 * the next one found nothing to write there: the next writer takes it away.
 */
static bool
is_harmless(int name)
{
	const char *text = name_text((int16_t)name);

	return strcmp(text, ".log-start-offset.tmp") == 0 ||
	    strcmp(text, ".leader-epoch-checkpoint.tmp") == 0 ||
	    strcmp(text, ".leader-epoch-origins.tmp") == 0;
}

void
check_files(const struct disk *d, const struct seen *s, bool only_killed,
    const struct way *way)
{
	static struct seen all;
	const struct node *log;
	int64_t next = -1;
	struct files f;
	int32_t pos;
	int i, k;

	list_files(&f, d);
	if (f.temporary != NONE && !(only_killed && is_harmless(f.temporary)))
		model_fail(way, "%s was left",
		    name_text((int16_t)f.temporary));
	all.count = 0;
	for (i = 0; i < f.count; i++) {
		log = f.list[i].log;
		if (log == NULL)
			continue; /* indexes alone: the next roll's affair */
		if (next >= 0 && f.list[i].base != next)
			model_fail(way, "%020lld.log: missing or misplaced",
			    (long long)f.list[i].base);
		for (pos = 0; pos < log->size; pos += past.list[k].size) {
			k = batch_after(log, pos, f.list[i].base, next, way);
			next = past.list[k].last + 1;
			all.list[all.count++] = (int16_t)k;
		}
		check_index(f.list[i].index, log, f.list[i].base, way);
		check_time(f.list[i].time, log, f.list[i].base, way);
		next = next < 0 ? f.list[i].base : next;
	}
	if (next != s->next && s->start < s->next)
		model_fail(way, "files end at %lld, reading at %lld",
		    (long long)next, (long long)s->next);
	check_epochs(f.epochs, &all, way);
}

static uint64_t
sum(uint64_t h, const struct node *n)
{
	uint64_t word;
	int32_t i;

	if (n == NULL)
		return mix(h, 1);
	h = mix(h, (uint64_t)n->size);
	for (i = 0; i < n->size; i += 8) {
		memcpy(&word, n->data + i, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h;
}

uint64_t
files_sum(const struct disk *d)
{
	struct files f;
	uint64_t h = 0;
	int i;

	list_files(&f, d);
	for (i = 0; i < f.count; i++) {
		h = mix(h, (uint64_t)f.list[i].base);
		h = sum(h, f.list[i].log);
		h = sum(h, f.list[i].index);
		h = sum(h, f.list[i].time);
	}
	return sum(sum(h, f.epochs), f.start);
}
