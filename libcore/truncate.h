/*
 * truncate: cut a log back to an offset, because another copy of it leads now
 * and has other records from there on (Kafka 4.x, KIP-101).
 *
 * What goes is saved in cut/ first, a file a segment, and never silently gone.
 * Killed anywhere, the log ends where it did, or at the cut, or at the end of
 * a batch in between, and the same call ends it.  No epoch begins: readers
 * know the cut by the epoch that whoever leads began there.
 */
#ifndef KLOG_TRUNCATE_H
#define KLOG_TRUNCATE_H

#include "partition.h"

struct truncate {
	struct partition *partition; /* its use: not PARTITION_PRODUCER */
	int64_t offset; /* the log is to end here; a batch that holds it goes
			 * whole */
	bool force; /* also below the log start or the high watermark */
	/* What was done: */
	int64_t end;	 /* where the log ends now, <= offset */
	int64_t records; /* offsets that went */
	int64_t bytes;	 /* of them, in that many */
	int files;	 /* files of saved_in */
	char saved_in[4096];
};

/*
 * Take clean.lock and the append lock (waiting until deadline, clock.h) and
 * do it; epochs that begin at the cut or behind it go in any case.  Where
 * nothing is to go, files is 0.  0, or -1: ERR_BUSY; ERR_DATA below the log
 * start or the high watermark, nothing touched; ERR_CORRUPT (what stays is
 * damaged), ERR_SYSTEM.
 */
int truncate_log(struct truncate *t, int64_t deadline, struct err *e);

/*
 * Only look whether it may be done: end and records are filled.  0, or -1.
 */
int truncate_look(struct truncate *t, int64_t deadline, struct err *e);

#endif
