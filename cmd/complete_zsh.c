#include "complete.h"

static const char topics[] =
    "_topics() {\n"
    "\tlocal dir=${opt_args[--dir]:-${KLOG_DIR:-.}}\n"
    "\tlocal -a names\n"
    "\n"
    "\tnames=( $dir/*/topic.conf(N:h:t) )\n"
    "\t_alternative 'topics:topic:compadd -a names' "
    "'directories:directory:_files -/'\n"
    "}\n\n";

/* Text inside single quotes, inside the brackets of a specification. */
static void
put_text(const char *s, FILE *f)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			fputs("'\\'", f);
		else if (*s == '[' || *s == ']' || *s == ':' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
}

static void
put_action(const struct program *p, unsigned what, FILE *f)
{
	bool both = (what & COMPLETE_TOPICS) && (what & COMPLETE_FILES);

	if (what & COMPLETE_TOPICS) {
		fputs(both ? "{_" : "_", f);
		complete_identifier(p, f);
		fputs(both ? "_topics; _files}" : "_topics", f);
	} else if (what & COMPLETE_FILES)
		fputs("_files", f);
	else if (what & COMPLETE_DIRS)
		fputs("_files -/", f);
	else
		fputc(' ', f);
}

/* "[help]:ARG:action'", what follows the names of an option. */
static void
put_rest(const struct program *p, const struct opt *row, FILE *f)
{
	fputc('[', f);
	put_text(row->help, f);
	fputc(']', f);
	if (row->arg != NULL) {
		fputs(row->fallback != NULL ? "::" : ":", f);
		put_text(row->arg, f);
		fputc(':', f);
		if (row->choices != NULL) {
			fputc('(', f);
			complete_choices(row, f);
			fputc(')', f);
		} else
			put_action(p, complete_words(row->arg), f);
	}
	fputs("' \\\n", f);
}

static void
put_options(const struct program *p, const struct opt *row, FILE *f)
{
	for (; row->kind != OPT_KIND_END; row++) {
		bool optional = row->fallback != NULL;

		if (!complete_shows(row))
			continue;
		if (row->letter != 0)
			fprintf(f, "\t\t'*-%c%s", row->letter,
			    row->arg == NULL ? "" : optional ? "-" : "+");
		if (row->letter != 0)
			put_rest(p, row, f);
		if (row->name != NULL)
			fprintf(f, "\t\t'*--%s%s", row->name,
			    row->arg == NULL ? "" : optional ? "=-" : "=");
		if (row->name != NULL)
			put_rest(p, row, f);
	}
}

static void
put_command(const struct program *p, const struct command *c, FILE *f)
{
	fputs("\t\t_arguments -s -S \\\n", f);
	put_options(p, c->opts, f);
	fputs("\t\t'*:operand:", f);
	put_action(p, complete_operands(c), f);
	fputs("'\n", f);
}

static void
put_verbs(const struct program *p, FILE *f)
{
	const struct command *v;

	fputs("\tif ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
	      "\t\tverbs=(\n", f);
	for (v = p->verbs; v->name != NULL; v++) {
		fprintf(f, "\t\t\t'%s:", v->name);
		put_text(v->summary, f);
		fputs("'\n", f);
	}
	fputs("\t\t)\n\t\t_describe -t commands command verbs\n", f);
	if (p->single == NULL)
		fputs("\t\treturn\n", f);
	fputs("\tfi\n\tcase $words[2] in\n", f);
	for (v = p->verbs; v->name != NULL; v++) {
		fprintf(f, "\t%s)\n"
			   "\t\tshift words\n"
			   "\t\t((CURRENT--))\n", v->name);
		put_command(p, v, f);
		fputs("\t\t;;\n", f);
	}
	fputs("\t*)\n", f);
}

void
complete_zsh(const struct program *p, FILE *f)
{
	static const struct opt common[] = { OPT_ROWS_COMMON, OPT_END };
	static const char *const no_usage[] = { NULL };
	static const struct command none = { .opts = common,
		.usage = no_usage };

	fprintf(f, "#compdef %s\n# made from the option table\n\n_", p->name);
	complete_identifier(p, f);
	fputs(topics, f);
	fputc('_', f);
	complete_identifier(p, f);
	fputs("() {\n"
	      "\tlocal -a verbs\n"
	      "\tlocal -A opt_args\n\n", f);
	if (p->verbs != NULL)
		put_verbs(p, f);
	put_command(p, p->single != NULL ? p->single : &none, f);
	if (p->verbs != NULL)
		fputs("\t\t;;\n\tesac\n", f);
	fputs("}\n\n_", f);
	complete_identifier(p, f);
	fputs(" \"$@\"\n", f);
}
