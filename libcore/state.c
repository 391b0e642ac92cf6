#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "crc.h"
#include "fsio.h"

#define STATE_MAGIC 0x6b6c6f6773740004ULL /* "klogst", version 4 */

static const char file_name[] = "state";

enum { STATE_BYTES = 4096 };

_Static_assert(sizeof(struct state_page) <= STATE_BYTES, "one page");

int
state_map(struct state *st, int dirfd, bool writable, bool create,
    const char *where, struct err *e)
{
	int flags = writable ? O_RDWR : O_RDONLY;
	int64_t size;
	void *map;
	int fd;

	if (create)
		fd = fsio_open(
		    dirfd, file_name, flags | O_CREAT, 0664, where, e);
	else
		fd = fsio_open_if(dirfd, file_name, flags, where, e);
	if (fd < 0)
		return !create && e->code == ERR_NONE ? 0 : -1;
	size = fsio_size(fd);
	/* A store into a hole on a full disk would be SIGBUS. */
	if (size >= 0 && create)
		size = fsio_allocate(fd, STATE_BYTES) < 0 ? -1 : STATE_BYTES;
	if (size < 0) {
		err_sys(e, "%s/%s", where, file_name);
		close(fd);
		return -1;
	}
	if (size < STATE_BYTES) {
		close(fd);
		return 0;
	}
	map = mmap(NULL, STATE_BYTES,
	    writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err_sys(e, "%s/%s", where, file_name);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	state_unmap(st);
	st->page = map;
	st->writable = writable;
	return 1;
}

void
state_unmap(struct state *st)
{
	if (st->page != NULL)
		munmap(st->page, STATE_BYTES);
	st->page = NULL;
}

static uint32_t
slot_crc(const struct state_slot *slot)
{
	return crc32c(slot, offsetof(struct state_slot, crc));
}

void
state_read(const struct state *st, struct state_slot *slot)
{
	struct state_page *page = st->page;
	uint32_t current;

	do {
		current = atomic_load_explicit(
		    &page->current, memory_order_acquire);
		memcpy(slot, &page->slot[current & 1], sizeof(*slot));
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load_explicit(&page->current, memory_order_relaxed) !=
	    current);
}

struct identity {	/* of the file of that name */
	uint64_t device, inode;
	uint64_t size;
};

/*
 * The inode with the time it was made: a copy that takes the place of a file
 * often gets its number again.  0, or -1.
 */
static int
identify(int dirfd, struct identity *id)
{
	struct statx stx;

	if (statx(dirfd, file_name, AT_SYMLINK_NOFOLLOW,
		STATX_INO | STATX_SIZE | STATX_BTIME, &stx) < 0)
		return -1;
	id->device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	id->inode = stx.stx_ino;
	id->size = stx.stx_size;
	if ((stx.stx_mask & STATX_BTIME) != 0)
		id->inode ^= (uint64_t)stx.stx_btime.tv_sec * 1000000000 +
		    stx.stx_btime.tv_nsec;
	return 0;
}

bool
state_is_valid(const struct state *st, int dirfd, const char boot[37])
{
	const struct state_page *page = st->page;
	struct state_slot slot;
	struct identity named;

	/* The size first: a page past the end of the file is SIGBUS. */
	if (page == NULL || identify(dirfd, &named) < 0 ||
	    named.size < STATE_BYTES)
		return false;
	if (atomic_load(&page->magic) != STATE_MAGIC ||
	    memcmp(page->boot, boot, 37) != 0 ||
	    page->device != named.device || page->inode != named.inode)
		return false;
	/* A hint that is wrong must never cut what is right. */
	state_read(st, &slot);
	return slot.crc == slot_crc(&slot);
}

bool
state_is_copy(const struct state *st, int dirfd)
{
	const struct state_page *page = st->page;
	struct identity named;

	return atomic_load(&page->magic) == STATE_MAGIC &&
	    identify(dirfd, &named) == 0 &&
	    (page->device != named.device || page->inode != named.inode);
}

void
state_publish(struct state *st, const struct state_slot *slot)
{
	struct state_page *page = st->page;
	uint32_t next = atomic_load(&page->current) + 1;
	struct state_slot sealed = *slot;

	sealed.crc = slot_crc(slot);
	atomic_thread_fence(memory_order_release);
	memcpy(&page->slot[next & 1], &sealed, sizeof(sealed));
	atomic_store_explicit(&page->current, next, memory_order_release);
}

static void
lower(_Atomic int64_t *word, int64_t to)
{
	if (atomic_load(word) > to)
		atomic_store(word, to);
}

/*
 * Another cut.  STATE_CUTS - 1 are read, so that nobody reads the one that is
 * being written; the one that drops out is told with the one after it.
 */
static void
note_cut(struct state_page *page, int64_t offset)
{
	uint32_t count = atomic_load(&page->cuts), i;

	if (count + 1 >= STATE_CUTS)
		lower(&page->cut_at[(count + 2) % STATE_CUTS],
		    atomic_load(&page->cut_at[(count + 1) % STATE_CUTS]));
	for (i = 1; i < STATE_CUTS && i <= count; i++)
		lower(&page->cut_at[(count - i) % STATE_CUTS], offset);
	atomic_store(&page->cut_at[count % STATE_CUTS], offset);
	atomic_store(&page->cuts, count + 1);
}

bool
state_was_cut(const struct state *st, uint32_t *seen, int64_t *offset)
{
	const struct state_page *page = st->page;
	uint32_t count = atomic_load(&page->cuts), first;

	if (count == *seen)
		return false;
	/* Another page, made after the first was removed at rest. */
	if (count < *seen) {
		*seen = count;
		return false;
	}
	do {
		count = atomic_load(&page->cuts);
		first = count - *seen < STATE_CUTS ? *seen :
						     count - (STATE_CUTS - 1);
		*offset = atomic_load(&page->cut_at[first % STATE_CUTS]);
	} while (atomic_load(&page->cuts) != count);
	*seen = count;
	return true;
}

void
state_withdraw(struct state *st, const struct state_slot *slot)
{
	struct state_page *page = st->page;

	atomic_store(&page->magic, 0);
	state_publish(st, slot);
	note_cut(page, slot->next_offset);
	atomic_store(&page->durable_position, 0);
	atomic_store(&page->durable_base, slot->base);
	atomic_store(&page->durable_position, slot->position);
	atomic_store(&page->durable_offset, slot->next_offset);
}

bool
state_is_withdrawn(const struct state *st, const char boot[37])
{
	return st->page != NULL && atomic_load(&st->page->magic) == 0 &&
	    memcmp(st->page->boot, boot, 37) == 0;
}

int
state_reset(struct state *st, int dirfd, const char boot[37],
    const struct state_slot *slot, uint32_t role, int64_t high_watermark,
    const char *where, struct err *e)
{
	struct state_page *page = st->page;
	bool same = memcmp(page->boot, boot, 37) == 0;
	struct state_slot was;
	struct identity named;

	if (identify(dirfd, &named) < 0)
		return err_sys(e, "%s/%s", where, file_name);
	state_read(st, &was);
	/* Again where it was withdrawn: who read on meanwhile, from the files,
	 * has read what goes. */
	if (same && (atomic_load(&page->magic) == 0 ||
	    (was.crc == slot_crc(&was) && was.next_offset > slot->next_offset)))
		note_cut(page, slot->next_offset);
	atomic_store(&page->magic, 0);
	memcpy(page->boot, boot, 37);
	page->device = named.device;
	page->inode = named.inode;
	state_publish(st, slot);
	atomic_store(&page->durable_base, slot->base);
	atomic_store(&page->durable_position, slot->position);
	atomic_store(&page->durable_offset, slot->next_offset);
	atomic_store(&page->min_in_sync, 0);
	atomic_store(&page->high_watermark, high_watermark);
	atomic_store(&page->copied_offset, high_watermark);
	atomic_store(&page->stalled_offset, -1);
	atomic_store(&page->joining_ms, 0);
	/* Unlike that of a page that was removed; even. */
	atomic_store(
	    &page->in_sync_seq, (uint32_t)clock_mono_ms() / 2 * 2);
	atomic_store(&page->syncing, 0);
	atomic_store(&page->poison, 0);
	atomic_store(&page->role, role);
	atomic_store(&page->busy, 0);
	atomic_store(&page->magic, STATE_MAGIC);
	return 0;
}
