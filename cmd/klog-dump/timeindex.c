/* .timeindex: where times are; compared with the .log beside it. */
#include <inttypes.h>
#include <unistd.h>

#include "entries.h"
#include "index.h"
#include "scan.h"

struct beside {			/* the .log, whose headers are walked along */
	struct scan scan;
	int fd;			/* -1 there is none, or no more of it */
	bool any;
	struct batch batch;	/* the one last come to */
};

static void
stop_comparing(struct beside *log)
{
	close(log->fd);
	log->fd = -1;
}

/* Go on to the batch that holds offset; false: there is none. */
static bool
find(struct beside *log, int64_t offset)
{
	while (!log->any || log->batch.last_offset < offset) {
		if (scan_peek(&log->scan, &log->batch) != BATCH_WHOLE)
			return false;
		scan_skip(&log->scan, &log->batch);
		log->any = true;
	}
	return true;
}

/*
 * Kafka 4.x, DumpLogSegments: the last offset of a batch, and the largest
 * timestamp in it.  Older versions named the record itself.
 */
static void
compare(struct dump *d, struct beside *log, int64_t at,
    const struct timeindex_entry *en)
{
	if (!find(log, en->offset)) {
		if (log->scan.position == log->scan.limit)
			dump_bad(d, at, "offset %" PRId64 " is not in the log",
			    en->offset);
		else
			dump_strange(d, at, "from here on not compared: the "
			    "log is damaged at position %" PRId64,
			    log->scan.position);
		stop_comparing(log);
	} else if (en->timestamp > log->batch.max_timestamp ||
	    (en->offset == log->batch.last_offset &&
	    en->timestamp != log->batch.max_timestamp)) {
		dump_bad(d, at, "timestamp %" PRId64 ", but the largest of the "
		    "batch with offset %" PRId64 " is %" PRId64,
		    en->timestamp, en->offset, log->batch.max_timestamp);
	} else if (en->offset != log->batch.last_offset) {
		dump_strange(d, at, "offset %" PRId64 ", but the batch in the "
		    "log ends at offset %" PRId64, en->offset,
		    log->batch.last_offset);
	}
}

static void
one_entry(struct dump *d, struct beside *log, int64_t at,
    const struct timeindex_entry *en, const struct timeindex_entry *last)
{
	if (at > 0 && (en->timestamp <= last->timestamp ||
	    en->offset < last->offset))
		dump_bad(d, at, "timestamp %" PRId64 " of offset %" PRId64
		    " follows timestamp %" PRId64 " of offset %" PRId64,
		    en->timestamp, en->offset, last->timestamp, last->offset);
	else if (log->fd >= 0)
		compare(d, log, at, en);
}

int
dump_timeindex(struct dump *d, struct err *e)
{
	struct timeindex_entry en, last = { 0, 0 };
	struct beside log = { .fd = -1 };
	int64_t base = dump_base(d), size = 0;
	struct line *l = &d->line;
	struct entries es;
	const uint8_t *p;
	int r;

	if (d->size == 0)
		line_text(l, "%s is empty.", d->path);
	log.fd = dump_open_log(d, ".timeindex", &size);
	scan_init(&log.scan, log.fd, 0, size);
	entries_init(&es, d, TIMEINDEX_ENTRY, true);
	while ((r = entries_next(&es, &p, e)) > 0 && !l->failed) {
		en = timeindex_get(p, base);
		line_begin(l, NULL, "timeindex");
		line_int(l, "timestamp", "timestamp", en.timestamp);
		line_int(l, "offset", "offset", en.offset);
		line_end(l, es.position, (struct slice){ p, TIMEINDEX_ENTRY });
		one_entry(d, &log, es.position, &en, &last);
		last = en;
	}
	if (log.fd >= 0)
		stop_comparing(&log);
	scan_release(&log.scan);
	return r < 0 ? -1 : 0;
}
