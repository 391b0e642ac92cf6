#include "units.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Read digits at *s, at least one, and move past them; 0 or -1. */
static int
digits(const char **s, int64_t *out)
{
	const char *p = *s;
	int64_t v = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *p - '0', &v))
			return -1;
	*s = p;
	*out = v;
	return 0;
}

int
units_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	int64_t v = 0;
	int negative = 0;

	if (*s == '-' && min < 0) {
		negative = 1;
		s++;
	}
	if (*s == '\0')
		return -1;
	/* Counted downwards: INT64_MIN has no positive counterpart. */
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, *s - '0', &v))
			return -1;
	if (*s != '\0')
		return -1;
	if (!negative && __builtin_sub_overflow(0, v, &v))
		return -1;
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

/* The power of 1024 that a letter stands for, or -1. */
static int
power(char c)
{
	static const char letters[] = "kKmMgGtT";
	const char *p = c == '\0' ? NULL : strchr(letters, c);

	return p == NULL ? -1 : (int)(p - letters) / 2 + 1;
}

int
units_size(const char *s, int64_t *bytes)
{
	int64_t v;
	int n = 0;

	if (digits(&s, &v) != 0)
		return -1;
	if (*s != '\0') {
		n = power(*s++);
		if (n < 0)
			return -1;
		if (s[0] == 'i' && s[1] == 'B')
			s += 2;
	}
	if (*s != '\0')
		return -1;
	if (__builtin_mul_overflow(v, (int64_t)1 << (10 * n), &v))
		return -1;
	*bytes = v;
	return 0;
}

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{ "w", 604800000 },
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

/* The first unit from index i on whose name is the n letters at s, or -1. */
static int
unit_find(int i, const char *s, size_t n)
{
	for (; i < UNITS; i++)
		if (strlen(units[i].name) == n &&
		    memcmp(units[i].name, s, n) == 0)
			return i;
	return -1;
}

int
units_duration(const char *s, int64_t *ms)
{
	int64_t total = 0;
	int64_t v;
	size_t n;
	int i = 0;

	if (digits(&s, &v) != 0)
		return -1;
	if (*s == '\0') {
		*ms = v;
		return 0;
	}
	for (;;) {
		n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
		i = unit_find(i, s, n);
		if (i < 0)
			return -1;
		if (__builtin_mul_overflow(v, units[i].ms, &v) ||
		    __builtin_add_overflow(total, v, &total))
			return -1;
		i++;
		s += n;
		if (*s == '\0')
			break;
		if (digits(&s, &v) != 0)
			return -1;
	}
	*ms = total;
	return 0;
}

/* |v| as an unsigned number, right for INT64_MIN too. */
static uint64_t
magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

void
units_format_size(int64_t bytes, char out[UNITS_TEXT])
{
	static const char letters[] = "kMGTPE";
	const char *sign = bytes < 0 ? "-" : "";
	uint64_t v = magnitude(bytes);
	uint64_t rest = 0;
	int n = -1;

	while (v >= 1024) {
		rest = v % 1024;
		v /= 1024;
		n++;
	}
	if (n < 0)
		snprintf(out, UNITS_TEXT, "%s%" PRIu64, sign, v);
	else if (v < 10)
		snprintf(out, UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 "%c", sign,
		    v, rest * 10 / 1024, letters[n]);
	else
		snprintf(out, UNITS_TEXT, "%s%" PRIu64 "%c", sign, v,
		    letters[n]);
}

void
units_format_duration(int64_t ms, char out[UNITS_TEXT])
{
	const char *sign = ms < 0 ? "-" : "";
	uint64_t v = magnitude(ms);
	uint64_t big;
	uint64_t small;
	int i = 1;	/* weeks are said in days: 7d is what was configured */

	while (i < UNITS - 1 && v < (uint64_t)units[i].ms)
		i++;
	big = v / (uint64_t)units[i].ms;
	small = v % (uint64_t)units[i].ms;
	if (units[i].ms == 1000 && small >= 100) {
		snprintf(out, UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 "s", sign,
		    big, small / 100);
		return;
	}
	small = i < UNITS - 2 ? small / (uint64_t)units[i + 1].ms : 0;
	if (small == 0)
		snprintf(out, UNITS_TEXT, "%s%" PRIu64 "%s", sign, big,
		    units[i].name);
	else
		snprintf(out, UNITS_TEXT, "%s%" PRIu64 "%s%" PRIu64 "%s", sign,
		    big, units[i].name, small, units[i + 1].name);
}
