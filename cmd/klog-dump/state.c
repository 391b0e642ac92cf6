/* state: what the programs of one machine know of the log's end. */
#include <inttypes.h>

#include "dump.h"
#include "fsio.h"
#include "parent.h"
#include "state.h"

static const struct slice nothing = { NULL, -1 };

static void
print_page(struct line *l, const struct state_page *page, bool valid)
{
	struct slice boot = { (const uint8_t *)page->boot, 0 };

	boot.len = (int32_t)strnlen(page->boot, sizeof(page->boot));
	line_begin(l, NULL, "state");
	line_bool(l, "isvalid", "valid", valid);
	line_bytes(l, "boot", "boot", boot);
	line_int(l, "device", "device", (int64_t)page->device);
	line_int(l, "inode", "inode", (int64_t)page->inode);
	line_int(l, "current", "current", page->current & 1);
	line_int(l, "busy", "busy", page->busy);
	line_int(l, "syncing", "syncing", page->syncing);
	line_int(l, "poison", "poison", page->poison);
	line_int(l, "role", "role", page->role);
	line_int(l, "appends", "appends", page->data_seq);
	line_int(l, "syncs", "syncs", page->durable_seq);
	line_int(l, "durableOffset", "durable_offset", page->durable_offset);
	line_int(l, "durableBase", "durable_base", page->durable_base);
	line_int(l, "durablePosition", "durable_position",
	    page->durable_position);
	line_int(l, "highWatermark", "high_watermark", page->high_watermark);
	line_int(l, "copiedOffset", "copied_offset", page->copied_offset);
	line_int(l, "minInSync", "min_in_sync", page->min_in_sync);
	line_end(l, 0, nothing);
}

static void
print_slot(struct line *l, int number, const struct state_slot *s)
{
	line_begin(l, NULL, "slot");
	line_int(l, "slot", "slot", number);
	line_int(l, "base", "base", s->base);
	line_int(l, "device", "device", (int64_t)s->device);
	line_int(l, "inode", "inode", (int64_t)s->inode);
	line_int(l, "position", "position", s->position);
	line_int(l, "nextOffset", "next_offset", s->next_offset);
	line_int(l, "epoch", "leader_epoch", s->epoch);
	line_int(l, "firstTimestamp", "first_timestamp", s->first_timestamp);
	line_int(l, "maxTimestamp", "max_timestamp", s->max_timestamp);
	line_int(l, "maxOffset", "max_offset", s->max_offset);
	line_int(l, "indexedTimestamp", "indexed_timestamp",
	    s->indexed_timestamp);
	line_int(l, "sinceIndex", "since_index", s->since_index);
	line_int(l, "created", "created", s->created_ms);
	line_int(l, "indexEntries", "index_entries", s->index_entries);
	line_int(l, "timeindexEntries", "timeindex_entries",
	    s->timeindex_entries);
	line_int(l, "crc", "crc", s->crc);
	line_end(l, 0, nothing);
}

/*
 * A page that is not valid here and now is no damage: it is a hint, of
 * another boot perhaps, or was copied.
 */
int
dump_state(struct dump *d, struct err *e)
{
	struct state state = { 0 };
	struct state_page page;
	struct parent dir;
	char boot[37];
	bool valid;
	int r;

	if (fsio_boot_id(boot, e) < 0 || parent_open(&dir, d->path, e) < 0)
		return -1;
	r = state_map(&state, dir.fd, false, false, dir.path, e);
	if (r < 0)
		parent_named(d->path, e);
	else if (r == 0)
		dump_bad(d, d->size, "too short for a state page");
	if (r > 0) {
		valid = state_is_valid(&state, dir.fd, boot);
		memcpy(&page, state.page, sizeof(page));
		print_page(&d->line, &page, valid);
		print_slot(&d->line, 0, &page.slot[0]);
		print_slot(&d->line, 1, &page.slot[1]);
	}
	state_unmap(&state);
	parent_close(&dir);
	return r < 0 ? -1 : 0;
}
