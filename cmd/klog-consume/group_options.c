#include <fcntl.h>
#include <unistd.h>

#include "group.h"

/* Options that only members of a group take. */
static int
check_alone(const struct options *o, struct err *e)
{
	const struct {
		bool given;
		const char *name;
	} list[] = {
		{ o->has_reset, "--reset" },
		{ o->has_assignor, "--assign" },
		{ o->has_commit, "--commit" },
		{ o->has_sync, "--commit-sync" },
		{ o->exec != NULL, "--exec" },
		{ o->exec_each != NULL, "--exec-each" },
		{ o->has_ack_fd, "--ack-fd" },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].given)
			return err_set(e, ERR_USAGE, "%s: goes with a group "
			    "only (-g)", list[i].name);
	return 0;
}

/* Options that members of a group do not take, and why. */
static int
check_member(const struct options *o, struct err *e)
{
	const struct {
		bool given;
		const char *name, *why;
	} list[] = {
		{ o->range.from.kind != BOUND_NONE ||
			o->range.to.kind != BOUND_NONE,
		    "-o, --since, --until",
		    "a group starts at its committed offsets" },
		{ o->partitions.list != NULL, "-p",
		    "the members of a group share all partitions" },
		{ o->has_last, "--last",
		    "a group starts at its committed offsets" },
		{ o->merge, "--merge", "a group reads in no order of times" },
		{ o->reverse, "--reverse", "a group reads forwards" },
		{ o->count, "-c", "a group is for records that are used" },
		{ o->speed != NULL, "--speed", "a group is no replay" },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].given)
			return err_set(e, ERR_USAGE, "%s: not with -g: %s",
			    list[i].name, list[i].why);
	return 0;
}

/* Options of --exec and --exec-each. */
static int
check_exec(const struct options *o, struct err *e)
{
	const struct {
		bool given;
		const char *name;
	} list[] = {
		{ o->has_jobs, "--jobs" },
		{ o->has_retries, "--retries" },
		{ o->has_backoff, "--backoff" },
		{ o->dead_letter != NULL, "--dead-letter" },
	};
	bool exec = o->exec != NULL || o->exec_each != NULL;
	size_t i;

	if (o->exec != NULL && o->exec_each != NULL)
		return err_set(e, ERR_USAGE,
		    "only one of --exec and --exec-each can be given");
	if (exec && o->whole != NULL)
		return err_set(e, ERR_USAGE, "--whole: not with --exec and "
		    "--exec-each: records go to the command");
	for (i = 0; !exec && i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].given)
			return err_set(e, ERR_USAGE, "%s: goes with --exec "
			    "and --exec-each only", list[i].name);
	return 0;
}

/* How it is committed: what is not given follows from what is. */
static int
check_commit(struct options *o, struct err *e)
{
	bool exec = o->exec != NULL || o->exec_each != NULL;
	int flags;

	if (exec && o->has_ack_fd)
		return err_set(e, ERR_USAGE, "--ack-fd: not with --exec and "
		    "--exec-each: their exit status tells");
	if (!o->has_commit)
		o->commit = exec ? COMMIT_EXEC : o->has_ack_fd ? COMMIT_FD :
		    COMMIT_AUTO;
	if (o->commit == COMMIT_AUTO && (exec || o->has_ack_fd))
		return err_set(e, ERR_USAGE, "--commit auto: not with %s",
		    exec ? "--exec and --exec-each" : "--ack-fd");
	if (o->commit == COMMIT_EXEC && !exec)
		return err_set(e, ERR_USAGE, "--commit exec: needs --exec or "
		    "--exec-each");
	if (o->commit == COMMIT_FD && !o->has_ack_fd)
		return err_set(e, ERR_USAGE, "--commit fd: needs --ack-fd");
	if (o->commit == COMMIT_NONE && o->has_ack_fd)
		return err_set(e, ERR_USAGE,
		    "--commit none: not with --ack-fd");
	if (!o->has_ack_fd)
		return 0;
	flags = fcntl((int)o->ack_fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
		return err_set(e, ERR_USAGE, "--ack-fd: descriptor %d is not "
		    "open for reading", (int)o->ack_fd);
	return o->ack_fd == STDOUT_FILENO ? err_set(e, ERR_USAGE,
	    "--ack-fd: 1 is where records go") : 0;
}

int
group_check(struct options *o, struct err *e)
{
	if (o->group == NULL && check_alone(o, e) < 0)
		return -1;
	if (check_exec(o, e) < 0)
		return -1;
	if (o->group == NULL)
		return 0;
	return check_member(o, e) < 0 ? -1 : check_commit(o, e);
}
