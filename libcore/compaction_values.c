/*
 * The values that reducing made: one after the other in a temporary file, each
 * behind its length.
 */
#include <errno.h>

#include "compaction.h"
#include "compaction_parts.h"
#include "fsio.h"

enum { WRITE_BYTES = 128 << 10 };

static int
no_memory(const struct compacting *run, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", run->p->where);
}

int
values_end(struct compacting *run, struct err *e)
{
	int64_t at = run->values_size - (int64_t)run->value.len;

	if (fsio_write_at(
		run->values, run->value.data, run->value.len, at) < 0)
		return err_sys(e, "%s: temporary file", run->p->where);
	buf_clear(&run->value);
	return 0;
}

int
values_put(struct compacting *run, struct slice value, int64_t *place,
    struct err *e)
{
	*place = run->values_size;
	if (buf_append(&run->value, &value.len, sizeof(value.len)) < 0 ||
	    buf_append(&run->value, value.data, (size_t)value.len) < 0)
		return no_memory(run, e);
	run->values_size += (int64_t)sizeof(value.len) + value.len;
	return run->value.len < WRITE_BYTES ? 0 : values_end(run, e);
}

int
values_get(struct compacting *run, int64_t place, struct slice *value,
    struct err *e)
{
	int32_t n;
	ssize_t got;

	*value = SLICE_NULL;
	if (place == KEYS_TOMBSTONE)
		return 0;
	got = fsio_read_at(run->values, &n, sizeof(n), place);
	buf_clear(&run->value);
	if (got == (ssize_t)sizeof(n) &&
	    buf_reserve(&run->value, (size_t)n + 1) < 0)
		return no_memory(run, e);
	if (got == (ssize_t)sizeof(n))
		got = fsio_read_at(run->values, run->value.data, (size_t)n,
		    place + (int64_t)sizeof(n));
	else if (got >= 0)
		n = -1;
	if (got >= 0 && got != n)
		errno = EIO;
	if (got != n)
		return err_sys(e, "%s: temporary file", run->p->where);
	*value = (struct slice){ run->value.data, n };
	return 0;
}
