#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "folder.h"
#include "fsio.h"
#include "member.h"

enum { REREADS = 100, NEWBORN_MS = 60000 };

/*
 * Read what a live member says.  Its text is torn while it is written, so it
 * is read again; if it stays so, only what the name tells is known.
 * 0, or -1 out of memory.
 */
static int
read_text(struct member_info *info, int fd, struct buf *text)
{
	int64_t size;
	ssize_t got;
	int tries, r;

	for (tries = 0; tries < REREADS; tries++) {
		size = fsio_size(fd);
		if (size < 0 || size > MEMBER_FILE_MAX)
			return 0;
		buf_clear(text);
		if (buf_reserve(text, (size_t)size + 1) < 0)
			return -1;
		got = fsio_read_at(fd, text->data, (size_t)size, 0);
		if (got < 0)
			return 0;
		r = member_info_decode(info, text->data, (size_t)got);
		if (r != 0)
			return r < 0 ? -1 : 0;
		sched_yield();
	}
	return 0;
}

struct reading { /* a folder that is being read */
	const struct group *g;
	bool tidy;
	struct member_info *list;
	size_t count, room;
	struct buf text;
};

static int
add(struct reading *rd, const struct member_info *info)
{
	struct member_info *more;

	if (rd->count == rd->room) {
		rd->room = rd->room * 2 + 8;
		more = realloc(rd->list, rd->room * sizeof(*more));
		if (more == NULL)
			return -1;
		rd->list = more;
	}
	rd->list[rd->count++] = *info;
	return 0;
}

/*
 * A hidden file is a member that is just born, or died at its birth: it is
 * not even tried before it is old, so that nobody comes between the making of
 * it and its lock.
 */
static void
tidy_hidden(const struct group *g, const char *name)
{
	struct err ignored;
	struct stat st;
	int fd, alive;

	if (fstatat(g->members, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_mtim.tv_sec * 1000 > clock_wall_ms() - NEWBORN_MS)
		return;
	alive = group_open_member(g, name, &fd, &ignored);
	if (alive == 0)
		unlinkat(g->members, name, 0);
	if (alive >= 0)
		close(fd);
}

/* A file of the folder: 0, or -1. */
static int
read_member(void *context, int folder, const char *name, struct err *e)
{
	struct reading *rd = context;
	struct member_info info = { .id = "" };
	int fd, alive, r = 0;

	(void)folder;
	if (name[0] == '.' && rd->tidy)
		tidy_hidden(rd->g, name);
	if (member_info_parse_name(&info, name) < 0)
		return 0;
	alive = group_open_member(rd->g, name, &fd, e);
	if (alive < 0 && e->sys == ENOENT)
		return 0;
	if (alive < 0 &&
	    (e->sys == EMFILE || e->sys == ENFILE || e->sys == ENOMEM))
		return -1;
	if (alive == 0) {
		if (rd->tidy)
			unlinkat(rd->g->members, name, 0);
	} else {
		/* Not to be read: it may live, and its locks tell. */
		if (alive > 0)
			r = read_text(&info, fd, &rd->text);
		if (r == 0)
			r = add(rd, &info);
		if (r < 0)
			member_info_release(&info);
	}
	if (alive >= 0)
		close(fd);
	return r < 0 ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct member_info *one = a, *other = b;

	return strcmp(one->id, other->id);
}

int
member_list(const struct group *g, bool tidy, struct member_info **list,
    size_t *count, struct err *e)
{
	struct reading rd = { .g = g, .tidy = tidy };
	int r;

	*list = NULL;
	*count = 0;
	if (g->members < 0)
		return 0;
	r = folder_each(g->members, ".", g->where, read_member, &rd, e);
	buf_release(&rd.text);
	if (r < 0) {
		member_list_free(rd.list, rd.count);
		return -1;
	}
	if (rd.count > 1)
		qsort(rd.list, rd.count, sizeof(*rd.list), compare_ids);
	*list = rd.list;
	*count = rd.count;
	return 0;
}

void
member_list_free(struct member_info *list, size_t count)
{
	while (count > 0)
		member_info_release(&list[--count]);
	free(list);
}
