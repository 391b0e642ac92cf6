/*
 * keymap: the offset of the last record of each key, in a piece of memory that
 * grows, while few keys fit into the processor's caches, up to a bound.  A key
 * is known by a 128-bit hash of it.  Pure.
 */
#ifndef KLOG_KEYMAP_H
#define KLOG_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keymap_entry {		/* as it is spilled too */
	uint64_t hash[2];
	int64_t offset;
};

struct keymap {
	struct keymap_entry *slots; /* offset 0: free; else offset + 1 */
	size_t size, limit;	/* slots there are, and how many may be */
	size_t count, most;	/* keys in it, and how many that is room for */
};

/* At most bytes, and a quarter more while it grows.  0, or -1. */
int keymap_init(struct keymap *m, size_t bytes);
void keymap_release(struct keymap *m);

void keymap_clear(struct keymap *m);

/* Note that the key has a record at offset.  0, or -1: there is no room for
 * one more key (those that are in it can still be put). */
int keymap_put(struct keymap *m, const uint64_t hash[2], int64_t offset);

/* The largest offset that was put for the key; -1 none. */
int64_t keymap_get(const struct keymap *m, const uint64_t hash[2]);

/* The key will be asked for soon. */
void keymap_expect(const struct keymap *m, const uint64_t hash[2]);

#endif
