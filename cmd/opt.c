#include "opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the reading of a command line is. */
struct reading {
	const struct opt *table;
	void *options;
	char **argv;
	int argc;
	int next;		/* the argument to read next */
	int operands;		/* kept at the front of argv so far */
	struct err *e;
};

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

/* How many single-letter edits apart, for words of up to 31 bytes. */
static int
distance(const char *a, const char *b)
{
	int row[32];
	size_t n = strlen(b);
	size_t i, j;
	int corner, cost;

	if (n >= sizeof(row) / sizeof(row[0]))
		return (int)n;
	for (j = 0; j <= n; j++)
		row[j] = (int)j;
	for (i = 0; a[i] != '\0'; i++) {
		corner = row[0]++;
		for (j = 1; j <= n; j++) {
			cost = corner + (a[i] != b[j - 1]);
			corner = row[j];
			row[j] = smaller(cost,
			    smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

const char *
opt_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	int least = 3;
	size_t i;
	int d;

	for (i = 0; i < n; i++) {
		d = distance(word, names[i]);
		if (d < least && d < (int)strlen(names[i]) - 1) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

static int
unknown_long(const struct reading *r, const char *name, size_t n)
{
	const char *names[128];
	const char *near;
	const struct opt *row;
	char word[64];
	size_t count = 0;

	snprintf(word, sizeof(word), "%.*s", (int)smaller((int)n, 63), name);
	for (row = r->table; row->kind != OPT_KIND_END; row++)
		if (row->name != NULL && !row->hidden &&
		    count < sizeof(names) / sizeof(names[0]))
			names[count++] = row->name;
	near = opt_nearest(word, names, count);
	if (near == NULL)
		return err_set(r->e, ERR_USAGE, "unknown option --%s", word);
	return err_set(r->e, ERR_USAGE,
	    "unknown option --%s; did you mean --%s?", word, near);
}

/* Several names begin with the n bytes at name: say which. */
static int
ambiguous(const struct reading *r, const char *name, size_t n)
{
	const struct opt *row;
	char list[256];
	size_t used = 0;
	int w;

	for (row = r->table; row->kind != OPT_KIND_END; row++) {
		if (row->name == NULL || row->hidden ||
		    strncmp(row->name, name, n) != 0)
			continue;
		w = snprintf(list + used, sizeof(list) - used, "%s--%s",
		    used > 0 ? ", " : "", row->name);
		if (w < 0 || (size_t)w >= sizeof(list) - used)
			break;
		used += (size_t)w;
	}
	return err_set(r->e, ERR_USAGE, "--%.*s may be %s", (int)n, name,
	    list);
}

/*
 * The row that the n bytes at name stand for: all of its name, or the only
 * name that begins so.  A hidden option must be written out.
 */
static const struct opt *
find_long(const struct reading *r, const char *name, size_t n)
{
	const struct opt *row;
	const struct opt *found = NULL;
	int count = 0;

	for (row = r->table; row->kind != OPT_KIND_END; row++) {
		if (row->name == NULL || strncmp(row->name, name, n) != 0)
			continue;
		if (row->name[n] == '\0')
			return row;
		if (row->hidden)
			continue;
		found = row;
		count++;
	}
	if (count == 1 && n > 0)
		return found;
	if (count > 1 && n > 0)
		ambiguous(r, name, n);
	else
		unknown_long(r, name, n);
	return NULL;
}

static const struct opt *
find_letter(const struct reading *r, char letter)
{
	const struct opt *row;

	for (row = r->table; row->kind != OPT_KIND_END; row++)
		if (letter != '\0' && row->letter == letter)
			return row;
	if (letter > ' ' && letter < 0x7f)
		err_set(r->e, ERR_USAGE, "unknown option -%c", letter);
	else
		err_set(r->e, ERR_USAGE, "unknown option -\\x%02x",
		    (unsigned char)letter);
	return NULL;
}

/* Take the option of row; arg is what was attached to it, or NULL. */
static enum opt_outcome
take(struct reading *r, const struct opt *row, const char *arg,
    const char *shown)
{
	if (row->arg != NULL && arg == NULL) {
		arg = row->fallback;
		if (arg == NULL && r->next < r->argc)
			arg = r->argv[r->next++];
		if (arg == NULL)
			return (enum opt_outcome)err_set(r->e, ERR_USAGE,
			    "%s needs an argument: %s", shown, row->arg);
	}
	if (opt_value(row, r->options, arg, shown, r->e) != 0)
		return OPT_FAILED;
	return row->kind == OPT_KIND_ACTION ? (enum opt_outcome)row->min :
					      OPT_RUN;
}

/* "--name" or "--name=arg"; text is what follows the dashes. */
static enum opt_outcome
read_long(struct reading *r, const char *text)
{
	const char *arg = strchr(text, '=');
	size_t n = arg == NULL ? strlen(text) : (size_t)(arg - text);
	const struct opt *row = find_long(r, text, n);
	char shown[80];

	if (row == NULL)
		return OPT_FAILED;
	snprintf(shown, sizeof(shown), "--%s", row->name);
	if (arg != NULL && row->arg == NULL)
		return (enum opt_outcome)err_set(r->e, ERR_USAGE,
		    "%s takes no argument", shown);
	return take(r, row, arg == NULL ? NULL : arg + 1, shown);
}

/* "-abc" or "-narg"; text is what follows the dash. */
static enum opt_outcome
read_letters(struct reading *r, const char *text)
{
	const struct opt *row;
	enum opt_outcome outcome = OPT_RUN;
	char shown[3] = "-";

	for (; *text != '\0' && outcome == OPT_RUN; text++) {
		row = find_letter(r, *text);
		if (row == NULL)
			return OPT_FAILED;
		shown[1] = *text;
		if (row->arg != NULL)
			return take(r, row, text[1] == '\0' ? NULL : text + 1,
			    shown);
		outcome = take(r, row, NULL, shown);
	}
	return outcome;
}

enum opt_outcome
opt_parse(const struct opt *table, void *options, int *argc, char **argv,
    bool in_order, struct err *e)
{
	struct reading r = { table, options, argv, *argc, 1, 0, e };
	enum opt_outcome outcome = OPT_RUN;
	char *arg;

	in_order = in_order || getenv("POSIXLY_CORRECT") != NULL;
	while (r.next < r.argc && outcome == OPT_RUN) {
		arg = r.argv[r.next++];
		if (strcmp(arg, "--") == 0)
			break;
		if (arg[0] != '-' || arg[1] == '\0') {
			argv[r.operands++] = arg;
			if (in_order)
				break;
		} else if (arg[1] == '-')
			outcome = read_long(&r, arg + 2);
		else
			outcome = read_letters(&r, arg + 1);
	}
	if (outcome != OPT_RUN)
		return outcome;
	while (r.next < r.argc)
		argv[r.operands++] = r.argv[r.next++];
	argv[r.operands] = NULL;
	*argc = r.operands;
	return OPT_RUN;
}
