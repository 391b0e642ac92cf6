/*
 * verbs: the commands of klog-group, one file each (pause.c has two), and the
 * option rows they share.
 */
#ifndef KLOG_GROUP_VERBS_H
#define KLOG_GROUP_VERBS_H

#include "opt.h"
#include "program.h"

extern const struct command verb_list;
extern const struct command verb_describe;
extern const struct command verb_reset;
extern const struct command verb_export;
extern const struct command verb_import;
extern const struct command verb_delete;
extern const struct command verb_wait;
extern const struct command verb_check;
extern const struct command verb_pause;
extern const struct command verb_resume;

/* For those that work on one group: const char *group in options struct T. */
#define VERBS_ROW_GROUP(T) \
	OPT_STRING('g', "group", "GROUP", T, group, "the group")

#define VERBS_ROW_FORCE(T) \
	OPT_FLAG(0, "force", T, force, "even if the group has live members")

#endif
