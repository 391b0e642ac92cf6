#include "swap_check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "scan.h"
#include "segment.h"
#include "swap.h"

/* 1: it is the .log of a segment that has not got its name. */
static int
is_new(void *context, int fd, const char *name, struct err *e)
{
	static const char suffix[] = ".log.cleaned";
	size_t n = strlen(name), m = sizeof(suffix) - 1;

	(void)context;
	(void)fd;
	(void)e;
	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* Whether segment base ends at or before offset next: 1, 0 (also if that can't
 * be told), -1. */
static int
ends_before(int dirfd, int64_t base, int64_t next, const char *where,
    struct err *e)
{
	struct scan s = { 0 };
	int64_t end = base;
	struct batch b;
	int r;

	s.fd = segment_open(dirfd, base, SEGMENT_LOG, O_RDONLY, where, e);
	if (s.fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	scan_init(&s, s.fd, 0, SEGMENT_BYTES_MAX);
	while ((r = scan_peek(&s, &b)) == BATCH_WHOLE) {
		end = b.last_offset + 1;
		scan_skip(&s, &b);
	}
	if (r == SCAN_IO)
		err_sys(e, "%s/%020" PRId64 ".log", where, base);
	close(s.fd);
	scan_release(&s);
	return r == SCAN_IO ? -1 : r == BATCH_SHORT && end <= next;
}

static int
is_stray(int dirfd, const char *where, struct err *e)
{
	struct segment_list l = { 0 };
	size_t i;
	int r;

	r = folder_each(dirfd, ".", where, is_new, NULL, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	r = segment_list_read(&l, dirfd, where, e) < 0 ? -1 : 1;
	for (i = 0; r > 0 && i + 1 < l.count; i++)
		r = ends_before(
		    dirfd, l.bases[i], l.bases[i + 1], where, e);
	segment_list_release(&l);
	return r;
}

int
swap_check(int dirfd, const char *where, struct err *e)
{
	struct swap s = { 0 };
	size_t i;
	int r;

	r = swap_read(&s, dirfd, where, e);
	if (r == 0 || (r < 0 && e->code != ERR_CORRUPT)) {
		swap_release(&s);
		return r < 0 ? -1 : SWAP_NONE;
	}
	for (i = 0; r > 0 && i < s.count; i++)
		r = swap_can(&s.list[i], dirfd, where, e);
	swap_release(&s);
	if (r > 0)
		return SWAP_WAITS;
	if (r < 0 && e->code != ERR_CORRUPT)
		return -1;
	r = is_stray(dirfd, where, e);
	return r < 0 ? -1 : r > 0 ? SWAP_STRAY : SWAP_STUCK;
}
