#include "checkpoint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"
#include "units.h"

static const char start_name[] = "log-start-offset";
static const char cleaner_name[] = "cleaner-checkpoint";
static const char recovery_name[] = "recovery-point";
static const char high_name[] = CHECKPOINT_HIGH;

enum { LINE_MAX_BYTES = 128, BOOT_ID = 36 };

/* The file's one line without its newline; 1, 0 missing, -1. */
static int
read_line(int dirfd, const char *name, char line[LINE_MAX_BYTES],
    const char *where, struct err *e)
{
	struct buf text = { 0 };
	int r;

	r = fsio_read_file(dirfd, name, &text, LINE_MAX_BYTES - 1, where, e);
	if (r > 0) {
		memcpy(line, text.data, text.len + 1);
		if (text.len == 0 || line[text.len - 1] != '\n' ||
		    strlen(line) != text.len)
			r = err_set(e, ERR_CORRUPT,
			    "%s/%s: is not one line of text", where, name);
		else
			line[text.len - 1] = '\0';
	}
	buf_release(&text);
	return r;
}

/* A file of one offset; 1, 0 missing (*offset is 0), -1. */
static int
read_offset(int dirfd, const char *name, int64_t *offset, const char *where,
    struct err *e)
{
	char line[LINE_MAX_BYTES];
	int r;

	*offset = 0;
	r = read_line(dirfd, name, line, where, e);
	if (r > 0 && units_int(line, 0, INT64_MAX, offset) < 0)
		return err_set(
		    e, ERR_CORRUPT, "%s/%s: is not an offset", where, name);
	return r;
}

static int
write_offset(int dirfd, const char *name, int64_t offset, const char *where,
    struct err *e)
{
	char line[LINE_MAX_BYTES];
	int n;

	n = snprintf(line, sizeof(line), "%" PRId64 "\n", offset);
	return fsio_replace(dirfd, name, line, (size_t)n, where, e);
}

int
checkpoint_read_start(
    int dirfd, int64_t *offset, const char *where, struct err *e)
{
	return read_offset(dirfd, start_name, offset, where, e);
}

int
checkpoint_write_start(
    int dirfd, int64_t offset, const char *where, struct err *e)
{
	return write_offset(dirfd, start_name, offset, where, e);
}

int
checkpoint_read_cleaner(
    int dirfd, int64_t *offset, const char *where, struct err *e)
{
	return read_offset(dirfd, cleaner_name, offset, where, e);
}

int
checkpoint_write_cleaner(
    int dirfd, int64_t offset, const char *where, struct err *e)
{
	return write_offset(dirfd, cleaner_name, offset, where, e);
}

int
checkpoint_read_recovery(
    int dirfd, char boot[37], int64_t *offset, const char *where, struct err *e)
{
	char line[LINE_MAX_BYTES];
	int r;

	*offset = 0;
	boot[0] = '\0';
	r = read_line(dirfd, recovery_name, line, where, e);
	if (r <= 0)
		return r;
	if (strlen(line) < BOOT_ID + 2 || line[BOOT_ID] != ' ' ||
	    units_int(line + BOOT_ID + 1, 0, INT64_MAX, offset) < 0)
		return err_set(e, ERR_CORRUPT,
		    "%s/%s: is not a boot id and an offset", where,
		    recovery_name);
	memcpy(boot, line, BOOT_ID);
	boot[BOOT_ID] = '\0';
	return 1;
}

/* Of one width, whatever the offset; the bytes that are to be written. */
static int
recovery_line(char line[LINE_MAX_BYTES], const char *boot, int64_t offset)
{
	return snprintf(
	    line, LINE_MAX_BYTES, "%.36s %020" PRId64 "\n", boot, offset);
}

int
checkpoint_write_recovery(int dirfd, const char boot[37], int64_t offset,
    const char *where, struct err *e)
{
	char line[LINE_MAX_BYTES];
	int n = recovery_line(line, boot, offset);

	return fsio_replace(dirfd, recovery_name, line, (size_t)n, where, e);
}

int
checkpoint_too_short(
    const char *where, int64_t end, int64_t recovery_point, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "%s: ends at offset %" PRId64 ", but was on disk up to %" PRId64
	    " (in a copy made while it was written to: remove its "
	    "recovery-point)",
	    where, end, recovery_point);
}

/* An old line of another width would leave the rest of itself: not touched. */
static void
overwrite(int dirfd, const char *name, const char *line, int n,
    const char *where)
{
	struct err ignored;
	int fd;

	fd = fsio_open_if(dirfd, name, O_WRONLY, where, &ignored);
	if (fd < 0)
		return;
	if (fsio_size(fd) == n)
		(void)fsio_write_at(fd, line, (size_t)n, 0);
	close(fd);
}

void
checkpoint_raise_recovery(
    int dirfd, const char boot[37], int64_t offset, const char *where)
{
	char line[LINE_MAX_BYTES];
	int n = recovery_line(line, boot, offset);

	overwrite(dirfd, recovery_name, line, n, where);
}

int
checkpoint_read_high(
    int dirfd, int64_t *offset, const char *where, struct err *e)
{
	char line[LINE_MAX_BYTES];
	int r;

	*offset = -1;
	r = read_line(dirfd, high_name, line, where, e);
	if (r > 0 && units_int(line, 0, INT64_MAX, offset) < 0)
		return err_set(e, ERR_CORRUPT, "%s/%s: is not an offset", where,
		    high_name);
	return r;
}

int
checkpoint_write_high(
    int dirfd, int64_t offset, const char *where, struct err *e)
{
	char line[LINE_MAX_BYTES];
	int n = snprintf(line, sizeof(line), "%020" PRId64 "\n", offset);

	return fsio_replace(dirfd, high_name, line, (size_t)n, where, e);
}

void
checkpoint_raise_high(int dirfd, int64_t offset, const char *where)
{
	char line[LINE_MAX_BYTES];
	int n = snprintf(line, sizeof(line), "%020" PRId64 "\n", offset);

	overwrite(dirfd, high_name, line, n, where);
}

void
checkpoint_tidy(int dirfd)
{
	fsio_tidy(dirfd, recovery_name);
	fsio_tidy(dirfd, start_name);
	fsio_tidy(dirfd, high_name);
}
