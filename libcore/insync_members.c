#include "insync_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsio.h"

enum {
	TEXT_MAX = 1 << 20,	/* of in-sync */
	TRIES = 3	/* files that are replaced while we read */
};

void
insync_files_release(struct insync_files *files)
{
	while (files->count > 0) {
		replicas_close(files->list[--files->count]);
		free(files->list[files->count]);
	}
	free(files->list);
	*files = (struct insync_files){ 0 };
}

void
insync_init(struct insync *s, struct partition *p, int32_t number,
    struct insync_files *files)
{
	*s = (struct insync){ .partition = p,
		.number = number,
		.files = files,
		.before = -1 };
}

void
insync_release(struct insync *s)
{
	free(s->members);
	s->members = NULL;
	s->count = 0;
	s->loaded = false;
}

/* Open it, anew if it was removed by hand: 1, 0 there is none, -1. */
static int
open_file(const struct insync *s, struct replicas_file *f, const char *name,
    struct err *e)
{
	const struct partition *p = s->partition;
	char where[PATH_MAX];

	if (f->fd >= 0 && !replicas_is_gone(f))
		return 1;
	replicas_close(f);
	snprintf(where, sizeof(where), "%.*s",
	    (int)(strrchr(p->where, '/') - p->where), p->where);
	return replicas_open(f, p->topic_dirfd, where, name, e);
}

/* The file of that name, among those that are open: 1, 0 none, -1. */
static int
find_file(struct insync *s, const char *name, struct replicas_file **found,
    struct err *e)
{
	struct insync_files *files = s->files;
	struct replicas_file **more, *f;
	size_t i;
	int r;

	*found = NULL;
	for (i = 0; i < files->count; i++)
		if (strcmp(files->list[i]->name, name) == 0) {
			r = open_file(s, files->list[i], name, e);
			*found = r > 0 ? files->list[i] : NULL;
			return r;
		}
	f = malloc(sizeof(*f));
	more = realloc(files->list,
	    (files->count + 1) * sizeof(struct replicas_file *));
	if (more != NULL)
		files->list = more;
	if (f == NULL || more == NULL) {
		free(f);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	*f = (struct replicas_file){ .fd = -1 };
	r = open_file(s, f, name, e);
	if (r <= 0) {
		free(f);
		return r;
	}
	files->list[files->count++] = f;
	*found = f;
	return 1;
}

/* What lags is known from before, where it is still a member. */
static void
keep_due(struct insync_member *m, const struct insync *old)
{
	size_t i;

	for (i = 0; i < old->count; i++)
		if (strcmp(old->members[i].name, m->name) == 0)
			m->due = old->members[i].due;
}

static int
parse(struct insync *s, char *text, struct err *e)
{
	struct insync_member *list, *m;
	char *line, *rest = NULL;
	size_t count = 0, n = 1, i;

	for (i = 0; text[i] != '\0'; i++)
		n += text[i] == '\n';
	list = calloc(n, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		m = &list[count++];
		m->acked = -1;
		snprintf(m->name, sizeof(m->name), "%s", line);
		/* Where its file is gone it has acknowledged nothing. */
		if (find_file(s, m->name, &m->file, e) < 0) {
			free(list);
			return -1;
		}
		keep_due(m, s);
	}
	insync_release(s);
	s->members = list;
	s->count = count;
	return 0;
}

int
insync_load(struct insync *s, struct err *e)
{
	struct partition *p = s->partition;
	uint32_t seq = atomic_load(&p->state.page->in_sync_seq);
	struct buf text = { 0 };
	int r;

	if (s->loaded && s->seq == seq && seq % 2 == 0)
		return 0;
	r = fsio_read_file(p->dirfd, INSYNC_NAME, &text, TEXT_MAX, p->where, e);
	if (r > 0)
		r = parse(s, (char *)text.data, e);
	else if (r == 0)
		insync_release(s);
	buf_release(&text);
	if (r < 0)
		return -1;
	s->behind = 0;
	s->seq = seq;
	s->loaded = true;
	return 0;
}

int
insync_store(
    struct insync *s, const char *more, const bool *leave, struct err *e)
{
	struct partition *p = s->partition;
	_Atomic uint32_t *seq = &p->state.page->in_sync_seq;
	struct buf text = { 0 };
	const char *name;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i <= s->count; i++) {
		name = i < s->count ? s->members[i].name : more;
		if (name == NULL || (i < s->count && leave != NULL && leave[i]))
			continue;
		if (buf_append(&text, name, strlen(name)) < 0 ||
		    buf_append(&text, "\n", 1) < 0)
			r = err_set(e, ERR_SYSTEM, "out of memory");
	}
	/* Odd: who dies here leaves others to read it again. */
	if (atomic_load(seq) % 2 == 0)
		atomic_fetch_add(seq, 1);
	if (r == 0)
		r = fsio_replace(
		    p->dirfd, INSYNC_NAME, text.data, text.len, p->where, e);
	buf_release(&text);
	atomic_fetch_add(seq, 1);
	return r < 0 ? -1 : insync_load(s, e);
}

bool
insync_is_member(const struct insync *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->members[i].name, name) == 0)
			return true;
	return false;
}

/* What counts is what stands in the file that has the name then. */
static int
read_acked(struct insync *s, struct insync_member *m, struct err *e)
{
	struct replica_acked a = { -1, -1 };
	int tries, r = 1;

	for (tries = 0; tries < TRIES && r > 0 && m->file != NULL; tries++) {
		if (m->file->fd >= 0 &&
		    replicas_read(m->file, s->number, &a, e) < 0)
			return -1;
		if (m->file->fd >= 0 && !replicas_is_gone(m->file))
			break;
		a = (struct replica_acked){ -1, -1 };
		r = open_file(s, m->file, m->name, e);
	}
	m->acked = a.offset;
	return r < 0 ? -1 : 0;
}

int
insync_read_acked(struct insync *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (read_acked(s, &s->members[i], e) < 0)
			return -1;
	return 0;
}

int
insync_held_back(struct insync *s, struct err *e)
{
	int64_t copied = atomic_load(&s->partition->state.page->copied_offset);
	size_t i, at;

	for (i = 0; i < s->count; i++) {
		at = (s->behind + i) % s->count;
		if (read_acked(s, &s->members[at], e) < 0)
			return -1;
		if (s->members[at].acked <= copied) {
			s->behind = at;
			return 1;
		}
	}
	return 0;
}
