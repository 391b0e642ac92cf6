#include "complete.h"

#include <string.h>

static const struct {
	const char *word;
	unsigned what;
} words[] = {
	{ "TOPIC", COMPLETE_TOPICS },
	{ "FILE", COMPLETE_FILES },
	{ "PATH", COMPLETE_FILES },
	{ "DIR", COMPLETE_DIRS },
	{ "PARTITION", COMPLETE_DIRS },
	{ "SRC", COMPLETE_TOPICS | COMPLETE_DIRS },
	{ "DST", COMPLETE_TOPICS | COMPLETE_DIRS },
};

unsigned
complete_words(const char *text)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned what = COMPLETE_NOTHING;
	size_t i, n;

	while (*(text += strcspn(text, capitals)) != '\0') {
		n = strspn(text, capitals);
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].word) == n &&
			    memcmp(words[i].word, text, n) == 0)
				what |= words[i].what;
		text += n;
	}
	return what;
}

unsigned
complete_operands(const struct command *c)
{
	const char *const *form;
	unsigned what = COMPLETE_NOTHING;

	for (form = c->usage; *form != NULL; form++)
		what |= complete_words(*form);
	return c->max_operands == 0 ? COMPLETE_NOTHING : what;
}

bool
complete_shows(const struct opt *row)
{
	return row->kind != OPT_KIND_HEADING && !row->hidden;
}

void
complete_identifier(const struct program *p, FILE *f)
{
	const char *s;

	for (s = p->name; *s != '\0'; s++)
		fputc(*s == '-' ? '_' : *s, f);
}

void
complete_choices(const struct opt *row, FILE *f)
{
	const struct opt_choice *c;

	for (c = row->choices; c->name != NULL; c++)
		fprintf(f, "%s%s", c == row->choices ? "" : " ", c->name);
}

int
complete_script(const struct program *p, const char *shell, FILE *f,
    struct err *e)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(p, f);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(p, f);
	else if (strcmp(shell, "fish") == 0)
		complete_fish(p, f);
	else
		return err_set(e, ERR_USAGE,
		    "--dump-completion: \"%s\" is not one of bash, zsh, fish",
		    shell);
	return 0;
}
