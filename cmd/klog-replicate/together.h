/*
 * together: a copy whose two ends are both here.  Source and target live in
 * one process, and what they say to each other stays in memory.
 */
#ifndef KLOG_REPLICATE_TOGETHER_H
#define KLOG_REPLICATE_TOGETHER_H

#include "progress.h"
#include "source.h"
#include "target.h"

struct together {
	struct source *source; /* puts into to_target */
	struct target *target; /* puts into to_source */
	struct buf to_target, to_source;
	int64_t rate; /* bytes a second, both ways; 0: no limit */
	int64_t free_at; /* the limit lets the next bytes pass, ms */
	int64_t in, out; /* bytes that went to the target, and back */
	struct progress *progress;
};

/*
 * Until all is copied, for ever under follow.  What the target got whole is
 * synced in any case.  0, or -1: ERR_STOPPED after a signal, ...
 */
int together_run(struct together *g, struct err *e);

/* source and target too. */
void together_release(struct together *g);

#endif
