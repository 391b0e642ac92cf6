#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static struct {
	const char *name;
	bool quiet;
	int verbose;
	void (*before_line)(void);
} report = { .name = "klog" };

void
report_init(const char *name, bool quiet, int verbose)
{
	report.name = name;
	report.quiet = quiet;
	report.verbose = verbose;
}

const char *
report_name(void)
{
	return report.name;
}

bool
report_quiet(void)
{
	return report.quiet;
}

int
report_verbose(void)
{
	return report.verbose;
}

void
report_before_line(void (*hook)(void))
{
	report.before_line = hook;
}

void
report_write(const char *text, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = write(STDERR_FILENO, text, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

size_t
report_escape(char *out, size_t size, const char *text)
{
	size_t used = 0;
	unsigned char c;

	for (; (c = (unsigned char)*text) != '\0'; text++) {
		if (c >= 0x20 && c != 0x7f) {
			if (used + 1 >= size)
				break;
			out[used++] = (char)c;
		} else {
			if (used + 4 >= size)
				break;
			snprintf(out + used, size - used, "\\x%02x", c);
			used += 4;
		}
	}
	out[used] = '\0';
	return used;
}

static void say(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static void
say(const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES / 2];
	char line[LINE_MAX_BYTES];
	size_t used;

	vsnprintf(text, sizeof(text), fmt, ap);
	used = (size_t)snprintf(line, 256, "%s: ", report.name);
	if (used > 255)
		used = 255;
	used += report_escape(line + used, sizeof(line) - used - 1, text);
	line[used++] = '\n';
	if (report.before_line != NULL)
		report.before_line();
	report_write(line, used);
}

void
report_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
report_warn(const char *fmt, ...)
{
	va_list ap;

	if (report.quiet)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
report_note(const char *fmt, ...)
{
	va_list ap;

	if (report.quiet || report.verbose == 0)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}
