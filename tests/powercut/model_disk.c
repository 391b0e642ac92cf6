/* The model's files and directories as programs see them, and what syncs do;
 * what a crash leaves is model_crash.c. */
#include "model_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

uint64_t
random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

int
random_below(uint64_t *state, int n)
{
	return (int)((random_next(state) >> 32) * (uint64_t)n >> 32);
}

uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t s = a * 0xff51afd7ed558ccdULL ^ b;

	return random_next(&s);
}

/* The model is too small for what is done with it. */
static void
need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# model: too many %s\n", what);
	exit(2);
}

/* ---- names ---- */

enum { NAME_BYTES = 64, NAMES = 8192, BUCKETS = 1024 };

static struct {
	int count;
	int16_t bucket[BUCKETS]; /* number + 1 */
	int16_t next[NAMES];
	char text[NAMES][NAME_BYTES];
} names;

static unsigned
bucket_of(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return (h ^ h >> 16) % BUCKETS;
}

int16_t
name_number(const char *name)
{
	unsigned b = bucket_of(name);
	int i;

	for (i = names.bucket[b]; i > 0; i = names.next[i - 1])
		if (strcmp(names.text[i - 1], name) == 0)
			return (int16_t)(i - 1);
	need(names.count < NAMES && strlen(name) < NAME_BYTES, "names");
	snprintf(names.text[names.count], NAME_BYTES, "%s", name);
	names.next[names.count] = names.bucket[b];
	names.bucket[b] = (int16_t)++names.count;
	return (int16_t)(names.count - 1);
}

const char *
name_text(int16_t number)
{
	return names.text[number];
}

int
name_count(void)
{
	return names.count;
}

void
name_forget(int count)
{
	while (names.count > count) {
		names.count--;
		names.bucket[bucket_of(names.text[names.count])] =
		    names.next[names.count];
	}
}

/* ---- nodes ---- */

void
disk_init(struct disk *d)
{
	int i;

	d->seq = 0;
	d->clock_ms = 1600000000000;
	d->boot = 0;
	d->dir_count = d->page_count = 0;
	for (i = 0; i < NODES; i++)
		d->nodes[i].kind = NODE_FREE;
	for (i = 0; i < HANDLES; i++)
		d->handles[i].used = false;
	d->version_count = 0;
	d->free_version = NONE;
}

static void
drop_versions(struct disk *d, struct node *n, int sector)
{
	int16_t v, next;

	for (v = n->old[sector]; v != NONE; v = next) {
		next = d->versions[v].next;
		d->versions[v].next = d->free_version;
		d->free_version = v;
	}
	n->old[sector] = NONE;
}

/* Free the nodes that nothing leads to any more. */
static void
collect(struct disk *d)
{
	bool used[NODES] = { true };
	int i, k;

	for (i = 0; i < HANDLES; i++)
		if (d->handles[i].used && d->handles[i].node >= 0)
			used[d->handles[i].node] = true;
	for (i = 0; i < d->dir_count; i++) {
		for (k = 0; k < d->dirs[i].now_count; k++)
			used[d->dirs[i].now[k].node] = true;
		for (k = 0; k < d->dirs[i].disk_count; k++)
			used[d->dirs[i].disk[k].node] = true;
		for (k = 0; k < d->dirs[i].op_count; k++)
			used[d->dirs[i].ops[k].node] = true;
	}
	for (i = 0; i < NODES; i++) {
		/* A page may be mapped without a name or a handle. */
		if (used[i] || d->nodes[i].kind != NODE_FILE ||
		    d->nodes[i].mapped)
			continue;
		for (k = 0; k < SECTORS; k++)
			drop_versions(d, &d->nodes[i], k);
		d->nodes[i].kind = NODE_FREE;
	}
}

int16_t
disk_node(struct disk *d, enum node_kind kind)
{
	struct node *n;
	int i = 0, k, tries;

	for (tries = 0; tries < 2; tries++) {
		for (i = 0; i < NODES; i++)
			if (d->nodes[i].kind == NODE_FREE)
				break;
		if (i < NODES)
			break;
		collect(d);
	}
	need(i < NODES, "files");
	n = &d->nodes[i];
	*n = (struct node){ .kind = (uint8_t)kind, .locker = NONE,
		.dir = NONE, .mtime_ms = d->clock_ms, .data = d->store[i] };
	for (k = 0; k < SECTORS; k++)
		n->old[k] = NONE;
	if (kind == NODE_DIR) {
		need(d->dir_count < DIRS, "directories");
		n->dir = (int16_t)d->dir_count++;
		d->dirs[n->dir].now_count = 0;
		d->dirs[n->dir].disk_count = 0;
		d->dirs[n->dir].op_count = 0;
	} else {
		memset(n->data, 0, FILE_BYTES);
	}
	return (int16_t)i;
}

int16_t
disk_find(const struct disk *d, int16_t dir, int16_t name)
{
	const struct dir *dd = &d->dirs[d->nodes[dir].dir];
	int i;

	for (i = 0; i < dd->now_count; i++)
		if (dd->now[i].name == name)
			return dd->now[i].node;
	return NONE;
}

void
disk_own(struct disk *d, int16_t node)
{
	struct node *n = &d->nodes[node];

	if (n->data == d->store[node] || n->kind != NODE_FILE)
		return;
	memcpy(d->store[node], n->data, FILE_BYTES);
	n->data = d->store[node];
}

/* ---- writing ---- */

/* Keep what sector holds as what may still be on the disk. */
static void
keep_version(struct disk *d, struct node *n, int sector)
{
	int16_t v = n->old[sector];
	int depth;

	for (depth = 0; v != NONE; depth++)
		v = d->versions[v].next;
	v = n->old[sector];
	if (depth < DEPTH) {
		v = d->free_version;
		if (v != NONE) {
			d->free_version = d->versions[v].next;
		} else {
			need(d->version_count < VERSIONS, "sectors");
			v = d->version_count++;
		}
		d->versions[v].next = n->old[sector];
		n->old[sector] = v;
	}
	d->versions[v].until = d->seq;
	memcpy(d->versions[v].data, n->data + sector * SECTOR, SECTOR);
}

static void
keep_size(struct disk *d, struct node *n)
{
	/* The oldest is the one that is surely on the disk. */
	if (n->step_count == STEPS) {
		memmove(n->steps + 1, n->steps + 2,
		    (STEPS - 2) * sizeof(n->steps[0]));
		n->step_count--;
	}
	n->steps[n->step_count++] = (struct size_step){ d->seq, n->size };
}

void
disk_write(
    struct disk *d, int16_t node, const void *data, int32_t n, int32_t pos)
{
	struct node *f = &d->nodes[node];
	int s;

	if (n == 0)
		return;
	need(pos + n <= FILE_BYTES, "bytes in a file");
	disk_own(d, node);
	d->seq++;
	for (s = pos / SECTOR; s <= (pos + n - 1) / SECTOR; s++)
		keep_version(d, f, s);
	if (pos + n > f->size) {
		keep_size(d, f);
		f->size = pos + n;
	}
	memcpy(f->data + pos, data, (size_t)n);
	f->mtime_ms = d->clock_ms;
}

void
disk_resize(struct disk *d, int16_t node, int32_t size)
{
	struct node *f = &d->nodes[node];
	int s;

	if (size == f->size)
		return;
	need(size <= FILE_BYTES, "bytes in a file");
	disk_own(d, node);
	d->seq++;
	keep_size(d, f);
	if (size < f->size) {
		for (s = size / SECTOR; s <= (f->size - 1) / SECTOR; s++)
			keep_version(d, f, s);
		memset(f->data + size, 0, (size_t)(f->size - size));
	}
	f->size = size;
}

void
disk_apply(struct entry *list, int *count, const struct dir_op *op)
{
	int i, to = NONE, from = NONE;

	for (i = 0; i < *count; i++) {
		if (op->from != NONE && list[i].name == op->from)
			from = i;
		if (op->to != NONE && list[i].name == op->to)
			to = i;
	}
	if (op->to != NONE) {
		need(*count < ENTRIES, "names in a directory");
		if (to == NONE)
			to = (*count)++;
		list[to] = (struct entry){ op->to, op->node };
	}
	if (from != NONE)
		list[from] = list[--*count];
}

void
disk_change(
    struct disk *d, int16_t dir, int16_t from, int16_t to, int16_t node)
{
	struct dir *dd = &d->dirs[d->nodes[dir].dir];
	struct dir_op op = { ++d->seq, from, to, node };

	disk_apply(dd->now, &dd->now_count, &op);
	if (dd->op_count == OPS) {
		disk_apply(dd->disk, &dd->disk_count, &dd->ops[0]);
		memmove(dd->ops, dd->ops + 1, (OPS - 1) * sizeof(op));
		dd->op_count--;
	}
	dd->ops[dd->op_count++] = op;
}

static void
synced_dir(struct dir *dd, uint64_t mark)
{
	int i, done = 0;

	while (done < dd->op_count && dd->ops[done].seq <= mark)
		disk_apply(dd->disk, &dd->disk_count, &dd->ops[done++]);
	for (i = done; i < dd->op_count; i++)
		dd->ops[i - done] = dd->ops[i];
	dd->op_count -= done;
}

void
disk_synced(struct disk *d, int16_t node, uint64_t mark)
{
	struct node *n = &d->nodes[node];
	int16_t *link, v;
	int s, k = 0;

	if (n->kind == NODE_DIR) {
		synced_dir(&d->dirs[n->dir], mark);
		return;
	}
	for (s = 0; s < SECTORS; s++) {
		link = &n->old[s];
		while ((v = *link) != NONE) {
			if (d->versions[v].until > mark) {
				link = &d->versions[v].next;
				continue;
			}
			*link = d->versions[v].next;
			d->versions[v].next = d->free_version;
			d->free_version = v;
		}
	}
	for (s = 0; s < n->step_count; s++)
		if (n->steps[s].until > mark)
			n->steps[k++] = n->steps[s];
	n->step_count = k;
}

void
disk_close_all(struct disk *d, int owner)
{
	int i, k;

	for (i = 0; i < HANDLES; i++) {
		if (!d->handles[i].used || d->handles[i].owner != owner)
			continue;
		d->handles[i].used = false;
		for (k = 0; k < NODES; k++)
			if (d->nodes[k].kind != NODE_FREE &&
			    d->nodes[k].locker == i)
				d->nodes[k].locker = NONE;
	}
}
