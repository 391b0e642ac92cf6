/*
 * scene: topics and the members of a group in them, for the tests of member.
 */
#ifndef KLOG_TEST_SCENE_H
#define KLOG_TEST_SCENE_H

#include "clock.h"
#include "member.h"
#include "member_parts.h"
#include "place.h"

enum { SETTLE_MS = 20000 };

struct scene {			/* topics a, b, c and who reads them */
	struct place pl;
	struct topic topics[3];
	int count;
};

static inline void
scene_make(struct scene *sc, int count, const int *partitions)
{
	char path[80];
	struct settings s;
	struct err e;
	int i;

	memset(sc, 0, sizeof(*sc));
	place_dir(&sc->pl);
	for (i = 0; i < count; i++) {
		settings_init(&s);
		s.partitions = partitions[i];
		snprintf(path, sizeof(path), "%s/%c", sc->pl.dir, 'a' + i);
		place_need(topic_create(path, &s, false, &e) == 0, "create",
		    &e);
		place_need(topic_open(&sc->topics[i], path, &e) == 0, "open",
		    &e);
	}
	sc->count = count;
}

static inline void
scene_remove(struct scene *sc)
{
	while (sc->count > 0)
		topic_close(&sc->topics[--sc->count]);
	place_remove(&sc->pl);
}

static inline struct member *
joined(struct scene *sc, const char *reads, enum assignor assignor)
{
	struct topic *list[3];
	struct member *m;
	struct err e;
	size_t n = 0;
	int64_t now = clock_wall_ms();

	for (; *reads != '\0'; reads++)
		list[n++] = &sc->topics[*reads - 'a'];
	m = member_join(list, n, "g", assignor, &e);
	place_need(m != NULL, "member_join", &e);
	/* The next one joins later: names tell it in ms. */
	while (clock_wall_ms() <= now + 1)
		continue;
	return m;
}

/* Do all that m finds to do now: how many steps. */
static inline int
work(struct member *m)
{
	struct member_step step;
	struct err e;
	int r, n = 0;

	for (; (r = member_settle(m, &step, &e)) > 0; n++) {
		CHECK(member_owns(m, step.topic, step.partition));
		if (step.kind == MEMBER_GIVE)
			member_release(m, step.topic, step.partition);
	}
	place_need(r == 0, "member_settle", &e);
	return n;
}

/* Until nobody has anything to do or to wait for: how many steps. */
static inline int
settle(struct member **all, int count)
{
	int64_t deadline = clock_mono_ms() + SETTLE_MS;
	int i, n, steps = 0, busy;

	do {
		for (i = n = busy = 0; i < count; i++) {
			n += work(all[i]);
			busy += member_patience(all[i]) >= 0;
		}
		steps += n;
		place_need(clock_mono_ms() < deadline, "never settled", NULL);
	} while (n > 0 || busy > 0);
	return steps;
}

/* "a0 a1 b0": what m owns, numbered by the topics it gave. */
static inline const char *
owns(const struct member *m)
{
	static char out[512];
	size_t used = 0, t;
	int32_t p;

	out[0] = '\0';
	for (t = 0; t < m->count; t++)
		for (p = 0; p < m->in[t].count; p++)
			if (member_owns(m, (int32_t)t, p))
				used += (size_t)snprintf(out + used,
				    sizeof(out) - used, "%s%s%" PRId32,
				    used > 0 ? " " : "", m->in[t].topic->name,
				    p);
	return out;
}

#endif
