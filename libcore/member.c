#include "member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"
#include "member_parts.h"

enum { TRIES = 100 };

/* The host's name, with what is not allowed in a member's replaced. */
static void
host_name(char host[MEMBER_HOST])
{
	size_t i;
	char c;

	if (gethostname(host, MEMBER_HOST) < 0)
		host[0] = '\0';
	host[MEMBER_HOST - 1] = '\0';
	for (i = 0; host[i] != '\0'; i++) {
		c = host[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '-'))
			host[i] = '-';
	}
	if (i == 0)
		memcpy(host, "localhost", sizeof("localhost"));
}

static int
compare_topic_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Who we are and what we read. */
static int
introduce(struct member *m, struct topic *const *topics, size_t count,
    enum assignor assignor, struct err *e)
{
	struct member_info *self = &m->self;
	uint32_t random;
	size_t i;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(e, "getrandom");
	self->pid = getpid();
	self->started = clock_wall_ms();
	self->assignor = assignor;
	host_name(self->host);
	member_info_name(self, random);
	self->topics = calloc(count, sizeof(*self->topics));
	if (self->topics == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	self->topic_count = count;
	for (i = 0; i < count; i++)
		memcpy(self->topics[i], topics[i]->settings.id, TOPIC_ID);
	qsort(self->topics, count, sizeof(*self->topics), compare_topic_ids);
	for (i = 1; i < count; i++)
		if (strcmp(self->topics[i - 1], self->topics[i]) == 0)
			return err_set(e, ERR_USAGE,
			    "topic %s: given twice", self->topics[i]);
	return 0;
}

/* Whether topic a comes before b in everybody's order. */
static bool
comes_before(const struct topic *a, const struct topic *b)
{
	int order = strcmp(a->name, b->name);

	return order != 0 ? order < 0 :
			    strcmp(a->settings.id, b->settings.id) < 0;
}

int
member_write(struct member *m, struct membership *in, struct err *e)
{
	struct member_info info = m->self;
	struct buf text = { 0 };
	int64_t size;
	int32_t p;
	int r;

	info.owned = calloc((size_t)in->count + 1, sizeof(*info.owned));
	if (info.owned == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	info.owned_count = 0;
	for (p = 0; p < in->count; p++)
		if (in->held[p].owned)
			info.owned[info.owned_count++] = p;
	r = member_info_encode(&info, &text);
	free(info.owned);
	if (r < 0) {
		buf_release(&text);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	size = fsio_size(in->fd);
	r = fsio_write_at(in->fd, text.data, text.len, 0);
	/* What follows the text does not count, so this may fail. */
	if (r == 0 && size > (int64_t)text.len)
		fsio_truncate(in->fd, (int64_t)text.len);
	buf_release(&text);
	in->stale = r < 0;
	if (r < 0)
		return err_sys(
		    e, "%s/members/%s", in->group.where, m->self.id);
	return 0;
}

/*
 * Make our file under a hidden name, lock it and write it, and only then let
 * others see it: an unlocked one is dead.  Were we stopped for long between,
 * it may have been removed as such: then once more.
 */
static int
make_file(struct member *m, struct membership *in, struct err *e)
{
	char hidden[MEMBER_ID + 8], where[512];
	int tries, r;

	snprintf(hidden, sizeof(hidden), ".%s.tmp", m->self.id);
	snprintf(where, sizeof(where), "%s/members", in->group.where);
	for (tries = 0; tries < TRIES; tries++) {
		in->fd = fsio_open(in->group.members, hidden,
		    O_RDWR | O_CREAT | O_EXCL, 0660, where, e);
		if (in->fd < 0)
			return -1;
		r = flock(in->fd, LOCK_EX | LOCK_NB);
		if (r == 0) {
			if (member_write(m, in, e) < 0)
				break;
			r = fsio_rename(
			    in->group.members, hidden, m->self.id, false);
			if (r == 0)
				return 0;
		}
		err_sys(e, "%s/%s", where, m->self.id);
		if (e->sys != ENOENT && e->sys != EWOULDBLOCK)
			break;
		unlinkat(in->group.members, hidden, 0);
		close(in->fd);
		in->fd = -1;
	}
	unlinkat(in->group.members, hidden, 0);
	return -1;
}

static int
watch_group(struct member *m, struct membership *in)
{
	in->watched = watch_add(&m->watch, in->group.members,
	    WATCH_NAMES | WATCH_DATA | WATCH_CLOSED);
	return in->watched < 0 ||
	    watch_add(&m->watch, in->group.dirfd, WATCH_NAMES) < 0 ||
	    watch_add(&m->watch, in->group.owners, WATCH_CLOSED) < 0;
}

/* Become a member in one topic: 0, or -1. */
static int
enter(struct member *m, struct membership *in, const char *name, struct err *e)
{
	int tries, r = 0;

	for (tries = 0; r == 0 && tries < TRIES; tries++) {
		if (group_open(&in->group, in->topic, name, true, e) < 0)
			return -1;
		r = group_enter_door(&in->group, e);
		if (r <= 0)
			group_close(&in->group);
	}
	if (r == 0)
		return err_set(e, ERR_BUSY,
		    "%s: group %s is deleted again and again",
		    in->topic->path, name);
	if (r < 0)
		return -1;
	watch_group(m, in);
	r = make_file(m, in, e);
	group_leave_door(&in->group);
	if (r == 0 && asprintf(&in->owners, "%s/owners", in->group.where) < 0) {
		in->owners = NULL;
		r = err_set(e, ERR_SYSTEM, "out of memory");
	}
	return r;
}

struct member *
member_join(struct topic *const *topics, size_t count, const char *name,
    enum assignor assignor, struct err *e)
{
	struct member *m = calloc(1, sizeof(*m));
	size_t i, k;

	if (m != NULL) {
		m->in = calloc(count + 1, sizeof(*m->in));
		m->order = calloc(count + 1, sizeof(*m->order));
		m->watch.fd = -1;
	}
	if (m == NULL || m->in == NULL || m->order == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	if (introduce(m, topics, count, assignor, e) < 0)
		goto fail;
	m->news = true;
	watch_open(&m->watch);
	for (i = 0; i < count; i++) {
		for (k = i; k > 0 &&
		    comes_before(topics[i], topics[m->order[k - 1]]); k--)
			m->order[k] = m->order[k - 1];
		m->order[k] = i;
		m->in[i] = (struct membership){ .topic = topics[i], .fd = -1,
			.watched = -1 };
		m->in[i].group = (struct group){ topics[i], -1, -1, -1, -1,
			NULL, NULL };
		m->count++;
		if (enter(m, &m->in[i], name, e) < 0)
			goto fail;
	}
	return m;
fail:
	if (m != NULL)
		member_leave(m);
	return NULL;
}

const struct group *
member_group(const struct member *m, size_t i)
{
	return &m->in[i].group;
}

int
member_fd(const struct member *m)
{
	return m->watch.fd;
}

void
member_unlock(struct holding *h)
{
	/* To close it is what wakes others: let it be free by then. */
	if (h->owned)
		flock(h->fd, LOCK_UN);
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	h->owned = h->told = false;
}

void
member_release(struct member *m, int32_t topic, int32_t partition)
{
	struct membership *in = &m->in[topic];
	struct err ignored;

	if (!member_owns(m, topic, partition))
		return;
	/* First it is not listed, then free: two never list it. */
	in->held[partition].owned = false;
	member_write(m, in, &ignored);
	in->held[partition].owned = true;
	member_unlock(&in->held[partition]);
	m->news = true;
}

bool
member_owns(const struct member *m, int32_t topic, int32_t partition)
{
	return partition < m->in[topic].count &&
	    m->in[topic].held[partition].owned;
}

int
member_lock_fd(const struct member *m, int32_t topic, int32_t partition)
{
	return m->in[topic].held[partition].fd;
}

bool
member_is_waiting(const struct member *m)
{
	const struct membership *in;
	size_t i;
	int32_t p;

	for (i = 0; i < m->count; i++) {
		in = &m->in[i];
		for (p = 0; p < in->count; p++)
			if (in->held[p].wanted && !in->held[p].owned)
				return true;
	}
	return false;
}

bool
member_is_paused(const struct member *m, int32_t topic)
{
	return group_is_paused(&m->in[topic].group);
}

void
member_leave(struct member *m)
{
	struct membership *in;
	size_t i;
	int32_t p;

	for (i = 0; i < m->count; i++) {
		in = &m->in[i];
		/* Not a member any more, so nothing is listed; then free. */
		if (in->fd >= 0) {
			unlinkat(in->group.members, m->self.id, 0);
			close(in->fd);
		}
		for (p = 0; p < in->count; p++)
			member_unlock(&in->held[p]);
		free(in->held);
		free(in->owners);
		group_close(&in->group);
	}
	watch_close(&m->watch);
	free(m->in);
	free(m->order);
	free(m->steps);
	member_info_release(&m->self);
	free(m);
}
