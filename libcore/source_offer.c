#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"
#include "replicas_serve.h"
#include "role.h"
#include "source_send.h"

void
source_release_topic(struct source *s, struct source_topic *t)
{
	int32_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->count; i++)
		source_log_close(s, &t->logs[i]);
	source_groups_release(s, t);
	insync_files_release(&t->files);
	replicas_close(&t->file);
	topic_close(&t->topic);
	free(t->logs);
	free(t->name);
	free(t->origin);
	free(t);
}

/* A fenced leader's records may never be copied over those of the new one. */
static int
check_role(const struct source_topic *t, struct err *e)
{
	struct role r;

	if (role_read(&r, t->topic.dirfd, t->topic.path, e) < 0)
		return -1;
	if (r.kind != ROLE_FENCED)
		return 0;
	return err_set(e, ERR_ROLE,
	    "%s: was fenced by epoch %" PRId32 ": another leads now: copy that "
	    "one; klog-replicate follow makes this its replica",
	    t->topic.path, r.epoch);
}

/*
 * Serve the follower's file from here on, where we may write: 1, 0 another
 * process has it and is asked whether its follower lives, -1: it does.
 */
static int
serve_follower(struct source *s, struct source_topic *t, struct err *e)
{
	struct replica head = { .pid = getpid(),
		.since_ms = clock_wall_ms(),
		.last_ms = clock_wall_ms() };
	const char *follower = s->o.follower, *host = follower;
	char *name;
	int r;

	if (s->o.read_only || follower == NULL || *follower == '\0')
		return 1;
	if (asprintf(&name, "%s%s", follower,
		follower[strlen(follower) - 1] == '/' ? t->name : "") < 0)
		return source_no_memory(t, e);
	if (strchr(follower, ':') == NULL)
		host = s->o.host != NULL ? s->o.host : "-";
	snprintf(head.host, sizeof(head.host), "%s", host);
	head.host[strcspn(head.host, " :\t")] = '\0';
	r = replicas_serve(&t->file, t->topic.dirfd, t->topic.path, name,
	    &head, &t->ask, e);
	free(name);
	if (r > 0)
		t->file_watch = watch_add(
		    &s->watch, t->file.fd, WATCH_CLOSED);
	if (r >= 0)
		return r;
	return e->sys == EACCES || e->sys == EROFS || e->sys == EPERM ? 1 : -1;
}

static int
open_topic(struct source *s, struct source_topic *t, const char *path,
    const char *name, const char *origin, struct err *e)
{
	if (topic_open(&t->topic, path, e) < 0 || check_role(t, e) < 0)
		return -1;
	t->name = strdup(name == NULL ? t->topic.name : name);
	t->origin = strdup(origin);
	if (t->name == NULL || t->origin == NULL)
		return source_no_memory(t, e);
	if (s->o.follow)
		t->watch = watch_add(
		    &s->watch, t->topic.dirfd, WATCH_NAMES);
	t->groups_look = s->o.groups;
	return source_grow(s, t, e);
}

int
source_offer(struct source *s, struct err *e)
{
	struct source_topic *t;
	struct err ignored;
	int r;

	if (s->find && s->o.find != NULL) {
		s->find = false;
		(void)s->o.find(s->o.ctx, s, &ignored);
	}
	if (s->offered == s->count)
		return 0;
	t = s->topics[s->offered];
	r = serve_follower(s, t, e);
	if (r <= 0)
		return r;
	s->offered++;
	return source_send_topic(s, t, WIRE_TOPIC, e) < 0 ? -1 : 1;
}

bool
source_offers(const struct source *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->topics[i]->topic.name, name) == 0)
			return true;
	return false;
}

void
source_watch_folder(struct source *s)
{
	struct err ignored;
	int fd = fsio_open_dir(
	    AT_FDCWD, s->o.folder, s->o.folder, &ignored);

	if (fd < 0)
		return;
	s->folder_watch = watch_add(&s->watch, fd, WATCH_NAMES);
	close(fd);
}

int
source_add(struct source *s, const char *path, const char *name,
    const char *origin, struct err *e)
{
	struct source_topic *t = calloc(1, sizeof(*t)), **all;

	all = realloc(
	    s->topics, (s->count + 1) * sizeof(struct source_topic *));
	if (all != NULL)
		s->topics = all;
	if (t == NULL || all == NULL) {
		free(t);
		return err_set(e, ERR_SYSTEM, "%s: out of memory", path);
	}
	t->topic.dirfd = t->file.fd = -1;
	t->watch = t->groups_watch = t->file_watch = -1;
	t->number = (int32_t)s->count;
	if (open_topic(s, t, path, name, origin, e) < 0) {
		source_release_topic(s, t);
		return -1;
	}
	s->topics[s->count++] = t;
	return source_offer(s, e) < 0 ? -1 : 0;
}
