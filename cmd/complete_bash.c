#include "complete.h"

/*
 * COMP_WORDS has "--opt=value" as three words.  $prev becomes "--opt=" then,
 * which is the only way the argument of an option can follow if it is
 * optional.
 */
static const char prologue[] =
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal verb='' dir=${KLOG_DIR:-.} words='' i\n"
    "\n"
    "\tCOMPREPLY=()\n"
    "\tif [[ $cur == '=' ]]; then\n"
    "\t\tcur='' prev+='='\n"
    "\telif [[ $prev == '=' ]]; then\n"
    "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}=\n"
    "\tfi\n"
    "\tfor ((i = 1; i < COMP_CWORD - 1; i++)); do\n"
    "\t\t[[ ${COMP_WORDS[i]} == --dir ]] || continue\n"
    "\t\tdir=${COMP_WORDS[i+1]}\n"
    "\t\t[[ $dir != '=' ]] || dir=${COMP_WORDS[i+2]}\n"
    "\tdone\n";

static const char topics[] =
    "_topics()\n"
    "{\n"
    "\tlocal t\n"
    "\n"
    "\tif [[ $2 == */* ]]; then\n"
    "\t\tcompgen -d -- \"$2\"\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tfor t in \"$1\"/*/topic.conf; do\n"
    "\t\tt=${t%/topic.conf}\n"
    "\t\tt=${t##*/}\n"
    "\t\t[[ $t == '*' || $t != \"$2\"* ]] || printf '%s\\n' \"$t\"\n"
    "\tdone\n"
    "}\n\n";

/* A statement that fills COMPREPLY with what a word may be. */
static void
put_words(const struct program *p, unsigned what, FILE *f)
{
	if (what == COMPLETE_NOTHING) {
		fputs(":\n", f);
		return;
	}
	fputs("mapfile -t COMPREPLY < <(", f);
	if (what & COMPLETE_TOPICS) {
		fputc('_', f);
		complete_identifier(p, f);
		fputs("_topics \"$dir\" \"$cur\"", f);
	}
	if (what & (COMPLETE_FILES | COMPLETE_DIRS))
		fprintf(f, "%scompgen -%c -- \"$cur\"",
		    what & COMPLETE_TOPICS ? "; " : "",
		    what & COMPLETE_FILES ? 'f' : 'd');
	fputs(")\n\t\tcompopt -o filenames 2> /dev/null\n", f);
}

/* Where the word before is an option of verb that takes an argument. */
static void
put_arguments(const struct program *p, const char *verb,
    const struct opt *row, FILE *f)
{
	for (; row->kind != OPT_KIND_END; row++) {
		const char *bar = "";

		if (!complete_shows(row) || row->arg == NULL ||
		    (row->fallback != NULL && row->name == NULL))
			continue;
		fputc('\t', f);
		if (row->letter != 0 && row->fallback == NULL) {
			fprintf(f, "%s:-%c", verb, row->letter);
			bar = " | ";
		}
		if (row->name != NULL && row->fallback == NULL) {
			fprintf(f, "%s%s:--%s", bar, verb, row->name);
			bar = " | ";
		}
		if (row->name != NULL)
			fprintf(f, "%s%s:--%s=", bar, verb, row->name);
		fputs(")\n\t\t", f);
		if (row->choices != NULL) {
			fputs("mapfile -t COMPREPLY < <(compgen -W '", f);
			complete_choices(row, f);
			fputs("' -- \"$cur\")\n", f);
		} else
			put_words(p, complete_words(row->arg), f);
		fputs("\t\treturn\n\t\t;;\n", f);
	}
}

static void
put_options(const char *verb, const struct opt *row, FILE *f)
{
	fprintf(f, "\t'%s')\n\t\twords='", verb);
	for (; row->kind != OPT_KIND_END; row++) {
		if (!complete_shows(row))
			continue;
		if (row->name != NULL)
			fprintf(f, " --%s", row->name);
		else
			fprintf(f, " -%c", row->letter);
	}
	fputs("'\n\t\t;;\n", f);
}

static void
put_operands(const struct program *p, const char *verb, unsigned what,
    FILE *f)
{
	fprintf(f, "\t'%s')\n\t\t", verb);
	put_words(p, what, f);
	fputs("\t\t;;\n", f);
}

/* The verb is the first word that is no option and no argument of --dir. */
static void
put_find_verb(const struct program *p, FILE *f)
{
	const struct command *v;

	fputs("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--dir) ((i++)) ;;\n"
	      "\t\t-*) ;;\n\t\t", f);
	for (v = p->verbs; v->name != NULL; v++)
		fprintf(f, "%s%s", v == p->verbs ? "" : " | ", v->name);
	fputs(")\n\t\t\tverb=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\t\t;;\n"
	      "\t\t*) break ;;\n\t\tesac\n\tdone\n", f);
}

static void
put_verbs(const struct program *p, FILE *f)
{
	const struct command *v;

	fputs("\tif [[ -z $verb ]]; then\n"
	      "\t\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W '",
	    f);
	for (v = p->verbs; v->name != NULL; v++)
		fprintf(f, "%s%s", v == p->verbs ? "" : " ", v->name);
	fputs("' -- \"$cur\")\n\tfi\n", f);
}

void
complete_bash(const struct program *p, FILE *f)
{
	static const struct opt nothing[] = { OPT_ROWS_COMMON, OPT_END };
	static const struct command none[] = { { .name = NULL } };
	const struct command *verbs = p->verbs != NULL ? p->verbs : none;
	const struct command *v;

	fprintf(f, "# bash completion of %s, made from its option table\n\n_",
	    p->name);
	complete_identifier(p, f);
	fputs(topics, f);
	fputc('_', f);
	complete_identifier(p, f);
	fprintf(f, "()\n{\n%s", prologue);
	if (p->verbs != NULL)
		put_find_verb(p, f);
	fputs("\tcase $verb:$prev in\n", f);
	if (p->single != NULL)
		put_arguments(p, "", p->single->opts, f);
	for (v = verbs; v->name != NULL; v++)
		put_arguments(p, v->name, v->opts, f);
	fputs("\tesac\n\tcase $verb in\n", f);
	put_options("", p->single != NULL ? p->single->opts : nothing, f);
	for (v = verbs; v->name != NULL; v++)
		put_options(v->name, v->opts, f);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	      "\"$cur\")\n\t\treturn\n\tfi\n\tcase $verb in\n", f);
	if (p->single != NULL)
		put_operands(p, "", complete_operands(p->single), f);
	for (v = verbs; v->name != NULL; v++)
		put_operands(p, v->name, complete_operands(v), f);
	fputs("\tesac\n", f);
	if (p->verbs != NULL)
		put_verbs(p, f);
	fputs("}\n\ncomplete -F _", f);
	complete_identifier(p, f);
	fprintf(f, " %s\n", p->name);
}
