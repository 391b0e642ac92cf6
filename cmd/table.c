#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "report.h"

/* Code points of s: all bytes but those that continue one. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void
table_init(struct table *t, const struct table_column *columns, size_t n)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->n = n;
	for (i = 0; i < n; i++)
		t->width[i] = width_of(columns[i].title);
}

void
table_cell(struct table *t, const char *fmt, ...)
{
	char raw[1024];
	char text[4096];
	size_t *width = &t->width[t->cells % t->n];
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	used = report_escape(text, sizeof(text), raw);
	if (buf_append(&t->text, text, used + 1) != 0) {
		t->failed = true;
		return;
	}
	if (width_of(text) > *width)
		*width = width_of(text);
	t->cells++;
}

/* One cell; owed is the blanks that a further cell must put before itself. */
static void
print_cell(const struct table *t, size_t column, const char *text,
    size_t *owed, FILE *f)
{
	size_t pad = t->width[column] - width_of(text);

	if (t->columns[column].align == TABLE_RIGHT) {
		*owed += pad;
		pad = 0;
	}
	if (*text != '\0') {
		fprintf(f, "%*s%s", (int)*owed, "", text);
		*owed = 0;
	}
	*owed += pad + 2;
	if (column == t->n - 1) {
		fputc('\n', f);
		*owed = 0;
	}
}

int
table_print(const struct table *t, bool header, FILE *f, struct err *e)
{
	const char *text = (const char *)t->text.data;
	size_t owed = 0;
	size_t column = 0;
	size_t i;

	if (t->failed) {
		errno = ENOMEM;
		return err_sys(e, "table");
	}
	for (i = 0; header && i < t->n; i++)
		print_cell(t, i, t->columns[i].title, &owed, f);
	for (i = 0; i < t->cells; i++) {
		print_cell(t, column, text, &owed, f);
		text += strlen(text) + 1;
		column = column + 1 < t->n ? column + 1 : 0;
	}
	if (column != 0)
		fputc('\n', f);
	return 0;
}

void
table_release(struct table *t)
{
	buf_release(&t->text);
	t->cells = 0;
}
