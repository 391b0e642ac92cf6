#include "differ.h"

#include "digest.h"

bool
differ_is_list(struct slice bytes, int64_t from, int64_t to)
{
	size_t i, n = (size_t)bytes.len / DIGEST_ENTRY;
	int64_t offset;

	if (bytes.len % DIGEST_ENTRY != 0)
		return false;
	for (i = 0; i < n; i++) {
		offset = digest_entry(bytes.data, i).offset;
		if (offset < from || offset >= to)
			return false;
		from = offset + 1;
	}
	return true;
}

/* The next entry of s below to; false: there is none. */
static bool
look(const struct differ_side *s, int64_t to, struct digest_entry *entry)
{
	if (s->next == s->count)
		return false;
	*entry = digest_entry(s->list, s->next);
	return entry->offset < to;
}

int
differ_next(struct differ_side *a, struct differ_side *b, int64_t to,
    struct difference *d, struct differ_counts *counts)
{
	struct digest_entry in_a = { 0 }, in_b = { 0 };
	bool has_a, has_b;

	for (;;) {
		has_a = look(a, to, &in_a);
		has_b = look(b, to, &in_b);
		if (!has_a && !has_b)
			return 0;
		if (has_a && has_b && in_a.offset != in_b.offset) {
			has_a = in_a.offset < in_b.offset;
			has_b = !has_a;
		}
		a->next += has_a;
		b->next += has_b;
		*d = (struct difference){
			.offset = has_a ? in_a.offset : in_b.offset,
			.present = { has_a, has_b },
			.timestamp = { has_a ? in_a.timestamp : 0,
			    has_b ? in_b.timestamp : 0 }
		};
		if (has_a && has_b) {
			if (in_a.timestamp != in_b.timestamp ||
			    memcmp(in_a.sum, in_b.sum, DIGEST_SHORT) != 0)
				return 1;
			counts->same++;
		} else if (d->offset >= (has_a ? b : a)->cleaned) {
			return 1;
		} else {
			counts->compacted++;
		}
	}
}
