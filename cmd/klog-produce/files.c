#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "produce.h"
#include "report.h"
#include "watch.h"

static bool
is_stdin(const char *name)
{
	return strcmp(name, "-") == 0;
}

static int
check_one(const char *name, bool follow, struct err *e)
{
	struct stat st;

	if (is_stdin(name))
		return follow ? err_set(e, ERR_USAGE,
		    "--follow: standard input cannot be followed") : 0;
	if (stat(name, &st) < 0 || access(name, R_OK) < 0)
		return err_sys(e, "%s", name);
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_SYSTEM, "%s: is a directory", name);
	return 0;
}

int
files_check(struct producer *p, struct err *e)
{
	int i;

	if (p->o->follow && p->file_count != 1)
		return err_set(e, ERR_USAGE, "--follow: takes one FILE");
	for (i = 0; i < p->file_count; i++)
		if (check_one(p->files[i], p->o->follow, e) < 0)
			return -1;
	p->inputs = calloc((size_t)p->file_count + 1, sizeof(*p->inputs));
	if (p->inputs == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

int
files_next(struct producer *p, struct err *e)
{
	int count = p->file_count > 0 ? p->file_count : 1;
	const char *name = p->file_count > 0 && p->file < count ?
	    p->files[p->file] : "-";
	struct stat st;

	if (p->fd > STDIN_FILENO)
		close(p->fd);
	p->fd = -1;
	if (p->file >= count)
		return 0;
	p->fd = STDIN_FILENO;
	if (is_stdin(name))
		name = "stdin";
	else
		p->fd = open(name, O_RDONLY | O_CLOEXEC);
	/* A FIFO without a writer: the open waits. */
	if (p->fd < 0 && errno == EINTR && main_stopped() != 0)
		return 0;
	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return err_sys(e, "%s", name);
	p->regular = S_ISREG(st.st_mode);
	p->inputs[p->file++] = (struct input){ name, p->taken };
	form_reader_open(p->reader, p->fd, name);
	return 1;
}

int
files_wait(struct producer *p, struct err *e)
{
	struct input *in = &p->inputs[p->file - 1];
	struct watch w;
	struct stat st;
	off_t at;
	int r = 1;

	watch_open(&w);
	watch_add(&w, p->fd, WATCH_DATA);
	for (;;) {
		at = lseek(p->fd, 0, SEEK_CUR);
		if (fstat(p->fd, &st) < 0 || at < 0) {
			r = err_sys(e, "%s", in->name);
			break;
		}
		if (st.st_size < at) {
			report_warn("%s: was truncated, going on at its start",
			    in->name);
			lseek(p->fd, 0, SEEK_SET);
			/* Half a line of the old content is no line. */
			in->base = p->taken;
			form_reader_open(p->reader, p->fd, in->name);
			continue;
		}
		if (st.st_size > at || main_stopped() != 0) {
			r = 0;
			break;
		}
		watch_wait(&w, -1, NULL, NULL);
		progress_tick(&p->progress, 0, 0);
	}
	watch_close(&w);
	return r;
}

uint64_t
files_number(const struct producer *p, uint64_t n)
{
	return p->inputs[p->file - 1].base + n;
}

const char *
files_unit(const struct producer *p)
{
	const struct options *o = p->o;

	if (o->framed || o->whole || o->null_delimited ||
	    o->delimiter != NULL || o->format != NULL)
		return "record";
	return "line";
}

void
files_place(const struct producer *p, uint64_t number, char *out, size_t size)
{
	const struct input *in = &p->inputs[0];
	int i;

	for (i = 1; i < p->file; i++)
		if (p->inputs[i].base < number)
			in = &p->inputs[i];
	snprintf(out, size, "%s %" PRIu64 " of %s", files_unit(p),
	    number - in->base, in->name);
}
