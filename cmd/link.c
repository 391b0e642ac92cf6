#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "main.h"
#include "peer.h"
#include "units.h"

enum {
	READ_SIZE = 256 << 10,
	PIPE_SIZE = 1 << 20,
	ERROR_MS = 2000,
	PING_MS = 20000,
	SHOWN = 60 /* bytes of what is no greeting */
};

static void
prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	/* Fails where it is no pipe, or too large: it works all the same. */
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
}

int
link_open(struct link *l, int in, int out, const char *peer, struct err *e)
{
	char line[WIRE_GREETING_MAX];

	*l = (struct link){ .in = in,
		.out = out,
		.peer = peer,
		.timeout_ms = -1,
		.ping_ms = -1,
		.wake_at = CLOCK_NEVER };
	l->heard = l->said = l->asked = clock_mono_ms();
	prepare(in);
	prepare(out);
	if (buf_append(&l->output, line, wire_greet(line)) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

void
link_expect(struct link *l, int64_t timeout)
{
	l->timeout_ms = timeout;
	l->ping_ms = timeout >= 0 && timeout / 3 < PING_MS ? timeout / 3 :
							     PING_MS;
}

/* The status of the process behind the link, as it ends. */
static int
reap(struct link *l)
{
	int status = l->pid > 0 ? peer_end(l->pid) : 0;

	l->pid = 0;
	return status;
}

static void
close_both(struct link *l)
{
	if (l->out >= 0)
		close(l->out);
	if (l->in >= 0 && l->in != l->out)
		close(l->in);
	l->in = l->out = -1;
}

void
link_close(struct link *l)
{
	close_both(l);
	(void)reap(l);
	buf_release(&l->input);
	buf_release(&l->output);
}

/* The other end is gone: say what is known of it.  Returns -1. */
static int
gone(struct link *l, struct err *e)
{
	const char *why = "the connection ended";
	int status, code = -1;
	char end[64] = "";

	close_both(l);
	status = reap(l);
	if (WIFSIGNALED(status))
		snprintf(end, sizeof(end), " (killed by signal %d)",
		    WTERMSIG(status));
	else if ((code = WEXITSTATUS(status)) != 0 && code != LINK_NO_SHELL)
		snprintf(end, sizeof(end), " (exit status %d)", code);
	l->lost = l->greeted || code < LINK_NO_SHELL || code > 127;
	if (!l->lost)	/* and it will not get better */
		why = code == LINK_NO_SHELL ? "no connection" :
					      "klog-replicate can't be run "
					      "there: install klog, or name "
					      "it by --path-of-klog";
	else if (!l->greeted && status != 0)
		why = code == 255 ? "no connection" :
				    "klog-replicate did not answer there";
	return err_set(e, ERR_SYSTEM, "%s: %s%s", l->peer, why, end);
}

/* The limit: count n bytes. */
static void
spend(struct link *l, ssize_t n)
{
	int64_t now = clock_mono_ms() * 1000;

	if (l->rate <= 0)
		return;
	if (l->free_at < now)
		l->free_at = now;
	l->free_at += (int64_t)((double)n * 1e6 / (double)l->rate);
}

size_t
link_pending(const struct link *l)
{
	return l->output.len - l->sent;
}

/* The other end lives. */
static void
hear(struct link *l)
{
	l->heard = clock_mono_ms();
	l->signs++;
}

static int
send_some(struct link *l, struct err *e)
{
	bool was_full = l->blocked;
	ssize_t n;

	n = write(l->out, l->output.data + l->sent, link_pending(l));
	if (n < 0 && errno == EINTR)
		return 0;
	l->blocked = n < (ssize_t)link_pending(l);
	if (n < 0 && errno == EAGAIN)
		return 0;
	/* What it said before it went tells more than that it went. */
	if (n < 0 && errno == EPIPE) {
		l->broken = true;
		return 0;
	}
	if (n < 0)
		return err_sys(e, "%s", l->peer);
	l->sent += (size_t)n;
	l->bytes_out += n;
	l->said = clock_mono_ms();
	/* What there is room for may wait on our side for ever. */
	if (was_full)
		hear(l);
	spend(l, n);
	if (l->sent == l->output.len) {
		buf_clear(&l->output);
		l->sent = 0;
	}
	return 0;
}

/* How many bytes more the message that has begun needs, or a good read. */
static size_t
wanted(const struct link *l)
{
	size_t have = l->input.len - l->taken, size = 0;
	struct wire w;
	struct err ignored;

	if (l->greeted && have >= WIRE_HEADER)
		(void)wire_get(
		    l->input.data + l->taken, have, &w, &size, &ignored);
	return size > have + READ_SIZE ? size - have : READ_SIZE;
}

static int
receive_some(struct link *l, struct err *e)
{
	size_t want;
	ssize_t n;

	if (l->taken > 0) {
		memmove(l->input.data, l->input.data + l->taken,
		    l->input.len - l->taken);
		l->input.len -= l->taken;
		l->taken = 0;
	}
	want = wanted(l);
	if (buf_reserve(&l->input, want) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	n = read(l->in, l->input.data + l->input.len, want);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_sys(e, "%s", l->peer);
	if (n == 0)
		l->ended = true;
	l->input.len += (size_t)n;
	l->bytes_in += n;
	hear(l);
	spend(l, n);
	return 1;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When it is asked whether it lives, and hears that we do. */
static int64_t
ping_at(const struct link *l)
{
	int64_t silent = sooner(l->said, l->heard);

	return (silent < l->asked ? l->asked : silent) + l->ping_ms;
}

/* How long poll may sleep. */
static int
patience(const struct link *l, int64_t now)
{
	int64_t at = l->wake_at;

	if (l->timeout_ms >= 0)
		at = sooner(at, l->heard + l->timeout_ms);
	if (l->ping_ms >= 0 && link_pending(l) == 0)
		at = sooner(at, ping_at(l));
	if (l->free_at > now * 1000)
		at = sooner(at, l->free_at / 1000 + 1);
	if (at == CLOCK_NEVER)
		return -1;
	return at > now ? (int)sooner(at - now, INT_MAX) : 0;
}

int
link_ping(struct link *l, struct err *e)
{
	struct wire w = { .type = WIRE_PING };

	l->asked = clock_mono_ms();
	return wire_put(&l->output, &w) < 0 ?
	    err_set(e, ERR_SYSTEM, "out of memory") :
	    0;
}

int
link_wait(struct link *l, int extra, bool wait, struct err *e)
{
	struct pollfd fds[3] = { { .fd = -1 }, { .fd = -1 },
		{ .fd = extra, .events = POLLIN } };
	int64_t now = clock_mono_ms();
	char time[UNITS_TEXT];
	int n, came = 0;

	if (l->ping_ms >= 0 && now >= ping_at(l) && link_pending(l) == 0 &&
	    link_ping(l, e) < 0)
		return -1;
	if (l->free_at <= now * 1000) {
		if (!l->ended)
			fds[0] = (struct pollfd){ l->in, POLLIN, 0 };
		if (link_pending(l) > 0 && !l->broken)
			fds[1] = (struct pollfd){ l->out, POLLOUT, 0 };
	}
	n = poll(fds, 3, wait ? patience(l, now) : 0);
	if (n < 0)
		return errno == EINTR ? 0 : err_sys(e, "poll");
	if (fds[1].revents != 0 && send_some(l, e) < 0)
		return -1;
	if (fds[0].revents != 0)
		came = receive_some(l, e);
	if (came == 0 && n == 0 && wait && l->timeout_ms >= 0 &&
	    clock_mono_ms() >= l->heard + l->timeout_ms) {
		l->lost = true;
		units_format_duration(l->timeout_ms, time);
		return err_set(e, ERR_BUSY, "%s: nothing was heard for %s",
		    l->peer, time);
	}
	return came;
}

/* Something else came where the greeting should be.  Returns -1. */
static int
stranger(struct link *l, struct err *e)
{
	char shown[SHOWN + 1];
	size_t n = l->input.len < SHOWN ? l->input.len : SHOWN;

	memcpy(shown, l->input.data, n);
	shown[n] = '\0';
	shown[strcspn(shown, "\r\n")] = '\0';
	return err_set(e, ERR_DATA,
	    "%s: says \"%s\" where klog-replicate should answer: does a "
	    "start-up file of the shell there print something?",
	    l->peer, shown);
}

int
link_next(struct link *l, struct wire *w, struct err *e)
{
	size_t size;
	int version, r;

	if (!l->greeted) {
		r = wire_greeted(l->input.data + l->taken,
		    l->input.len - l->taken, &version);
		if (r < 0)
			return stranger(l, e);
		l->taken += (size_t)r;
		l->greeted = r > 0;
	}
	if (l->greeted) {
		r = wire_get(l->input.data + l->taken,
		    l->input.len - l->taken, w, &size, e);
		if (r < 0)
			return err_prefix(e, "%s", l->peer);
		if (r > 0) {
			l->taken += size;
			return 1;
		}
	}
	return l->ended ? gone(l, e) : 0;
}

bool
link_fail(struct link *l, const struct err *e)
{
	struct wire w = { .type = WIRE_ERROR,
		.status = (uint8_t)main_status(e),
		.text = { (const uint8_t *)e->text,
		    (int32_t)strlen(e->text) } };
	int64_t until = clock_mono_ms() + ERROR_MS;
	struct err ignored;

	if (l->lost || l->out < 0 || wire_put(&l->output, &w) < 0)
		return false;
	l->timeout_ms = ERROR_MS;
	l->ping_ms = -1;
	while (link_pending(l) > 0 && !l->broken &&
	    clock_mono_ms() < until) {
		l->taken = l->input.len; /* what comes is of no interest */
		if (link_wait(l, -1, true, &ignored) < 0)
			break;
	}
	return link_pending(l) == 0;
}

int
link_finish(struct link *l, struct err *e)
{
	while (link_pending(l) > 0 && !l->broken) {
		l->taken = l->input.len;
		if (link_wait(l, -1, true, e) < 0)
			return -1;
	}
	return 0;
}
