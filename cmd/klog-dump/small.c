/* The small text files of a partition, of Kafka's and of klog's. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "conf.h"
#include "dump.h"
#include "origins.h"
#include "parent.h"
#include "role.h"
#include "settings.h"
#include "swap.h"
#include "text.h"

static const struct slice nothing = { NULL, -1 };

int
dump_epochs(struct dump *d, struct err *e)
{
	struct epochs epochs = { 0 };
	struct line *l = &d->line;
	struct parent dir;
	int r = 0;
	size_t i;

	if (parent_open(&dir, d->path, e) < 0)
		return -1;
	if (epochs_read(&epochs, dir.fd, dir.path, e) < 0)
		r = parent_named(d->path, e);
	for (i = 0; i < epochs.count && r == 0; i++) {
		line_begin(l, NULL, "epoch");
		line_int(l, "epoch", "epoch", epochs.list[i].epoch);
		line_int(l, "startOffset", "start_offset",
		    epochs.list[i].start);
		line_end(l, 0, nothing);
	}
	epochs_release(&epochs);
	parent_close(&dir);
	return r;
}

/* leader-epoch-origins: who began which epoch. */
int
dump_origins(struct dump *d, struct err *e)
{
	struct epochs lines = { 0 };
	struct line *l = &d->line;
	struct parent dir;
	char origin[24];
	int r = 0;
	size_t i;

	if (parent_open(&dir, d->path, e) < 0)
		return -1;
	if (origins_lines(&lines, dir.fd, dir.path, e) < 0)
		r = parent_named(d->path, e);
	for (i = 0; i < lines.count && r == 0; i++) {
		snprintf(origin, sizeof(origin), "%016" PRIx64,
		    lines.list[i].origin);
		line_begin(l, NULL, "origin");
		line_int(l, "epoch", "epoch", lines.list[i].epoch);
		line_word(l, "origin", "origin", origin);
		line_end(l, 0, nothing);
	}
	epochs_release(&lines);
	parent_close(&dir);
	return r;
}

/* The rest of the line at *text, which is behind it then; NULL: none. */
static char *
next_line(char **text)
{
	char *line = *text, *end;

	if (*line == '\0')
		return NULL;
	end = strchr(line, '\n');
	*text = end == NULL ? line + strlen(line) : end + 1;
	if (end != NULL)
		*end = '\0';
	return line;
}

static const char *
value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	return line != NULL && strncmp(line, key, n) == 0 ? line + n : NULL;
}

/* partition.metadata: "version: 0", "topic_id: " and 22 characters. */
int
dump_metadata(struct dump *d, struct err *e)
{
	const char *version, *id;
	struct line *l = &d->line;
	char *text, *first, *second;

	if (dump_load(d, e) < 0)
		return -1;
	text = (char *)d->bytes.data;
	if (strlen(text) != d->bytes.len)
		return err_set(e, ERR_CORRUPT, "%s: position %zu: a NUL byte",
		    d->path, strlen(text));
	first = next_line(&text);
	second = next_line(&text);
	version = value_of(first, "version: ");
	id = value_of(second, "topic_id: ");
	if (version == NULL || strcmp(version, "0") != 0)
		return err_set(e, ERR_CORRUPT, "%s: line 1: not \"version: 0\"",
		    d->path);
	if (id == NULL || strlen(id) != TOPIC_ID - 1 ||
	    strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_") != TOPIC_ID - 1 ||
	    strspn(id, "A") == TOPIC_ID - 1)
		return err_set(e, ERR_CORRUPT, "%s: line 2: not \"topic_id: \""
		    " and an id", d->path);
	if (*text != '\0')
		return err_set(e, ERR_CORRUPT, "%s: line 3: should not be "
		    "there", d->path);
	line_begin(l, NULL, "metadata");
	line_int(l, "version", "version", 0);
	line_word(l, "topicId", "topic_id", id);
	line_end(l, 0, nothing);
	return 0;
}

/* log-start-offset, high-watermark, cleaner-checkpoint: one number. */
int
dump_offset(struct dump *d, struct err *e)
{
	const char *slash = strrchr(d->path, '/');
	const char *name = slash == NULL ? d->path : slash + 1;
	struct line *l = &d->line;
	struct slice text;
	int64_t offset;

	if (dump_load(d, e) < 0)
		return -1;
	text = (struct slice){ d->bytes.data, (int32_t)d->bytes.len - 1 };
	if (text.len < 1 || text.data[text.len] != '\n' ||
	    text_get_int(text, &offset) < 0 || offset < 0)
		return err_set(e, ERR_CORRUPT, "%s: line 1: is not an offset",
		    d->path);
	line_begin(l, NULL, name); /* one of them: dump_kind saw to it */
	line_int(l, "offset", "offset", offset);
	line_end(l, 0, nothing);
	return 0;
}

/* swap: which new segment stands for which offsets. */
int
dump_swap(struct dump *d, struct err *e)
{
	struct line *l = &d->line;
	struct swap s = { 0 };
	size_t i;

	if (dump_load(d, e) < 0)
		return -1;
	if (swap_parse(&s, d->bytes.data, d->bytes.len) < 0) {
		swap_release(&s);
		return err_set(e, ERR_CORRUPT,
		    "%s: is not a list of segments", d->path);
	}
	for (i = 0; i < s.count; i++) {
		line_begin(l, NULL, "swap");
		line_int(l, "baseOffset", "base_offset", s.list[i].base);
		line_int(l, "endOffset", "end_offset", s.list[i].end);
		line_end(l, 0, nothing);
	}
	swap_release(&s);
	return 0;
}

int
dump_recovery(struct dump *d, struct err *e)
{
	struct line *l = &d->line;
	struct parent dir;
	int64_t offset;
	char boot[37];
	int r;

	if (parent_open(&dir, d->path, e) < 0)
		return -1;
	r = checkpoint_read_recovery(dir.fd, boot, &offset, dir.path, e);
	if (r < 0) {
		parent_named(d->path, e);
	} else if (r > 0) {
		line_begin(l, NULL, "recovery-point");
		line_bytes(l, "boot", "boot", text_slice(boot));
		line_int(l, "offset", "offset", offset);
		line_end(l, 0, nothing);
	}
	parent_close(&dir);
	return r < 0 ? -1 : 0;
}

static void
print_settings(struct line *l, const struct settings *s)
{
	const char *name;
	char value[128];
	int64_t number;
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		name = settings_row(i)->name;
		if (!(s->given >> i & 1))
			continue;
		settings_text(s, i, value, sizeof(value));
		line_begin(l, NULL, "setting");
		line_word(l, NULL, "key", name);
		if (text_get_int(text_slice(value), &number) == 0)
			line_int(l, name, "value", number);
		else
			line_word(l, name, "value", value);
		line_end(l, 0, nothing);
	}
}

int
dump_conf(struct dump *d, struct err *e)
{
	struct line *l = &d->line;
	struct settings s;
	struct parent dir;
	int r;

	if (parent_open(&dir, d->path, e) < 0)
		return -1;
	r = conf_read(&s, dir.fd, dir.path, e);
	if (r < 0) {
		parent_named(d->path, e);
	} else if (r > 0) {
		line_begin(l, NULL, "topic");
		line_int(l, "version", "version", CONF_VERSION);
		line_word(l, "id", "id", s.id);
		line_int(l, "partitions", "partitions", s.partitions);
		line_end(l, 0, nothing);
		print_settings(l, &s);
	}
	parent_close(&dir);
	return r < 0 ? -1 : 0;
}

int
dump_role(struct dump *d, struct err *e)
{
	static const char *const names[] = { "leader", "replica", "fenced",
		"sealed" };
	struct line *l = &d->line;
	struct parent dir;
	struct role role;
	int r;

	if (parent_open(&dir, d->path, e) < 0)
		return -1;
	r = role_read(&role, dir.fd, dir.path, e);
	if (r < 0) {
		parent_named(d->path, e);
	} else if (r > 0) {
		line_begin(l, NULL, "role");
		line_word(l, "role", "role", names[role.kind]);
		if (role.kind == ROLE_REPLICA)
			line_bytes(l, "source", "source",
			    text_slice(role.source));
		if (role.kind == ROLE_FENCED)
			line_int(l, "fencedBy", "fenced_by", role.epoch);
		line_end(l, 0, nothing);
	}
	parent_close(&dir);
	return r < 0 ? -1 : 0;
}
