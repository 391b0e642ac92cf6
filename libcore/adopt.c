/*
 * Recovery in the boot that wrote the state page: what a killed producer left.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "fsio.h"
#include "recovery.h"
#include "recovery_parts.h"
#include "segment.h"

/*
 * An interrupted roll can leave an empty segment at the log's end.  If it
 * were back after a power cut, it would hide what is appended from here on:
 * so its removal, perhaps by one who was killed before this, is made durable.
 */
static int
remove_unborn(struct partition *p, struct err *e)
{
	char name[SEGMENT_NAME];
	struct stat st;

	if (p->slot.next_offset == p->slot.base)
		return 0;
	segment_name(name, p->slot.next_offset, SEGMENT_LOG);
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return err_sys(e, "%s/%s", p->where, name);
	} else if (st.st_size != 0) {
		return err_set(e, ERR_CORRUPT,
		    "%s/%s: lies beyond the end "
		    "of the log",
		    p->where, name);
	} else if (recovery_remove_empty(p, p->slot.next_offset, e) < 0) {
		return -1;
	}
	if (fsio_sync_dir(p->dirfd) < 0)
		return err_sys(e, "%s", p->where);
	return 0;
}

int
recovery_adopt(struct partition *p, struct err *e)
{
	struct state_page *page = p->state.page;
	struct stat st;

	state_read(&p->state, &p->slot);
	if (partition_open_log(p, p->slot.base, e) < 0)
		return -1;
	if (fstat(p->log_fd, &st) < 0)
		return recovery_log_error(p, e);
	if (st.st_ino != p->slot.inode || st.st_dev != p->slot.device)
		return recovery_rebuild(p, e);
	if (st.st_size < p->slot.position)
		return err_set(e, ERR_CORRUPT,
		    "%s/%020" PRId64 ".log: offset "
		    "%" PRId64 ": %" PRId64 " bytes of the log are missing",
		    p->where, p->slot.base, p->slot.next_offset,
		    p->slot.position - (int64_t)st.st_size);
	atomic_store(&page->busy, 1);
	if (recovery_trim_indexes(p, &p->slot, e) < 0 ||
	    remove_unborn(p, e) < 0)
		return -1;
	if (recovery_take_batches(p, &p->slot, st.st_size, NULL, e) < 0)
		return -1;
	/* What a killed producer left half written is kept if asked for. */
	if (st.st_size > p->slot.position && p->save_torn) {
		if (recovery_cut_off(p, st.st_size, e) < 0)
			return -1;
	} else if (st.st_size > p->slot.position) {
		if (segment_alone(p->log_fd, p->log_base, p->where, e) < 0)
			return -1;
		if (fsio_truncate(p->log_fd, p->slot.position) < 0)
			return recovery_log_error(p, e);
	}
	checkpoint_tidy(p->dirfd);
	state_publish(&p->state, &p->slot);
	atomic_store(&page->busy, 0);
	return 0;
}
