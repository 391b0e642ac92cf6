#include "index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

void
index_set(uint8_t *p, int64_t base, const struct index_entry *en)
{
	put_be32(p, (uint32_t)(en->offset - base));
	put_be32(p + 4, (uint32_t)en->position);
}

void
timeindex_set(uint8_t *p, int64_t base, const struct timeindex_entry *en)
{
	put_be64(p, (uint64_t)en->timestamp);
	put_be32(p + 8, (uint32_t)(en->offset - base));
}

int
index_put(int fd, int64_t base, int32_t i, const struct index_entry *en)
{
	uint8_t data[INDEX_ENTRY];

	index_set(data, base, en);
	return fsio_write_at(fd, data, sizeof(data), (int64_t)i * INDEX_ENTRY);
}

int
timeindex_put(int fd, int64_t base, int32_t i, const struct timeindex_entry *en)
{
	uint8_t data[TIMEINDEX_ENTRY];

	timeindex_set(data, base, en);
	return fsio_write_at(
	    fd, data, sizeof(data), (int64_t)i * TIMEINDEX_ENTRY);
}

static bool
is_zero(const uint8_t *p, size_t width)
{
	static const uint8_t zero[TIMEINDEX_ENTRY];

	return memcmp(p, zero, width) == 0;
}

/* Both widths fit a whole number of times. */
enum { PAGE = TIMEINDEX_ENTRY * INDEX_ENTRY * 168 };

/* A file of entries that is looked into a page at a time. */
struct pages {
	int fd;
	size_t width, count; /* bytes and number of entries */
	size_t first, have; /* the entries in data */
	bool failed; /* errno */
	uint8_t data[PAGE];
};

static int
pages_init(struct pages *p, int fd, size_t width)
{
	int64_t size = fsio_size(fd);

	if (size < 0)
		return -1;
	if (size > INDEX_BYTES_MAX)
		size = INDEX_BYTES_MAX;
	p->fd = fd;
	p->width = width;
	p->count = (size_t)size / width;
	p->first = p->have = 0;
	p->failed = false;
	return 0;
}

/* Entry i, until the next call; NULL: it is behind what was written. */
static const uint8_t *
pages_at(struct pages *p, size_t i)
{
	const uint8_t *entry;
	size_t left;
	ssize_t got;

	if (i >= p->count)
		return NULL;
	if (i < p->first || i >= p->first + p->have) {
		p->first = i - i % (PAGE / p->width);
		left = (p->count - p->first) * p->width;
		got = fsio_read_at(p->fd, p->data, left < PAGE ? left : PAGE,
		    (int64_t)(p->first * p->width));
		p->failed |= got < 0;
		p->have = got < 0 ? 0 : (size_t)got / p->width;
		if (i >= p->first + p->have)
			return NULL;
	}
	entry = p->data + (i - p->first) * p->width;
	return i > 0 && is_zero(entry, p->width) ? NULL : entry;
}

struct wanted {
	int64_t base, most, end;
};

static bool
offset_fits(const uint8_t *entry, const struct wanted *w)
{
	return index_get(entry, w->base).offset <= w->most;
}

static bool
time_fits(const uint8_t *entry, const struct wanted *w)
{
	struct timeindex_entry en = timeindex_get(entry, w->base);

	return en.timestamp <= w->most && en.offset < w->end;
}

/*
 * The last of the leading entries that fit, *n of them; NULL: none.  The end
 * is tried first, because it is asked for most.
 */
static const uint8_t *
last_fitting(struct pages *p,
    bool (*fits)(const uint8_t *entry, const struct wanted *w),
    const struct wanted *w, size_t *n)
{
	size_t low = 0, high = p->count, mid = high - 1;
	const uint8_t *entry;

	while (low < high && !p->failed) {
		entry = pages_at(p, mid);
		if (entry != NULL && fits(entry, w))
			low = mid + 1;
		else
			high = mid;
		mid = low + (high - low) / 2;
	}
	*n = low;
	return low > 0 ? pages_at(p, low - 1) : NULL;
}

/* The position in entry i if it is behind before; else INT64_MAX. */
static int64_t
position_at(struct pages *p, size_t i, int64_t before)
{
	const uint8_t *entry = pages_at(p, i);
	int64_t position;

	if (entry == NULL)
		return INT64_MAX;
	position = index_get(entry, 0).position;
	return position > before ? position : INT64_MAX;
}

int
index_find(int fd, int64_t base, int64_t offset, struct index_span *span)
{
	const struct wanted w = { base, offset, 0 };
	struct index_entry en = { base - 1, 0 };
	struct pages p;
	const uint8_t *entry;
	size_t n;

	if (pages_init(&p, fd, INDEX_ENTRY) < 0)
		return -1;
	entry = last_fitting(&p, offset_fits, &w, &n);
	if (entry != NULL)
		en = index_get(entry, base);
	span->offset = en.offset;
	span->position = en.position < 0 ? 0 : en.position;
	span->next = position_at(&p, n, span->position);
	span->after = position_at(&p, n + 1, span->next);
	return p.failed ? -1 : 0;
}

int64_t
index_lookup(int fd, int64_t base, int64_t offset)
{
	struct index_span span;

	return index_find(fd, base, offset, &span) < 0 ? -1 : span.position;
}

int
timeindex_find(int fd, int64_t base, int64_t t, int64_t end,
    struct timeindex_entry *en, struct timeindex_entry *last)
{
	const struct timeindex_entry none = { -1, base };
	struct wanted w = { base, INT64_MAX, end };
	const uint8_t *entry;
	struct pages p;
	size_t n;

	*last = none;
	if (pages_init(&p, fd, TIMEINDEX_ENTRY) < 0)
		return -1;
	entry = last_fitting(&p, time_fits, &w, &n);
	if (entry != NULL)
		*last = timeindex_get(entry, base);
	if (last->timestamp < 0)
		*last = none;
	*en = *last;
	if (last->timestamp > t) {
		w.most = t;
		p.count = n;
		entry = last_fitting(&p, time_fits, &w, &n);
		*en = entry != NULL ? timeindex_get(entry, base) : none;
	}
	if (en->timestamp < 0)
		*en = none;
	return p.failed ? -1 : 0;
}

/* The whole file, malloc'd, *count entries; NULL: errno. */
static uint8_t *
load(int fd, size_t *count)
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
	*count = (size_t)got / INDEX_ENTRY;
	return data;
}

int
index_positions(int fd, int64_t base, int64_t **positions, int32_t *count)
{
	struct index_entry en;
	size_t n, i;
	int64_t last = 0;
	uint8_t *data;

	*count = 0;
	data = load(fd, &n);
	if (data == NULL)
		return -1;
	*positions = malloc((n + 1) * sizeof(**positions));
	if (*positions != NULL) {
		for (i = 0; i < n; i++) {
			en = index_get(data + i * INDEX_ENTRY, base);
			if (en.position <= last)
				break;
			last = (*positions)[(*count)++] = en.position;
		}
	}
	free(data);
	return *positions == NULL ? -1 : 0;
}
