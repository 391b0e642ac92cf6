/* Times: any text; a time that was written out is read back the same. */
#include "when.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[WHEN_TEXT];
	struct err e;
	int64_t ms, again;
	char s[256];

	if (size >= sizeof(s))
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	if (when_parse(s, 1795341600000, &ms, &e) != 0)
		return 0;
	if (ms < 0)
		abort();
	when_format_local(ms, text);
	when_format_utc(ms, text);
	/* Years of more than four digits are written, not read. */
	if (strlen(text) == 24 &&
	    (when_parse(text, 0, &again, &e) != 0 || again != ms))
		abort();
	return 0;
}
