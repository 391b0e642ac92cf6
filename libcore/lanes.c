#include "lanes.h"

#include <stdlib.h>
#include <string.h>

int
lanes_grow(struct lanes *l, int32_t count)
{
	struct lane *list;

	list = realloc(l->list, (size_t)count * sizeof(*list));
	if (list == NULL)
		return -1;
	l->list = list;
	for (; l->count < count; l->count++) {
		list[l->count] = (struct lane){ 0 };
		list[l->count].totals.first_offset =
		    list[l->count].totals.end_offset = -1;
	}
	return 0;
}

void
lanes_release(struct lanes *l)
{
	while (l->count > 0)
		batch_builder_release(&l->list[--l->count].builder);
	free(l->list);
	l->list = NULL;
}

uint64_t
lanes_lowest(const struct lanes *l)
{
	uint64_t lowest = UINT64_MAX;
	int32_t i;

	for (i = 0; i < l->count; i++)
		if (l->list[i].builder.count > 0 &&
		    l->list[i].first_number < lowest)
			lowest = l->list[i].first_number;
	return lowest;
}
