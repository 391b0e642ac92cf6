/*
 * What is there where copies count: the high watermark, who is in sync, and
 * what followers have acknowledged.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "fsio.h"
#include "insync.h"
#include "names.h"
#include "replicas.h"
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

/* It is not synced: a power cut may have left zeros, or nothing. */
static bool
is_hole(const struct replicas_file *f, int64_t at)
{
	char first = '\0';

	return fsio_read_at(f->fd, &first, 1, at) <= 0 || first == '\0';
}

/* Who serves it writes each line anew as it comes. */
static int
check_follower(struct verify_part *p, const char *name, struct err *e)
{
	char file[sizeof(REPLICAS_DIR) + REPLICAS_NAME];
	struct replica_acked a;
	struct replicas_file f;
	int32_t i, n;
	int good;

	if (!replicas_is_name(name, strlen(name)))
		return 0;
	good = replicas_open(&f, p->dirfd, p->where, name, e);
	if (good <= 0)
		return good;
	n = replicas_partitions(&f);
	good = is_hole(&f, 0) ? 1 : replicas_head(&f, e);
	for (i = 0; good > 0 && i < n; i++)
		if (!is_hole(&f, replicas_place(i)))
			good = replicas_read(&f, i, &a, e);
	if (good == 0 && !replicas_connected(&f)) {
		snprintf(file, sizeof(file), REPLICAS_DIR "/%s", name);
		verify_tell(p, verify_whole(ABOUT_FOLLOWER, MEND_INDEX), file,
		    "line %" PRId32 ": is damaged: nothing counts as "
		    "acknowledged", i + 1);
	}
	replicas_close(&f);
	return good < 0 ? -1 : 0;
}

int
verify_followers(struct verify_part *p, struct err *e)
{
	size_t n, i;
	char **names;
	int r = 0;

	if (replicas_list(p->dirfd, p->where, &names, &n, e) < 0)
		return -1;
	for (i = 0; r == 0 && i < n; i++)
		r = check_follower(p, names[i], e);
	names_free(names, n);
	return r;
}
