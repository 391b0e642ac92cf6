/* The records of a batch, in the lines of kafka-dump-log. */
#include "codec.h"
#include "dump.h"
#include "record.h"

/* Kafka 4.x, ControlRecordType: the type is the second int16 of the key. */
static const char *const control_types[] = { "ABORT", "COMMIT",
	"LEADER_CHANGE", "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER", "KRAFT_VERSION",
	"KRAFT_VOTERS" };

enum {
	TYPES = sizeof(control_types) / sizeof(control_types[0]),
	TYPE_COMMIT = 1,	/* those up to it end a transaction */
	CONTROL_KEY = 4,	/* bytes: version and type */
	MARKER_VALUE = 6	/* bytes: version and coordinator epoch */
};

static void
print_control(struct line *l, const struct record *r)
{
	const char *name = "UNKNOWN";
	int type = -1;

	if (r->key.len >= CONTROL_KEY)
		type = (int16_t)get_be16(r->key.data + 2);
	if (type >= 0 && type < TYPES)
		name = control_types[type];
	if (type < 0 || type > TYPE_COMMIT) {
		line_word(l, "controlType", "control_type", name);
		return;
	}
	line_word(l, "endTxnMarker", "control_type", name);
	if (r->value.len >= MARKER_VALUE)
		line_int(l, "coordinatorEpoch", "coordinator_epoch",
		    (int32_t)get_be32(r->value.data + 2));
}

static int64_t
sequence(const struct batch *b, const struct record *r)
{
	int64_t s = b->base_sequence + (r->offset - b->base_offset);

	if (b->base_sequence < 0)
		return -1;
	return s > INT32_MAX ? s - INT32_MAX - 1 : s;
}

static void
print_record(struct dump *d, const struct batch *b, const struct record *r,
    int64_t position, int64_t address, struct slice bytes)
{
	bool stamped = (b->attributes & BATCH_APPEND_TIME) != 0;
	bool control = (b->attributes & BATCH_CONTROL) != 0;
	struct line *l = &d->line;

	line_begin(l, "|", "record");
	line_int(l, NULL, "position", position);
	line_int(l, "offset", "offset", r->offset);
	line_int(l, stamped ? "LogAppendTime" : "CreateTime", "ts",
	    r->timestamp);
	line_word(l, NULL, "tstype", stamped ? "logappend" : "create");
	line_int(l, "keySize", NULL, r->key.len);
	line_int(l, "valueSize", NULL, r->value.len);
	line_int(l, "sequence", "sequence", sequence(b, r));
	line_headers(l, r->headers);
	if (control)
		print_control(l, r);
	line_bytes(l, control ? NULL : "key", "key", r->key);
	line_bytes(l, control ? NULL : "payload", "value", r->value);
	line_end(l, address, bytes);
}

void
dump_records(struct dump *d, const struct batch *b, const uint8_t *p,
    int64_t position, bool valid)
{
	struct batch_records br;
	const uint8_t *first, *at;
	int64_t start = position + BATCH_HEADER;
	struct err e = { 0 };
	struct record r;
	int got = 0;

	if (batch_records_init(&br, b, p, d->codec, &d->scratch,
		(size_t)d->o->max_batch, &e) < 0) {
		got = -1;
		at = first = p + BATCH_HEADER;
		br.end = p + b->size;
	} else {
		/* Compressed, they have no place in the file of their own. */
		if (br.next != p + BATCH_HEADER)
			start = 0;
		at = first = br.next;
		while (!d->line.failed &&
		    (got = batch_records_next(&br, &r, &e)) > 0) {
			print_record(d, b, &r, position, start + (at - first),
			    (struct slice){ at, (int32_t)(br.next - at) });
			at = br.next;
		}
	}
	if (got >= 0)
		return;
	/* What could not be read; a batch that is invalid was told. */
	if (d->line.hex) {
		line_begin(&d->line, NULL, "unreadable");
		line_int(&d->line, NULL, "position", position);
		line_end(&d->line, start + (at - first),
		    (struct slice){ at, (int32_t)(br.end - at) });
	}
	if (e.code == ERR_CORRUPT && valid) {
		dump_bad(d, position, "%s", e.text);
	} else if (e.code != ERR_CORRUPT) {
		err_prefix(&e, "%s", d->path);
		dump_failed(d, &e);
	}
}
