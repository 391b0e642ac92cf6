/*
 * where: from a TOPIC operand to the path of its directory.
 */
#ifndef KLOG_WHERE_H
#define KLOG_WHERE_H

#include <stdbool.h>

#include "err.h"
#include "opt.h"
#include "topic.h"

/*
 * The directory in which topics named without '/' are looked up: --dir, else
 * $KLOG_DIR if it is set and not empty, else ".".  Borrowed from the command
 * line or the environment.
 */
const char *where_dir(const struct opt_common *common);

/*
 * The path of the topic that operand names: the operand itself if it holds a
 * '/', else that name in where_dir (alone if that is ".").  The name is
 * checked first (topic_check_name), so a bad one touches no file.
 * 0 with *path malloc'd, or -1 with *path NULL: ERR_USAGE, ERR_SYSTEM.
 */
int where_topic(const struct opt_common *common, const char *operand,
    char **path, struct err *e);

/* Open the topic that operand names, as above.  0, or -1. */
int where_open(struct topic *t, const struct opt_common *common,
    const char *operand, struct err *e);

/*
 * Whether e is damage in the topic with this path.  Then " (klog-check PATH
 * tells how to go on)" is added to its text, unless advice of its own in
 * parentheses ends it.
 */
bool where_advise(struct err *e, const char *path);

#endif
