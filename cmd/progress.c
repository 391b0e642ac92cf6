#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"
#include "units.h"

enum {
	FIRST_MS = 1000,	/* shorter work needs no progress */
	AGAIN_MS = 200,
	LINE = 256
};

static volatile sig_atomic_t asked;

/* Columns of the line that stands on the terminal; 0: none does. */
static size_t shown;

static void
on_usr1(int sig)
{
	asked = sig;
}

static void
erase(void)
{
	char line[LINE + 2];

	if (shown == 0)
		return;
	line[0] = '\r';
	memset(line + 1, ' ', shown);
	line[shown + 1] = '\r';
	report_write(line, shown + 2);
	shown = 0;
}

static size_t
compose(const struct progress *p, int64_t now, char *out, size_t size)
{
	char bytes[UNITS_TEXT], rate[UNITS_TEXT], took[UNITS_TEXT];
	char eta[UNITS_TEXT + 8] = "";
	int64_t ms = now > p->started ? now - p->started : 1;
	double speed = (double)p->bytes * 1000 / (double)ms;
	double left = (double)(p->total - p->bytes);
	int n;

	units_format_size(p->bytes, bytes);
	units_format_size((int64_t)speed, rate);
	units_format_duration(ms, took);
	if (p->what != NULL) {
		n = snprintf(
		    out, size, "%s: %s  %s", report_name(), p->what, took);
		return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
	}
	if (left > 0 && speed >= 1 && left / speed < 1e9) {
		memcpy(eta, "  ETA ", 6);
		units_format_duration((int64_t)(left / speed * 1000), eta + 6);
	}
	n = snprintf(out, size,
	    "%s: %s  %" PRId64 " records  %s/s  %s%s", report_name(), bytes,
	    p->records, rate, took, eta);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static void
draw(const struct progress *p, int64_t now)
{
	char line[2 * LINE];
	size_t n;

	line[0] = '\r';
	n = compose(p, now, line + 1, LINE);
	/* Blanks over what a longer line before left behind. */
	if (shown > n) {
		memset(line + 1 + n, ' ', shown - n);
		report_write(line, shown + 1);
	} else
		report_write(line, n + 1);
	shown = n;
}

static void
print_once(const struct progress *p, int64_t now)
{
	char line[LINE + 1];
	size_t n = compose(p, now, line, LINE);

	asked = 0;
	erase();
	line[n] = '\n';
	report_write(line, n + 1);
}

void
progress_start(struct progress *p, bool forced, int64_t total)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	memset(p, 0, sizeof(*p));
	p->total = total;
	p->started = clock_mono_ms();
	p->on = !report_quiet() && (forced || isatty(STDERR_FILENO) == 1);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	report_before_line(erase);
}

void
progress_tick(struct progress *p, int64_t bytes, int64_t records)
{
	int64_t now;

	p->bytes += bytes;
	p->records += records;
	if (!p->on && !asked)
		return;
	now = clock_mono_ms();
	if (asked)
		print_once(p, now);
	if (!p->on || now - p->started < FIRST_MS ||
	    now - p->drawn < AGAIN_MS)
		return;
	p->drawn = now;
	draw(p, now);
}

void
progress_end(struct progress *p)
{
	p->on = false;
	erase();
	report_before_line(NULL);
	signal(SIGUSR1, SIG_IGN);
}
