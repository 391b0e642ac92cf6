#include "emit.h"
#include "heads.h"
#include "main.h"
#include "ways.h"

enum { TICK = 1024 };

int
merge_run(struct consumer *c, bool reverse, struct err *e)
{
	struct heads *h = heads_new(c, reverse, e);
	struct head *head;
	int got = h == NULL ? -1 : 1;

	while (got > 0 && c->left > 0 && main_stopped() == 0) {
		got = heads_next(h, &head, e);
		if (got > 0 && emit_record(c,
		    c->streams[heads_stream(head)], heads_batch(head),
		    heads_record(head), e) < 0)
			got = -1;
		if (c->printed % TICK == 0)
			progress_tick(&c->progress, 0,
			    (int64_t)c->printed - c->progress.records);
	}
	heads_free(h);
	return got < 0 ? -1 : 0;
}
