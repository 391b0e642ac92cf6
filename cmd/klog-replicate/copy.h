/*
 * copy: what the files of klog-replicate SRC DST share.
 */
#ifndef KLOG_REPLICATE_COPY_H
#define KLOG_REPLICATE_COPY_H

#include "link.h"
#include "opt.h"
#include "place.h"
#include "progress.h"
#include "range.h"

enum { COPY_HOST = 256 };

struct copy {
	struct opt_common common;
	struct partitions partitions;
	bool follow;
	int groups;		/* 1, 0 */
	bool force;
	bool json;
	bool unsafe;
	int64_t rate;		/* bytes a second; 0: no limit */
	int64_t timeout;	/* ms; -1 none */
	const char *name;	/* of the follower */
	const char *shell;
	const char *program;
	bool serve;
	const char *root;
	bool read_only, append_only;
	/* made from the operands */
	struct place from, to;
	char *path;		/* of the copy, if here and it is one; NULL */
	char host[COPY_HOST];	/* this one */
	char *follower;		/* name of the copy, as struct source_options */
	char *origin;		/* of the source, as the copy names it */
	char *peer;		/* the other end, for messages */
	bool pull;		/* the target is here */
	bool lost;		/* it was told that the other end is */
	struct progress progress;
};

/*
 * Read the operands, and name both ends.  copy_release in any case.  0, or
 * -1.
 */
int copy_prepare(
    struct copy *c, const char *from, const char *to, struct err *e);
void copy_release(struct copy *c);

/* Start the other end and say what is wanted of it.  0, or -1. */
int copy_connect(struct copy *c, struct link *l, struct err *e);

/* Connect, copy until all is there (or for ever), again and again under
 * --follow.  The exit status, or -1. */
int copy_run(struct copy *c, struct err *e);

#endif
