#include "rate.h"

#include <stdint.h>
#include <string.h>

#include "units.h"

int
rate_option(void *field, const char *arg, struct err *e)
{
	size_t n = strlen(arg);
	char text[24] = "";
	double *per_ms = field;
	int64_t rate;

	if (n > 2 && strcmp(arg + n - 2, "/s") == 0)
		n -= 2;
	if (n < sizeof(text))
		memcpy(text, arg, n);
	if (units_int(text, 1, INT32_MAX, &rate) < 0)
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a number of records a second from 1 to %d",
		    arg, INT32_MAX);
	*per_ms = (double)rate / 1000;
	return 0;
}
