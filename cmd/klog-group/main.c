/*
 * klog-group: what consumer groups have read, and where they go on.  A file a
 * verb.
 */
#include "main.h"
#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct command verbs[] = { verb_list, verb_describe, verb_reset,
		verb_export, verb_import, verb_delete, verb_wait, verb_check,
		verb_pause, verb_resume, { .name = NULL } };
	const struct program program = { .name = "klog-group",
		.summary = "show and move what groups have read",
		.verbs = verbs };

	return main_run(&program, argc, argv);
}
