/*
 * Any bytes as JSON: no crash; the compact text of what is accepted is
 * accepted again and is its own compact text.
 */
#include "json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json *parser;
	struct slice text = { data, (int32_t)size };
	struct json_path *paths[2];
	struct json_value v[2], again;
	struct buf copy = { 0 };
	struct err e;

	if (parser == NULL)
		parser = json_new();
	paths[0] = json_path_new("-", ".", &e);
	paths[1] = json_path_new("-", ".a.b", &e);
	if (json_lookup(parser, text, paths, 2, v, &e) == 0 &&
	    v[0].type >= JSON_OBJECT) {
		buf_append(&copy, v[0].text.data, (size_t)v[0].text.len);
		text = (struct slice){ copy.data, (int32_t)copy.len };
		if (json_lookup(parser, text, paths, 1, &again, &e) < 0 ||
		    again.text.len != text.len ||
		    memcmp(again.text.data, text.data, copy.len) != 0)
			abort();
	}
	buf_release(&copy);
	json_path_free(paths[0]);
	json_path_free(paths[1]);
	return 0;
}
