/*
 * JSON records on input: our own objects and kcat's ("payload", headers as
 * one flat array).  Fields that are not known are passed over.
 */
#include "form_inside.h"
#include "text.h"

enum {				/* fields of the object */
	OTHER, PARTITION, TIMESTAMP, KEY, VALUE, HEADERS
};

enum { BASE64_NOT, BASE64_NAME, BASE64_TEXT, BASE64_DONE };

static const struct {
	const char *name;
	int field;
} names[] = {
	{ "key", KEY }, { "value", VALUE }, { "payload", VALUE },
	{ "headers", HEADERS }, { "ts", TIMESTAMP },
	{ "partition", PARTITION }
};

static const char *const field_names[] = { "", "partition", "ts", "key",
	"value", "headers" };

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

static int
refuse(const struct form_json *j, struct err *e)
{
	if (j->field == TIMESTAMP || j->field == PARTITION)
		return err_set(e, ERR_DATA, "\"%s\" is not a whole number in "
		    "range", field_names[j->field]);
	if (j->field == HEADERS)
		return err_set(e, ERR_DATA, "\"headers\" is not "
		    "[[\"name\",\"value\"],...]");
	return err_set(e, ERR_DATA, "\"%s\" is not a string, null or "
	    "{\"base64\":\"...\"}", field_names[j->field]);
}

static int
field_of(struct form_json *j, struct slice text, struct err *e)
{
	j->field = OTHER;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == (size_t)text.len &&
		    memcmp(names[i].name, text.data, (size_t)text.len) == 0)
			j->field = names[i].field;
	if (j->field == OTHER)
		return 0;
	if (j->seen & 1U << j->field)
		return err_set(e, ERR_DATA, "\"%s\" comes twice",
		    field_names[j->field]);
	j->seen |= 1U << j->field;
	return 0;
}

/* Bytes, or null, for the field we are in. */
static int
accept(struct form_json *j, struct slice s, struct err *e)
{
	struct buf *to = j->field == KEY ? &j->key : j->field == VALUE ?
	    &j->value : &j->name;
	struct slice name;

	if (j->field == HEADERS && !j->name_next) {
		name = (struct slice){ j->name.data, (int32_t)j->name.len };
		if (header_append(&j->headers, name, s) < 0)
			return no_memory(e);
		j->header_count++;
		j->name_next = true;
		return 0;
	}
	if (j->field == HEADERS && s.len < 0)
		return refuse(j, e);
	buf_clear(to);
	if (buf_reserve(to, 1) < 0 || text_put(to, s) < 0)
		return no_memory(e);
	if (j->field == KEY)
		j->has_key = s.len >= 0;
	else if (j->field == VALUE)
		j->has_value = s.len >= 0;
	else
		j->name_next = false;
	return 0;
}

static int
base64(struct form_json *j, enum json_event event, struct slice text,
    struct err *e)
{
	int r;

	switch (event) {
	case JSON_KEY:
		if (j->base64 != BASE64_NAME || text.len != 6 ||
		    memcmp(text.data, "base64", 6) != 0)
			return refuse(j, e);
		j->base64 = BASE64_TEXT;
		return 0;
	case JSON_STRING:
		buf_clear(&j->scratch);
		r = buf_reserve(&j->scratch, 1) < 0 ? -2 :
		    text_get_base64(text, &j->scratch);
		if (r == -2)
			return no_memory(e);
		if (r < 0)
			return err_set(e, ERR_DATA, "\"%s\": not base64",
			    field_names[j->field]);
		j->base64 = BASE64_DONE;
		return 0;
	case JSON_OBJECT_END:
		if (j->base64 != BASE64_DONE)
			return refuse(j, e);
		j->base64 = BASE64_NOT;
		return accept(j, (struct slice){ j->scratch.data,
		    (int32_t)j->scratch.len }, e);
	default:
		return refuse(j, e);
	}
}

static int
number(struct form_json *j, struct slice text, struct err *e)
{
	int64_t v;

	if (text_get_int(text, &v) < 0 || v < -1 ||
	    (j->field == PARTITION && v > INT32_MAX))
		return refuse(j, e);
	*(j->field == PARTITION ? &j->partition : &j->timestamp) = v;
	return 0;
}

/* list: 0 outside, 1 in the array of headers, 2 in a pair. */
static int
array(struct form_json *j, enum json_event event, struct err *e)
{
	bool pair = j->list == 2;

	if (event == JSON_ARRAY) {
		if (j->field != HEADERS || pair || !j->name_next)
			return refuse(j, e);
		if (++j->list == 2)
			j->pair = j->header_count;
		return 0;
	}
	if (!j->name_next ||
	    (pair && j->header_count != j->pair + 1))
		return refuse(j, e);
	j->list--;
	return 0;
}

static int
value(struct form_json *j, enum json_event event, struct slice text,
    struct err *e)
{
	bool bytes = j->field == KEY || j->field == VALUE || j->list > 0;

	if (j->base64 != BASE64_NOT)
		return base64(j, event, text, e);
	switch (event) {
	case JSON_STRING:
		return bytes ? accept(j, text, e) : refuse(j, e);
	case JSON_NULL:
		return bytes ? accept(j, SLICE_NULL, e) : 0;
	case JSON_NUMBER:
		return j->field == TIMESTAMP || j->field == PARTITION ?
		    number(j, text, e) : refuse(j, e);
	case JSON_OBJECT:
		j->base64 = BASE64_NAME;
		return bytes ? 0 : refuse(j, e);
	case JSON_ARRAY:
	case JSON_ARRAY_END:
		return array(j, event, e);
	default:
		return refuse(j, e);
	}
}

static int
on_event(void *context, enum json_event event, struct slice text,
    struct err *e)
{
	struct form_json *j = context;
	bool begins = event == JSON_OBJECT || event == JSON_ARRAY;
	bool ends = event == JSON_OBJECT_END || event == JSON_ARRAY_END;
	int depth = j->depth;

	j->depth += begins - ends;
	if (depth == 0)
		return event == JSON_OBJECT ? 0 : err_set(e, ERR_DATA,
		    "not a JSON object");
	if (depth == 1 && event == JSON_KEY)
		return field_of(j, text, e);
	if ((depth == 1 && ends) || j->field == OTHER)
		return 0;
	return value(j, event, text, e);
}

enum form_state
form_json(struct form_reader *r, struct slice bytes, struct form_record *out,
    struct err *e)
{
	struct form_json *j = &r->object;
	struct json_handler h = { on_event, j };

	j->depth = j->list = 0;
	j->field = OTHER;
	j->base64 = BASE64_NOT;
	j->seen = 0;
	j->name_next = true;
	j->has_key = j->has_value = false;
	j->header_count = 0;
	j->timestamp = j->partition = -1;
	buf_clear(&j->headers);
	if (json_parse(r->json, bytes, &h, e) < 0)
		return e->code == ERR_DATA ? FORM_BAD : FORM_FAILED;
	if (j->has_key)
		out->rec.key = (struct slice){ j->key.data,
		    (int32_t)j->key.len };
	if (j->has_value)
		out->rec.value = (struct slice){ j->value.data,
		    (int32_t)j->value.len };
	out->rec.headers = (struct slice){ j->headers.data,
		(int32_t)j->headers.len };
	out->rec.header_count = j->header_count;
	out->rec.timestamp = j->timestamp;
	out->partition = (int32_t)j->partition;
	return FORM_GOT;
}

void
form_json_release(struct form_json *j)
{
	buf_release(&j->key);
	buf_release(&j->value);
	buf_release(&j->name);
	buf_release(&j->headers);
	buf_release(&j->scratch);
}
