#include "wire_lists.h"

#include <stdlib.h>
#include <string.h>

/* Names of at least one byte, none with a NUL. */
bool
wire_names_are_good(struct slice names)
{
	struct slice name;
	int r;

	while (names.len > 0) {
		r = wire_next_name(&names, &name);
		if (r == 0 || name.len == 0 ||
		    memchr(name.data, '\0', (size_t)name.len) != NULL)
			return false;
	}
	return true;
}

/* Entry i of a packed list. */
static struct epoch
epoch_at(const struct slice *packed, int32_t i)
{
	const uint8_t *p = packed->data + (size_t)i * WIRE_EPOCH;

	return (struct epoch){ (int32_t)get_be32(p),
		(int64_t)get_be64(p + 4), get_be64(p + 12) };
}

bool
wire_epochs_are_good(struct slice packed)
{
	struct epoch last = { -1, -1, 0 }, now;
	int32_t i;

	if (packed.len % WIRE_EPOCH != 0)
		return false;
	for (i = 0; i < packed.len / WIRE_EPOCH; i++, last = now) {
		now = epoch_at(&packed, i);
		if (now.epoch <= last.epoch || now.start <= last.start)
			return false;
	}
	return true;
}

int
wire_add_name(struct buf *packed, const char *name)
{
	size_t n = strlen(name);

	if (n > WIRE_NAME_MAX || buf_reserve(packed, n + 2) < 0)
		return -1;
	put_be16(packed->data + packed->len, (uint16_t)n);
	memcpy(packed->data + packed->len + 2, name, n);
	packed->len += n + 2;
	return 0;
}

int
wire_next_name(struct slice *names, struct slice *name)
{
	int32_t len;

	if (names->len < 2)
		return 0;
	len = get_be16(names->data);
	if (len > names->len - 2)
		return 0;
	*name = (struct slice){ names->data + 2, len };
	names->data += 2 + len;
	names->len -= 2 + len;
	return 1;
}

int
wire_add_epochs(struct buf *packed, const struct epochs *es)
{
	uint8_t *p;
	size_t i;

	if (es->count > WIRE_LIST_MAX / WIRE_EPOCH ||
	    buf_reserve(packed, es->count * WIRE_EPOCH) < 0)
		return -1;
	for (i = 0; i < es->count; i++) {
		p = packed->data + packed->len;
		put_be32(p, (uint32_t)es->list[i].epoch);
		put_be64(p + 4, (uint64_t)es->list[i].start);
		put_be64(p + 12, es->list[i].origin);
		packed->len += WIRE_EPOCH;
	}
	return 0;
}

int
wire_get_epochs(struct slice packed, struct epochs *es)
{
	int32_t i, n = packed.len / WIRE_EPOCH;

	epochs_release(es);
	if (n == 0)
		return 0;
	es->list = calloc((size_t)n, sizeof(*es->list));
	if (es->list == NULL)
		return -1;
	for (i = 0; i < n; i++)
		es->list[es->count++] = epoch_at(&packed, i);
	return 0;
}
