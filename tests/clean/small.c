/*
 * small: compact partition 0 of a topic with less memory than klog-clean
 * takes, so that a few dozen keys go to temporary files.
 *
 *	small TOPIC NOW_MS BYTES [force] [roll]
 *
 * Prints how many bytes it spilled.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compaction.h"
#include "topic.h"

int
main(int argc, char **argv)
{
	struct compaction c = { .workers = 1 };
	struct partition p;
	struct topic t;
	struct err e = { 0 };
	int i, r;

	if (argc < 4)
		return 2;
	if (topic_open(&t, argv[1], &e) < 0) {
		fprintf(stderr, "small: %s\n", e.text);
		return 3;
	}
	r = partition_open(&p, t.dirfd, 0, t.path, &t.settings, &e);
	if (r == 0) {
		c.partition = &p;
		c.now_ms = strtoll(argv[2], NULL, 10);
		c.memory = strtoll(argv[3], NULL, 10);
		for (i = 4; i < argc; i++) {
			c.force |= strcmp(argv[i], "force") == 0;
			c.roll |= strcmp(argv[i], "roll") == 0;
		}
		memcpy(c.hash_key, "sixteen bytes...", 16);
		r = compaction_run(&c, &e);
		partition_close(&p);
	}
	topic_close(&t);
	if (r < 0) {
		fprintf(stderr, "small: %s\n", e.text);
		return 3;
	}
	printf("%" PRId64 "\n", c.spilled);
	return 0;
}
