/* What a power cut, or the death of all processes, leaves of a disk. */
#include "model_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STYLE_ANY, STYLE_NEW, STYLE_OLD, STYLES };

/* One of n, of which 0 is the oldest and n - 1 the newest. */
static int
choose(struct chooser *c, int n)
{
	int k;

	if (n <= 1)
		return 0;
	if (c->style == STYLE_ANY || random_below(&c->random, 6) == 0)
		k = random_below(&c->random, n);
	else
		k = c->style == STYLE_NEW ? n - 1 : 0;
	c->hash = mix(c->hash, (uint64_t)k);
	return k;
}

static int32_t
choose_size(const struct node *n, struct chooser *c)
{
	int32_t low, high, size;
	int k = choose(c, n->step_count + 1);

	size = low = k < n->step_count ? n->steps[k].size : n->size;
	if (k < n->step_count) {
		high = k + 1 < n->step_count ? n->steps[k + 1].size : n->size;
		if (high > low && random_below(&c->random, 2) == 0)
			size += random_below(&c->random, high - low);
		if (size > low && random_below(&c->random, 2) == 0 &&
		    size / SECTOR * SECTOR > low)
			size = size / SECTOR * SECTOR;
	}
	c->hash = mix(c->hash, (uint64_t)size);
	return size;
}

/* What was below every size since the sync is not lost to zeros. */
static int32_t
sure_size(const struct node *n)
{
	int32_t sure = n->size;
	int i;

	for (i = 0; i < n->step_count; i++)
		if (n->steps[i].size < sure)
			sure = n->steps[i].size;
	return sure;
}

/*
 * Bytes of a block that the file got and that were never written there: zeros
 * or anything.  Whole batches of this log in the wrong place are not among
 * them: no file system here gives a file its own blocks twice.
 */
static void
fill_unwritten(uint8_t *at, int32_t n, struct chooser *c)
{
	int kind = random_below(&c->random, 2);
	uint64_t word;
	int32_t i;

	c->hash = mix(c->hash, (uint64_t)kind + 100);
	memset(at, 0, (size_t)n);
	if (kind == 0)
		return;
	word = mix(c->hash, 7);
	for (i = 0; i < n; i++)
		at[i] = (uint8_t)(random_next(&word) >> 24);
}

static void
crash_sector(const struct disk *from, const struct node *n, int s,
    int32_t sure, uint8_t *out, struct chooser *c)
{
	const uint8_t *version[DEPTH + 1];
	int count = 1;
	int16_t v;

	version[0] = n->data + s * SECTOR;
	for (v = n->old[s]; v != NONE; v = from->versions[v].next)
		version[count++] = from->versions[v].data;
	memcpy(out, version[count - 1 - choose(c, count)], SECTOR);
	if (sure >= (s + 1) * SECTOR || count == 1 ||
	    random_below(&c->random, c->style == STYLE_ANY ? 4 : 10) > 0)
		return;
	if (sure < s * SECTOR)
		sure = s * SECTOR;
	fill_unwritten(out + sure % SECTOR, (s + 1) * SECTOR - sure, c);
}

/* A mapped page is written out at any moment, or never. */
static void
crash_page(const struct disk *from, const struct node *n, uint8_t *out,
    struct chooser *c)
{
	int k = random_below(&c->random, from->page_count + 4);
	uint64_t word = mix(c->random, 9);
	int i;

	memcpy(out, n->data, FILE_BYTES);
	if (k < from->page_count)
		memcpy(out, from->pages[k], PAGE_USED);
	else if (k == from->page_count)
		memset(out, 0, FILE_BYTES);
	else if (k == from->page_count + 1)
		for (i = 0; i < FILE_BYTES; i += 8, word = mix(word, 1))
			memcpy(out + i, &word, 8);
}

static void
crash_file(const struct disk *from, struct disk *to, int16_t node,
    struct chooser *c)
{
	const struct node *n = &from->nodes[node];
	struct node *out = &to->nodes[node];
	int s, dirty = n->step_count;
	int32_t sure;

	out->step_count = 0;
	for (s = 0; s < SECTORS; s++) {
		out->old[s] = NONE;
		dirty += n->old[s] != NONE;
	}
	if (n->mapped) {
		out->data = to->store[node];
		crash_page(from, n, out->data, c);
		out->mapped = false;
		return;
	}
	if (dirty == 0)
		return;
	out->size = choose_size(n, c);
	out->data = to->store[node];
	sure = sure_size(n);
	for (s = 0; s * SECTOR < out->size; s++)
		crash_sector(from, n, s, sure, out->data + s * SECTOR, c);
	memset(out->data + out->size, 0, (size_t)(FILE_BYTES - out->size));
}

/* Of a node all but what it owes to syncs. */
static void
copy_node(const struct disk *from, struct disk *to, int16_t node)
{
	const struct node *n = &from->nodes[node];
	size_t size = sizeof(*n) -
	    (size_t)(STEPS - n->step_count) * sizeof(n->steps[0]);

	memcpy(&to->nodes[node], n, size);
	to->nodes[node].locker = NONE;
}

static void
crash_dir(const struct disk *from, struct disk *to, int16_t node,
    struct chooser *c)
{
	const struct dir *dd = &from->dirs[from->nodes[node].dir];
	struct dir *out;
	int i;
	int16_t child;

	to->nodes[node].dir = (int16_t)to->dir_count++;
	out = &to->dirs[to->nodes[node].dir];
	memcpy(out->now, dd->disk, (size_t)dd->disk_count * sizeof(*dd->disk));
	out->now_count = dd->disk_count;
	for (i = 0; i < dd->op_count; i++)
		if (choose(c, 2) == 1)
			disk_apply(out->now, &out->now_count, &dd->ops[i]);
	memcpy(out->disk, out->now, (size_t)out->now_count * sizeof(*out->now));
	out->disk_count = out->now_count;
	out->op_count = 0;
	for (i = 0; i < out->now_count; i++) {
		child = out->now[i].node;
		if (to->nodes[child].kind != NODE_FREE)
			continue;
		copy_node(from, to, child);
		if (from->nodes[child].kind == NODE_DIR)
			crash_dir(from, to, child, c);
		else
			crash_file(from, to, child, c);
	}
}

static void
start_over(const struct disk *from, struct disk *to)
{
	disk_init(to);
	to->seq = from->seq;
	to->clock_ms = from->clock_ms;
	to->boot = from->boot;
}

void
disk_crash(const struct disk *from, struct disk *to, struct chooser *c)
{
	c->style = random_below(&c->random, STYLES + 1) % STYLES;
	c->hash = 0;
	start_over(from, to);
	to->boot++;
	copy_node(from, to, 0);
	crash_dir(from, to, 0, c);
}

void
disk_clone(const struct disk *from, struct disk *to)
{
	const struct dir *dd;
	struct dir *out;
	int i;

	start_over(from, to);
	to->version_count = from->version_count;
	to->free_version = from->free_version;
	memcpy(to->versions, from->versions,
	    (size_t)from->version_count * sizeof(from->versions[0]));
	for (i = 0; i < NODES; i++)
		if (from->nodes[i].kind != NODE_FREE)
			copy_node(from, to, (int16_t)i);
	to->dir_count = from->dir_count;
	for (i = 0; i < from->dir_count; i++) {
		dd = &from->dirs[i];
		out = &to->dirs[i];
		out->now_count = dd->now_count;
		out->disk_count = dd->disk_count;
		out->op_count = dd->op_count;
		memcpy(out->now, dd->now,
		    (size_t)dd->now_count * sizeof(*dd->now));
		memcpy(out->disk, dd->disk,
		    (size_t)dd->disk_count * sizeof(*dd->disk));
		memcpy(out->ops, dd->ops,
		    (size_t)dd->op_count * sizeof(*dd->ops));
	}
}

void
disk_detach(struct disk *to)
{
	int i;

	for (i = 0; i < NODES; i++)
		if (to->nodes[i].kind != NODE_FREE)
			disk_own(to, (int16_t)i);
}

void
disk_remember_page(struct disk *d)
{
	int i, k;

	for (i = 0; i < NODES; i++) {
		if (d->nodes[i].kind != NODE_FILE || !d->nodes[i].mapped)
			continue;
		k = d->page_count < PAGES ? d->page_count++ :
					    (int)(d->seq % PAGES);
		memcpy(d->pages[k], d->nodes[i].data, PAGE_USED);
	}
}

static void
dump_dir(const struct disk *d, int16_t node, const char *path)
{
	const struct dir *dd = &d->dirs[d->nodes[node].dir];
	const struct node *n;
	char name[512];
	FILE *f;
	int i;

	mkdir(path, 0777);
	for (i = 0; i < dd->now_count; i++) {
		n = &d->nodes[dd->now[i].node];
		snprintf(name, sizeof(name), "%s/%s", path,
		    name_text(dd->now[i].name));
		if (n->kind == NODE_DIR) {
			dump_dir(d, dd->now[i].node, name);
			continue;
		}
		f = fopen(name, "w");
		if (f == NULL)
			continue;
		fwrite(n->data, 1, (size_t)n->size, f);
		fclose(f);
	}
}

void
disk_dump(const struct disk *d, const char *path)
{
	dump_dir(d, 0, path);
}
