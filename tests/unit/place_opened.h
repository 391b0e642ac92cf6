/*
 * place_opened: a reader's view, and a group, of a place's topic.
 */
#ifndef KLOG_TEST_PLACE_OPENED_H
#define KLOG_TEST_PLACE_OPENED_H

#include "group.h"
#include "place.h"

/* What a reader sees of the partition. */
static inline struct view
place_view(const struct place *pl)
{
	struct view v;
	struct err e;

	place_need(view_open(&v, pl->topic.dirfd, 0, "t", &e) == 0, "view", &e);
	return v;
}

/* A new group of the topic. */
static inline struct group
place_group(const struct place *pl, const char *name)
{
	struct group g;
	struct err e;

	place_need(group_open(&g, &pl->topic, name, true, &e) == 1,
	    "group_open", &e);
	return g;
}

#endif
