#include "copies.h"

int64_t
copies_watermark(int64_t present, int64_t durable, const int64_t *acked,
    size_t n, int64_t wanted)
{
	int64_t least = durable;
	size_t i;

	if ((int64_t)n + 1 < wanted)
		return present;
	for (i = 0; i < n; i++)
		if (acked[i] < least)
			least = acked[i];
	return least > present ? least : present;
}

bool
copies_caught_up(int64_t acked, int64_t durable, int64_t before)
{
	return acked >= durable || (before >= 0 && acked >= before);
}

bool
copies_may_join(
    int64_t acked, int64_t durable, int64_t before, int64_t watermark)
{
	return acked >= watermark && copies_caught_up(acked, durable, before);
}

bool
copies_lag(struct copies_due *due, int64_t acked, int64_t durable,
    int64_t now_ms, int64_t lag_ms, int64_t *again)
{
	int64_t until;

	if (acked >= durable) {
		due->any = false;
		return false;
	}
	if (!due->any || acked >= due->offset)
		*due = (struct copies_due){ true, durable, now_ms };
	until = lag_ms > INT64_MAX - due->since_ms ? INT64_MAX :
						     due->since_ms + lag_ms;
	if (now_ms >= until)
		return true;
	if (until < *again)
		*again = until;
	return false;
}
