#include "keymap.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 8192, GROWTH = 4 };

/* Take size slots, all free.  0, or -1 (m is as it was). */
static int
take(struct keymap *m, size_t size)
{
	struct keymap_entry *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return -1;
	m->slots = slots;
	m->size = size;
	m->most = size / 5 * 4;
	m->count = 0;
	return 0;
}

int
keymap_init(struct keymap *m, size_t bytes)
{
	size_t size = bytes / sizeof(*m->slots);

	*m = (struct keymap){ .limit = size };
	/* So that the last step is one of a quarter to the whole. */
	while (size / GROWTH >= SLOTS_FIRST)
		size /= GROWTH;
	return take(m, size);
}

void
keymap_release(struct keymap *m)
{
	free(m->slots);
	*m = (struct keymap){ 0 };
}

void
keymap_clear(struct keymap *m)
{
	memset(m->slots, 0, m->size * sizeof(*m->slots));
	m->count = 0;
}

/* Where the hash belongs: its upper bits, spread over the slots. */
static size_t
home(const struct keymap *m, const uint64_t hash[2])
{
	__extension__ typedef unsigned __int128 wide;

	return (size_t)((wide)hash[0] * m->size >> 64);
}

/* The slot of the key, or the free one where it would be. */
static struct keymap_entry *
slot_of(const struct keymap *m, const uint64_t hash[2])
{
	struct keymap_entry *s = m->slots + home(m, hash);

	while (s->offset != 0 &&
	    (s->hash[0] != hash[0] || s->hash[1] != hash[1]))
		if (++s == m->slots + m->size)
			s = m->slots;
	return s;
}

/* Move all to a larger table.  0, or -1. */
static int
grow(struct keymap *m)
{
	struct keymap old = *m;
	size_t i, size;

	if (m->size == m->limit)
		return -1;
	size = old.size * GROWTH;
	/* What divisions lost. */
	if (size + old.size > m->limit)
		size = m->limit;
	if (take(m, size) < 0)
		return -1;
	for (i = 0; i < old.size; i++)
		if (old.slots[i].offset != 0)
			*slot_of(m, old.slots[i].hash) = old.slots[i];
	m->count = old.count;
	free(old.slots);
	return 0;
}

int
keymap_put(struct keymap *m, const uint64_t hash[2], int64_t offset)
{
	struct keymap_entry *s = slot_of(m, hash);

	if (s->offset == 0 && m->count >= m->most) {
		if (grow(m) < 0)
			return -1;
		s = slot_of(m, hash);
	}
	if (s->offset == 0) {
		m->count++;
		s->hash[0] = hash[0];
		s->hash[1] = hash[1];
	}
	if (s->offset < offset + 1)
		s->offset = offset + 1;
	return 0;
}

int64_t
keymap_get(const struct keymap *m, const uint64_t hash[2])
{
	return slot_of(m, hash)->offset - 1;
}

void
keymap_expect(const struct keymap *m, const uint64_t hash[2])
{
	__builtin_prefetch(m->slots + home(m, hash));
}
