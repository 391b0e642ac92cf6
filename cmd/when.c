#include "when.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "units.h"

static const int64_t day_ms = 86400000;

/* A date and time as written, before it is known where. */
struct written {
	int year, month, day, hour, minute, second, ms;
	bool zoned;		/* offset holds; else local time */
	int offset;		/* minutes east of UTC */
};

/*
 * Days since 1970-01-01 of a date, and back: Howard Hinnant's algorithms on
 * years that begin in March and eras of 400 years.
 */
static int64_t
days_from_date(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t in_era = y - era * 400;
	int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day -
	    1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 +
	    in_year - 719468;
}

static void
date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t in_era = z - era * 146097;
	int64_t y = (in_era - in_era / 1460 + in_era / 36524 -
			in_era / 146096) /
	    365;
	int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * in_year + 2) / 153;

	*day = (int)(in_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Exactly n digits at *s, from min to max; moves past them.  0 or -1. */
static int
field(const char **s, int n, int min, int max, int *out)
{
	int v = 0;
	int i;

	for (i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return -1;
		v = v * 10 + ((*s)[i] - '0');
	}
	if (v < min || v > max)
		return -1;
	*s += n;
	*out = v;
	return 0;
}

/* The one character c at *s; moves past it.  0 or -1. */
static int
literal(const char **s, char c)
{
	if (**s != c)
		return -1;
	(*s)++;
	return 0;
}

/* The fraction of a second after its point, cut to milliseconds. */
static int
fraction(const char **s, int *ms)
{
	int scale = 100;
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		*ms += (**s - '0') * scale;
		scale /= 10;
	}
	return n >= 1 && n <= 9 ? 0 : -1;
}

/* "", "Z", "+hh:mm" or "+hhmm", the end of the string. */
static int
zone(const char *s, struct written *w)
{
	int hours, minutes;
	int sign;

	if (*s == '\0')
		return 0;
	w->zoned = true;
	if (strcmp(s, "Z") == 0)
		return 0;
	if (*s != '+' && *s != '-')
		return -1;
	sign = *s++ == '-' ? -1 : 1;
	if (field(&s, 2, 0, 23, &hours) != 0)
		return -1;
	if (*s == ':')
		s++;
	if (field(&s, 2, 0, 59, &minutes) != 0 || *s != '\0')
		return -1;
	w->offset = sign * (hours * 60 + minutes);
	return 0;
}

static int
read_written(const char *s, struct written *w)
{
	memset(w, 0, sizeof(*w));
	if (field(&s, 4, 1900, 9999, &w->year) != 0 || literal(&s, '-') != 0 ||
	    field(&s, 2, 1, 12, &w->month) != 0 || literal(&s, '-') != 0 ||
	    field(&s, 2, 1, days_in_month(w->year, w->month), &w->day) != 0)
		return -1;
	if (*s == '\0')
		return 0;
	if (*s != 'T' && *s != ' ')
		return -1;
	s++;
	if (field(&s, 2, 0, 23, &w->hour) != 0 || literal(&s, ':') != 0 ||
	    field(&s, 2, 0, 59, &w->minute) != 0)
		return -1;
	if (*s == ':') {
		s++;
		if (field(&s, 2, 0, 59, &w->second) != 0)
			return -1;
		if (*s == '.') {
			s++;
			if (fraction(&s, &w->ms) != 0)
				return -1;
		}
	}
	return zone(s, w);
}

static int64_t
epoch_of(const struct written *w)
{
	struct tm tm = { 0 };
	int64_t days;

	if (w->zoned) {
		days = days_from_date(w->year, w->month, w->day);
		return days * day_ms +
		    ((int64_t)w->hour * 60 + w->minute - w->offset) * 60000 +
		    (int64_t)w->second * 1000 + w->ms;
	}
	tm.tm_year = w->year - 1900;
	tm.tm_mon = w->month - 1;
	tm.tm_mday = w->day;
	tm.tm_hour = w->hour;
	tm.tm_min = w->minute;
	tm.tm_sec = w->second;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000 + w->ms;
}

/* The local midnight that began the day of now_ms, or days before it. */
static int64_t
midnight(int64_t now_ms, int days_ago)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	tzset();
	if (localtime_r(&now, &tm) == NULL)
		return -1;
	tm.tm_mday -= days_ago;
	tm.tm_hour = 0;
	tm.tm_min = 0;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

/* All the spellings; 0 with *ms set, perhaps negative, or -1. */
static int
read_any(const char *s, int64_t now_ms, int64_t *ms)
{
	struct written w;
	size_t n = strlen(s);
	int64_t v;

	if (strcmp(s, "now") == 0) {
		*ms = now_ms;
		return 0;
	}
	if (strcmp(s, "today") == 0 || strcmp(s, "yesterday") == 0) {
		*ms = midnight(now_ms, *s == 'y');
		return 0;
	}
	if (*s == '-' || *s == '+') {
		if (n < 2 || (s[n - 1] >= '0' && s[n - 1] <= '9') ||
		    units_duration(s + 1, &v) != 0)
			return -1;
		return __builtin_add_overflow(now_ms, *s == '-' ? -v : v, ms) ?
		    -1 :
		    0;
	}
	if ((n == 13 || n == 10) && units_int(s, 0, INT64_MAX, &v) == 0) {
		*ms = n == 10 ? v * 1000 : v;
		return 0;
	}
	if (read_written(s, &w) != 0)
		return -1;
	*ms = epoch_of(&w);
	return 0;
}

int
when_parse(const char *s, int64_t now_ms, int64_t *ms, struct err *e)
{
	int64_t v;

	if (read_any(s, now_ms, &v) != 0) {
		if (units_duration(s, &v) == 0 &&
		    s[strspn(s, "0123456789")] != '\0')
			return err_set(e, ERR_USAGE,
			    "\"%s\" is not a time; that long ago is -%s, "
			    "from now +%s",
			    s, s, s);
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a time such as 2026-11-22T10:00, "
		    "today, -2h, +7d or epoch milliseconds",
		    s);
	}
	if (v < 0)
		return err_set(e, ERR_USAGE, "\"%s\" is before 1970", s);
	*ms = v;
	return 0;
}

void
when_format_utc(int64_t ms, char out[WHEN_TEXT])
{
	int64_t days = ms / day_ms;
	int64_t rest = ms % day_ms;
	int64_t year;
	int month, day;

	if (rest < 0) {
		rest += day_ms;
		days--;
	}
	date_from_days(days, &year, &month, &day);
	snprintf(out, WHEN_TEXT,
	    "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
	    (int)(rest / 3600000), (int)(rest / 60000 % 60),
	    (int)(rest / 1000 % 60), (int)(rest % 1000));
}

void
when_format_local(int64_t ms, char out[WHEN_TEXT])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (ms < 0) {
		snprintf(out, WHEN_TEXT, "-");
		return;
	}
	tzset();
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, WHEN_TEXT, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		when_format_utc(ms, out);
}
