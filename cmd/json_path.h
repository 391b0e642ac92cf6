/*
 * json_path: finding the values at some paths while events go by; the inside
 * of json_lookup (json.h), apart so that each part stays small.
 */
#ifndef KLOG_JSON_PATH_H
#define KLOG_JSON_PATH_H

#include <stdbool.h>

#include "json.h"

struct json_track {		/* how far one path is matched */
	const struct json_path *path;
	int chain;		/* open containers that are on the path */
	bool hit;		/* the next value is the next step */
	int copying;		/* depth inside the value found; 0 not */
	enum json_event type;
	struct buf text;	/* of the value; type says if there is one */
};

struct json_search {
	struct json_track tracks[JSON_PATHS];
	size_t count;
	int depth;
};

void json_search_start(struct json_search *s,
    struct json_path *const *paths, size_t n);

/* A struct json_handler's event; context is the struct json_search. */
int json_search_event(void *context, enum json_event event,
    struct slice text, struct err *e);

/* Point values at the texts. */
void json_search_end(const struct json_search *s, struct json_value *values);

void json_search_release(struct json_search *s);

#endif
