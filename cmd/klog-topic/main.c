/*
 * klog-topic: make, look at, change and remove topics.  A file a verb.
 */
#include "main.h"
#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct command verbs[] = { verb_create, verb_list,
		verb_describe, verb_alter, verb_delete, verb_trim,
		verb_offsets, verb_seal, verb_unseal, verb_snapshot,
		verb_wait, verb_config, { .name = NULL } };
	const struct program program = { .name = "klog-topic",
		.summary = "administer topics",
		.verbs = verbs };

	return main_run(&program, argc, argv);
}
