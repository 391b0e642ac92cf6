#include "program.h"

#include <string.h>

enum {
	WIDTH = 79,		/* columns of a line of help */
	LEFT_MAX = 28		/* a longer option has its help below it */
};

/* The usage lines of one command; first tells whether none came before. */
static bool
usage_of(const struct program *p, const struct command *c, bool first,
    FILE *f)
{
	const char *const *form;

	for (form = c->usage; *form != NULL; form++) {
		fprintf(f, "%s %s%s%s%s%s\n", first ? "usage:" : "      ",
		    p->name, c->name != NULL ? " " : "",
		    c->name != NULL ? c->name : "",
		    **form != '\0' ? " " : "", *form);
		first = false;
	}
	return first;
}

void
program_usage(const struct program *p, const struct command *c, FILE *f)
{
	const struct command *v;
	bool first = true;

	if (c != NULL) {
		usage_of(p, c, true, f);
		return;
	}
	if (p->single != NULL)
		first = usage_of(p, p->single, first, f);
	for (v = p->verbs; v != NULL && v->name != NULL; v++)
		first = usage_of(p, v, first, f);
}

/*
 * Write text at column `at`, where the line has come to column `column`,
 * broken between words so that it stays within WIDTH.
 */
static void
wrapped(const char *text, int column, int at, FILE *f)
{
	int n;

	if (at > 0 && column >= at) {
		fputc('\n', f);
		column = 0;
	}
	fprintf(f, "%*s", at - column, "");
	column = at;
	while (*text != '\0') {
		n = (int)strcspn(text, " ");
		if (column > at && column + 1 + n > WIDTH) {
			fprintf(f, "\n%*s", at, "");
			column = at;
		} else if (column > at) {
			fputc(' ', f);
			column++;
		}
		fprintf(f, "%.*s", n, text);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

/* "  -n, --max N": what stands left of an option's help; its length. */
static int
left_of(const struct opt *row, char *out, size_t size)
{
	const char *dashes = row->name != NULL ? "--" : "";
	const char *name = row->name != NULL ? row->name : "";
	const char *comma = row->name != NULL ? ", " : "";
	const char *open = row->name != NULL ? "[=" : "[";
	int n;

	if (row->letter != 0)
		n = snprintf(out, size, "  -%c%s%s%s", row->letter, comma,
		    dashes, name);
	else
		n = snprintf(out, size, "      %s%s", dashes, name);
	if (row->arg != NULL && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "%s%s%s",
		    row->fallback != NULL ? open : " ", row->arg,
		    row->fallback != NULL ? "]" : "");
	return n < (int)size ? n : (int)size - 1;
}

static bool
has_rows(const struct opt *heading)
{
	const struct opt *row;

	for (row = heading + 1; row->kind != OPT_KIND_END &&
	     row->kind != OPT_KIND_HEADING;
	     row++)
		if (!row->hidden)
			return true;
	return false;
}

static void
help_options(const struct opt *table, FILE *f)
{
	const struct opt *row;
	char left[WIDTH];
	int widest = 0;
	int n;

	for (row = table; row->kind != OPT_KIND_END; row++) {
		if (row->hidden || row->kind == OPT_KIND_HEADING)
			continue;
		n = left_of(row, left, sizeof(left));
		if (n <= LEFT_MAX && n > widest)
			widest = n;
	}
	if (table->kind != OPT_KIND_HEADING)
		fputs("\nOptions:\n", f);
	for (row = table; row->kind != OPT_KIND_END; row++) {
		if (row->kind == OPT_KIND_HEADING) {
			if (has_rows(row))
				fprintf(f, "\n%s:\n", row->help);
		} else if (!row->hidden) {
			n = left_of(row, left, sizeof(left));
			fputs(left, f);
			wrapped(row->help, n, widest + 2, f);
		}
	}
}

static void
help_verbs(const struct program *p, FILE *f)
{
	const struct command *v;
	int widest = 0;
	int n;

	fputs("\nCommands:\n", f);
	for (v = p->verbs; v->name != NULL; v++)
		if ((int)strlen(v->name) > widest)
			widest = (int)strlen(v->name);
	for (v = p->verbs; v->name != NULL; v++) {
		n = fprintf(f, "  %s", v->name);
		wrapped(v->summary, n, widest + 4, f);
	}
	fprintf(f, "\n%s COMMAND --help lists the options of a command.\n",
	    p->name);
}

void
program_help(const struct program *p, const struct command *c, FILE *f)
{
	const char *summary;

	program_usage(p, c != NULL && c->name != NULL ? c : NULL, f);
	summary = c != NULL && c->name != NULL ? c->summary : p->summary;
	fputc('\n', f);
	wrapped(summary, 0, 0, f);
	if ((c == NULL || c->name == NULL) && p->verbs != NULL)
		help_verbs(p, f);
	if (c == NULL)
		c = p->single;
	if (c != NULL)
		help_options(c->opts, f);
	fprintf(f, "\nMore, with examples: man %s\n", p->name);
}

static void
dump_rows(const struct opt *row, FILE *f)
{
	for (; row->kind != OPT_KIND_END; row++) {
		if (row->hidden || row->kind == OPT_KIND_HEADING)
			continue;
		fprintf(f, "%c\t%s\t%s\t%s\n",
		    row->letter != 0 ? row->letter : '-',
		    row->name != NULL ? row->name : "-",
		    row->arg != NULL ? row->arg : "-", row->help);
	}
}

void
program_dump(const struct program *p, FILE *f)
{
	const struct command *v;

	if (p->single != NULL)
		dump_rows(p->single->opts, f);
	for (v = p->verbs; v != NULL && v->name != NULL; v++) {
		fprintf(f, "verb\t%s\t-\t%s\n", v->name, v->summary);
		dump_rows(v->opts, f);
	}
}
