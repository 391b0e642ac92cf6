#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "topic.h"
#include "where.h"

/* The colon that ends a host, or NULL: "./a:b" is a path, "[::1]:a" not. */
static const char *
host_end(const char *s)
{
	const char *at = strchr(s, '@');
	const char *bracket = at != NULL ? at + 1 : s;
	const char *colon;

	if (*bracket == '[') {
		bracket = strchr(bracket, ']');
		return bracket != NULL && bracket[1] == ':' ? bracket + 1 :
							      NULL;
	}
	colon = strchr(s, ':');
	if (colon == NULL || memchr(s, '/', (size_t)(colon - s)) != NULL)
		return NULL;
	return colon;
}

static bool
is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* Split path at its last slash: folder (with nothing behind it but "/"), and
 * what follows. */
static int
split(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	p->name = strdup(slash == NULL ? path : slash + 1);
	if (slash == path)
		p->folder = strdup("/");
	else
		p->folder = strndup(path, n);
	return p->name == NULL || p->folder == NULL ? -1 : 0;
}

static int
no_memory(const char *operand, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", operand);
}

/* The host, if operand has one; *path is what follows.  0, or -1. */
static int
take_host(struct place *p, const char *operand, const char **path,
    struct err *e)
{
	const char *colon = host_end(operand);
	char *in, *out;

	*p = (struct place){ .host = NULL };
	*path = operand;
	if (colon == NULL)
		return 0;
	if (colon == operand || *operand == '-')
		return err_set(e, ERR_USAGE, "%s: \"%.*s\" is not a host",
		    operand, (int)(colon - operand), operand);
	p->host = strndup(operand, (size_t)(colon - operand));
	*path = colon + 1;
	/* The shell there begins at home, and gets the path in quotes. */
	if (strncmp(*path, "~/", 2) == 0)
		*path += 2;
	if (p->host == NULL)
		return no_memory(operand, e);
	/* Brackets keep the colons of an address apart, ssh wants none. */
	for (in = out = p->host; *in != '\0'; in++)
		if (*in != '[' && *in != ']')
			*out++ = *in;
	*out = '\0';
	return 0;
}

/* A word without a slash is a topic of --dir or $KLOG_DIR. */
static int
split_here(struct place *p, const struct opt_common *common,
    const char *path, struct err *e)
{
	const char *dir = where_dir(common);

	if (strchr(path, '/') != NULL || *path == '\0')
		return split(p, path) < 0 ? no_memory(path, e) : 0;
	p->name = strdup(path);
	p->folder = strdup(strcmp(dir, ".") == 0 ? "" : dir);
	return p->name == NULL || p->folder == NULL ? no_memory(path, e) : 0;
}

static int
check_name(const char *operand, const char *name, struct err *e)
{
	if (topic_check_name(name, e) == 0 && name[0] != '.')
		return 0;
	return err_set(e, ERR_USAGE, "%s: \"%s\" is not a topic's name",
	    operand, name);
}

int
place_source(struct place *p, const struct opt_common *common,
    const char *operand, struct err *e)
{
	const char *path;

	if (take_host(p, operand, &path, e) < 0)
		return -1;
	if (p->host == NULL ? split_here(p, common, path, e) < 0 :
			      split(p, path) < 0)
		return p->host == NULL ? -1 : no_memory(operand, e);
	if (*p->name == '\0') {
		free(p->name);
		p->name = strdup("*");
		if (p->name == NULL)
			return no_memory(operand, e);
	}
	p->many = is_pattern(p->name);
	return p->many ? 0 : check_name(operand, p->name, e);
}

/* Whether path is a folder here that topics go into, and no topic. */
static bool
is_folder(const char *path)
{
	struct stat st;
	char conf[4096];

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	snprintf(conf, sizeof(conf), "%s/topic.conf", path);
	return stat(conf, &st) < 0;
}

/* path as it is here: a word without a slash lies in --dir or $KLOG_DIR. */
static char *
path_here(const struct opt_common *common, const char *path)
{
	const char *dir = where_dir(common);
	char *whole;

	if (strchr(path, '/') != NULL || *path == '\0' ||
	    strcmp(dir, ".") == 0)
		return strdup(path);
	return asprintf(&whole, "%s/%s", dir, path) < 0 ? NULL : whole;
}

int
place_target(struct place *p, const struct opt_common *common,
    const char *operand, const struct place *source, struct err *e)
{
	const char *path;
	char *whole;
	size_t n;

	if (take_host(p, operand, &path, e) < 0)
		return -1;
	whole = p->host == NULL ? path_here(common, path) : strdup(path);
	if (whole == NULL)
		return no_memory(operand, e);
	n = strlen(whole);
	if (source->many || n == 0 || whole[n - 1] == '/' ||
	    (p->host == NULL && is_folder(whole))) {
		while (n > 1 && whole[n - 1] == '/')
			n--;
		whole[n] = '\0';
		p->folder = whole;
		return 0;
	}
	free(whole);
	if (p->host == NULL ? split_here(p, common, path, e) < 0 :
			      split(p, path) < 0)
		return p->host == NULL ? -1 : no_memory(operand, e);
	return check_name(operand, p->name, e);
}

void
place_release(struct place *p)
{
	free(p->host);
	free(p->folder);
	free(p->name);
	*p = (struct place){ .host = NULL };
}

char *
place_text(const struct place *p, const char *name)
{
	const char *folder = p->folder;
	size_t n = strlen(folder);
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", p->host != NULL ? p->host : "",
		p->host != NULL ? ":" : "", folder,
		name != NULL && n > 0 && folder[n - 1] != '/' ? "/" : "",
		name != NULL ? name : "") < 0)
		return NULL;
	return text;
}
