#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Landlock, as the kernel has it: its header may be older than the kernel,
 * and the C library knows nothing of it.
 */
enum {
	CREATE_RULESET = 444,
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	ASK_VERSION = 1, /* flag of CREATE_RULESET */
	BENEATH = 1	 /* kind of rule */
};

struct ruleset { /* what is refused unless a rule allows it */
	uint64_t files; /* ABI 1 */
	uint64_t network; /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

enum {
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_FILE = 1 << 8,
	REFER = 1 << 13,   /* ABI 2 */
	TRUNCATE = 1 << 14, /* ABI 3 */
	READS = READ_FILE | READ_DIR,
	WRITES = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE |
	    REFER | TRUNCATE,
	MEMORY = 1 << 30
};

/* All rights over files that a version of Landlock knows. */
static uint64_t
all_files(long abi)
{
	static const uint64_t bits[] = { 0, 13, 14, 15, 15, 16 };

	return ((uint64_t)1 << bits[abi > 5 ? 5 : abi]) - 1;
}

static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct beneath rule = { .allowed = rights };
	int r;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return -1;
	r = (int)syscall(ADD_RULE, ruleset, BENEATH, &rule, 0);
	close(rule.fd);
	return r;
}

/* 1, 0 the kernel has none, -1. */
static int
landlock(bool writes, struct err *e)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset rules = { 0 };
	size_t size = sizeof(rules.files);
	uint64_t rights = READS | (writes ? WRITES : 0);
	int fd, r;

	if (abi < 1)
		return 0;
	rules.files = all_files(abi);
	if (abi >= 4) {
		rules.network = 3; /* bind and connect */
		size = offsetof(struct ruleset, scoped);
	}
	if (abi >= 6) {
		rules.scoped = 3; /* abstract sockets and signals */
		size = sizeof(rules);
	}
	fd = (int)syscall(CREATE_RULESET, &rules, size, 0);
	if (fd < 0)
		return err_sys(e, "landlock");
	r = allow(fd, ".", rights & rules.files);
	/* The boot's id, the holders of locks: read, where they are. */
	(void)allow(fd, "/proc/sys/kernel/random/boot_id", READ_FILE);
	(void)allow(fd, "/proc/locks", READ_FILE);
	if (r == 0)
		r = (int)syscall(RESTRICT_SELF, fd, 0);
	if (r < 0)
		err_sys(e, "landlock");
	close(fd);
	return r < 0 ? -1 : 1;
}

static void
limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit l;

	if (getrlimit(what, &l) < 0)
		return;
	if (l.rlim_max > most)
		l.rlim_max = most;
	if (l.rlim_cur > l.rlim_max)
		l.rlim_cur = l.rlim_max;
	(void)setrlimit(what, &l);
}

int
confine(bool writes, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "no_new_privs");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
#ifndef __SANITIZE_ADDRESS__
	limit(RLIMIT_AS, MEMORY);
#endif
	return landlock(writes, e);
}
