/*
 * --ack-fd: lines "partition offset", or "topic partition offset" where there
 * are several topics, say that all up to that offset is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "group.h"
#include "main.h"
#include "report.h"

enum {
	LINE_MAX_BYTES = 1024,
	READ_BYTES = 64 << 10,
	STOPPED_MS = 5000	/* after a signal, for the last lines */
};

struct acks {
	int fd;
	bool ended;
	int64_t line;		/* the number of the last one */
	size_t len;		/* bytes of the next one, so far */
	char text[LINE_MAX_BYTES];
	/* By topic and partition: behind all that this run gave out. */
	int64_t **given;
	int32_t *counts;
	int topic_count;
};

int
group_ack_open(struct grouped *g, struct err *e)
{
	int n = g->c->topic_count;
	struct acks *a;

	if (!g->c->o->has_ack_fd)
		return 0;
	a = g->acks = calloc(1, sizeof(*a));
	if (a != NULL) {
		a->fd = (int)g->c->o->ack_fd;
		a->given = calloc((size_t)n, sizeof(*a->given));
		a->counts = calloc((size_t)n, sizeof(*a->counts));
		a->topic_count = n;
	}
	if (a == NULL || a->given == NULL || a->counts == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return fcntl(a->fd, F_SETFD, FD_CLOEXEC) < 0 ?
	    err_sys(e, "--ack-fd: %d", a->fd) : 0;
}

void
group_ack_close(struct grouped *g)
{
	struct acks *a = g->acks;
	int i;

	if (a == NULL)
		return;
	for (i = 0; a->given != NULL && i < a->topic_count; i++)
		free(a->given[i]);
	free(a->given);
	free(a->counts);
	free(a);
	g->acks = NULL;
}

int
group_ack_fd(const struct grouped *g)
{
	return g->acks == NULL || g->acks->ended ? -1 : g->acks->fd;
}

int
group_ack_given(struct grouped *g, struct claim *cl, int64_t offset,
    struct err *e)
{
	struct acks *a = g->acks;
	int32_t i, count = cl->partition + 1;
	int64_t *more;

	if (cl->partition >= a->counts[cl->topic]) {
		more = realloc(a->given[cl->topic],
		    (size_t)count * sizeof(*more));
		if (more == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		for (i = a->counts[cl->topic]; i < count; i++)
			more[i] = -1;
		a->given[cl->topic] = more;
		a->counts[cl->topic] = count;
	}
	a->given[cl->topic][cl->partition] = offset + 1;
	cl->last = offset;
	return 0;
}

/* Take a decimal number off *p, which a blank or the end follows: 0, or -1. */
static int
take_number(char **p, int64_t *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return -1;
	errno = 0;
	*out = strtoll(*p, &end, 10);
	if (errno != 0 || (*end != '\0' && *end != ' ' && *end != '\t'))
		return -1;
	*p = end + strspn(end, " \t");
	return 0;
}

/* The topic that *p begins with: its index, or -1. */
static int32_t
take_topic(const struct grouped *g, char **p)
{
	size_t len = strcspn(*p, " \t");
	const struct topic *t;
	int32_t j;

	if (g->c->topic_count == 1)
		return 0;
	for (j = 0; j < g->c->topic_count; j++) {
		t = &g->c->topics[j].topic;
		if (strlen(t->name) == len && memcmp(t->name, *p, len) == 0)
			break;
	}
	if (j == g->c->topic_count)
		return -1;
	*p += len;
	*p += strspn(*p, " \t");
	return j;
}

static int
acknowledge(struct grouped *g, int32_t topic, int64_t partition,
    int64_t offset, struct err *e)
{
	struct acks *a = g->acks;
	struct claim *cl;

	if (partition >= a->counts[topic] ||
	    offset >= a->given[topic][partition])
		return err_set(e, ERR_DATA, "--ack-fd: line %" PRId64 ": %s/%"
		    PRId64 ": offset %" PRId64 " was not given out", a->line,
		    g->c->topics[topic].topic.path, partition, offset);
	cl = claim_find(g, topic, (int32_t)partition);
	/* Late: another member has it by now, or it was begun again. */
	if (cl == NULL || cl->stream == NULL || offset < cl->done ||
	    offset > cl->last)
		return 0;
	/* What is passed over behind the last one is done with it. */
	cl->done = offset == cl->last ? cl->next : offset + 1;
	cl->epoch = cl->next_epoch;
	return 0;
}

static int
take_line(struct grouped *g, struct err *e)
{
	struct acks *a = g->acks;
	int64_t partition, offset;
	char *p = a->text, shown[64];
	int32_t topic;

	a->text[a->len] = '\0';
	a->line++;
	topic = strlen(p) == a->len ? take_topic(g, &p) : -1;
	if (topic >= 0 && take_number(&p, &partition) == 0 &&
	    take_number(&p, &offset) == 0 && *p == '\0')
		return acknowledge(g, topic, partition, offset, e);
	report_escape(shown, sizeof(shown), a->text);
	return err_set(e, ERR_DATA, "--ack-fd: line %" PRId64 ": \"%s\" is "
	    "not \"%spartition offset\"", a->line, shown,
	    g->c->topic_count > 1 ? "topic " : "");
}

static int
commit_all(struct grouped *g, struct err *e)
{
	size_t i;

	for (i = 0; i < g->claim_count; i++)
		if (!g->claims[i]->gone && g->claims[i]->stream != NULL &&
		    claim_commit(g, g->claims[i], e) < 0)
			return -1;
	return group_let_go(g, e);
}

int
group_ack_read(struct grouped *g, struct err *e)
{
	struct acks *a = g->acks;
	static const char end = '\n';
	char data[READ_BYTES];
	ssize_t got, i;
	struct err why;
	int r = 0;

	got = read(a->fd, data, sizeof(data));
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 :
		    err_sys(e, "--ack-fd: %d", a->fd);
	for (i = 0; i < got && r == 0; i++) {
		if (data[i] == end) {
			r = take_line(g, e);
			a->len = 0;
		} else if (a->len < sizeof(a->text) - 1) {
			a->text[a->len++] = data[i];
		} else {
			r = err_set(e, ERR_DATA, "--ack-fd: line %" PRId64
			    ": is too long", a->line + 1);
		}
	}
	if (got == 0) {
		a->ended = true;
		if (a->len > 0)
			r = take_line(g, e);
	}
	/* What came before a bad line was said, too. */
	return commit_all(g, r < 0 ? &why : e) < 0 ? -1 : r;
}

/* The first claim with records that were not acknowledged, or NULL. */
static const struct claim *
find_open(const struct grouped *g)
{
	const struct claim *cl;
	size_t i;

	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (!cl->gone && cl->stream != NULL && cl->last >= cl->done)
			return cl;
	}
	return NULL;
}

int
group_ack_last(struct grouped *g, int64_t limit_ms, struct err *e)
{
	struct pollfd ready = { .fd = g->acks->fd, .events = POLLIN };
	struct timespec ts = { 0 };
	int64_t due = CLOCK_NEVER;
	sigset_t all, old;
	int got;

	while (find_open(g) != NULL && !g->acks->ended) {
		if (limit_ms < 0 && main_stopped() != 0)
			limit_ms = STOPPED_MS;
		if (limit_ms >= 0 && due == CLOCK_NEVER)
			due = clock_mono_ms() + limit_ms;
		if (due != CLOCK_NEVER) {
			limit_ms = due - clock_mono_ms();
			limit_ms = limit_ms < 0 ? 0 : limit_ms;
			ts = (struct timespec){ limit_ms / 1000,
				limit_ms % 1000 * 1000000 };
		}
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		got = ppoll(&ready, 1, due == CLOCK_NEVER ? NULL : &ts,
		    main_stopped() == 0 ? &old : &all);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (got == 0)
			break;
		if (got > 0 && group_ack_read(g, e) < 0)
			return -1;
	}
	return 0;
}

int
group_ack_finish(struct grouped *g, struct err *e)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct claim *cl;

	/* The reader sees the end, and says the last. */
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		return err_sys(e, "/dev/null");
	close(null);
	if (group_ack_last(g, -1, e) < 0)
		return -1;
	cl = find_open(g);
	if (cl == NULL || main_stopped() != 0)
		return 0;
	return err_set(e, ERR_DATA, "%s: offsets %" PRId64 " to %" PRId64
	    " were not acknowledged", cl->stream->view.where, cl->done,
	    cl->last);
}
