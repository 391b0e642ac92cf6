/* .index: where offsets are; compared with the .log beside it. */
#include <inttypes.h>
#include <unistd.h>

#include "batch.h"
#include "entries.h"
#include "fsio.h"
#include "index.h"

struct beside {			/* the .log */
	int fd;			/* -1 there is none */
	int64_t size;
};

/* Kafka 4.x, DumpLogSegments: the last offset of the batch at position. */
static void
compare(struct dump *d, const struct beside *log, int64_t at,
    const struct index_entry *en)
{
	uint8_t p[BATCH_HEADER];
	struct batch b = { 0 };
	ssize_t got = 0;

	if (en->position >= 0 && en->position < log->size)
		got = fsio_read_at(log->fd, p, sizeof(p), en->position);
	if (got < BATCH_HEADER || batch_decode(p, sizeof(p), &b) == BATCH_BAD)
		dump_bad(d, at, "offset %" PRId64 ": no batch is at position %"
		    PRId64 " of the log", en->offset, en->position);
	else if (en->offset < b.base_offset)
		dump_bad(d, at, "offset %" PRId64 ", but the batch at position"
		    " %" PRId64 " of the log begins at offset %" PRId64,
		    en->offset, en->position, b.base_offset);
	else if (en->offset != b.last_offset)
		dump_strange(d, at, "offset %" PRId64 ", but the batch at "
		    "position %" PRId64 " of the log ends at offset %" PRId64,
		    en->offset, en->position, b.last_offset);
}

static void
one_entry(struct dump *d, const struct beside *log, int64_t at,
    const struct index_entry *en, const struct index_entry *last)
{
	if (at > 0 && (en->offset <= last->offset ||
	    en->position <= last->position))
		dump_bad(d, at, "offset %" PRId64 " at position %" PRId64
		    " follows offset %" PRId64 " at position %" PRId64,
		    en->offset, en->position, last->offset, last->position);
	else if (log->fd >= 0)
		compare(d, log, at, en);
}

int
dump_index(struct dump *d, struct err *e)
{
	struct index_entry en, last = { 0 };
	struct beside log = { 0 };
	int64_t base = dump_base(d);
	struct line *l = &d->line;
	struct entries es;
	const uint8_t *p;
	int r;

	if (d->size == 0)
		line_text(l, "%s is empty.", d->path);
	log.fd = dump_open_log(d, ".index", &log.size);
	entries_init(&es, d, INDEX_ENTRY, true);
	while ((r = entries_next(&es, &p, e)) > 0 && !l->failed) {
		en = index_get(p, base);
		line_begin(l, NULL, "index");
		line_int(l, "offset", "offset", en.offset);
		line_int(l, "position", "position", en.position);
		line_end(l, es.position, (struct slice){ p, INDEX_ENTRY });
		one_entry(d, &log, es.position, &en, &last);
		last = en;
	}
	if (log.fd >= 0)
		close(log.fd);
	return r < 0 ? -1 : 0;
}
