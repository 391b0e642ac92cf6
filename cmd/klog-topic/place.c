#include "place.h"

#include "timefind.h"

static int64_t
by_number(const struct bound *b, int64_t start, int64_t end)
{
	switch (b->kind) {
	case BOUND_END:
		return end;
	case BOUND_OFFSET:
		return b->value < start ? start :
		    b->value > end	? end :
					  b->value;
	case BOUND_FROM_START:
		return b->value > end - start ? end : start + b->value;
	case BOUND_FROM_END:
		return b->value > end - start ? start : end - b->value;
	case BOUND_NONE:
	case BOUND_START:
	case BOUND_TIME:
		break;
	}
	return start;
}

int
place_of(const struct bound *b, struct view *v, struct codec *codec,
    int64_t start, int64_t *offset, int64_t *timestamp, struct err *e)
{
	int found;

	if (b->kind != BOUND_TIME) {
		*offset = by_number(b, start, v->end.next_offset);
		return 0;
	}
	found = timefind_first(v, codec, start, b->value,
	    (size_t)v->batch_max, offset, timestamp, e);
	if (found == 0)
		*offset = v->end.next_offset;
	return found;
}
