#include "names.h"

#include <stdlib.h>
#include <string.h>

int
names_add(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof(*more));

	if (more == NULL)
		return -1;
	*names = more;
	more[*count] = strdup(name);
	if (more[*count] == NULL)
		return -1;
	(*count)++;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
names_sort(char **names, size_t count)
{
	if (count > 1)
		qsort(names, count, sizeof(*names), compare);
}

void
names_free(char **names, size_t count)
{
	while (count > 0)
		free(names[--count]);
	free(names);
}
