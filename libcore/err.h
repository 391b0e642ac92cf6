/*
 * err: why something failed, filled by the one who knows.
 *
 * A function that can fail takes a "struct err *" as its last argument and
 * returns -1 (or the failing value its header names).  The text is one line,
 * without newline, the object first: "orders/0/lock: Permission denied".
 * The library never prints it; the command maps code to an exit status in one
 * place (klog(7), EXIT STATUS).
 */
#ifndef KLOG_ERR_H
#define KLOG_ERR_H

enum err_code {
	ERR_NONE,	/* nothing failed */
	ERR_USAGE,	/* called wrongly: exit 2 */
	ERR_SYSTEM,	/* the system refused; sys holds errno: exit 3 */
	ERR_DATA,	/* a record or an input that can't be taken: exit 3 */
	ERR_CORRUPT,	/* damaged bytes: exit 4 */
	ERR_BUSY,	/* a lock or a deadline: exit 5 */
	ERR_ROLE,	/* replica, fenced or sealed: exit 6 */
	ERR_STOPPED	/* a signal asked to stop: exit 128 + signal */
};

struct err {
	enum err_code code;
	int sys;		/* errno of the call that failed, or 0 */
	char text[768];		/* cut off if longer, always ended by NUL */
};

/* Fill e and return -1. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed system call: code ERR_SYSTEM, sys = errno, and
 * ": " strerror(errno) is added to the text.
 */
int err_sys(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "prefix: " before the text there is; returns -1. */
int err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
