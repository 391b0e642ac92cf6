/*
 * model SEED FIRST COUNT [STEP STATE]: power cuts on a disk in memory.
 *
 * Does runs FIRST to FIRST + COUNT - 1 of SEED (model.h), each with its own
 * choice of segment size and index interval; from run 1000000 on they are
 * runs of compaction, from 2000000 on of truncation, from 3000000 on of
 * snapshots.  With STEP and STATE only that state of run FIRST is checked.
 * The first state that is wrong is told, with the command that repeats it, its
 * files are kept, and the status is 1.
 * Otherwise it prints how many states there were.
 *
 *   model_disk, model_crash  the disk, and what a crash leaves of it
 *   model_calls, model_names the core's system calls, led to it
 *   model_work, model_past   who appends what, and what is known of it
 *   model_clean, model_cut,  runs of compaction, of truncation, of snapshots,
 *   model_snapshot, model_log  and what the latter share
 *   model_states             states at a point
 *   model_check, model_files what is asked of a state
 */
#include "model.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "units.h"

/* Killed actors do not free what they had. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
main(int argc, char **argv)
{
	int64_t arg[5] = { 0, 0, 0, -1, -1 };
	int i;

	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: model SEED FIRST COUNT [STEP STATE]\n");
		return 2;
	}
	for (i = 1; i < argc; i++) {
		if (units_int(argv[i], 0, INT32_MAX, &arg[i - 1]) < 0) {
			fprintf(stderr, "model: %s: not a number\n", argv[i]);
			return 2;
		}
	}
	/* What is freed is soon asked for again. */
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	run.seed = (uint64_t)arg[0];
	run.only_step = (int)arg[3];
	run.only_state = (int)arg[4];
	for (i = 0; i < arg[2]; i++) {
		run.number = (int)arg[1] + i;
		if (run.number < CLEAN_RUNS)
			work();
		else if (run.number < CUT_RUNS)
			clean_work();
		else if (run.number < SNAPSHOT_RUNS)
			cut_work();
		else
			snapshot_work();
	}
	printf("# states: %ld\n", states_checked);
	printf("# of them in recoveries: %ld\n", states_nested);
	return 0;
}
