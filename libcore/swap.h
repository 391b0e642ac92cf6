/*
 * swap: the file of that name in a partition, there only while compacted
 * segments take the place of old ones (klog-format(5), COMPACTION).
 *
 * A line is "BASE END\n", 20 digits each: the new segment BASE stands for all
 * offsets below END.  Its files were written as "BASE.log.cleaned" and so on
 * and are on disk before swap is: from then on there is no way back.  Old
 * segments with BASE < base < END are superseded, and their names go last.
 * clean.lock is held by all who write.
 */
#ifndef KLOG_SWAP_H
#define KLOG_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "segment.h"

enum { SWAP_NAME = 48 }; /* bytes of a name with its NUL, at most */

struct swap_line {
	int64_t base, end;
};

struct swap { /* zero it to start */
	struct swap_line *list; /* ascending, none overlaps another */
	size_t count;
};

/* Parse its n bytes at data.  0, or -1: they are not of that form. */
int swap_parse(struct swap *s, const uint8_t *data, size_t n);

/* Append its text to out.  0, or -1 out of memory. */
int swap_text(const struct swap *s, struct buf *out);

/* Add a line behind the others.  0, or -1 out of memory. */
int swap_add(struct swap *s, int64_t base, int64_t end);

/* 1 read, 0 there is none (s is empty), -1. */
int swap_read(struct swap *s, int dirfd, const char *where, struct err *e);

/* Whether the new segment of a line is there, under either name: 1, 0, -1. */
int swap_can(const struct swap_line *line, int dirfd, const char *where,
    struct err *e);

/* Whether another segment stands for that one. */
bool swap_supersedes(const struct swap *s, int64_t base);

/*
 * Take the superseded ones out of a list of segments that was just read:
 * some may be on their way out.  0, or -1.
 */
int swap_filter(struct segment_list *l, int dirfd, const char *where,
    struct err *e);

/* "00000000000000000042.log.cleaned" */
void swap_cleaned_name(
    char name[SWAP_NAME], int64_t base, enum segment_file what);

/*
 * Write it, durably, and do what it says (swap_finish).  The .cleaned files
 * are synced, their names not yet.  0, or -1.
 */
int swap_commit(const struct swap *s, int dirfd, const char *where,
    struct err *e);

/*
 * End what a killed clean left: where there is a swap, do what is left of
 * it, else remove .cleaned and temporary files.  May be killed and run again.
 * 0, or -1: ERR_CORRUPT (a new segment it speaks of is not there: nothing is
 * removed), ERR_SYSTEM.
 */
int swap_finish(int dirfd, const char *where, struct err *e);

void swap_release(struct swap *s);

#endif
