/*
 * klog-topic config: every setting that a topic can have.
 */
#include <inttypes.h>

#include "buf.h"
#include "json.h"
#include "table.h"
#include "units.h"
#include "verbs.h"

struct config {
	struct opt_common common;
	bool json;
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct config, json,
	    "one JSON object a setting, with least and greatest value"),
	OPT_ROWS_COMMON,
	OPT_END,
};

static const struct table_column columns[] = {
	{ "KEY", TABLE_LEFT },
	{ "TYPE", TABLE_LEFT },
	{ "DEFAULT", TABLE_LEFT },
	{ "MEANING", TABLE_LEFT },
};

static const char *
type_name(enum setting_type type)
{
	switch (type) {
	case SETTING_BYTES:
		return "size";
	case SETTING_MS:
		return "duration";
	case SETTING_RATIO:
		return "ratio";
	case SETTING_CHOICE:
		return "choice";
	case SETTING_POLICY:
		return "list";
	case SETTING_NUMBER:
		break;
	}
	return "number";
}

/* The default as -c takes it, short where that says exactly the same. */
static void
default_text(const struct settings *s, int i, char text[UNITS_TEXT])
{
	static const char units[] = "\0kMGT";
	const struct setting *row = settings_row(i);
	int64_t value = row->fallback;
	int64_t back;
	int power = 0;

	if (row->type == SETTING_MS && value > 0) {
		units_format_duration(value, text);
		if (units_duration(text, &back) == 0 && back == value)
			return;
	} else if (row->type == SETTING_BYTES && value > 0) {
		for (; power < 4 && value % 1024 == 0; power++)
			value /= 1024;
		snprintf(text, UNITS_TEXT, "%" PRId64 "%.1s", value,
		    &units[power]);
		return;
	}
	settings_text(s, i, text, UNITS_TEXT);
}

static int
print_table(const struct settings *s, struct err *e)
{
	const struct setting *row;
	char text[UNITS_TEXT];
	struct table t;
	int i, c, r;

	table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < SETTINGS_KEYS; i++) {
		char values[256] = "";
		size_t used = 0;

		row = settings_row(i);
		for (c = 0; row->choices != NULL && row->choices[c] != NULL &&
		     used < sizeof(values);
		     c++)
			used += (size_t)snprintf(values + used,
			    sizeof(values) - used, "%s%s",
			    c == 0 ? ": " : ", ", row->choices[c]);
		default_text(s, i, text);
		table_cell(&t, "%s", row->name);
		table_cell(&t, "%s", type_name(row->type));
		table_cell(&t, "%s", text);
		table_cell(&t, "%s%s", row->meaning, values);
	}
	r = table_print(&t, true, stdout, e);
	table_release(&t);
	return r;
}

static void
print_limits(const struct setting *row)
{
	int i;

	if (row->choices != NULL) {
		for (i = 0; row->choices[i] != NULL; i++)
			printf("%s\"%s\"", i == 0 ? ",\"values\":[" : ",",
			    row->choices[i]);
		putchar(']');
	} else if (row->type == SETTING_RATIO) {
		fputs(",\"min\":0,\"max\":1", stdout);
	} else if (row->type != SETTING_POLICY) {
		printf(",\"min\":%" PRId64 ",\"max\":%" PRId64
		       ",\"unlimited\":%s",
		    row->min, row->max, row->unlimited ? "true" : "false");
	} else {
		fputs(",\"values\":[\"delete\",\"compact\"]", stdout);
	}
}

static int
print_json(const struct settings *s, struct err *e)
{
	const struct setting *row;
	struct buf meaning = { 0 };
	struct slice text;
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		row = settings_row(i);
		text.data = (const uint8_t *)row->meaning;
		text.len = (int32_t)strlen(row->meaning);
		buf_clear(&meaning);
		if (json_put_string(&meaning, text) < 0) {
			buf_release(&meaning);
			return err_sys(e, "%s", row->name);
		}
		printf("{\"key\":\"%s\",\"type\":\"%s\",\"default\":",
		    row->name, type_name(row->type));
		given_json(s, i, stdout);
		print_limits(row);
		printf(",\"meaning\":%.*s}\n", (int)meaning.len,
		    (const char *)meaning.data);
	}
	buf_release(&meaning);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	const struct config *o = opts;
	struct settings s;

	(void)argc;
	(void)argv;
	settings_init(&s);
	return o->json ? print_json(&s, e) : print_table(&s, e);
}

static const char *const usage[] = { "[options]", NULL };

const struct command verb_config = {
	.name = "config",
	.summary = "print every setting a topic can have",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct config),
	.run = run,
};
