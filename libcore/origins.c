#include "origins.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "fsio.h"

static const char file_name[] = "leader-epoch-origins";

enum { ORIGINS_BYTES_MAX = 32 << 20, HEX = 16 };

/* "EPOCH ORIGIN\n"; *p moves behind it.  0, or -1. */
static int
take_line(const char **p, struct epoch *line)
{
	int64_t epoch = 0;
	const char *s = *p;
	int i;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		epoch = epoch * 10 + (*s - '0');
		if (epoch > INT32_MAX)
			return -1;
	}
	if (*s++ != ' ')
		return -1;
	*line = (struct epoch){ (int32_t)epoch, 0, 0 };
	for (i = 0; i < HEX; i++, s++) {
		line->origin <<= 4;
		if (*s >= '0' && *s <= '9')
			line->origin |= (uint64_t)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			line->origin |= (uint64_t)(*s - 'a' + 10);
		else
			return -1;
	}
	if (*s++ != '\n')
		return -1;
	*p = s;
	return 0;
}

int
origins_lines(
    struct epochs *lines, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	const char *p, *end;
	struct epoch line;
	int r;

	r = fsio_read_file(
	    dirfd, file_name, &text, ORIGINS_BYTES_MAX, where, e);
	p = (const char *)text.data;
	end = text.len > 0 ? p + text.len : p; /* no file, no bytes */
	while (r > 0 && p < end) {
		if (take_line(&p, &line) < 0 || p > end ||
		    line.epoch <= epochs_newest(lines))
			r = err_set(e, ERR_CORRUPT,
			    "%s/%s: not a list of epochs and origins", where,
			    file_name);
		else if (epochs_assign(lines, line.epoch,
			     (int64_t)lines->count, line.origin) < 0)
			r = err_set(e, ERR_SYSTEM, "%s/%s: out of memory",
			    where, file_name);
	}
	buf_release(&text);
	return r < 0 ? -1 : 0;
}

int
origins_add(struct epochs *es, int dirfd, const char *where, struct err *e)
{
	struct epochs lines = { 0 };
	size_t i, j = 0;
	int r;

	r = origins_lines(&lines, dirfd, where, e);
	for (i = 0; r == 0 && i < es->count; i++) {
		while (j < lines.count &&
		    lines.list[j].epoch < es->list[i].epoch)
			j++;
		if (j < lines.count &&
		    lines.list[j].epoch == es->list[i].epoch)
			es->list[i].origin = lines.list[j].origin;
	}
	epochs_release(&lines);
	return r;
}

int
origins_read(struct epochs *es, int dirfd, const char *where, struct err *e)
{
	return epochs_read(es, dirfd, where, e) < 0 ?
	    -1 :
	    origins_add(es, dirfd, where, e);
}

static int
put_line(struct buf *text, const struct epoch *ep)
{
	char line[64];
	int n;

	n = snprintf(line, sizeof(line), "%" PRId32 " %016" PRIx64 "\n",
	    ep->epoch, ep->origin);
	return buf_append(text, line, (size_t)n);
}

/*
 * The text of es, and of those lines that are of no epoch in it.  What is
 * not known needs no line.  0, or -1 out of memory.
 */
static int
merge(struct buf *text, const struct epochs *es, const struct epochs *lines)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < es->count || j < lines->count)) {
		if (i == es->count ||
		    (j < lines->count &&
			lines->list[j].epoch < es->list[i].epoch)) {
			r = put_line(text, &lines->list[j++]);
			continue;
		}
		if (j < lines->count &&
		    lines->list[j].epoch == es->list[i].epoch)
			j++;
		if (es->list[i].origin != 0)
			r = put_line(text, &es->list[i]);
		i++;
	}
	return r;
}

/* Make text what the file holds; a missing one is an empty one.  0, or -1. */
static int
put_file(const struct buf *text, int dirfd, const char *where, struct err *e)
{
	struct buf old = { 0 };
	bool same;
	int r;

	r = fsio_read_file(dirfd, file_name, &old, ORIGINS_BYTES_MAX, where, e);
	same = r >= 0 && old.len == text->len &&
	    (text->len == 0 || memcmp(old.data, text->data, old.len) == 0);
	buf_release(&old);
	if (r < 0 || same)
		return r < 0 ? -1 : 0;
	return fsio_replace(dirfd, file_name, text->data, text->len, where, e);
}

int
origins_save(
    const struct epochs *es, int dirfd, const char *where, struct err *e)
{
	static const struct epochs none;
	struct epochs lines = { 0 };
	struct buf both = { 0 }, exact = { 0 };
	int r;

	r = origins_lines(&lines, dirfd, where, e);
	if (r < 0 && e->code == ERR_CORRUPT) {
		epochs_release(&lines); /* it says nothing: written anew */
		r = 0;
	}
	if (r == 0 &&
	    (merge(&both, es, &lines) < 0 || merge(&exact, es, &none) < 0))
		r = err_set(
		    e, ERR_SYSTEM, "%s/%s: out of memory", where, file_name);
	if (r == 0 &&
	    (put_file(&both, dirfd, where, e) < 0 ||
		epochs_write(es, dirfd, where, e) < 0 ||
		put_file(&exact, dirfd, where, e) < 0))
		r = -1;
	epochs_release(&lines);
	buf_release(&both);
	buf_release(&exact);
	return r;
}

int
origins_draw(uint64_t *origin, struct err *e)
{
	do
		if (getrandom(origin, sizeof(*origin), 0) !=
		    (ssize_t)sizeof(*origin))
			return err_sys(e, "getrandom");
	while (*origin == 0);
	return 0;
}

void
origins_tidy(int dirfd)
{
	fsio_tidy(dirfd, file_name);
	fsio_tidy(dirfd, "leader-epoch-checkpoint");
}
