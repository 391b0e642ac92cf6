#include "opt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "units.h"
#include "when.h"

/* "a, b, c": the names of a list of choices, cut to the size of out. */
static void
list_choices(const struct opt_choice *choices, char *out, size_t size)
{
	size_t used = 0;
	int n;

	*out = '\0';
	for (; choices->name != NULL; choices++) {
		n = snprintf(out + used, size - used, "%s%s",
		    used > 0 ? ", " : "", choices->name);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

static int
value_int(const struct opt *row, int64_t *field, const char *arg,
    const char *shown, struct err *e)
{
	if (units_int(arg, row->min, row->max, field) == 0)
		return 0;
	if (row->max == INT64_MAX)
		return err_set(e, ERR_USAGE,
		    "%s: \"%s\" is not a number from %" PRId64 " on", shown,
		    arg, row->min);
	return err_set(e, ERR_USAGE,
	    "%s: \"%s\" is not a number from %" PRId64 " to %" PRId64, shown,
	    arg, row->min, row->max);
}

/* A size or a duration, with the -1 that Kafka's settings know. */
static int
value_unit(const struct opt *row, int64_t *field, const char *arg,
    const char *shown, struct err *e)
{
	bool size = row->kind == OPT_KIND_SIZE;
	char low[UNITS_TEXT];
	char high[UNITS_TEXT];
	int64_t v;

	if (row->min < 0 &&
	    (strcmp(arg, "-1") == 0 || strcmp(arg, "unlimited") == 0)) {
		*field = -1;
		return 0;
	}
	if ((size ? units_size(arg, &v) : units_duration(arg, &v)) != 0)
		return err_set(e, ERR_USAGE, "%s: \"%s\" is not a %s%s", shown,
		    arg,
		    size ? "size such as 64k, 1M or 2G" :
			   "duration such as 250ms, 30s or 1h30m",
		    row->min < 0 ? ", -1 or unlimited" : "");
	if (v < row->min) {
		(size ? units_format_size : units_format_duration)(row->min,
		    low);
		return err_set(e, ERR_USAGE,
		    "%s: \"%s\" is less than %s (%" PRId64 "%s)", shown, arg,
		    low, row->min, size ? " bytes" : " ms");
	}
	if (v > row->max) {
		(size ? units_format_size : units_format_duration)(row->max,
		    high);
		return err_set(e, ERR_USAGE,
		    "%s: \"%s\" is more than %s (%" PRId64 "%s)", shown, arg,
		    high, row->max, size ? " bytes" : " ms");
	}
	*field = v;
	return 0;
}

static int
value_choice(const struct opt *row, int *field, const char *arg,
    const char *shown, struct err *e)
{
	const struct opt_choice *c;
	char names[256];

	for (c = row->choices; c->name != NULL; c++)
		if (strcmp(c->name, arg) == 0) {
			*field = c->value;
			return 0;
		}
	list_choices(row->choices, names, sizeof(names));
	return err_set(e, ERR_USAGE, "%s: \"%s\" is not one of %s", shown, arg,
	    names);
}

static int
value_list(struct opt_list *list, const char *arg, struct err *e)
{
	const char **items;

	items = realloc(list->items, (list->n + 1) * sizeof(*items));
	if (items == NULL)
		return err_sys(e, "options");
	items[list->n] = arg;
	list->items = items;
	list->n++;
	return 0;
}

int
opt_value(const struct opt *row, void *options, const char *arg,
    const char *shown, struct err *e)
{
	char *field = (char *)options + row->offset;
	void *at = field;
	int result = 0;

	switch (row->kind) {
	case OPT_KIND_FLAG:
		*(bool *)at = true;
		break;
	case OPT_KIND_SET:
		*(int *)at = (int)row->min;
		break;
	case OPT_KIND_COUNT:
		++*(int *)at;
		break;
	case OPT_KIND_STRING:
		*(const char **)at = arg;
		break;
	case OPT_KIND_ACTION:
		if (row->arg != NULL)
			*(const char **)at = arg;
		break;
	case OPT_KIND_LIST:
		result = value_list(at, arg, e);
		break;
	case OPT_KIND_INT:
		result = value_int(row, at, arg, shown, e);
		break;
	case OPT_KIND_SIZE:
	case OPT_KIND_DURATION:
		result = value_unit(row, at, arg, shown, e);
		break;
	case OPT_KIND_CHOICE:
		result = value_choice(row, at, arg, shown, e);
		break;
	case OPT_KIND_TIME:
		result = when_parse(arg, clock_wall_ms(), at, e);
		if (result != 0)
			err_prefix(e, "%s", shown);
		break;
	case OPT_KIND_CALL:
		result = row->parse(at, arg, e);
		if (result != 0)
			err_prefix(e, "%s", shown);
		break;
	case OPT_KIND_HEADING:
	case OPT_KIND_END:
		break;
	}
	if (result == 0 && row->given != 0)
		*((bool *)options + row->given) = true;
	return result;
}

void
opt_release(const struct opt *table, void *options)
{
	const struct opt *row;
	struct opt_list *list;
	void *field;

	for (row = table; row->kind != OPT_KIND_END; row++) {
		field = (char *)options + row->offset;
		if (row->release != NULL)
			row->release(field);
		if (row->kind != OPT_KIND_LIST)
			continue;
		list = field;
		free(list->items);
		*list = (struct opt_list){ NULL, 0 };
	}
}
