/* Numbers, sizes and durations: any text; what is taken is in range. */
#include "units.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[UNITS_TEXT];
	char s[256];
	int64_t v;

	if (size >= sizeof(s))
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	if (units_int(s, -1000, 1000, &v) == 0 && (v < -1000 || v > 1000))
		abort();
	if (units_int(s, INT64_MIN, INT64_MAX, &v) == 0) {
		units_format_size(v, out);
		units_format_duration(v, out);
	}
	if (units_size(s, &v) == 0) {
		if (v < 0)
			abort();
		units_format_size(v, out);
	}
	if (units_duration(s, &v) == 0) {
		if (v < 0)
			abort();
		units_format_duration(v, out);
	}
	return 0;
}
