/*
 * model: the storage core run on a disk of the model, and what is known of
 * every batch that it was given.
 *
 * A run is several lives of one topic.  In each some actors, coroutines that
 * stand for processes, append, wait, read and trim, and are killed.  At every
 * call that changes the disk states are made as a crash there could leave
 * them, and each is checked: opened, read, recovered, read, appended to,
 * recovered again.  A life ends in one such state, and the next begins there.
 */
#ifndef KLOG_MODEL_H
#define KLOG_MODEL_H

#include "batch.h"
#include "model_calls.h"
#include "topic.h"

enum { PAST = 640, BASES = 2048, PAST_BYTES = 512 << 10 };

#define MODEL_TOPIC "/d/t"

/* A batch that was, or may have been, written. */
struct past {
	int64_t base, last;
	int32_t epoch, size;
	const uint8_t *bytes;
	bool visible; /* appended, or seen by a reader */
	bool kept; /* on the disk for good: acknowledged or recovered */
	bool lost; /* not in the log, and never to be again */
	int16_t next; /* another one with this base */
	uint32_t stamp; /* of the last reading that met it */
};

struct history {
	int count;
	int32_t used; /* of bytes */
	uint32_t stamp;
	bool created; /* topic_create returned */
	int64_t start_kept, start_tried; /* of the log; durable, largest */
	struct past list[PAST];
	int16_t first[BASES]; /* by base */
	uint8_t bytes[PAST_BYTES];
};

/* What reading a log from its start gave. */
struct seen {
	int64_t start, next; /* offsets */
	bool whole; /* read to its end, without an error */
	int count;
	int16_t list[PAST]; /* places in the history */
};

struct settings_of_run {
	uint64_t seed;
	int number; /* of the run */
	int64_t segment_bytes, index_interval;
	int only_step, only_state; /* -1: all */
};

extern struct history past;
extern struct settings_of_run run;
extern long states_checked, states_nested;

void past_clear(void);
/* Note a batch that is about to be written; its place. */
int past_add(const uint8_t *bytes, int32_t size);
/* The place of the batch at bytes, of which n are there; -1 unknown. */
int past_match(const uint8_t *bytes, int32_t n);
/* It is what offset [base..] shows now: no other of this epoch may. */
void past_publish(int i);
/* Whether an offset was seen with a batch of this epoch. */
bool past_has(int64_t base, int32_t epoch);
/* All visible batches below offset are on the disk. */
void past_acknowledge(int64_t offset);

/* How a state is named in what is printed: a place on the way to it. */
struct way {
	const struct way *before;
	int step, state;
};

/* What is wrong with the state at the end of way; ends the program. */
_Noreturn void model_fail(const struct way *way, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Open the topic with the run's settings.  1, or 0: there is none. */
int model_open(struct topic *t, const struct way *way);

/*
 * Read with view and cursor.  Wrong batches fail; so does an error unless
 * it is tolerated, and then s->whole is false.
 */
void read_log(struct seen *s, const struct topic *t, bool tolerate,
    const struct way *way);

/* The files of the partition, byte by byte, against what was read. */
void check_files(const struct disk *d, const struct seen *s,
    bool only_killed, const struct way *way);
/* An empty disk, with the directory that the topic is made in. */
void files_begin(struct disk *d);
/* Remove the page of hints, as anybody may where nobody is at work. */
void files_remove_page(struct disk *d);
/* Whether the batch is in one of the files that keep what was cut off. */
bool files_cut_has(const struct disk *d, const struct past *p);
/* A number for all bytes of the log, its indexes and checkpoints. */
uint64_t files_sum(const struct disk *d);

/*
 * Make states of from as a crash at this point leaves them, and check them.
 * only_killed: every process died, but no power cut lies behind.
 */
void check_point(const struct disk *from, const struct point *at,
    const struct way *before, int step, bool only_killed);

/* All that is asked of the disk d, which calls go to; nest is told of the
 * points of its recovery. */
void check_disk(struct disk *d, bool only_killed,
    void (*nest)(const struct point *at), const struct way *way);

/* klog-check has nothing to say of the topic. */
void check_verified(const struct topic *t, const struct way *way);

/* What the log holds once d is recovered; that is done on a copy. */
void check_future(const struct disk *d, struct disk *copy, bool only_killed,
    struct seen *s);

/* One run. */
void work(void);

/* Runs from CLEAN_RUNS on are of compaction, those from CUT_RUNS on of
 * truncation, those from SNAPSHOT_RUNS on of snapshots, and their states are
 * checked so. */
enum { CLEAN_RUNS = 1000000, CUT_RUNS = 2000000, SNAPSHOT_RUNS = 3000000 };

void clean_work(void);
void clean_check(void (*nest)(const struct point *at), const struct way *way);

/* Shared by runs that fill a log themselves: make and open the topic; open
 * its partition; recover it; append a batch, in bytes that live until the
 * next, or several, some of which are synced too. */
void model_create(struct disk *d, struct topic *t);
void model_partition(
    struct partition *p, const struct topic *t, const struct way *way);
void model_recover(struct partition *p, const struct way *way);
const uint8_t *model_append(struct partition *p, uint64_t *random,
    int32_t *size, const struct way *way);
void model_sync(struct partition *p, const struct way *way);
void model_fill(struct partition *p, uint64_t *random, int batches,
    int synced, const struct way *way);

void snapshot_work(void);
void snapshot_check(
    void (*nest)(const struct point *at), const struct way *way);

void cut_work(void);
void cut_check(struct disk *d, bool only_killed,
    void (*nest)(const struct point *at), const struct way *way);

#endif
