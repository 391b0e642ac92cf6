#include "index.h"

#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "fsio.h"

struct index_entry
index_get(const uint8_t *p, int64_t base)
{
	return (struct index_entry){ base + (int32_t)get_be32(p),
		(int32_t)get_be32(p + 4) };
}

struct timeindex_entry
timeindex_get(const uint8_t *p, int64_t base)
{
	return (struct timeindex_entry){ (int64_t)get_be64(p),
		base + (int32_t)get_be32(p + 8) };
}

int
index_put(int fd, int64_t base, int32_t i, const struct index_entry *en)
{
	uint8_t data[INDEX_ENTRY];

	put_be32(data, (uint32_t)(en->offset - base));
	put_be32(data + 4, (uint32_t)en->position);
	return fsio_write_at(fd, data, sizeof(data), (int64_t)i * INDEX_ENTRY);
}

int
timeindex_put(int fd, int64_t base, int32_t i, const struct timeindex_entry *en)
{
	uint8_t data[TIMEINDEX_ENTRY];

	put_be64(data, (uint64_t)en->timestamp);
	put_be32(data + 8, (uint32_t)(en->offset - base));
	return fsio_write_at(
	    fd, data, sizeof(data), (int64_t)i * TIMEINDEX_ENTRY);
}

/* The whole file, malloc'd, *count entries of width bytes; NULL: errno. */
static uint8_t *
load(int fd, size_t width, size_t *count)
{
	int64_t size = fsio_size(fd);
	uint8_t *data;
	ssize_t got;

	if (size < 0)
		return NULL;
	if (size > INDEX_BYTES_MAX)
		size = INDEX_BYTES_MAX;
	data = malloc((size_t)size + 1);
	if (data == NULL)
		return NULL;
	got = fsio_read_at(fd, data, (size_t)size, 0);
	if (got < 0) {
		free(data);
		return NULL;
	}
	*count = (size_t)got / width;
	return data;
}

static struct index_entry
index_at(const uint8_t *data, size_t i, int64_t base)
{
	return index_get(data + i * INDEX_ENTRY, base);
}

/* Entries before the zero tail of a preallocated file. */
static size_t
index_used(const uint8_t *data, size_t count)
{
	static const uint8_t zero[INDEX_ENTRY];
	size_t low = 1, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(data + mid * INDEX_ENTRY, zero, INDEX_ENTRY) == 0)
			high = mid;
		else
			low = mid + 1;
	}
	return count == 0 ? 0 : low;
}

int64_t
index_lookup(int fd, int64_t base, int64_t offset)
{
	size_t count, low = 0, high, mid;
	int64_t position = 0;
	uint8_t *data;

	data = load(fd, INDEX_ENTRY, &count);
	if (data == NULL)
		return -1;
	high = index_used(data, count);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (index_at(data, mid, base).offset <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low > 0)
		position = index_at(data, low - 1, base).position;
	free(data);
	return position < 0 ? 0 : position;
}

int
index_positions(int fd, int64_t base, int64_t **positions, int32_t *count)
{
	struct index_entry en;
	size_t n, used, i;
	int64_t last = 0;
	uint8_t *data;

	*count = 0;
	data = load(fd, INDEX_ENTRY, &n);
	if (data == NULL)
		return -1;
	used = index_used(data, n);
	*positions = malloc((used + 1) * sizeof(**positions));
	if (*positions != NULL) {
		for (i = 0; i < used; i++) {
			en = index_at(data, i, base);
			if (en.position <= last)
				break;
			last = (*positions)[(*count)++] = en.position;
		}
	}
	free(data);
	return *positions == NULL ? -1 : 0;
}

int
timeindex_lookup(
    int fd, int64_t base, int64_t t, int64_t end, struct timeindex_entry *en)
{
	struct timeindex_entry here, last = { -1, base - 1 };
	size_t count, i;
	uint8_t *data;
	int found = 0;

	data = load(fd, TIMEINDEX_ENTRY, &count);
	if (data == NULL)
		return -1;
	for (i = 0; i < count; i++) {
		here = timeindex_get(data + i * TIMEINDEX_ENTRY, base);
		if (here.timestamp > t || here.timestamp <= last.timestamp ||
		    here.offset < last.offset || here.offset >= end)
			break;
		last = *en = here;
		found = 1;
	}
	free(data);
	return found;
}
