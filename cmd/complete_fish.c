#include "complete.h"

static const char topics[] =
    "_topics\n"
    "\tset -l dir .\n"
    "\tset -q KLOG_DIR; and set dir $KLOG_DIR\n"
    "\tfor t in $dir/*/topic.conf\n"
    "\t\tstring replace -r '.*/([^/]+)/topic\\.conf$' '$1' -- $t\n"
    "\tend\n"
    "end\n\n";

/* Text inside single quotes. */
static void
put_text(const char *s, FILE *f)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
}

static void
put_start(const struct program *p, const char *condition, const char *verb,
    FILE *f)
{
	fprintf(f, "complete -c %s", p->name);
	if (condition != NULL)
		fprintf(f, " -n '%s%s'", condition, verb);
}

static void
put_argument(const struct program *p, const struct opt *row, FILE *f)
{
	unsigned what = complete_words(row->arg);

	if (row->fallback == NULL)
		fputs(what & COMPLETE_FILES ? " -r -F" : " -x", f);
	if (row->choices != NULL) {
		fputs(" -a '", f);
		complete_choices(row, f);
		fputc('\'', f);
	} else if (what & COMPLETE_DIRS)
		fputs(" -a '(__fish_complete_directories)'", f);
	else if (what & COMPLETE_TOPICS) {
		fputs(" -a '(_", f);
		complete_identifier(p, f);
		fputs("_topics)'", f);
	}
}

static void
put_options(const struct program *p, const char *condition, const char *verb,
    const struct opt *row, FILE *f)
{
	for (; row->kind != OPT_KIND_END; row++) {
		if (!complete_shows(row))
			continue;
		put_start(p, condition, verb, f);
		if (row->letter != 0)
			fprintf(f, " -s %c", row->letter);
		if (row->name != NULL)
			fprintf(f, " -l %s", row->name);
		if (row->arg != NULL)
			put_argument(p, row, f);
		fputs(" -d '", f);
		put_text(row->help, f);
		fputs("'\n", f);
	}
}

static void
put_operands(const struct program *p, const char *condition,
    const char *verb, unsigned what, FILE *f)
{
	if (what & COMPLETE_TOPICS) {
		put_start(p, condition, verb, f);
		fputs(" -a '(_", f);
		complete_identifier(p, f);
		fputs("_topics)' -d topic\n", f);
	}
	if (what & COMPLETE_FILES) {
		put_start(p, condition, verb, f);
		fputs(" -F\n", f);
	} else if (what != COMPLETE_NOTHING) {
		put_start(p, condition, verb, f);
		fputs(" -a '(__fish_complete_directories)'\n", f);
	}
}

void
complete_fish(const struct program *p, FILE *f)
{
	static const struct opt common[] = { OPT_ROWS_COMMON, OPT_END };
	static const char *const seen = "__fish_seen_subcommand_from ";
	const char *before = p->verbs != NULL ? "__fish_use_subcommand" : NULL;
	const struct command *v;

	fprintf(f, "# fish completion of %s, made from its option table\n\n"
		   "function _", p->name);
	complete_identifier(p, f);
	fprintf(f, "%scomplete -c %s -f\n", topics, p->name);
	put_options(p, before, "",
	    p->single != NULL ? p->single->opts : common, f);
	if (p->single != NULL)
		put_operands(p, before, "", complete_operands(p->single), f);
	for (v = p->verbs; v != NULL && v->name != NULL; v++) {
		put_start(p, before, "", f);
		fprintf(f, " -a %s -d '", v->name);
		put_text(v->summary, f);
		fputs("'\n", f);
		put_options(p, seen, v->name, v->opts, f);
		put_operands(p, seen, v->name, complete_operands(v), f);
	}
}
