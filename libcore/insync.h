/*
 * insync: which followers count, and the high watermark that follows from
 * what they acknowledged (Kafka 4.x, Partition, ReplicaManager).
 *
 * A follower joins when it has everything that was there, and all that was
 * promised; one that is about to is waited for, as others may be faster for
 * ever.  It leaves when for replica.lag.time.max.ms it has not
 * acknowledged what was there to acknowledge.  One that has everything stays,
 * silent or not.  There is no daemon: whoever serves a follower or waits for
 * copies looks after all of them.
 *
 * N/in-sync names those that count besides the leader, one a line, as in
 * replicas/.  It is replaced, durably, under the append lock before the
 * watermark passes one that was left out.
 */
#ifndef KLOG_INSYNC_H
#define KLOG_INSYNC_H

#include "highwater.h"
#include "partition.h"
#include "replicas.h"

struct insync_member;

struct insync_files {		/* of one topic's members; zero it to start */
	struct replicas_file **list;
	size_t count;
};

struct insync_delay {		/* what a producer waits for */
	const char *where;	/* the partition */
	int64_t waited_ms;
	int64_t offset, copied;	/* below which all are to have it, and have */
	size_t in_sync;		/* copies, the leader among them, */
	uint32_t wanted;	/* and how many have to be */
	const char *behind;	/* names of those that lack something, blanks
				 * between them; until the function returns */
};

struct insync_watcher {		/* is told of it every second; or NULL */
	void (*waits)(void *ctx, const struct insync_delay *d);
	void *ctx;
};

struct insync {			/* of one partition; insync_init */
	struct partition *partition;	/* borrowed, as are the files */
	int32_t number;
	struct insync_files *files;
	struct insync_member *members;
	size_t count;
	bool loaded;
	uint32_t seq;		/* of what members are */
	size_t behind;		/* the one that held it back last */
	int64_t look_ms;	/* mono: when to look at all again */
	int64_t before;		/* durable end at our follower's last ack */
	int64_t hold_ms;	/* mono: others need not wait for it again */
	bool awaits;		/* insync_refuse_append let something pass */
	uint32_t cuts;		/* and so often had the log been cut then */
	struct insync_watcher watcher;	/* of insync_wait */
};

/* All partitions of a topic share files, which are closed after them. */
void insync_init(struct insync *s, struct partition *p, int32_t number,
    struct insync_files *files);
void insync_release(struct insync *s);
void insync_files_release(struct insync_files *files);

/*
 * The follower whose file we serve has all below offset on its disk: note it,
 * let it join, raise the watermark.  p is not locked.  now_ms: wall clock.
 * In a topic that does not lead it is noted, no more.
 * 0, or -1 (the note may be made): ERR_SYSTEM, ERR_BUSY.
 */
int insync_acked(struct insync *s, struct replicas_file *f, int64_t offset,
    int64_t now_ms, struct err *e);

/*
 * Leave out those that lag and raise the watermark; to be called when data
 * was sent or is waited for, and at *again (clock_mono_ms; CLOCK_NEVER: not
 * before something new is appended).  It does nothing when called sooner.
 * now_ms: clock_mono_ms.  0, or -1.
 */
int insync_observe(
    struct insync *s, int64_t now_ms, int64_t *again, struct err *e);

/* Whether follower (a file's name) counts now: 1, 0, -1. */
int insync_has(struct insync *s, const char *file, struct err *e);

/* ---- for producers that want all copies ---- */

/*
 * Refuse what could not be acknowledged.  0, or -1: ERR_BUSY, too few;
 * ERR_ROLE.
 */
int insync_refuse_append(struct insync *s, struct err *e);

/*
 * Wait until everything below offset, which is durable here, is on all that
 * are in sync, and on enough; deadline as clock.h.  0, or -1: ERR_BUSY in
 * time; ERR_STOPPED as lock_take.
 */
int insync_wait(
    struct insync *s, int64_t offset, int64_t deadline, struct err *e);

/* ---- for the other end ---- */

/*
 * A replica was told that the leader's watermark is leaders: its own becomes
 * that, or its own durable end.  Append lock not held.  0, or -1.
 */
int insync_follow(struct partition *p, int64_t leaders, struct err *e);

/* What the leader tells its replicas: the watermark, without one what all
 * that count have, durable here. */
int64_t insync_told(const struct partition *p);

/*
 * Follower name, which nobody serves, is no more: it counts in no partition,
 * durably, then its file goes.  1, 0 there is none of that name, -1: ERR_BUSY
 * it is connected, ...
 */
int insync_forget(int topic_dirfd, const char *where,
    const struct settings *settings, const char *name, int64_t deadline,
    struct err *e);

/* topic.conf was changed: settle all partitions.  0, or -1. */
int insync_settle(int topic_dirfd, const char *where,
    const struct settings *settings, int64_t deadline, struct err *e);

#endif
