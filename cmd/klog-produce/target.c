/*
 * Where records go: the topic as its settings say now, and the accumulator
 * that is made from them.
 */
#include <unistd.h>

#include "main.h"
#include "produce.h"

enum { WORKERS_MAX = 4 };

/* The codec: -z, $KLOG_COMPRESSION, the topic's, zstd. */
static void
settle_compression(struct producer *p)
{
	const struct settings *s = &p->topic.settings;
	struct compression *c = &p->compression;

	*c = p->o->compression;
	if (!c->given) {
		c->codec = s->compression_type == COMPRESSION_PRODUCER ?
		    CODEC_ZSTD : (enum codec_id)s->compression_type;
		c->level = CODEC_LEVEL_DEFAULT;
	}
	if (c->level != CODEC_LEVEL_DEFAULT)
		return;
	if (c->codec == CODEC_ZSTD)
		c->level = (int)s->zstd_level;
	else if (c->codec == CODEC_GZIP)
		c->level = (int)s->gzip_level;
}

static bool
stopped(void)
{
	return main_stopped() != 0;
}

int
target_open(struct producer *p, struct err *e)
{
	const struct options *o = p->o;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct accumulator_options ao = {
		.topic = &p->topic, .batch_bytes = o->batch_bytes,
		.care = o->acks == ACKS_NONE ? HANDLES_NONE :
		    o->acks == ACKS_ALL ? HANDLES_COPIED : HANDLES_DURABLE,
		.timeout_ms = o->timeout,
		.stopped = stopped,
		.acked = o->report != NULL ? ack_batch : NULL, .ctx = p,
		.watcher = { ack_waits, p },
		.before = p->accumulator,
	};
	struct accumulator *a;

	settle_compression(p);
	ao.codec = p->compression.codec;
	ao.level = p->compression.level;
	ao.workers = cores < 2 ? 0 : ao.codec == CODEC_NONE ? 1 :
	    cores < WORKERS_MAX ? (int)cores : WORKERS_MAX;
	a = accumulator_new(&ao, e);
	if (a == NULL)
		return -1;
	accumulator_free(p->accumulator);
	p->accumulator = a;
	return 0;
}

int
target_renew(struct producer *p, struct err *e)
{
	return topic_reload(&p->topic, e) < 0 ? -1 : target_open(p, e);
}
