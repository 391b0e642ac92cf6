/*
 * facts: what klog-topic describe tells of one partition.
 */
#ifndef KLOG_TOPIC_FACTS_H
#define KLOG_TOPIC_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "codec.h"
#include "err.h"
#include "progress.h"
#include "view.h"

struct facts {
	int64_t start, end;	/* offsets; end is exclusive */
	int64_t disk;		/* bytes of all .log files */
	size_t segments;
	bool any;		/* there is a record: first and last count */
	int64_t first, last;	/* timestamps of the outermost records, ms */
	int32_t epoch;		/* the newest leader epoch; -1 none */

	/* By facts_count: */
	int64_t records;	/* counted, control records left out */
	int64_t stored;		/* bytes of the batches that were read */
	int64_t raw;		/* what they would take uncompressed */
};

/*
 * Fill f, but for what facts_count fills.  v is listed and refreshed, start
 * the first offset that can be read.  Decompresses the first and the last
 * batch only.  0, or -1.
 */
int facts_read(struct facts *f, struct view *v, int64_t start,
    struct codec *codec, struct err *e);

/*
 * Read every batch between f->start and f->end, and tick p.  0, or -1: the
 * first damage ends it.
 */
int facts_count(struct facts *f, struct view *v, struct codec *codec,
    struct progress *p, struct err *e);

#endif
