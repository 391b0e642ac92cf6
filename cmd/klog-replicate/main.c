/*
 * klog-replicate: keep a copy of a topic elsewhere, over ssh.  A file a verb.
 */
#include "main.h"
#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct command verbs[] = { verb_status, verb_promote, verb_follow,
		verb_forget, { .name = NULL } };
	const struct program program = { .name = "klog-replicate",
		.summary = "copy topics, also over ssh, and keep the copies up "
			   "to date",
		.verbs = verbs,
		.single = &verb_copy };

	return main_run(&program, argc, argv);
}
