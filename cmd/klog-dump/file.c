#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "fsio.h"
#include "main.h"
#include "report.h"
#include "units.h"

enum { STATUS_DAMAGED = 4 };	/* klog(7), EXIT STATUS */

/* In the order in which those of a segment are printed. */
static const struct kind {
	const char *name;	/* with a dot: the end of a name; else all */
	int (*dump)(struct dump *d, struct err *e);
} kinds[] = {
	{ ".log", dump_log },
	{ ".index", dump_index },
	{ ".timeindex", dump_timeindex },
	{ ".txnindex", dump_txnindex },
	{ ".snapshot", dump_snapshot },
	{ "leader-epoch-checkpoint", dump_epochs },
	{ "leader-epoch-origins", dump_origins },
	{ "partition.metadata", dump_metadata },
	{ "log-start-offset", dump_offset },
	{ "high-watermark", dump_offset },
	{ "cleaner-checkpoint", dump_offset },
	{ "swap", dump_swap },
	{ "in-sync", dump_in_sync },
	{ "recovery-point", dump_recovery },
	{ "state", dump_state },
	{ "topic.conf", dump_conf },
	{ "role", dump_role },
	{ "replicas/", dump_replica }, /* whatever is in it */
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), NAME_BYTES = 256 };

/* Kafka adds one of these to a name while it removes or replaces the file. */
static const char *const added[] = { ".deleted", ".cleaned", ".swap" };

static bool
cut_end(char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	if (n <= m || strcmp(name + n - m, end) != 0)
		return false;
	name[n - m] = '\0';
	return true;
}

/* An offset of decimal digits, low enough for all that a segment can hold. */
static int64_t
parse_base(const char *text)
{
	int64_t base;

	if (units_int(text, 0, INT64_MAX - INT32_MAX - 1, &base) < 0)
		return -1;
	return base;
}

/* cut/BASE.POSITION.TIME: batches that a recovery took off a .log. */
static bool
is_cut(char *stem)
{
	char *position = strchr(stem, '.'), *when;
	int64_t n;

	when = position == NULL ? NULL : strchr(position + 1, '.');
	if (when == NULL)
		return false;
	*position++ = '\0';
	*when++ = '\0';
	return parse_base(stem) >= 0 &&
	    units_int(position, 0, INT64_MAX, &n) == 0 &&
	    units_int(when, 0, INT64_MAX, &n) == 0;
}

int
dump_kind(const char *name, int64_t *base)
{
	char stem[NAME_BYTES];
	int i;

	*base = -1;
	if (strlen(name) >= sizeof(stem))
		return -1;
	memcpy(stem, name, strlen(name) + 1);
	for (i = 0; i < (int)(sizeof(added) / sizeof(added[0])); i++)
		if (cut_end(stem, added[i]))
			break;
	for (i = 0; i < KINDS; i++) {
		if (kinds[i].name[0] == '.' && cut_end(stem, kinds[i].name)) {
			*base = parse_base(stem);
			return i;
		}
		if (strcmp(name, kinds[i].name) == 0)
			return i;
	}
	if (!is_cut(stem))
		return -1;
	*base = parse_base(stem);
	return 0;
}

int64_t
dump_base(struct dump *d)
{
	if (d->base >= 0)
		return d->base;
	dump_strange(d, 0, "the name tells no base offset; "
	    "offsets are relative to it");
	return 0;
}

/* "PATH: position N: what", by one of report.h. */
static void
say(struct dump *d, void (*report)(const char *, ...), int64_t position,
    const char *fmt, va_list ap)
{
	char what[512];

	vsnprintf(what, sizeof(what), fmt, ap);
	line_flush(&d->line);
	report("%s: position %" PRId64 ": %s", d->path, position, what);
}

void
dump_bad(struct dump *d, int64_t position, const char *fmt, ...)
{
	va_list ap;

	if (d->status < STATUS_DAMAGED)
		d->status = STATUS_DAMAGED;
	if (d->bad++ >= DUMP_BAD_MAX)
		return;
	va_start(ap, fmt);
	say(d, report_error, position, fmt, ap);
	va_end(ap);
}

void
dump_strange(struct dump *d, int64_t position, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(d, report_warn, position, fmt, ap);
	va_end(ap);
}

void
dump_note(struct dump *d, int64_t position, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (report_verbose() > 0)
		say(d, report_note, position, fmt, ap);
	va_end(ap);
}

void
dump_failed(struct dump *d, const struct err *e)
{
	if (main_status(e) > d->status)
		d->status = main_status(e);
	line_flush(&d->line);
	report_error("%s", e->text);
}

int
dump_load(struct dump *d, struct err *e)
{
	ssize_t got;

	if (d->size > DUMP_FILE_MAX)
		return err_set(e, ERR_CORRUPT,
		    "%s: position %d: larger than such a file can be", d->path,
		    DUMP_FILE_MAX);
	buf_clear(&d->bytes);
	if (buf_reserve(&d->bytes, (size_t)d->size + 1) < 0)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", d->path);
	got = fsio_read_at(d->fd, d->bytes.data, (size_t)d->size, 0);
	if (got < 0)
		return err_sys(e, "%s", d->path);
	d->bytes.len = (size_t)got;
	d->bytes.data[got] = '\0';
	return 0;
}

int64_t
dump_zeros(struct dump *d, int64_t position, struct err *e)
{
	uint8_t piece[4096];
	ssize_t got, i;

	for (; position < d->size; position += got) {
		got = fsio_read_at(d->fd, piece, sizeof(piece), position);
		if (got < 0)
			return err_sys(e, "%s", d->path);
		if (got == 0)
			break;
		for (i = 0; i < got && piece[i] == 0; i++)
			;
		if (i < got)
			return position + i;
	}
	return d->size;
}

/*
 * A regular file, for reading only; its last part must not be a symbolic
 * link.  A descriptor, or -1.
 */
static int
open_file(const char *path, int64_t *size, struct err *e)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat st;
	int fd;

	do
		fd = open(path, flags);
	while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		if (errno != ELOOP)
			return err_sys(e, "%s", path);
		return err_set(e, ERR_SYSTEM, "%s: is a symbolic link", path);
	}
	if (fstat(fd, &st) < 0)
		err_sys(e, "%s", path);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_SYSTEM, "%s: is not a regular file", path);
	else {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

int
dump_open_log(struct dump *d, const char *suffix, int64_t *size)
{
	const char *slash = strrchr(d->path, '/');
	const char *at = slash == NULL ? d->path : slash;
	struct err e = { 0 };
	char *path;
	int fd;

	at = strstr(at, suffix);
	if (at == NULL || asprintf(&path, "%.*s.log%s", (int)(at - d->path),
	    d->path, at + strlen(suffix)) < 0)
		return -1;
	fd = open_file(path, size, &e);
	if (fd < 0 && e.sys == ENOENT)
		dump_note(d, 0, "not compared: there is no %s", path);
	else if (fd < 0)
		dump_strange(d, 0, "not compared: %s", e.text);
	free(path);
	return fd;
}

int
dump_file(struct dump *d, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	int kind = dump_kind(slash == NULL ? path : slash + 1, &d->base);
	size_t n = slash == NULL ? 0 : (size_t)(slash + 1 - path);
	const char *end = kinds[KINDS - 1].name;

	if (kind < 0 && n >= strlen(end) &&
	    strncmp(path + n - strlen(end), end, strlen(end)) == 0 &&
	    (n == strlen(end) || path[n - strlen(end) - 1] == '/'))
		kind = KINDS - 1;
	d->path = d->line.file = path;
	d->bad = 0;
	d->fd = open_file(path, &d->size, e);
	if (d->fd >= 0 && kind < 0) {
		close(d->fd);
		d->fd = err_set(e, ERR_DATA, "%s: by its name it is no file "
		    "of a partition", path);
	}
	if (d->fd < 0) {
		dump_failed(d, e);
		return line_failed(&d->line, e) ? -1 : 0;
	}
	line_text(&d->line, "Dumping %s", path);
	if (kinds[kind].dump(d, e) < 0)
		dump_failed(d, e);
	close(d->fd);
	line_flush(&d->line);
	if (d->bad > DUMP_BAD_MAX)
		report_error("%s: %d more places are damaged", path,
		    d->bad - DUMP_BAD_MAX);
	return line_failed(&d->line, e) ? -1 : 0;
}
