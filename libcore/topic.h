/*
 * topic: a directory with topic.conf and one folder a partition.
 *
 * Names are Kafka's: 1 to 249 of A-Z a-z 0-9 . _ -, not "." or "..".  A topic
 * appears under its name whole or not at all, and goes the same way.
 */
#ifndef KLOG_TOPIC_H
#define KLOG_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "role.h"
#include "settings.h"
#include "view.h"

enum { TOPIC_NAME_MAX = 249 };

struct topic {
	int dirfd;
	char *path; /* as given, without trailing slashes */
	const char *name; /* the last component of path */
	struct settings settings;
	struct conf_stamp stamp; /* of the topic.conf that they are from */
};

/* Whether the last component of path is a legal name: 0, or -1 ERR_USAGE. */
int topic_check_name(const char *path, struct err *e);

/*
 * Open it for reading its settings and as the root of its partitions.
 * 0, or -1: ERR_SYSTEM "no such topic" with e->sys ENOENT, or "is not a
 * topic" (a file, a link, a directory without topic.conf).
 */
int topic_open(struct topic *t, const char *path, struct err *e);
void topic_close(struct topic *t);

/*
 * Whether topic.conf was changed since it was read; topic_reload tells how.
 * One system call.
 */
bool topic_is_stale(const struct topic *t);

/* Read topic.conf again: others may have changed it.  0, or -1. */
int topic_reload(struct topic *t, struct err *e);

/*
 * Open a partition as a reader does and look: v is listed and refreshed, and
 * *start is where it can be read from, never behind v->end.  0, or -1 (v is
 * not open).
 */
int topic_look(const struct topic *t, int32_t partition, struct view *v,
    int64_t *start, struct err *e);

/*
 * Refuse a file system on which locks and crash rules do not hold, unless
 * unsafe.  0, or -1 ERR_SYSTEM.
 */
int topic_check_local(const struct topic *t, bool unsafe, struct err *e);

/* A new id: 128 random bits as 22 characters, never all zero.  0, or -1. */
int topic_make_id(char id[TOPIC_ID], struct err *e);

/*
 * Make a topic of what fill(ctx, dirfd) puts into its folder, durably,
 * topic.conf last.  Its name appears when fill is done, and never if it fails
 * or is killed.  0, or -1: e->sys is EEXIST if something has that name.
 */
int topic_build(const char *path, bool unsafe,
    int (*fill)(void *ctx, int dirfd, struct err *e), void *ctx, struct err *e);

/*
 * Make a topic with these settings; settings->id gets a new random id.
 * 0, or -1: e->sys is EEXIST if something has that name.
 */
int topic_create(
    const char *path, struct settings *settings, bool unsafe, struct err *e);

/* The same with the id that settings has, and a role; NULL: a leader. */
int topic_create_as(const char *path, const struct settings *settings,
    const struct role *role, bool unsafe, struct err *e);

/*
 * Change topic.conf by change(ctx, settings), under the topic's lock, and
 * make the partitions that it adds.  change returns 0, or -1 with e.
 * deadline as clock.h.  0, or -1 (unchanged, but for empty partitions).
 */
int topic_change(struct topic *t, int64_t deadline,
    int (*change)(void *ctx, struct settings *s, struct err *e), void *ctx,
    struct err *e);

/* Remove it: first from its name, then from the disk.  0, or -1. */
int topic_delete(const char *path, struct err *e);

#endif
