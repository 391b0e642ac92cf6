/*
 * verbs: the commands of klog-topic, one file each, and what they share.
 */
#ifndef KLOG_TOPIC_VERBS_H
#define KLOG_TOPIC_VERBS_H

#include <stdio.h>

#include "err.h"
#include "opt.h"
#include "program.h"
#include "role.h"
#include "settings.h"

extern const struct command verb_create;
extern const struct command verb_list;
extern const struct command verb_describe;
extern const struct command verb_alter;
extern const struct command verb_delete;
extern const struct command verb_trim;
extern const struct command verb_offsets;
extern const struct command verb_config;
extern const struct command verb_seal;
extern const struct command verb_unseal;
extern const struct command verb_snapshot;
extern const struct command verb_wait;

/*
 * Apply "key=value" words to s, in order (given.c).  0, or -1 with ERR_USAGE
 * and those before it applied.
 */
int given_set(struct settings *s, const struct opt_list *words,
    struct err *e);

/*
 * Row i of the settings as a JSON value, without blanks around it: a number,
 * or a string where the value is a word (given.c).
 */
void given_json(const struct settings *s, int i, FILE *f);

#endif
