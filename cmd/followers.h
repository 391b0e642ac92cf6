/*
 * followers: what the leader of a topic knows of its followers, for people
 * and for programs: klog-topic describe and klog-replicate status.
 */
#ifndef KLOG_FOLLOWERS_H
#define KLOG_FOLLOWERS_H

#include <stdio.h>

#include "replicas.h"
#include "role.h"
#include "table.h"
#include "topic.h"
#include "view.h"

struct follower {
	char name[REPLICAS_NAME];	/* as it was given */
	struct replicas_file file;
	bool connected;
};

struct followers {		/* of a topic; zero it to start */
	struct follower *list;	/* in order of their files' names */
	size_t count;
	struct buf in_sync;	/* names of those of the partition in hand */
	struct table table;
	bool human;		/* ages, not times */
	size_t rows;
};

/* Read who they are.  0, or -1; followers_release in any case. */
int followers_open(struct followers *fs, const struct topic *t, bool human,
    struct err *e);
void followers_release(struct followers *fs);

/*
 * Take the partition of v in hand: add a row for each to the table.  v->log
 * is its end.  0, or -1.
 */
int followers_add(struct followers *fs, const struct view *v,
    int32_t partition, struct err *e);

/* How many of them count there, and the leader. */
size_t followers_in_sync(const struct followers *fs);

/* The table, after a blank line, if it has rows.  0, or -1. */
int followers_print(struct followers *fs, struct err *e);

/* Members "in_sync" and "followers" of a JSON object.  0, or -1. */
int followers_json(const struct followers *fs, const struct view *v,
    int32_t partition, FILE *f, struct err *e);

/*
 * The members "role" and, of a replica, "source", of a fenced one,
 * "fenced_by".  0, or -1.
 */
int followers_json_role(const struct role *r, FILE *f, struct err *e);

#endif
