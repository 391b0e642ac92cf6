#include "conf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fsio.h"
#include "units.h"

enum { CONF_BYTES_MAX = 64 << 10, CONF_LINE = 256 };

static int
is_id(const char *text)
{
	return strlen(text) == TOPIC_ID - 1 &&
	    strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_") == TOPIC_ID - 1;
}

/* One line; bit 0-2 of *seen note version, id and partitions. */
static int
decode_line(struct settings *s, const char *key, const char *value,
    unsigned *seen, struct err *e)
{
	int64_t n;

	if (strcmp(key, "version") == 0) {
		*seen |= 1;
		if (units_int(value, 1, INT32_MAX, &n) < 0)
			return err_set(e, ERR_CORRUPT, "not a version");
		if (n != CONF_VERSION)
			return err_set(e, ERR_SYSTEM,
			    "version %s: made by a "
			    "newer klog, which is needed to use it",
			    value);
		return 0;
	}
	if (strcmp(key, "id") == 0) {
		*seen |= 2;
		if (!is_id(value))
			return err_set(e, ERR_CORRUPT, "not a topic id");
		memcpy(s->id, value, TOPIC_ID);
		return 0;
	}
	if (strcmp(key, "partitions") == 0) {
		*seen |= 4;
		if (units_int(value, 1, PARTITIONS_MAX, &n) < 0)
			return err_set(
			    e, ERR_CORRUPT, "not a number of partitions");
		s->partitions = (int32_t)n;
		return 0;
	}
	if (settings_set(s, key, value, e) < 0) {
		e->code = ERR_CORRUPT;
		return -1;
	}
	return 0;
}

static int
decode(struct settings *s, char *text, size_t len, const char *where,
    struct err *e)
{
	unsigned seen = 0;
	char *line, *end, *equals;
	int number = 1;

	if (memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_CORRUPT,
		    "%s/" CONF_NAME ": holds a NUL byte", where);
	for (line = text; *line != '\0'; line = end + 1, number++) {
		end = strchr(line, '\n');
		if (end == NULL)
			return err_set(e, ERR_CORRUPT,
			    "%s/" CONF_NAME ": line %d: has no end", where,
			    number);
		*end = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		equals = strchr(line, '=');
		if (equals == NULL)
			return err_set(e, ERR_CORRUPT,
			    "%s/" CONF_NAME ": line %d: is not key=value",
			    where, number);
		*equals = '\0';
		if (decode_line(s, line, equals + 1, &seen, e) < 0)
			return err_prefix(
			    e, "%s/" CONF_NAME ": line %d", where, number);
	}
	if (seen != 7)
		return err_set(e, ERR_CORRUPT,
		    "%s/" CONF_NAME ": has no %s line", where,
		    !(seen & 1)	    ? "version" :
			!(seen & 2) ? "id" :
				      "partitions");
	return 0;
}

struct conf_stamp
conf_stamp(int dirfd)
{
	struct stat st;

	if (fstatat(dirfd, CONF_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return (struct conf_stamp){ 0 };
	return (struct conf_stamp){ st.st_ino,
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec };
}

int
conf_read(struct settings *s, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	int r;

	settings_init(s);
	r = fsio_read_file(dirfd, CONF_NAME, &text, CONF_BYTES_MAX, where, e);
	if (r > 0 && decode(s, (char *)text.data, text.len, where, e) < 0)
		r = -1;
	buf_release(&text);
	return r;
}

int
conf_write(
    const struct settings *s, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	char line[CONF_LINE], value[CONF_LINE / 2];
	int i, n, r;

	n = snprintf(line, sizeof(line),
	    "version=%d\nid=%s\npartitions=%" PRId32 "\n", CONF_VERSION, s->id,
	    s->partitions);
	r = buf_append(&text, line, (size_t)n);
	for (i = 0; i < SETTINGS_KEYS && r == 0; i++) {
		if (!(s->given >> i & 1))
			continue;
		settings_text(s, i, value, sizeof(value));
		n = snprintf(line, sizeof(line), "%s=%s\n",
		    settings_row(i)->name, value);
		r = buf_append(&text, line, (size_t)n);
	}
	if (r < 0)
		err_set(
		    e, ERR_SYSTEM, "%s/" CONF_NAME ": out of memory", where);
	else
		r = fsio_replace(
		    dirfd, CONF_NAME, text.data, text.len, where, e);
	buf_release(&text);
	return r;
}
