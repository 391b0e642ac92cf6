/*
 * What is there where copies count: the high watermark, and who is in sync.
 */
#include <inttypes.h>
#include <string.h>

#include "checkpoint.h"
#include "fsio.h"
#include "insync.h"
#include "verify.h"
#include "verify_parts.h"

enum { IN_SYNC_MAX = 1 << 20 };

static int
check_high(struct verify_part *p, struct err *e)
{
	struct trouble t = verify_whole(ABOUT_COPIES, MEND_INDEX);
	int64_t high = -1;

	/* The file is written first. */
	if (p->known)
		high = atomic_load(&p->state.page->high_watermark);
	if (checkpoint_read_high(p->dirfd, &p->high, p->where, e) < 0) {
		if (e->code == ERR_SYSTEM && e->sys != 0)
			return -1;
		if (e->code == ERR_CORRUPT)
			verify_tell(p, t, CHECKPOINT_HIGH, "is not an offset");
		return 0;
	}
	/* Where it is not wanted any more, it goes from there first. */
	if (p->high < high &&
	    atomic_load(&p->state.page->high_watermark) >= high)
		verify_tell(p, t, CHECKPOINT_HIGH,
		    p->high < 0 ? "is missing: the state says %" PRId64 :
				  "is below that of the state, %" PRId64,
		    high);
	return 0;
}

static int
check_in_sync(struct verify_part *p, struct err *e)
{
	struct trouble t = verify_whole(ABOUT_COPIES, MEND_INDEX);
	struct buf text = { 0 };
	const char *line, *end;
	int r, n = 1;

	r = fsio_read_file(
	    p->dirfd, INSYNC_NAME, &text, IN_SYNC_MAX, p->where, e);
	if (r < 0 && e->code == ERR_CORRUPT) {
		verify_tell(p, t, INSYNC_NAME, "is no list of followers");
		r = 0;
	}
	line = (const char *)text.data;
	for (; r > 0 && *line != '\0'; line = end + 1, n++) {
		end = strchr(line, '\n');
		if (end != NULL &&
		    replicas_is_name(line, (size_t)(end - line)))
			continue;
		verify_tell(
		    p, t, INSYNC_NAME, "line %d: is no follower's name", n);
		break;
	}
	if (r > 0 && strlen((char *)text.data) != text.len)
		verify_tell(p, t, INSYNC_NAME, "is no list of followers");
	buf_release(&text);
	return r < 0 && e->code == ERR_SYSTEM && e->sys != 0 ? -1 : 0;
}

int
verify_copies(struct verify_part *p, struct err *e)
{
	return check_high(p, e) < 0 || check_in_sync(p, e) < 0 ? -1 : 0;
}
