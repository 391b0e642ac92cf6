/*
 * Making a reader: the options are checked here, before a byte is read.
 */
#include "form_inside.h"

#include <sys/stat.h>

static int
check(const struct form_options *o, struct err *e)
{
	bool lines = o->kind == FORM_LINES;

	if (o->key_separator.data != NULL && !lines && o->kind != FORM_WHOLE)
		return err_set(e, ERR_USAGE, "-K goes with lines only; this "
		    "form says itself what the key is");
	if (o->key_separator.data != NULL && o->key_separator.len <= 0)
		return err_set(e, ERR_USAGE, "-K: the separator is empty");
	if (lines && o->delimiter.data != NULL && o->delimiter.len <= 0)
		return err_set(e, ERR_USAGE, "-D: the delimiter is empty");
	if (o->follow && o->kind == FORM_WHOLE)
		return err_set(e, ERR_USAGE, "--whole with --follow: a file "
		    "that grows has no end");
	if (o->max_record > INT32_MAX - (1 << 20))
		return err_set(e, ERR_USAGE, "a record may have at most %d "
		    "bytes", INT32_MAX - (1 << 20));
	return 0;
}

static int
add_path(struct form_reader *r, const char *what, const char *text,
    int *place, struct err *e)
{
	*place = -1;
	if (text == NULL)
		return 0;
	r->paths[r->path_count] = json_path_new(what, text, e);
	if (r->paths[r->path_count] == NULL)
		return -1;
	*place = (int)r->path_count++;
	return 0;
}

static int
prepare(struct form_reader *r, struct err *e)
{
	const struct form_options *o = &r->o;

	r->nth = 1;
	r->end = (struct slice){ (const uint8_t *)"\n", 1 };
	if (o->kind == FORM_LINES && o->delimiter.data != NULL)
		r->end = o->delimiter;
	else if (o->kind == FORM_FRAMED || o->kind == FORM_WHOLE)
		r->end.len = 0;
	if (o->kind == FORM_FORMAT) {
		r->format = format_new(o->format, e);
		if (r->format == NULL || format_readable(r->format, e) < 0)
			return -1;
		if (!format_end(r->format, &r->end, &r->nth))
			r->end.len = 0;
	}
	if (add_path(r, "--key-json", o->key_json, &r->path_key, e) < 0 ||
	    add_path(r, "--time-json", o->time_json, &r->path_time, e) < 0)
		return -1;
	r->plain = (o->kind == FORM_LINES || o->kind == FORM_WHOLE) &&
	    o->key_separator.data == NULL && r->path_count == 0 &&
	    !o->null_empty && o->key.data == NULL;
	r->json = json_new();
	if (r->json == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

struct form_reader *
form_reader_new(const struct form_options *o, struct err *e)
{
	struct form_reader *r;

	if (check(o, e) < 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	r->o = *o;
	if (r->o.max_record == 0)
		r->o.max_record = FORM_RECORD_MAX;
	r->fd = -1;
	r->eof = true;
	if (prepare(r, e) < 0) {
		form_reader_free(r);
		return NULL;
	}
	return r;
}

void
form_reader_free(struct form_reader *r)
{
	if (r == NULL)
		return;
	format_free(r->format);
	format_record_release(&r->fields);
	json_free(r->json);
	form_json_release(&r->object);
	for (size_t i = 0; i < r->path_count; i++)
		json_path_free(r->paths[i]);
	buf_release(&r->headers);
	free(r->data);
	free(r);
}

void
form_reader_open(struct form_reader *r, int fd, const char *name)
{
	struct stat st;

	r->fd = fd;
	r->name = name;
	r->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	r->eof = r->delivered = r->skipping = false;
	r->number = 0;
	r->start = r->stop = r->scanned = 0;
	r->seen = 0;
}
