/*
 * optrows: the macros that make rows of an option table; see opt.h.
 *
 * T is the options struct, f its field; the rest, "...", is the help text and
 * perhaps further members.
 */
#ifndef KLOG_OPTROWS_H
#define KLOG_OPTROWS_H

/* The offset of field f of struct T, which must have this type. */
#define OPT_AT(T, f, type) \
	(offsetof(T, f) + 0 * sizeof(char[_Generic(((T *)0)->f, type : 1)]))

#define OPT_ROW(k, l, n, a, at, ...)                                          \
	{                                                                     \
		.kind = OPT_KIND_##k, .letter = (l), .name = (n), .arg = (a), \
		.offset = (at), .help = __VA_ARGS__                           \
	}

#define OPT_HEADING(title)                                                    \
	{                                                                     \
		.kind = OPT_KIND_HEADING, .help = (title)                     \
	}
#define OPT_END                                                               \
	{                                                                     \
		.kind = OPT_KIND_END                                          \
	}

#define OPT_FLAG(l, n, T, f, ...)                                             \
	OPT_ROW(FLAG, l, n, NULL, OPT_AT(T, f, bool), __VA_ARGS__)
#define OPT_SET(l, n, T, f, value, ...)                                       \
	OPT_ROW(SET, l, n, NULL, OPT_AT(T, f, int), __VA_ARGS__, .min = (value))
#define OPT_COUNT(l, n, T, f, ...)                                            \
	OPT_ROW(COUNT, l, n, NULL, OPT_AT(T, f, int), __VA_ARGS__)
#define OPT_STRING(l, n, a, T, f, ...)                                        \
	OPT_ROW(STRING, l, n, a, OPT_AT(T, f, const char *), __VA_ARGS__)
#define OPT_LIST(l, n, a, T, f, ...)                                          \
	OPT_ROW(LIST, l, n, a, OPT_AT(T, f, struct opt_list), __VA_ARGS__)
#define OPT_TIME(l, n, a, T, f, ...)                                          \
	OPT_ROW(TIME, l, n, a, OPT_AT(T, f, int64_t), __VA_ARGS__)

/* lo and hi are the least and the greatest value taken. */
#define OPT_INT(l, n, a, T, f, lo, hi, ...) \
	OPT_ROW(INT, l, n, a, OPT_AT(T, f, int64_t), __VA_ARGS__, .min = (lo), \
	    .max = (hi))
#define OPT_SIZE(l, n, a, T, f, lo, hi, ...)                                  \
	OPT_ROW(SIZE, l, n, a, OPT_AT(T, f, int64_t), __VA_ARGS__,            \
	    .min = (lo), .max = (hi))
#define OPT_DURATION(l, n, a, T, f, lo, hi, ...)                              \
	OPT_ROW(DURATION, l, n, a, OPT_AT(T, f, int64_t), __VA_ARGS__,        \
	    .min = (lo), .max = (hi))

/* list is an array of struct opt_choice; fn an opt_reader. */
#define OPT_CHOICE(l, n, a, T, f, list, ...)                                  \
	OPT_ROW(CHOICE, l, n, a, OPT_AT(T, f, int), __VA_ARGS__,              \
	    .choices = (list))
#define OPT_CALL(l, n, a, T, f, fn, ...)                                      \
	OPT_ROW(CALL, l, n, a, offsetof(T, f), __VA_ARGS__, .parse = (fn))
#define OPT_ACTION(l, n, outcome, ...)                                        \
	OPT_ROW(ACTION, l, n, NULL, 0, __VA_ARGS__, .min = (outcome))

/* The rows of every program, under a heading of their own. */
#define OPT_ROWS_COMMON                                                       \
	OPT_HEADING("Common"),                                                \
	    OPT_FLAG('q', "quiet", struct opt_common, quiet,                  \
		"say nothing but errors"),                                    \
	    OPT_COUNT('v', "verbose", struct opt_common, verbose,             \
		"say more; may be repeated"),                                 \
	    OPT_ACTION('h', "help", OPT_HELP, "print this help"),             \
	    OPT_ACTION('V', "version", OPT_VERSION, "print the version"),     \
	    OPT_ACTION(0, "dump-options", OPT_DUMP_OPTIONS,                   \
		"print the option table", .hidden = true),                    \
	    OPT_ROW(ACTION, 0, "dump-completion", "SHELL",                    \
		OPT_AT(struct opt_common, shell, const char *),               \
		"print the completion for bash, zsh or fish",                 \
		.min = OPT_DUMP_COMPLETION, .hidden = true)

/* The rows that only some programs have. */
#define OPT_ROW_DIR                                                           \
	OPT_STRING(0, "dir", "DIR", struct opt_common, dir,                   \
	    "look up topics under DIR ($KLOG_DIR, or here)")
#define OPT_ROW_PROGRESS                                                      \
	OPT_FLAG(0, "progress", struct opt_common, progress,                  \
	    "show progress even if not on a terminal")
#define OPT_ROW_PARTITIONS(T, at) /* range.h */                               \
	OPT_CALL('p', "partitions", "LIST", T, at, range_option_partitions,   \
	    "only these, such as 0,2,5-7",                                    \
	    .release = range_partitions_release)
#define OPT_ROW_UNSAFE(T, field)                                              \
	OPT_FLAG(0, "unsafe-fs", T, field,                                    \
	    "also on a file system that may not keep locks and syncs")
#define OPT_ROWS_FAR(T, shell, program)                                       \
	OPT_STRING(0, "rsh", "CMD", T, shell,                                 \
	    "the remote shell ($KLOG_RSH, or ssh)"),                          \
	    OPT_STRING(0, "path-of-klog", "CMD", T, program,                  \
		"klog-replicate on the far side (klog-replicate)")

#endif
