/*
 * model_disk: a small file system in memory that knows, of every file and
 * directory, what is on the disk and what is only written.
 *
 * Files: 512-byte sectors.  A sector that was written since the last sync of
 * its file has older contents that the disk may still hold; the size has
 * older values.  Directories: each create, rename and unlink since the last
 * sync of the directory may have reached the disk or not, alone.  Mapped
 * files are never on the disk.  disk_crash() makes what a power cut may
 * leave, disk_clone() what is there when only processes died.
 */
#ifndef KLOG_MODEL_DISK_H
#define KLOG_MODEL_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SECTOR = 512,
	FILE_BYTES = 4096, /* no file is larger */
	SECTORS = FILE_BYTES / SECTOR,
	NODES = 224,
	ENTRIES = 160, /* of a directory */
	DIRS = 32,
	OPS = 64, /* of a directory, not synced */
	VERSIONS = 768, /* older sectors, of all files */
	DEPTH = 6, /* older contents of a sector */
	STEPS = 12, /* older sizes of a file */
	HANDLES = 160,
	PAGES = 16, /* older contents of the mapped page */
	PAGE_USED = 1024,
	NONE = -1
};

struct version {
	uint64_t until; /* the write that replaced it */
	int16_t next; /* an older one */
	uint8_t data[SECTOR];
};

struct size_step {
	uint64_t until;
	int32_t size;
};

enum node_kind { NODE_FREE, NODE_FILE, NODE_DIR };

struct node {
	uint8_t kind;
	bool mapped; /* was mapped once */
	int16_t locker; /* handle that holds the flock */
	int16_t dir; /* of a directory: which of dirs */
	int16_t old[SECTORS]; /* newest older version */
	int32_t size;
	int64_t mtime_ms;
	uint8_t *data; /* its own store, or that of the disk it came from */
	int step_count;
	struct size_step steps[STEPS]; /* the oldest first */
};

struct entry {
	int16_t name, node;
};

/* from NONE: to appears; to NONE: from goes; else a rename. */
struct dir_op {
	uint64_t seq;
	int16_t from, to, node;
};

struct dir {
	int now_count, disk_count, op_count;
	struct entry now[ENTRIES];
	struct entry disk[ENTRIES];
	struct dir_op ops[OPS];
};

struct handle {
	bool used;
	int16_t node;
	int16_t owner; /* the actor that opened it */
	int16_t at; /* readdir: the next entry */
};

struct disk {
	uint64_t seq; /* writes and changes, counted */
	int64_t clock_ms;
	uint32_t boot;
	int16_t version_count, free_version;
	int dir_count, page_count;
	struct node nodes[NODES]; /* 0 is the root */
	struct dir dirs[DIRS];
	struct handle handles[HANDLES];
	struct version versions[VERSIONS];
	uint8_t pages[PAGES][PAGE_USED];
	_Alignas(4096) uint8_t store[NODES][FILE_BYTES];
};

/* How a crash state is chosen; equal hashes are equal states. */
struct chooser {
	uint64_t random;
	int style;
	uint64_t hash;
};

uint64_t random_next(uint64_t *state);
int random_below(uint64_t *state, int n);
uint64_t mix(uint64_t a, uint64_t b);

/* Names are numbers, the same on every disk. */
int16_t name_number(const char *name);
const char *name_text(int16_t number);
int name_count(void);
void name_forget(int count); /* all but the first count */

void disk_init(struct disk *d);
int16_t disk_node(struct disk *d, enum node_kind kind); /* fresh */
int16_t disk_find(const struct disk *d, int16_t dir, int16_t name);
void disk_own(struct disk *d, int16_t node); /* before its data changes */

void disk_write(
    struct disk *d, int16_t node, const void *data, int32_t n, int32_t pos);
void disk_resize(struct disk *d, int16_t node, int32_t size);
/* A change of a directory, see struct dir_op. */
void disk_change(
    struct disk *d, int16_t dir, int16_t from, int16_t to, int16_t node);
/* Take op into a list of entries. */
void disk_apply(struct entry *list, int *count, const struct dir_op *op);
/* All that was written up to mark (a value of seq) is on the disk. */
void disk_synced(struct disk *d, int16_t node, uint64_t mark);
void disk_close_all(struct disk *d, int owner); /* it was killed */
void disk_remember_page(struct disk *d);

void disk_clone(const struct disk *from, struct disk *to);
void disk_crash(
    const struct disk *from, struct disk *to, struct chooser *c);
/* Let to need from no more. */
void disk_detach(struct disk *to);

/* Write its files to directory path of the real file system. */
void disk_dump(const struct disk *d, const char *path);

#endif
