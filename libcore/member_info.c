#include "member_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "units.h"

#define HOST_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define BASE64_CHARACTERS HOST_CHARACTERS "_"

enum { TIME_DIGITS = 13, RANDOM_DIGITS = 8 };
enum { SUM_LINE = 13 };		/* "end=" and 8 digits and a newline */

static const char *const assignors[] = { "cooperative", "range" };

void
member_info_name(struct member_info *info, uint32_t random)
{
	snprintf(info->id, sizeof(info->id),
	    "%0*" PRId64 "-%s-%" PRId64 "-%0*" PRIx32, TIME_DIGITS,
	    info->started, info->host, info->pid, RANDOM_DIGITS, random);
}

int
member_info_parse_name(struct member_info *info, const char *name)
{
	char digits[MEMBER_ID], again[MEMBER_ID];
	struct member_info got = *info;
	const char *pid, *random;
	size_t host;

	if (strlen(name) >= MEMBER_ID ||
	    strspn(name, "0123456789") != TIME_DIGITS ||
	    name[TIME_DIGITS] != '-')
		return -1;
	random = strrchr(name, '-') + 1;
	if (strlen(random) != RANDOM_DIGITS ||
	    strspn(random, "0123456789abcdef") != RANDOM_DIGITS)
		return -1;
	for (pid = random - 1; pid > name + TIME_DIGITS && pid[-1] != '-';)
		pid--;
	if (pid <= name + TIME_DIGITS + 1)
		return -1;
	host = (size_t)(pid - 1 - (name + TIME_DIGITS + 1));
	if (host == 0 || host >= MEMBER_HOST ||
	    strspn(name + TIME_DIGITS + 1, HOST_CHARACTERS) < host)
		return -1;
	memcpy(got.host, name + TIME_DIGITS + 1, host);
	got.host[host] = '\0';
	snprintf(digits, sizeof(digits), "%.*s", TIME_DIGITS, name);
	if (units_int(digits, 0, INT64_MAX, &got.started) < 0)
		return -1;
	snprintf(digits, sizeof(digits), "%.*s", (int)(random - 1 - pid), pid);
	if (units_int(digits, 1, INT64_MAX, &got.pid) < 0)
		return -1;
	member_info_name(&got, (uint32_t)strtoul(random, NULL, 16));
	snprintf(again, sizeof(again), "%s", got.id);
	if (strcmp(again, name) != 0)
		return -1;
	*info = got;
	return 0;
}

static int
put(struct buf *out, const char *s)
{
	return buf_append(out, s, strlen(s));
}

/* "0-3,7": runs of partitions. */
static int
put_owned(struct buf *out, const int32_t *owned, size_t count)
{
	char run[32];
	size_t i, j;

	for (i = 0; i < count; i = j) {
		for (j = i + 1; j < count && owned[j] == owned[j - 1] + 1;)
			j++;
		snprintf(run, sizeof(run), "%s%" PRId32, i > 0 ? "," : "",
		    owned[i]);
		if (put(out, run) < 0)
			return -1;
		snprintf(run, sizeof(run), "-%" PRId32, owned[j - 1]);
		if (j > i + 1 && put(out, run) < 0)
			return -1;
	}
	return put(out, "\n");
}

int
member_info_encode(const struct member_info *info, struct buf *out)
{
	size_t start = out->len, i;
	char line[512];

	snprintf(line, sizeof(line),
	    "id=%s\nhost=%s\npid=%" PRId64 "\nstarted=%" PRId64
	    "\nassignor=%s\ntopics=",
	    info->id, info->host, info->pid, info->started,
	    assignors[info->assignor]);
	if (put(out, line) < 0)
		return -1;
	for (i = 0; i < info->topic_count; i++)
		if ((i > 0 && put(out, ",") < 0) ||
		    put(out, info->topics[i]) < 0)
			return -1;
	if (put(out, "\nowned=") < 0 ||
	    put_owned(out, info->owned, info->owned_count) < 0)
		return -1;
	snprintf(line, sizeof(line), "end=%08" PRIx32 "\n",
	    crc32c(out->data + start, out->len - start));
	return put(out, line);
}

/* The length of the text up to its checksum, which is right; 0 it is not. */
static size_t
sealed(const uint8_t *text, size_t n)
{
	char line[SUM_LINE + 1];
	const uint8_t *end;
	size_t at;

	end = n == 0 ? NULL : memmem(text, n, "\nend=", 5);
	if (end == NULL)
		return 0;
	at = (size_t)(end + 1 - text);
	if (n - at < SUM_LINE || memchr(text, '\0', at) != NULL)
		return 0;
	snprintf(line, sizeof(line), "end=%08" PRIx32 "\n", crc32c(text, at));
	return memcmp(text + at, line, SUM_LINE) == 0 ? at : 0;
}

/*
 * A number at *p up to end or one of the characters in stop, which is left
 * to be read.  0, or -1.
 */
static int
take_number(const char **p, const char *stop, int32_t *out)
{
	char digits[16];
	int64_t v;
	size_t n = strcspn(*p, stop);

	if (n >= sizeof(digits))
		return -1;
	memcpy(digits, *p, n);
	digits[n] = '\0';
	if (units_int(digits, 0, PARTITIONS_MAX - 1, &v) < 0)
		return -1;
	*p += n;
	*out = (int32_t)v;
	return 0;
}

/* 1, 0 it is none, -1 out of memory. */
static int
take_owned(struct member_info *info, const char *value)
{
	int32_t first, last, next = 0;
	int32_t *more;

	while (*value != '\0') {
		if (take_number(&value, "-,", &first) < 0 || first < next)
			return 0;
		last = first;
		if (*value == '-' &&
		    (value++, take_number(&value, ",", &last) < 0 ||
			last < first))
			return 0;
		if (*value == ',' && *++value == '\0')
			return 0;
		more = realloc(info->owned,
		    (info->owned_count + (size_t)(last - first) + 1) *
			sizeof(*more));
		if (more == NULL)
			return -1;
		info->owned = more;
		for (next = first; next <= last; next++)
			more[info->owned_count++] = next;
	}
	return 1;
}

static int
take_topics(struct member_info *info, const char *value)
{
	size_t n = strlen(value), count = (n + 1) / TOPIC_ID, i;

	if (n == 0 || (n + 1) % TOPIC_ID != 0)
		return 0;
	info->topics = calloc(count, sizeof(*info->topics));
	if (info->topics == NULL)
		return -1;
	info->topic_count = count;
	for (i = 0; i < count; i++, value += TOPIC_ID) {
		if (strspn(value, BASE64_CHARACTERS) != TOPIC_ID - 1 ||
		    memchr(value, '.', TOPIC_ID - 1) != NULL ||
		    (value[TOPIC_ID - 1] != ',' &&
			value[TOPIC_ID - 1] != '\0'))
			return 0;
		memcpy(info->topics[i], value, TOPIC_ID - 1);
		if (i > 0 && strcmp(info->topics[i - 1], info->topics[i]) >= 0)
			return 0;
	}
	return 1;
}

static int
take_line(struct member_info *info, const char *key, const char *value,
    unsigned *seen)
{
	static const char *const keys[] = { "id", "assignor", "topics",
		"owned" };
	unsigned i;

	for (i = 0; i < 4 && strcmp(key, keys[i]) != 0;)
		i++;
	if (i == 4)
		return 1; /* for people, or of a later version */
	if (*seen & 1U << i)
		return 0;
	*seen |= 1U << i;
	switch (i) {
	case 0:
		return strcmp(value, info->id) == 0;
	case 1:
		info->assignor = strcmp(value, assignors[ASSIGN_RANGE]) == 0 ?
		    ASSIGN_RANGE : ASSIGN_COOPERATIVE;
		return info->assignor == ASSIGN_RANGE ||
		    strcmp(value, assignors[ASSIGN_COOPERATIVE]) == 0;
	case 2:
		return take_topics(info, value);
	default:
		return take_owned(info, value);
	}
}

/* Take apart a copy of the text, which ends in a newline and a NUL. */
static int
take_lines(struct member_info *info, char *text)
{
	char *line, *next, *equals;
	unsigned seen = 0;
	int r = 1;

	for (line = text; r > 0 && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		equals = strchr(line, '=');
		if (equals == NULL)
			return 0;
		*equals = '\0';
		r = take_line(info, line, equals + 1, &seen);
	}
	return r > 0 && seen != 15 ? 0 : r;
}

int
member_info_decode(struct member_info *info, const uint8_t *text, size_t n)
{
	size_t at = sealed(text, n);
	char *copy;
	int r;

	member_info_release(info);
	info->assignor = ASSIGN_COOPERATIVE;
	if (at == 0)
		return 0;
	copy = malloc(at + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, text, at);
	copy[at] = '\0';
	r = take_lines(info, copy);
	free(copy);
	if (r <= 0)
		member_info_release(info);
	return r;
}

void
member_info_release(struct member_info *info)
{
	free(info->topics);
	info->topics = NULL;
	info->topic_count = 0;
	free(info->owned);
	info->owned = NULL;
	info->owned_count = 0;
}
