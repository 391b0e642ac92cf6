/*
 * What was taken: bytes that write(2) accepted and, in a pipe, that the next
 * program read out of it.
 *
 * A program that reads blocks takes more than it uses (head -3 reads all there
 * is).  So the first records go out one by one, each when the one before was
 * taken, and then blocks to a reader that is quick.  A pipe of one page polls
 * writable just when it is empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "group.h"
#include "main.h"

enum {
	PAGE = 4096,
	SINGLES_FIRST = 10000,	/* records of a run, at least */
	SINGLES_WINDOW = 1000,	/* records over which a reader is judged */
	QUICK_NS = 100000,	/* a record: such a reader gets blocks */
	SLOW_MS = 100,		/* with a full pipe: it is slow */
	MARK_BYTES = 4096,	/* between two marks of a block */
	PAUSE_MAX = 50,		/* ms between looks into a large pipe */
	GIVE_UP_MS = 5000	/* after a signal, for a reader that hangs */
};

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Let the pipe hold one page, so that POLLOUT says that it is empty. */
static void
go_single(struct grouped *g)
{
	g->single = fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PAGE) == PAGE;
	g->slow = false;
	g->window = 0;
}

static void
go_blocks(struct grouped *g)
{
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, g->pipe_size);
	g->pipe_size = fcntl(STDOUT_FILENO, F_GETPIPE_SZ);
	g->single = g->empty = false;
	g->slow = false;
}

void
group_out_init(struct grouped *g)
{
	struct stat st;

	g->give_up = CLOCK_NEVER;
	g->pipe = g->c->o->whole == NULL && g->c->o->exec == NULL &&
	    g->c->o->exec_each == NULL &&
	    fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode);
	if (!g->pipe)
		return;
	g->pipe_size = fcntl(STDOUT_FILENO, F_GETPIPE_SZ);
	if (g->commits && g->acks == NULL)
		go_single(g);
}

/* ---- marks ---- */

static struct mark *
mark_at(const struct grouped *g, size_t i)
{
	return &g->marks[(g->mark_first + i) % g->mark_room];
}

static int
make_room(struct grouped *g)
{
	size_t room = g->mark_room == 0 ? 64 : g->mark_room * 2, i;
	struct mark *more = malloc(room * sizeof(*more));

	if (more == NULL)
		return -1;
	for (i = 0; i < g->mark_count; i++)
		more[i] = *mark_at(g, i);
	free(g->marks);
	g->marks = more;
	g->mark_first = 0;
	g->mark_room = room;
	return 0;
}

int
group_mark(struct grouped *g, struct claim *cl, int64_t offset, int32_t epoch,
    struct err *e)
{
	struct out *out = &g->c->out;
	uint64_t end = out->total + out->bytes.len - out->sent;
	struct mark *m;

	cl->next = offset;
	cl->next_epoch = epoch;
	if (!g->commits || g->acks != NULL)
		return 0;
	m = g->mark_count > 0 ? mark_at(g, g->mark_count - 1) : NULL;
	if (m == NULL || m->claim != cl || (m->end != end &&
	    (g->single || m->end / MARK_BYTES != end / MARK_BYTES))) {
		if (g->mark_count == g->mark_room && make_room(g) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
		m = mark_at(g, g->mark_count++);
		cl->pending++;
	}
	*m = (struct mark){ cl, offset, epoch, end };
	return 0;
}

static uint64_t
bytes_taken(const struct grouped *g)
{
	uint64_t total = g->c->out.total;
	int left;

	if (!g->pipe || g->empty || ioctl(STDOUT_FILENO, FIONREAD, &left) < 0)
		return total;
	return (uint64_t)left > total ? 0 : total - (uint64_t)left;
}

int
group_collect(struct grouped *g, struct err *e)
{
	uint64_t taken = g->mark_count > 0 ? bytes_taken(g) : 0;
	struct claim *cl = NULL;
	bool several = false;
	struct mark *m;
	size_t i;

	while (g->mark_count > 0 && mark_at(g, 0)->end <= taken) {
		m = mark_at(g, 0);
		several |= cl != NULL && cl != m->claim;
		cl = m->claim;
		cl->done = m->offset;
		cl->epoch = m->epoch;
		cl->pending--;
		g->mark_first = (g->mark_first + 1) % g->mark_room;
		g->mark_count--;
	}
	if (cl != NULL && !several)
		return claim_commit(g, cl, e);
	for (i = 0; several && i < g->claim_count; i++)
		if (claim_commit(g, g->claims[i], e) < 0)
			return -1;
	return 0;
}

/* ---- writing and waiting ---- */

/* Whether a signal came and the reader had its time. */
static bool
gave_up(struct grouped *g)
{
	if (main_stopped() == 0)
		return false;
	if (g->give_up == CLOCK_NEVER)
		g->give_up = clock_mono_ms() + GIVE_UP_MS;
	return clock_mono_ms() >= g->give_up;
}

/*
 * Wait for events of stdout, news or acknowledgments, limit_ms at most (-1:
 * for ever), and deal with the latter two.  1 stdout is ready, 0, -1.
 */
static int
wait_out(struct grouped *g, short events, int64_t limit_ms, struct err *e)
{
	struct pollfd fds[3] = {
		{ .fd = STDOUT_FILENO, .events = events },
		{ .fd = member_fd(g->member), .events = POLLIN },
		{ .fd = group_ack_fd(g), .events = POLLIN },
	};
	struct timespec ts;
	sigset_t all, old;
	int got;

	limit_ms = group_sooner(limit_ms, group_patience(g));
	limit_ms = group_sooner(limit_ms, claims_sync_due(g));
	if (main_stopped() != 0)
		limit_ms = group_sooner(limit_ms, PAUSE_MAX);
	ts = (struct timespec){ limit_ms / 1000, limit_ms % 1000 * 1000000 };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* After a signal there is nothing more to be told. */
	got = ppoll(fds, 3, limit_ms < 0 ? NULL : &ts,
	    main_stopped() == 0 ? &old : &all);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (got > 0 && (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)))
		g->reader_left = true;
	if (got > 0 && fds[2].revents != 0 && group_ack_read(g, e) < 0)
		return -1;
	if (((got > 0 && fds[1].revents != 0) || group_patience(g) == 0) &&
	    group_settle(g, e) < 0)
		return -1;
	if (claims_sync(g, false, e) < 0)
		return -1;
	return got > 0 && (fds[0].revents & POLLOUT);
}

/* The reader left: 0 it has all that was written, or -1. */
static int
end_of_reader(struct grouped *g, struct err *e)
{
	if (group_collect(g, e) < 0)
		return -1;
	if (bytes_taken(g) == g->c->out.total &&
	    g->c->out.sent == g->c->out.bytes.len)
		return 0;
	errno = EPIPE;
	return err_sys(e, "%s", g->c->out.name);
}

int
group_drain(struct grouped *g, struct err *e)
{
	int64_t pause = 1;
	int got;

	while (g->pipe && g->mark_count > 0 && !gave_up(g)) {
		/* One that was just written is not taken yet. */
		if (!g->single && (group_collect(g, e) < 0 ||
		    group_let_go(g, e) < 0))
			return -1;
		if (g->mark_count == 0 || g->empty)
			break;
		if (g->reader_left)
			return end_of_reader(g, e);
		got = g->single ? wait_out(g, POLLOUT, -1, e) :
		    wait_out(g, 0, pause, e);
		if (got < 0)
			return -1;
		g->empty = g->single && got > 0 && !g->reader_left;
		pause = pause < PAUSE_MAX ? pause * 2 : pause;
	}
	return group_collect(g, e) < 0 ? -1 : group_let_go(g, e);
}

/* Bytes that the pipe has room for, so that a write does not block. */
static size_t
room(const struct grouped *g)
{
	struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int held, pages;

	if (g->empty)
		return PAGE;
	if (ioctl(STDOUT_FILENO, FIONREAD, &held) < 0)
		held = g->pipe_size;
	/* Two pages may be read in part. */
	pages = g->single ? 0 : (g->pipe_size - held) / PAGE - 2;
	if (pages > 0)
		return (size_t)pages * PAGE;
	return poll(&ready, 1, 0) > 0 && ready.revents != 0 ? PAGE : 0;
}

/* Write as much as there is room for: 1 some, 0 none, -1. */
static int
write_some(struct grouped *g, struct err *e)
{
	struct out *out = &g->c->out;
	size_t left = out->bytes.len - out->sent, n = room(g);
	ssize_t put;

	if (n == 0)
		return 0;
	put = write(STDOUT_FILENO, out->bytes.data + out->sent,
	    n < left ? n : left);
	if (put < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (put < 0 && errno == EPIPE) {
		g->reader_left = true;
		return end_of_reader(g, e);
	}
	if (put < 0)
		return err_sys(e, "%s", out->name);
	g->empty = false;
	out->sent += (size_t)put;
	out->total += (uint64_t)put;
	return 1;
}

/* One record was taken: is the reader quick enough for blocks? */
static void
judge(struct grouped *g)
{
	int64_t now;

	g->singles++;
	if (g->window > 0 && g->window < SINGLES_WINDOW) {
		g->window++;
		return;
	}
	now = now_ns();
	if (g->window > 0 && g->singles > SINGLES_FIRST &&
	    now - g->window_since < (int64_t)QUICK_NS * SINGLES_WINDOW)
		go_blocks(g);
	g->window = 1;
	g->window_since = now;
}

static int
put_pipe(struct grouped *g, struct err *e)
{
	struct out *out = &g->c->out;
	int64_t since = 0;
	int got;

	while (out->sent < out->bytes.len && !gave_up(g)) {
		if (g->reader_left)
			return end_of_reader(g, e);
		got = write_some(g, e);
		if (got == 0)
			got = wait_out(g, POLLOUT, SLOW_MS, e);
		else
			since = 0;
		if (got < 0)
			return -1;
		if (got == 0 && since == 0)
			since = clock_mono_ms();
		else if (got == 0 && clock_mono_ms() - since >= SLOW_MS)
			g->slow = true;
	}
	if (out->sent < out->bytes.len)
		return 0;
	buf_clear(&out->bytes);
	out->sent = 0;
	if (!g->single && !g->slow)
		return group_collect(g, e);
	if (!g->commits || g->acks != NULL)
		return 0;
	if (group_drain(g, e) < 0)
		return -1;
	if (g->single)
		judge(g);
	else if (!gave_up(g))
		go_single(g);
	return 0;
}

int
group_put(struct grouped *g, struct err *e)
{
	int64_t now;

	if (g->c->out.sent == g->c->out.bytes.len)
		return group_collect(g, e);
	if (g->pipe)
		return put_pipe(g, e);
	if (emit_flush(g->c, e) < 0)
		return -1;
	/* Once a millisecond: what a kill repeats is not more than that. */
	now = clock_mono_ms();
	if (now == g->collected)
		return 0;
	g->collected = now;
	return group_collect(g, e);
}
