/* given: settings on the command line and in JSON. */
#include <string.h>

#include "verbs.h"

enum { KEY_MAX = 128, VALUE_MAX = 128 };

int
given_set(struct settings *s, const struct opt_list *words, struct err *e)
{
	char key[KEY_MAX];
	const char *equals;
	size_t i;

	for (i = 0; i < words->n; i++) {
		equals = strchr(words->items[i], '=');
		if (equals == NULL)
			return err_set(e, ERR_USAGE,
			    "-c: \"%s\" is not key=value", words->items[i]);
		snprintf(key, sizeof(key), "%.*s",
		    (int)(equals - words->items[i]), words->items[i]);
		if (settings_set(s, key, equals + 1, e) < 0)
			return -1;
	}
	return 0;
}

void
given_json(const struct settings *s, int i, FILE *f)
{
	enum setting_type type = settings_row(i)->type;
	bool word = type == SETTING_CHOICE || type == SETTING_POLICY;
	char text[VALUE_MAX];

	/* The words are the table's own: no byte of them needs an escape. */
	settings_text(s, i, text, sizeof(text));
	fprintf(f, word ? "\"%s\"" : "%s", text);
}
