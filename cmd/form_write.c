#include "form.h"

#include <stdlib.h>

#include "form_frame.h"
#include "json.h"
#include "text.h"

struct form_writer {
	struct form_options o;
	struct slice end;	/* after each line */
	struct slice null;	/* what null prints; null: nothing */
	struct format *format;
	int64_t count;
};

struct form_writer *
form_writer_new(const struct form_options *o, struct err *e)
{
	struct form_writer *w;

	if (o->key_separator.data != NULL && o->kind != FORM_LINES) {
		err_set(e, ERR_USAGE, "-K goes with lines only; this form "
		    "says itself what the key is");
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	w->o = *o;
	w->end = text_slice("\n");
	if (o->delimiter.data != NULL)
		w->end = o->delimiter;
	if (o->kind == FORM_WHOLE)
		w->end = SLICE_NULL;
	w->null = text_slice(o->null_as);
	if (o->null_as == NULL && o->null_empty)
		w->null = text_slice("NULL");
	if (o->kind == FORM_FORMAT) {
		w->format = format_new(o->format, e);
		if (w->format == NULL) {
			form_writer_free(w);
			return NULL;
		}
	}
	return w;
}

void
form_writer_free(struct form_writer *w)
{
	if (w == NULL)
		return;
	format_free(w->format);
	free(w);
}

static int
put_text(const struct form_writer *w, struct slice s, struct buf *out)
{
	if (s.len < 0)
		return text_put(out, w->null);
	return w->o.visible ? text_put_visible(out, s) : text_put(out, s);
}

static int
put_line(const struct form_writer *w, const struct record *r, struct buf *out)
{
	if (w->o.key_separator.data != NULL &&
	    (put_text(w, r->key, out) < 0 ||
	    text_put(out, w->o.key_separator) < 0))
		return -1;
	if (put_text(w, r->value, out) < 0)
		return -1;
	return text_put(out, w->end);
}

static int
put_word(struct buf *out, const char *word)
{
	return buf_append(out, word, strlen(word));
}

static int
put_json(const struct form_meta *m, const struct record *r, struct buf *out)
{
	const char *type = m->append_time ? ",\"tstype\":\"logappend\",\"key\":"
	    : ",\"tstype\":\"create\",\"key\":";

	if (put_word(out, "{\"topic\":") < 0 ||
	    json_put_bytes(out, text_slice(m->topic)) < 0 ||
	    put_word(out, ",\"partition\":") < 0 ||
	    text_put_int(out, m->partition) < 0 ||
	    put_word(out, ",\"offset\":") < 0 ||
	    text_put_int(out, r->offset) < 0 ||
	    put_word(out, ",\"ts\":") < 0 ||
	    text_put_int(out, r->timestamp) < 0 ||
	    put_word(out, type) < 0 || json_put_bytes(out, r->key) < 0 ||
	    put_word(out, ",\"value\":") < 0 ||
	    json_put_bytes(out, r->value) < 0 ||
	    put_word(out, ",\"headers\":") < 0 ||
	    json_put_headers(out, r->headers) < 0)
		return -1;
	return buf_append(out, "}\n", 2);
}

/* The plain line, without a call in between: the hot path. */
static int
put_plain(struct slice value, struct slice end, struct buf *out)
{
	size_t n = value.len > 0 ? (size_t)value.len : 0;
	uint8_t *p;

	if (out->cap - out->len < n + (size_t)end.len &&
	    buf_reserve(out, n + (size_t)end.len) < 0)
		return -1;
	p = out->data + out->len;
	if (n > 0)
		memcpy(p, value.data, n);
	p += n;
	if (end.len == 1)
		*p = end.data[0];
	else
		memcpy(p, end.data, (size_t)end.len);
	out->len += n + (size_t)end.len;
	return 0;
}

int
form_write(struct form_writer *w, const struct form_meta *m,
    const struct record *r, struct buf *out, struct err *e)
{
	struct format_source from;
	size_t before = out->len;
	int result;

	switch (w->o.kind) {
	case FORM_JSON:
		result = put_json(m, r, out);
		break;
	case FORM_FRAMED:
		result = frame_put(out, r);
		break;
	case FORM_FORMAT:
		from = (struct format_source){ m, r, w->count + 1, w->null,
			w->o.visible };
		if (format_write(w->format, &from, out, e) < 0)
			return -1;
		w->count++;
		return 0;
	default:
		if (w->o.key_separator.data == NULL && !w->o.visible &&
		    r->value.len >= 0 && w->end.len > 0)
			result = put_plain(r->value, w->end, out);
		else
			result = put_line(w, r, out);
		break;
	}
	if (result == 0)
		return 0;
	out->len = before;
	return err_set(e, ERR_SYSTEM, "out of memory");
}
