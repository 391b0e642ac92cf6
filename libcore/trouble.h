/*
 * trouble: what verify finds and repair mends.
 */
#ifndef KLOG_TROUBLE_H
#define KLOG_TROUBLE_H

#include <stdint.h>

enum mend {			/* what puts it right (repair.h); bits */
	MEND_NONE = 0,		/* nothing here */
	MEND_INDEX = 1,		/* anew from the log, or from what is known */
	MEND_TAIL = 2,		/* cut off; nothing of it was acknowledged */
	MEND_SALVAGE = 4,	/* keep what verifies, save the rest */
	MEND_POISON = 8		/* write again what a failed sync left */
};

enum trouble_about {
	ABOUT_LOG,		/* a .log, or offsets that no segment has */
	ABOUT_INDEX,		/* of a segment */
	ABOUT_EPOCHS,
	ABOUT_RECOVERY,		/* recovery-point */
	ABOUT_START,		/* log-start-offset */
	ABOUT_CLEANER,		/* cleaner-checkpoint */
	ABOUT_SWAP,
	ABOUT_COPIES,		/* high-watermark, in-sync */
	ABOUT_STATE,
	ABOUT_ROLE,		/* of the topic; or a state that says another */
	ABOUT_FILE,		/* owner, mode or kind of a file */
	ABOUT_LINKS,		/* a file with several names */
	ABOUT_FOLLOWER,		/* what is known of one */
	ABOUT_GROUP		/* a file of committed offsets */
};

struct trouble {		/* borrowed for the call it is told in */
	enum trouble_about about;
	int32_t partition;	/* -1: the topic's own */
	const char *file;	/* below the topic: "0/recovery-point" */
	int64_t base;		/* of its segment; -1 if it has none */
	int64_t position;	/* bytes; -1: the whole file */
	int64_t bytes;		/* how many are damaged; -1: not counted so */
	int64_t offset, end;	/* offsets concerned, end exclusive; -1: none */
	enum mend mend;
	const char *what;	/* "checksum mismatch" */
};

#endif
