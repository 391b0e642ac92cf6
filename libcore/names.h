/*
 * names: a growing list of words, each malloc'd.
 */
#ifndef KLOG_NAMES_H
#define KLOG_NAMES_H

#include <stddef.h>

/* Append a copy of name.  0, or -1 out of memory (the list is unchanged). */
int names_add(char ***names, size_t *count, const char *name);

void names_sort(char **names, size_t count); /* as strcmp */
void names_free(char **names, size_t count);

#endif
