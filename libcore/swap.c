#include "swap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "folder.h"
#include "fsio.h"

static const char swap_name[] = "swap";

enum { DIGITS = 20, LINE_BYTES = 2 * DIGITS + 2, SWAP_MAX = 64 << 20 };

static const char cleaned[] = ".cleaned";
static const char temporary[] = ".spill.tmp";

void
swap_cleaned_name(char name[SWAP_NAME], int64_t base, enum segment_file what)
{
	segment_name(name, base, what);
	memcpy(name + strlen(name), cleaned, sizeof(cleaned));
}

int
swap_add(struct swap *s, int64_t base, int64_t end)
{
	struct swap_line *list;

	list = realloc(s->list, (s->count + 1) * sizeof(*list));
	if (list == NULL)
		return -1;
	s->list = list;
	list[s->count++] = (struct swap_line){ base, end };
	return 0;
}

void
swap_release(struct swap *s)
{
	free(s->list);
	*s = (struct swap){ 0 };
}

static int64_t
offset_at(const uint8_t *p)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < DIGITS; i++) {
		if (p[i] < '0' || p[i] > '9' ||
		    n > (INT64_MAX - (p[i] - '0')) / 10)
			return -1;
		n = n * 10 + (p[i] - '0');
	}
	return n;
}

int
swap_parse(struct swap *s, const uint8_t *data, size_t n)
{
	int64_t base, end, before = 0;

	swap_release(s);
	if (n == 0 || n % LINE_BYTES != 0)
		return -1;
	for (; n > 0; n -= LINE_BYTES, data += LINE_BYTES) {
		base = offset_at(data);
		end = offset_at(data + DIGITS + 1);
		if (data[DIGITS] != ' ' || data[LINE_BYTES - 1] != '\n' ||
		    base < before || end <= base || swap_add(s, base, end) < 0)
			return -1;
		before = end;
	}
	return 0;
}

int
swap_text(const struct swap *s, struct buf *out)
{
	char line[LINE_BYTES + 1];
	size_t i;

	for (i = 0; i < s->count; i++) {
		snprintf(line, sizeof(line), "%020" PRId64 " %020" PRId64 "\n",
		    s->list[i].base, s->list[i].end);
		if (buf_append(out, line, LINE_BYTES) < 0)
			return -1;
	}
	return 0;
}

int
swap_read(struct swap *s, int dirfd, const char *where, struct err *e)
{
	struct buf data = { 0 };
	int r;

	swap_release(s);
	r = fsio_read_file(dirfd, swap_name, &data, SWAP_MAX, where, e);
	if (r > 0 && swap_parse(s, data.data, data.len) < 0)
		r = err_set(e, ERR_CORRUPT,
		    "%s/%s: is not a list of segments", where, swap_name);
	buf_release(&data);
	return r;
}

/* The line that stands for offset, or NULL. */
static const struct swap_line *
find(const struct swap *s, int64_t offset)
{
	size_t low = 0, high = s->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->list[mid].base <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && offset < s->list[low - 1].end ? &s->list[low - 1] :
							  NULL;
}

bool
swap_supersedes(const struct swap *s, int64_t base)
{
	const struct swap_line *line = find(s, base);

	return line != NULL && base > line->base;
}

int
swap_filter(struct segment_list *l, int dirfd, const char *where, struct err *e)
{
	struct swap s = { 0 };
	size_t i, n = 0;
	int r;

	r = swap_read(&s, dirfd, where, e);
	for (i = 0; r > 0 && i < l->count; i++)
		if (!swap_supersedes(&s, l->bases[i]))
			l->bases[n++] = l->bases[i];
	if (r > 0)
		l->count = n;
	swap_release(&s);
	return r < 0 ? -1 : 0;
}

/* Whether the segment, by its headers, goes on to end: 1, 0, -1. */
static int
goes_to(int dirfd, const struct swap_line *line, const char *where,
    struct err *e)
{
	int64_t position = 0, next = line->base;
	uint8_t header[BATCH_HEADER];
	struct batch b;
	ssize_t got;
	int fd;

	fd = segment_open(dirfd, line->base, SEGMENT_LOG, O_RDONLY, where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	for (;;) {
		got = fsio_read_at(fd, header, sizeof(header), position);
		if (got < BATCH_HEADER ||
		    batch_decode(header, sizeof(header), &b) == BATCH_BAD)
			break;
		position += b.size;
		next = b.last_offset + 1;
	}
	close(fd);
	if (got < 0)
		return err_sys(
		    e, "%s/%020" PRId64 ".log", where, line->base);
	return next == line->end;
}

int
swap_can(const struct swap_line *line, int dirfd, const char *where,
    struct err *e)
{
	char name[SWAP_NAME];

	swap_cleaned_name(name, line->base, SEGMENT_LOG);
	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (errno != ENOENT)
		return err_sys(e, "%s/%s", where, name);
	return goes_to(dirfd, line, where, e);
}

/*
 * Give the new segment its name; each file may have it already.  The log
 * comes last: what an index says that is ahead of it is only a hint.
 */
static int
put_in_place(int dirfd, const struct swap_line *line, const char *where,
    struct err *e)
{
	char from[SWAP_NAME], to[SEGMENT_NAME];
	int what, r;

	r = swap_can(line, dirfd, where, e);
	if (r == 0)
		err_set(e, ERR_CORRUPT,
		    "%s/%s: speaks of a segment %020" PRId64
		    " that goes to offset %" PRId64
		    ", which is not there; what it stands for is left",
		    where, swap_name, line->base, line->end);
	if (r <= 0)
		return -1;
	for (what = SEGMENT_TIMEINDEX; what >= SEGMENT_LOG; what--) {
		swap_cleaned_name(from, line->base, (enum segment_file)what);
		segment_name(to, line->base, (enum segment_file)what);
		if (fsio_rename(dirfd, from, to, true) < 0 && errno != ENOENT)
			return err_sys(e, "%s/%s", where, to);
	}
	return 0;
}

struct removal {
	const struct swap *swap;
	const char *where;
	bool logs; /* it is their turn */
	int64_t count; /* removed in this listing */
};

/* Remove name, which may be gone; 0, or -1. */
static int
remove_one(struct removal *m, int fd, const char *name, struct err *e)
{
	if (unlinkat(fd, name, 0) == 0)
		m->count++;
	else if (errno != ENOENT)
		return err_sys(e, "%s/%s", m->where, name);
	return 0;
}

/* A file of a superseded segment, or one that the new one does not have. */
static int
remove_superseded(void *context, int fd, const char *name, struct err *e)
{
	static const char *const suffixes[] = { ".index", ".timeindex",
		".snapshot", ".txnindex", ".log" };
	struct removal *m = context;
	const struct swap_line *line;
	int64_t base;
	size_t i = 0, n = sizeof(suffixes) / sizeof(suffixes[0]);

	if (strlen(name) <= DIGITS)
		return 0;
	base = offset_at((const uint8_t *)name);
	while (i < n && strcmp(name + DIGITS, suffixes[i]) != 0)
		i++;
	if (base < 0 || i == n || (i == n - 1) != m->logs)
		return 0;
	line = find(m->swap, base);
	if (line == NULL || (base == line->base && i != 3))
		return 0;
	return remove_one(m, fd, name, e);
}

/* Until a listing has none: one may miss names while others go. */
static int
remove_all(struct removal *m, int dirfd,
    int (*fn)(void *context, int fd, const char *name, struct err *e),
    struct err *e)
{
	do {
		m->count = 0;
		if (folder_each(dirfd, ".", m->where, fn, m, e) < 0)
			return -1;
	} while (m->count > 0);
	return 0;
}

static int
sync_dir(int dirfd, const char *where, struct err *e)
{
	return fsio_sync_dir(dirfd) < 0 ? err_sys(e, "%s", where) : 0;
}

/*
 * What s says, and then s is gone.  New names are on disk before old ones go:
 * else a power cut could leave neither.
 */
static int
roll_forward(const struct swap *s, int dirfd, const char *where, struct err *e)
{
	struct removal m = { .swap = s, .where = where };
	size_t i;

	for (i = 0; i < s->count; i++)
		if (put_in_place(dirfd, &s->list[i], where, e) < 0)
			return -1;
	if (sync_dir(dirfd, where, e) < 0 ||
	    remove_all(&m, dirfd, remove_superseded, e) < 0)
		return -1;
	m.logs = true;
	if (remove_all(&m, dirfd, remove_superseded, e) < 0 ||
	    sync_dir(dirfd, where, e) < 0)
		return -1;
	if (unlinkat(dirfd, swap_name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "%s/%s", where, swap_name);
	return sync_dir(dirfd, where, e);
}

int
swap_commit(
    const struct swap *s, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	int r = -1;

	if (swap_text(s, &text) < 0)
		err_set(e, ERR_SYSTEM, "%s: out of memory", where);
	else if (sync_dir(dirfd, where, e) == 0)
		r = fsio_replace(
		    dirfd, swap_name, text.data, text.len, where, e);
	buf_release(&text);
	return r < 0 ? -1 : roll_forward(s, dirfd, where, e);
}

/* A file that was never put in place. */
static int
remove_leftover(void *context, int fd, const char *name, struct err *e)
{
	size_t n = strlen(name), m = sizeof(cleaned) - 1;

	if (strcmp(name, temporary) != 0 &&
	    (n < m || strcmp(name + n - m, cleaned) != 0 ||
		strspn(name, "0123456789") != DIGITS))
		return 0;
	return remove_one(context, fd, name, e);
}

int
swap_finish(int dirfd, const char *where, struct err *e)
{
	struct removal m = { .where = where };
	struct swap s = { 0 };
	int r;

	fsio_tidy(dirfd, swap_name);
	/* Who was killed may not have come to it: a power cut must not take
	 * this swap away again, nor bring back one that is gone. */
	if (sync_dir(dirfd, where, e) < 0)
		return -1;
	r = swap_read(&s, dirfd, where, e);
	if (r > 0)
		r = roll_forward(&s, dirfd, where, e);
	swap_release(&s);
	return r < 0 ? -1 : remove_all(&m, dirfd, remove_leftover, e);
}
