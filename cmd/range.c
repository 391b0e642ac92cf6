#include "range.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "units.h"
#include "when.h"

/* Room for either side of a range; no number, word or time is longer. */
enum { SIDE_MAX = 64 };

/* Copy the n bytes at s as a string; 0, or -1 if they are too many. */
static int
side(char out[SIDE_MAX], const char *s, size_t n)
{
	if (n >= SIDE_MAX)
		return -1;
	memcpy(out, s, n);
	out[n] = '\0';
	return 0;
}

static int
number(const char *s, enum bound_kind kind, struct bound *b)
{
	b->kind = kind;
	return units_int(s, 0, INT64_MAX, &b->value);
}

static int
read_time(const char *s, int64_t now_ms, struct bound *b)
{
	struct err ignored;

	b->kind = BOUND_TIME;
	return when_parse(s, now_ms, &b->value, &ignored);
}

/* What follows '@'. */
static int
read_times(const char *s, int64_t now_ms, struct range *r)
{
	char left[SIDE_MAX];
	const char *colon;

	if (read_time(s, now_ms, &r->from) == 0)
		return 0;
	for (colon = strchr(s, ':'); colon != NULL;
	     colon = strchr(colon + 1, ':')) {
		if (side(left, s, (size_t)(colon - s)) != 0)
			return -1;
		if (read_time(left, now_ms, &r->from) != 0)
			continue;
		if (strcmp(colon + 1, "end") == 0) {
			r->to = (struct bound){ BOUND_END, 0 };
			return 0;
		}
		if (read_time(colon + 1, now_ms, &r->to) == 0)
			return 0;
	}
	return -1;
}

/* "A:B", split at its colon. */
static int
read_offsets(const char *s, const char *colon, struct range *r)
{
	char left[SIDE_MAX];

	if (side(left, s, (size_t)(colon - s)) != 0)
		return -1;
	if (*left == '\0' || strcmp(left, "start") == 0)
		r->from.kind = BOUND_START;
	else if (number(left, BOUND_OFFSET, &r->from) != 0)
		return -1;
	if (strcmp(colon + 1, "end") == 0) {
		r->to.kind = BOUND_END;
		return 0;
	}
	return number(colon + 1, BOUND_OFFSET, &r->to);
}

static int
read_range(const char *s, int64_t now_ms, struct range *r)
{
	const char *colon;

	if (*s == '@')
		return read_times(s + 1, now_ms, r);
	if (*s == '+')
		return number(s + 1, BOUND_FROM_START, &r->from);
	if (*s == '-')
		return number(s + 1, BOUND_FROM_END, &r->from);
	colon = strchr(s, ':');
	if (colon != NULL)
		return read_offsets(s, colon, r);
	if (strcmp(s, "start") == 0) {
		r->from.kind = BOUND_START;
		return 0;
	}
	if (strcmp(s, "end") == 0) {
		r->from.kind = BOUND_END;
		return 0;
	}
	return number(s, BOUND_OFFSET, &r->from);
}

int
range_parse(const char *s, int64_t now_ms, struct range *out, struct err *e)
{
	struct range r = { 0 };

	if (read_range(s, now_ms, &r) != 0)
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a range: start, end, N, A:B, :B, N:end, "
		    "+N, -N, @T, @T1:T2 or @T:end",
		    s);
	if (r.from.kind == r.to.kind && r.from.value > r.to.value)
		return err_set(e, ERR_USAGE,
		    "\"%s\" ends before it starts", s);
	*out = r;
	return 0;
}

static int
bad_list(const char *s, struct err *e)
{
	return err_set(e, ERR_USAGE,
	    "\"%s\" is not a list of partitions such as 0,2,5-7", s);
}

/* One "N" or "A-B" at *s; moves past it. */
static int
read_span(const char **s, int64_t *first, int64_t *last)
{
	char text[SIDE_MAX];
	size_t n = strcspn(*s, ",");
	char *dash;

	if (side(text, *s, n) != 0)
		return -1;
	*s += n;
	dash = strchr(text, '-');
	if (dash != NULL)
		*dash++ = '\0';
	if (units_int(text, 0, INT32_MAX, first) != 0)
		return -1;
	*last = *first;
	if (dash != NULL && units_int(dash, *first, INT32_MAX, last) != 0)
		return -1;
	return 0;
}

/*
 * Run through the list: count its entries (list NULL) or store them.
 * Two passes, so that memory is asked for once the size is known and legal.
 */
static int
read_spans(const char *s, int32_t *list, size_t *n)
{
	int64_t first, last, i;

	*n = 0;
	for (;;) {
		if (read_span(&s, &first, &last) != 0)
			return -1;
		if (last - first >= RANGE_PARTITIONS_MAX - (int64_t)*n)
			return -1;
		for (i = first; list != NULL && i <= last; i++)
			list[*n + (size_t)(i - first)] = (int32_t)i;
		*n += (size_t)(last - first) + 1;
		if (*s == '\0')
			return 0;
		s++;
	}
}

static int
by_number(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

int
range_partitions(const char *s, int32_t **list, size_t *n, struct err *e)
{
	int32_t *all;
	size_t total, kept, i;

	if (read_spans(s, NULL, &total) != 0)
		return bad_list(s, e);
	all = malloc(total * sizeof(*all));
	if (all == NULL)
		return err_sys(e, "partitions");
	if (read_spans(s, all, &total) != 0) {
		free(all);
		return bad_list(s, e);
	}
	qsort(all, total, sizeof(*all), by_number);
	kept = 1;
	for (i = 1; i < total; i++)
		if (all[i] != all[kept - 1])
			all[kept++] = all[i];
	*list = all;
	*n = kept;
	return 0;
}

int
range_option(void *field, const char *arg, struct err *e)
{
	return range_parse(arg, clock_wall_ms(), field, e);
}

static int
option_bound(struct bound *b, const char *arg, struct err *e)
{
	if (when_parse(arg, clock_wall_ms(), &b->value, e) != 0)
		return -1;
	b->kind = BOUND_TIME;
	return 0;
}

int
range_option_since(void *field, const char *arg, struct err *e)
{
	struct range *r = field;

	return option_bound(&r->from, arg, e);
}

int
range_option_until(void *field, const char *arg, struct err *e)
{
	struct range *r = field;

	return option_bound(&r->to, arg, e);
}

int
range_option_partitions(void *field, const char *arg, struct err *e)
{
	struct partitions *p = field;
	int32_t *list = NULL;
	size_t n = 0;

	if (range_partitions(arg, &list, &n, e) != 0)
		return -1;
	range_partitions_release(p);
	p->list = list;
	p->n = n;
	return 0;
}

void
range_partitions_release(void *field)
{
	struct partitions *p = field;

	free(p->list);
	*p = (struct partitions){ NULL, 0 };
}
