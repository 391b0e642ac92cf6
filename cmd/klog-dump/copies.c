/* What a leader knows of its followers: in-sync, replicas/NAME. */
#include <stdio.h>
#include <string.h>

#include "dump.h"
#include "replicas.h"
#include "text.h"

static const struct slice nothing = { NULL, -1 };

/* in-sync: the names of those that count. */
int
dump_in_sync(struct dump *d, struct err *e)
{
	struct line *l = &d->line;
	const char *line, *end;
	char file[REPLICAS_NAME], name[REPLICAS_NAME];
	int n = 1;

	if (dump_load(d, e) < 0)
		return -1;
	line = (const char *)d->bytes.data;
	for (; line < (const char *)d->bytes.data + d->bytes.len;
	    line = end + 1, n++) {
		end = strchr(line, '\n');
		if (end == NULL || !replicas_is_name(line,
		    (size_t)(end - line)))
			return err_set(e, ERR_CORRUPT,
			    "%s: line %d: is no follower's name", d->path, n);
		snprintf(file, sizeof(file), "%.*s", (int)(end - line), line);
		replicas_plain_name(file, name);
		line_begin(l, NULL, "in-sync");
		line_bytes(l, "follower", "follower", text_slice(name));
		line_end(l, 0, nothing);
	}
	return 0;
}

/* A file of replicas/. */
int
dump_replica(struct dump *d, struct err *e)
{
	struct replicas_file f = { .fd = d->fd };
	struct line *l = &d->line;
	const char *slash = strrchr(d->path, '/');
	struct replica_acked a;
	int32_t i;
	int r;

	snprintf(f.name, sizeof(f.name), "%s",
	    slash == NULL ? d->path : slash + 1);
	r = replicas_head(&f, e);
	if (r < 0)
		return -1;
	if (r == 0) {
		dump_bad(d, 0, "is no line of a host, a pid and two times");
	} else {
		line_begin(l, NULL, "follower");
		line_bytes(l, "host", "host", text_slice(f.head.host));
		line_int(l, "pid", "pid", f.head.pid);
		line_int(l, "since", "since", f.head.since_ms);
		line_int(l, "lastContact", "last_contact", f.head.last_ms);
		line_end(l, 0, nothing);
	}
	for (i = 0; i < replicas_partitions(&f); i++) {
		r = replicas_read(&f, i, &a, e);
		if (r < 0)
			return -1;
		if (r == 0)
			dump_bad(d, replicas_place(i), "checksum mismatch");
		if (r == 0)
			continue;
		line_begin(l, NULL, "acknowledged");
		line_int(l, "partition", "partition", i);
		line_optional(l, "offset", "offset", a.offset >= 0, a.offset);
		line_optional(l, "caughtUp", "caught_up",
		    a.caught_up_ms >= 0, a.caught_up_ms);
		line_end(l, 0, nothing);
	}
	return 0;
}
