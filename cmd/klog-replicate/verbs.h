/*
 * verbs: the commands of klog-replicate, one file each; copy is what is meant
 * by SRC DST, serve by --serve.
 */
#ifndef KLOG_REPLICATE_VERBS_H
#define KLOG_REPLICATE_VERBS_H

#include "program.h"

extern const struct command verb_copy;
extern const struct command verb_status;
extern const struct command verb_promote;
extern const struct command verb_follow;
extern const struct command verb_forget;

#endif
