/*
 * The names of followers, and of their files.
 */
#include <stdio.h>
#include <string.h>

#include "replicas.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._-@:";

int
replicas_file_name(const char *name, char out[REPLICAS_NAME], struct err *e)
{
	size_t i, n = 0;
	bool safe;

	for (i = 0; name[i] != '\0' && n + 3 < REPLICAS_NAME; i++) {
		safe = strchr(plain, name[i]) != NULL &&
		    (i > 0 || name[i] != '.');
		n += (size_t)snprintf(out + n, REPLICAS_NAME - n,
		    safe ? "%c" : "%%%02X", (unsigned char)name[i]);
	}
	if (i == 0)
		return err_set(e, ERR_USAGE, "a follower's name is empty");
	if (name[i] != '\0')
		return err_set(e, ERR_USAGE,
		    "%.40s...: too long for a follower's name", name);
	return 0;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'A' && c <= 'F'    ? c - 'A' + 10 :
				      -1;
}

void
replicas_plain_name(const char *file, char out[REPLICAS_NAME])
{
	size_t n = 0;
	int high, low;

	while (*file != '\0' && n + 1 < REPLICAS_NAME) {
		high = *file == '%' ? hex(file[1]) : -1;
		low = high >= 0 ? hex(file[2]) : -1;
		out[n++] = low >= 0 ? (char)(high * 16 + low) : *file;
		file += low >= 0 ? 3 : 1;
	}
	out[n] = '\0';
}

bool
replicas_is_name(const char *file, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (file[i] == '\0' ||
		    (file[i] != '%' && strchr(plain, file[i]) == NULL))
			return false;
	return n > 0 && n < REPLICAS_NAME && file[0] != '.';
}
