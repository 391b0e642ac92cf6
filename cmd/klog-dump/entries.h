/*
 * entries: the entries of one width that an index file consists of, read in
 * pieces, so that a file of any size takes little memory.
 */
#ifndef KLOG_DUMP_ENTRIES_H
#define KLOG_DUMP_ENTRIES_H

#include "dump.h"

struct entries {
	struct dump *d;
	int64_t width;		/* bytes of an entry */
	bool zeros_end;		/* entries of zeros end the file: Kafka makes
				 * active indexes longer than they are */
	int64_t not_zero;	/* a byte that is not 0, or -1 none known */
	int64_t position;	/* of the entry that was got last */
	int64_t next;		/* of the one to come */
	int64_t piece_at;	/* what the piece holds */
	int64_t have;
	uint8_t piece[4080];	/* divisible by 8, 12 and 34 */
};

void entries_init(struct entries *es, struct dump *d, int64_t width,
    bool zeros_end);

/*
 * 1 and the bytes of the next entry, which live until the next call; 0 at
 * the end, where bytes that are no whole entry are told; -1.
 */
int entries_next(struct entries *es, const uint8_t **p, struct err *e);

#endif
