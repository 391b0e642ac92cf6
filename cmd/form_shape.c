/*
 * From the bytes of one record to a record: the kind, then -K, -k,
 * --key-json, -H, -Z, -t and --time-json.
 */
#include "form_inside.h"
#include "text.h"
#include "when.h"

static enum form_state
state_of(const struct err *e)
{
	return e->code == ERR_DATA ? FORM_BAD : FORM_FAILED;
}

static void
split_key(struct form_reader *r, struct slice bytes, struct record *rec)
{
	const struct slice *sep = &r->o.key_separator;
	const uint8_t *at = NULL;

	rec->value = bytes;
	if (bytes.len > 0)
		at = memmem(bytes.data, (size_t)bytes.len, sep->data,
		    (size_t)sep->len);
	if (at == NULL)
		return;
	rec->key = (struct slice){ bytes.data, (int32_t)(at - bytes.data) };
	rec->value.data = at + sep->len;
	rec->value.len = bytes.len - rec->key.len - sep->len;
}

/* The time in a JSON value: digits or ISO 8601, nothing relative. */
static int
json_time(struct form_reader *r, const struct json_value *v,
    struct form_record *out, struct err *e)
{
	char text[64];
	int32_t n = v->text.len;

	if (v->type == JSON_NULL)
		return 0;
	if ((v->type != JSON_NUMBER && v->type != JSON_STRING) || n < 1 ||
	    n >= (int32_t)sizeof(text) || v->text.data[0] < '0' ||
	    v->text.data[0] > '9' ||
	    memchr(v->text.data, '\0', (size_t)n) != NULL)
		return err_set(e, ERR_DATA, "%s is not a time",
		    r->o.time_json);
	memcpy(text, v->text.data, (size_t)n);
	text[n] = '\0';
	if (when_parse(text, out->arrived_ms, &out->rec.timestamp, e) < 0) {
		e->code = ERR_DATA;
		return err_prefix(e, "%s", r->o.time_json);
	}
	out->has_timestamp = true;
	return 0;
}

static int
look_inside(struct form_reader *r, struct form_record *out, struct err *e)
{
	struct json_value values[2];

	if (out->rec.value.len < 0)
		return 0;
	if (json_lookup(r->json, out->rec.value, r->paths, r->path_count,
	    values, e) < 0)
		return -1;
	if (r->path_key >= 0 && out->rec.key.len < 0)
		out->rec.key = values[r->path_key].text;
	if (r->path_time >= 0)
		return json_time(r, &values[r->path_time], out, e);
	return 0;
}

static int
add_headers(struct form_reader *r, struct record *rec, struct err *e)
{
	struct buf *b = &r->headers;

	if (rec->header_count == 0) {
		rec->headers = r->o.headers;
		rec->header_count = r->o.header_count;
		return 0;
	}
	/* The framed reader has put its headers there already. */
	if (rec->headers.data != b->data) {
		buf_clear(b);
		if (text_put(b, rec->headers) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (text_put(b, r->o.headers) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	rec->headers = (struct slice){ b->data, (int32_t)b->len };
	rec->header_count += r->o.header_count;
	return 0;
}

enum form_state
form_finish(struct form_reader *r, struct form_record *out,
    bool empty_key_is_null, struct err *e)
{
	struct record *rec = &out->rec;

	out->has_timestamp = rec->timestamp >= 0;
	if (r->o.null_empty && rec->value.len == 0)
		rec->value = SLICE_NULL;
	if (r->o.null_empty && empty_key_is_null && rec->key.len == 0)
		rec->key = SLICE_NULL;
	if (!r->o.keep_partition)
		out->partition = -1;
	if (r->o.has_timestamp) {
		rec->timestamp = r->o.timestamp;
		out->has_timestamp = true;
	}
	if (r->path_count > 0 && look_inside(r, out, e) < 0)
		return state_of(e);
	if (rec->key.len < 0 && r->o.key.data != NULL)
		rec->key = r->o.key;
	if (r->o.header_count > 0 && add_headers(r, rec, e) < 0)
		return FORM_FAILED;
	return FORM_GOT;
}

static enum form_state
by_format(struct form_reader *r, struct slice bytes, struct form_record *out,
    struct err *e)
{
	size_t used;

	if (format_read(r->format, bytes.data, (size_t)bytes.len, true, &used,
	    &r->fields, e) != FORMAT_WHOLE)
		return state_of(e);
	out->rec.key = r->fields.key;
	out->rec.value = r->fields.value;
	out->rec.timestamp = r->fields.timestamp;
	out->rec.headers = (struct slice){ r->fields.header_bytes.data,
		(int32_t)r->fields.header_bytes.len };
	out->rec.header_count = r->fields.header_count;
	out->partition = r->fields.partition;
	return FORM_GOT;
}

enum form_state
form_shape(struct form_reader *r, struct slice bytes, struct form_record *out,
    struct err *e)
{
	enum form_state state = FORM_GOT;

	if (r->plain) {
		out->rec.value = bytes;
		return FORM_GOT;
	}
	switch (r->o.kind) {
	case FORM_JSON:
		state = form_json(r, bytes, out, e);
		break;
	case FORM_FORMAT:
		state = by_format(r, bytes, out, e);
		break;
	default:
		if (r->o.key_separator.data != NULL)
			split_key(r, bytes, &out->rec);
		else
			out->rec.value = bytes;
		break;
	}
	if (state != FORM_GOT)
		return state;
	return form_finish(r, out, r->o.kind == FORM_LINES ||
	    r->o.kind == FORM_WHOLE || r->o.kind == FORM_FORMAT, e);
}
