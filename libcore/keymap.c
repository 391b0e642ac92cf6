#include "keymap.h"

#include <stdlib.h>
#include <string.h>

int
keymap_init(struct keymap *m, size_t bytes)
{
	*m = (struct keymap){ .size = bytes / sizeof(*m->slots) };
	m->most = m->size / 5 * 4;
	m->slots = calloc(m->size, sizeof(*m->slots));
	return m->slots == NULL ? -1 : 0;
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

int
keymap_put(struct keymap *m, const uint64_t hash[2], int64_t offset)
{
	struct keymap_entry *s = slot_of(m, hash);

	if (s->offset == 0) {
		if (m->count >= m->most)
			return -1;
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
