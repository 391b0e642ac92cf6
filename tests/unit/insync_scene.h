/*
 * insync_scene: a topic whose three followers are served here.
 */
#ifndef KLOG_TEST_INSYNC_SCENE_H
#define KLOG_TEST_INSYNC_SCENE_H

#include "place_files.h"

#include "checkpoint.h"
#include "clock.h"
#include "conf.h"
#include "durable.h"
#include "insync.h"
#include "replicas_serve.h"
#include "role.h"

static const struct replica head = { "host", 42, 1000, 1000 };

struct scene {
	struct place pl;
	struct insync_files files;
	struct insync own;
	struct replicas_file f[3];
	struct insync of[3];	/* one a process that serves */
};

static inline void
configure(struct scene *s, const char *key, const char *value)
{
	struct topic *t = &s->pl.topic;
	struct err e;

	place_need(settings_set(&t->settings, key, value, &e) == 0 &&
		conf_write(&t->settings, t->dirfd, t->path, &e) == 0,
	    "conf", &e);
}

static inline void
set_up(struct scene *s, const char *copies)
{
	struct replicas_ask ask = { 0 };
	struct err e;
	char name[8];
	int i;

	memset(s, 0, sizeof(*s));
	place_make(&s->pl);
	configure(s, "min.insync.replicas", copies);
	configure(s, "replica.lag.time.max.ms", "100");
	insync_init(&s->own, &s->pl.p, 0, &s->files);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		place_need(replicas_serve(&s->f[i], s->pl.topic.dirfd, "t",
			       name, &head, &ask, &e) == 1,
		    "serve", &e);
		insync_init(&s->of[i], &s->pl.p, 0, &s->files);
	}
}

static inline void
tear_down(struct scene *s)
{
	int i;

	for (i = 0; i < 3; i++) {
		insync_release(&s->of[i]);
		replicas_close(&s->f[i]);
	}
	insync_release(&s->own);
	insync_files_release(&s->files);
	place_remove(&s->pl);
}

static inline struct state_page *
page(struct scene *s)
{
	return s->pl.p.state.page;
}

/* Append n records and make them durable. */
static inline void
grow(struct scene *s, int n)
{
	struct err e;

	place_fill(&s->pl, n, 1000, 1);
	place_need(durable_wait(&s->pl.p, s->pl.p.slot.next_offset, 0, &e) == 0,
	    "durable", &e);
}

static inline void
ack(struct scene *s, int i, int64_t offset)
{
	struct err e;

	place_need(insync_acked(&s->of[i], &s->f[i], offset, 5000, &e) == 0,
	    "acked", &e);
}

static inline const char *
members(struct scene *s)
{
	static struct buf text;
	struct err e;

	if (fsio_read_file(s->pl.part, INSYNC_NAME, &text, 1000, "t", &e) <= 0)
		return "-";
	return (const char *)text.data;
}

#define HIGH(s, n)                                                           \
	do {                                                                 \
		int64_t noted;                                               \
		struct err err;                                              \
		CHECK_EQ_INT(atomic_load(&page(s)->high_watermark), n);      \
		CHECK(checkpoint_read_high((s)->pl.part, &noted, "t", &err) >= \
		    0);                                                      \
		CHECK_EQ_INT(noted, n);                                      \
	} while (0)

#endif
