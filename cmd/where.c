#include "where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
where_dir(const struct opt_common *common)
{
	const char *dir = common->dir;

	if (dir == NULL)
		dir = getenv("KLOG_DIR");
	return dir == NULL || *dir == '\0' ? "." : dir;
}

int
where_topic(const struct opt_common *common, const char *operand,
    char **path, struct err *e)
{
	const char *dir = where_dir(common);
	size_t n;

	*path = NULL;
	if (topic_check_name(operand, e) != 0)
		return -1;
	if (strchr(operand, '/') != NULL || strcmp(dir, ".") == 0) {
		*path = strdup(operand);
	} else {
		n = strlen(dir);
		while (n > 1 && dir[n - 1] == '/')
			n--;
		if (asprintf(path, "%.*s%s%s", (int)n, dir,
			dir[n - 1] == '/' ? "" : "/", operand) < 0)
			*path = NULL;
	}
	if (*path == NULL)
		return err_sys(e, "%s", operand);
	return 0;
}

int
where_open(struct topic *t, const struct opt_common *common,
    const char *operand, struct err *e)
{
	char *path;
	int r;

	if (where_topic(common, operand, &path, e) < 0)
		return -1;
	r = topic_open(t, path, e);
	free(path);
	return r;
}

bool
where_advise(struct err *e, const char *path)
{
	size_t len = strlen(path), used = strlen(e->text);

	if (e->code != ERR_CORRUPT || strncmp(e->text, path, len) != 0 ||
	    e->text[len] != '/')
		return false;
	if (e->text[used - 1] != ')')
		snprintf(e->text + used, sizeof(e->text) - used,
		    " (klog-check %s tells how to go on)", path);
	return true;
}
