#include "followers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsio.h"
#include "insync.h"
#include "json.h"
#include "names.h"
#include "when.h"

enum { IN_SYNC_MAX = 1 << 20 };

static const struct table_column columns[] = {
	{ "FOLLOWER", TABLE_LEFT }, { "PARTITION", TABLE_RIGHT },
	{ "ACKED", TABLE_RIGHT }, { "LAG", TABLE_RIGHT },
	{ "IN-SYNC", TABLE_LEFT }, { "CONNECTED", TABLE_LEFT },
	{ "LAST-CONTACT", TABLE_LEFT }, { "HOST", TABLE_LEFT }
};

int
followers_open(struct followers *fs, const struct topic *t, bool human,
    struct err *e)
{
	struct follower *f;
	size_t count, i;
	char **names;
	int r = 0;

	*fs = (struct followers){ .human = human };
	table_init(&fs->table, columns, sizeof(columns) / sizeof(columns[0]));
	if (replicas_list(t->dirfd, t->path, &names, &count, e) < 0)
		return -1;
	fs->list = calloc(count + 1, sizeof(*fs->list));
	if (fs->list == NULL) {
		names_free(names, count);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	for (i = 0; r == 0 && i < count; i++) {
		f = &fs->list[fs->count];
		r = replicas_open(&f->file, t->dirfd, t->path, names[i], e);
		if (r <= 0)
			continue;
		r = 0;
		replicas_plain_name(names[i], f->name);
		f->connected = replicas_connected(&f->file);
		fs->count++;
	}
	names_free(names, count);
	return r < 0 ? -1 : 0;
}

void
followers_release(struct followers *fs)
{
	while (fs->count > 0)
		replicas_close(&fs->list[--fs->count].file);
	free(fs->list);
	fs->list = NULL;
	buf_release(&fs->in_sync);
	table_release(&fs->table);
}

/* Whether a line of in-sync is its file's name. */
static bool
counts(const struct followers *fs, const char *file)
{
	const char *line = (const char *)fs->in_sync.data;
	size_t n = strlen(file);

	for (; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1)
		if (strncmp(line, file, n) == 0 && line[n] == '\n')
			return true;
		else if (strchr(line, '\n') == NULL)
			break;
	return false;
}

size_t
followers_in_sync(const struct followers *fs)
{
	size_t i, n = 1;

	for (i = 0; i < fs->in_sync.len; i++)
		n += fs->in_sync.data[i] == '\n';
	return n;
}

static void
cell_contact(struct followers *fs, int64_t ms)
{
	char text[WHEN_TEXT] = "-";

	if (ms > 0 && fs->human)
		when_format_local(ms, text);
	else if (ms > 0)
		when_format_utc(ms, text);
	table_cell(&fs->table, "%s", text);
}

static int64_t
lag(const struct replica_acked *a, const struct view *v)
{
	int64_t end = v->log.next_offset;

	return a->offset < 0 ? end : a->offset < end ? end - a->offset : 0;
}

int
followers_add(struct followers *fs, const struct view *v, int32_t partition,
    struct err *e)
{
	struct replica_acked a;
	struct follower *f;
	size_t i;

	if (fsio_read_file(v->dirfd, INSYNC_NAME, &fs->in_sync, IN_SYNC_MAX,
		v->where, e) < 0)
		return -1;
	for (i = 0; i < fs->count; i++) {
		f = &fs->list[i];
		if (replicas_read(&f->file, partition, &a, e) < 0)
			return -1;
		table_cell(&fs->table, "%s", f->name);
		table_cell(&fs->table, "%" PRId32, partition);
		if (a.offset < 0)
			table_cell(&fs->table, "-");
		else
			table_cell(&fs->table, "%" PRId64, a.offset);
		table_cell(&fs->table, "%" PRId64, lag(&a, v));
		table_cell(
		    &fs->table, counts(fs, f->file.name) ? "yes" : "no");
		table_cell(&fs->table, f->connected ? "yes" : "no");
		cell_contact(fs, f->file.head.last_ms);
		table_cell(&fs->table, "%s", f->file.head.host);
		fs->rows++;
	}
	return 0;
}

int
followers_print(struct followers *fs, struct err *e)
{
	if (fs->rows == 0)
		return 0;
	putchar('\n');
	return table_print(&fs->table, true, stdout, e);
}

static int
put_text(const char *text, FILE *f, struct err *e)
{
	struct slice s = { (const uint8_t *)text, (int32_t)strlen(text) };
	struct buf out = { 0 };

	if (json_put_bytes(&out, s) < 0) {
		buf_release(&out);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	fprintf(f, "%.*s", (int)out.len, (const char *)out.data);
	buf_release(&out);
	return 0;
}

static int
json_in_sync(const struct followers *fs, FILE *f, struct err *e)
{
	const char *line = (const char *)fs->in_sync.data, *end, *comma = "";
	char file[REPLICAS_NAME], name[REPLICAS_NAME];

	fputs("\"in_sync\":[", f);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL;
	    line = end + 1) {
		snprintf(file, sizeof(file), "%.*s", (int)(end - line), line);
		replicas_plain_name(file, name);
		fputs(comma, f);
		if (put_text(name, f, e) < 0)
			return -1;
		comma = ",";
	}
	fputs("]", f);
	return 0;
}

static void
json_number(const char *name, int64_t n, FILE *f)
{
	if (n < 0)
		fprintf(f, ",\"%s\":null", name);
	else
		fprintf(f, ",\"%s\":%" PRId64, name, n);
}

int
followers_json(const struct followers *fs, const struct view *v,
    int32_t partition, FILE *f, struct err *e)
{
	const struct follower *one;
	struct replica_acked a;
	size_t i;

	if (json_in_sync(fs, f, e) < 0)
		return -1;
	fputs(",\"followers\":[", f);
	for (i = 0; i < fs->count; i++) {
		one = &fs->list[i];
		if (replicas_read(&one->file, partition, &a, e) < 0)
			return -1;
		fputs(i > 0 ? ",{\"name\":" : "{\"name\":", f);
		if (put_text(one->name, f, e) < 0)
			return -1;
		fputs(",\"host\":", f);
		if (put_text(one->file.head.host, f, e) < 0)
			return -1;
		json_number("acked", a.offset, f);
		json_number("lag", lag(&a, v), f);
		fprintf(f, ",\"in_sync\":%s,\"connected\":%s",
		    counts(fs, one->file.name) ? "true" : "false",
		    one->connected ? "true" : "false");
		json_number("caught_up", a.caught_up_ms, f);
		json_number("last_contact", one->file.head.last_ms, f);
		fputs("}", f);
	}
	fputs("]", f);
	return 0;
}

int
followers_json_role(const struct role *r, FILE *f, struct err *e)
{
	static const char *const names[] = { "leader", "replica", "fenced",
		"sealed" };

	fprintf(f, "\"role\":\"%s\"", names[r->kind]);
	if (r->kind == ROLE_FENCED)
		fprintf(f, ",\"fenced_by\":%" PRId32, r->epoch);
	if (r->kind != ROLE_REPLICA)
		return 0;
	fputs(",\"source\":", f);
	return put_text(r->source, f, e);
}
