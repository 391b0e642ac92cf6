/*
 * table: aligned columns for people.  What programs read is --json.
 *
 * Cells are text in UTF-8; a column is as wide as its widest cell, counted in
 * code points, and columns are two blanks apart.  Control bytes are shown as
 * \xNN.  Nothing is printed before table_print; the cells are kept until
 * table_release.
 *
 *	static const struct table_column columns[] = {
 *		{ "PARTITION", TABLE_RIGHT }, { "ROLE", TABLE_LEFT },
 *	};
 *	table_init(&t, columns, 2);
 *	table_cell(&t, "%d", 0);
 *	table_cell(&t, "%s", "leader");		the row is full, the next begins
 */
#ifndef KLOG_TABLE_H
#define KLOG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "buf.h"
#include "err.h"

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT
};

enum { TABLE_COLUMNS_MAX = 32 };

struct table_column {
	const char *title;	/* of the header line */
	enum table_align align;
};

struct table {
	const struct table_column *columns;	/* borrowed */
	size_t n;		/* columns, 1 to TABLE_COLUMNS_MAX */
	size_t cells;		/* added so far */
	size_t width[TABLE_COLUMNS_MAX];	/* code points */
	struct buf text;	/* the cells, each ended by NUL */
	bool failed;		/* out of memory; table_print says so */
};

void table_init(struct table *t, const struct table_column *columns,
    size_t n);

/* Add the next cell, at most 1023 bytes of it. */
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Print the header (unless told not to) and the rows; a last row that is not
 * full ends early.  No line ends in blanks.  0, or -1 if memory ran out;
 * what stdio failed to write is found when f is closed.
 */
int table_print(const struct table *t, bool header, FILE *f, struct err *e);

void table_release(struct table *t);

#endif
