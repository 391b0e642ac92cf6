/*
 * The short conversation before a topic follows another: it is told that our
 * logs have no epochs, and so answers with all of its own.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "follow.h"
#include "history.h"
#include "main.h"
#include "origins.h"
#include "session.h"
#include "view.h"

/* Where partition number begins and ends here.  0, or -1. */
static int
look(const struct following *f, int32_t number, struct history *h,
    struct epochs *es, struct err *e)
{
	const struct topic *t = &f->topic;
	struct view v;
	int r;

	if (view_open(&v, t->dirfd, number, t->path, e) < 0)
		return -1;
	view_expect(&v, &t->settings);
	v.past_copies = true;
	r = view_look(&v, &h->start, e);
	h->end = v.end.next_offset;
	h->epochs = es;
	if (r == 0 && es != NULL)
		r = origins_read(es, v.dirfd, v.where, e);
	view_close(&v);
	return r;
}

static int
take_topic(struct following *f, struct link *l, const struct wire *w,
    struct err *e)
{
	const struct topic *t = &f->topic;
	struct wire ask = { .type = WIRE_POSITION, .high = -1 };
	struct wire ready = { .type = WIRE_READY };
	struct history h;

	if (memcmp(t->settings.id, w->id.data, WIRE_ID) != 0)
		return err_set(e, ERR_DATA,
		    "%s: is another topic: its id is %s, the source's %.*s",
		    t->path, t->settings.id, WIRE_ID,
		    (const char *)w->id.data);
	if (f->parts != NULL || t->settings.partitions > w->partitions)
		return err_set(e, ERR_DATA,
		    "%s: has %" PRId32 " partitions, the source only %" PRId32,
		    t->path, t->settings.partitions, w->partitions);
	f->count = t->settings.partitions;
	f->parts = calloc((size_t)f->count, sizeof(*f->parts));
	if (f->parts == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (; ask.partition < f->count; ask.partition++) {
		if (look(f, ask.partition, &h, NULL, e) < 0)
			return -1;
		ask.start = h.start;
		ask.end = h.end;
		if (wire_put(&l->output, &ask) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	}
	return wire_put(&l->output, &ready) < 0 ?
	    err_set(e, ERR_SYSTEM, "out of memory") :
	    0;
}

/* What the source says of itself.  0, or -1. */
static int
take(struct following *f, struct link *l, const struct wire *w, int32_t *left,
    bool *theirs, struct err *e)
{
	struct follow_part *p;

	switch (w->type) {
	case WIRE_TOPIC:
		if (take_topic(f, l, w, e) < 0)
			return -1;
		*left = f->count;
		return 0;
	case WIRE_ERROR:
		*theirs = true;
		return session_their_error(l, w, e);
	case WIRE_START:
		if (f->parts == NULL || w->topic != 0 ||
		    w->partition >= f->count || w->start > w->end)
			break;
		p = &f->parts[w->partition];
		*left -= !p->known;
		p->known = true;
		p->start = w->start;
		p->end = w->end;
		p->high = w->high < 0 ? w->end : w->high;
		if (wire_get_epochs(w->epochs, &p->epochs) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
		return 0;
	default: /* not for us: of groups, records */
		return 0;
	}
	return err_set(e, ERR_DATA, "%s: said what makes no sense", l->peer);
}

int
follow_ask(struct following *f, struct err *e)
{
	struct link l = { .in = -1, .out = -1 };
	bool stay = f->copy.follow, theirs = false;
	int32_t left = -1;
	struct wire w;
	int r;

	f->copy.follow = false;
	r = copy_connect(&f->copy, &l, e);
	f->copy.follow = stay;
	while (r >= 0 && left != 0) {
		r = link_next(&l, &w, e);
		if (r > 0)
			r = take(f, &l, &w, &left, &theirs, e);
		else if (r == 0 && main_stopped())
			r = main_stop(e);
		else if (r == 0)
			r = link_wait(&l, -1, true, e);
	}
	if (r < 0 && l.in >= 0 && !theirs && e->code != ERR_STOPPED)
		link_fail(&l, e);
	link_close(&l);
	return r < 0 ? -1 : 0;
}

static int
refuse(const struct following *f, int32_t number, const char *why,
    struct err *e)
{
	return err_set(e, ERR_ROLE,
	    "%s/%" PRId32 ": %s: %s; nothing was changed (--force follows it "
	    "all the same)", f->topic.path, number, f->source, why);
}

int
follow_compare(struct following *f, int32_t number, bool check,
    int64_t *common, struct err *e)
{
	struct epochs ours = { 0 };
	struct follow_part *p = &f->parts[number];
	struct history a, b = { &p->epochs, p->start, p->end };
	enum history_relation relation;
	int r = look(f, number, &a, &ours, e);

	if (r == 0) {
		relation = history_compare(&a, &b, common);
		if (!check || f->copy.force)
			r = 0;
		else if (relation == HISTORY_AHEAD)
			r = refuse(f, number, "this copy knows a newer leader "
			    "epoch: that one should follow this one", e);
		else if (relation == HISTORY_SAME &&
		    (f->role.kind != ROLE_REPLICA || *common < a.end))
			r = refuse(f, number, "knows no newer leader epoch, so "
			    "it does not lead: promote it first", e);
	}
	epochs_release(&ours);
	return r;
}

void
follow_release(struct following *f)
{
	int32_t i;

	for (i = 0; f->parts != NULL && i < f->count; i++)
		epochs_release(&f->parts[i].epochs);
	free(f->parts);
	f->parts = NULL;
}
