#include "epochs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsio.h"

static const char file_name[] = "leader-epoch-checkpoint";

enum { EPOCHS_BYTES_MAX = 16 << 20 };

/* A decimal number ended by end; *p moves behind it.  0, or -1. */
static int
number(const char **p, char end, int64_t max, int64_t *out)
{
	int64_t v = 0;
	int digits = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
		if (v > (max - (**p - '0')) / 10)
			return -1;
		v = v * 10 + (**p - '0');
	}
	if (digits == 0 || **p != end)
		return -1;
	(*p)++;
	*out = v;
	return 0;
}

static int
parse(struct epochs *es, const char *p, const char *end)
{
	int64_t version, count, epoch, start, i;
	const struct epoch *last;

	if (p == end)
		return 0; /* as Kafka makes it for a new partition */
	if (number(&p, '\n', INT32_MAX, &version) < 0 || version != 0 ||
	    number(&p, '\n', INT32_MAX, &count) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		if (number(&p, ' ', INT32_MAX, &epoch) < 0 ||
		    number(&p, '\n', INT64_MAX, &start) < 0)
			return -1;
		last = es->count > 0 ? &es->list[es->count - 1] : NULL;
		if (last != NULL &&
		    (epoch <= last->epoch || start < last->start))
			return -1;
		if (epochs_assign(es, (int32_t)epoch, start, 0) < 0)
			return -1;
	}
	return p == end ? 0 : -1;
}

int
epochs_read(struct epochs *es, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	int r;

	epochs_release(es);
	r = fsio_read_file(dirfd, file_name, &text, EPOCHS_BYTES_MAX, where, e);
	if (r > 0) {
		r = parse(es, (const char *)text.data,
		    (const char *)text.data + text.len);
		if (r < 0)
			err_set(e, ERR_CORRUPT,
			    "%s/%s: not a leader epoch checkpoint", where,
			    file_name);
	}
	buf_release(&text);
	return r < 0 ? -1 : 0;
}

int
epochs_write(
    const struct epochs *es, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	char line[64];
	size_t i;
	int n, r;

	n = snprintf(line, sizeof(line), "0\n%zu\n", es->count);
	r = buf_append(&text, line, (size_t)n);
	for (i = 0; i < es->count && r == 0; i++) {
		n = snprintf(line, sizeof(line), "%" PRId32 " %" PRId64 "\n",
		    es->list[i].epoch, es->list[i].start);
		r = buf_append(&text, line, (size_t)n);
	}
	if (r < 0)
		err_set(
		    e, ERR_SYSTEM, "%s/%s: out of memory", where, file_name);
	else
		r = fsio_replace(
		    dirfd, file_name, text.data, text.len, where, e);
	buf_release(&text);
	return r;
}

int
epochs_assign(struct epochs *es, int32_t epoch, int64_t start, uint64_t origin)
{
	struct epoch *list;

	while (es->count > 0 &&
	    (es->list[es->count - 1].start >= start ||
		es->list[es->count - 1].epoch >= epoch))
		es->count--;
	list = realloc(es->list, (es->count + 1) * sizeof(*list));
	if (list == NULL)
		return -1;
	es->list = list;
	list[es->count++] = (struct epoch){ epoch, start, origin };
	return 0;
}

bool
epochs_cut(struct epochs *es, int64_t end)
{
	size_t before = es->count;

	while (es->count > 0 && es->list[es->count - 1].start >= end)
		es->count--;
	return es->count < before;
}

int32_t
epochs_newest(const struct epochs *es)
{
	return es->count > 0 ? es->list[es->count - 1].epoch : -1;
}

void
epochs_release(struct epochs *es)
{
	free(es->list);
	*es = (struct epochs){ 0 };
}
