/*
 * place: SRC and DST as they are written: [user@]host:path or a path here; a
 * topic, or topics of a folder.
 */
#ifndef KLOG_PLACE_H
#define KLOG_PLACE_H

#include <stdbool.h>

#include "err.h"
#include "opt.h"

struct place {
	char *host; /* NULL: here */
	char *folder; /* that the topics lie in; "" its own choice */
	char *name; /* of the topic; a pattern; NULL: DST says only where */
	bool many; /* topics: name is a pattern */
};

/* 0, or -1 ERR_USAGE.  place_release in any case. */
int place_source(struct place *p, const struct opt_common *common,
    const char *operand, struct err *e);
int place_target(struct place *p, const struct opt_common *common,
    const char *operand, const struct place *source, struct err *e);
void place_release(struct place *p);

/* "host:folder/name", as people write it; malloc'd or NULL.  name NULL: the
 * folder. */
char *place_text(const struct place *p, const char *name);

#endif
