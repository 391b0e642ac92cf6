#include "role.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "conf.h"
#include "fsio.h"
#include "units.h"

static const char leader[] = "leader";
static const char sealed[] = "sealed";
static const char replica[] = "replica of ";
static const char fenced[] = "fenced by epoch ";

void
role_text(const struct role *r, char text[ROLE_TEXT])
{
	switch (r->kind) {
	case ROLE_REPLICA:
		snprintf(text, ROLE_TEXT, "%s%s", replica, r->source);
		return;
	case ROLE_FENCED:
		snprintf(text, ROLE_TEXT, "%s%" PRId32, fenced, r->epoch);
		return;
	case ROLE_SEALED:
	case ROLE_LEADER:
		break;
	}
	snprintf(text, ROLE_TEXT, "%s",
	    r->kind == ROLE_SEALED ? sealed : leader);
}

/* The line, ended by NUL, as a role: 0, or -1. */
static int
parse(struct role *r, const char *line)
{
	size_t n = sizeof(replica) - 1;
	int64_t epoch;

	*r = (struct role){ .kind = ROLE_LEADER };
	if (strcmp(line, leader) == 0)
		return 0;
	if (strcmp(line, sealed) == 0) {
		r->kind = ROLE_SEALED;
		return 0;
	}
	if (strncmp(line, replica, n) == 0) {
		r->kind = ROLE_REPLICA;
		return line[n] == '\0' ||
			snprintf(r->source, sizeof(r->source), "%s",
			    line + n) > ROLE_SOURCE_MAX ?
		    -1 :
		    0;
	}
	n = sizeof(fenced) - 1;
	if (strncmp(line, fenced, n) != 0 ||
	    units_int(line + n, 0, INT32_MAX, &epoch) < 0)
		return -1;
	r->kind = ROLE_FENCED;
	r->epoch = (int32_t)epoch;
	return 0;
}

int
role_read(struct role *r, int dirfd, const char *where, struct err *e)
{
	struct buf text = { 0 };
	int got;

	*r = (struct role){ .kind = ROLE_LEADER };
	got = fsio_read_file(dirfd, ROLE_NAME, &text, ROLE_TEXT, where, e);
	if (got > 0) {
		char *line = (char *)text.data;
		size_t n = text.len;

		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		else
			n = 0;
		if (n == 0 || strlen(line) != n || strchr(line, '\n') != NULL ||
		    parse(r, line) < 0)
			got = err_set(e, ERR_CORRUPT,
			    "%s/" ROLE_NAME ": is not a role: leader, replica "
			    "of HOST:PATH, fenced by epoch N or sealed",
			    where);
	}
	buf_release(&text);
	return got;
}

/* Bytes of p->where that name the topic. */
static int
topic_path(const struct partition *p)
{
	return (int)(strrchr(p->where, '/') - p->where);
}

int
role_of(const struct partition *p, struct role *r, struct err *e)
{
	char where[4096];

	snprintf(where, sizeof(where), "%.*s", topic_path(p), p->where);
	return role_read(r, p->topic_dirfd, where, e);
}

static int
write_file(const struct role *r, int dirfd, const char *where, struct err *e)
{
	char text[ROLE_TEXT + 1];
	size_t n;

	if (r->kind == ROLE_REPLICA &&
	    (r->source[0] == '\0' || strchr(r->source, '\n') != NULL))
		return err_set(e, ERR_USAGE,
		    "%s: \"%s\" can't be what it is a replica of", where,
		    r->source);
	role_text(r, text);
	n = strlen(text);
	text[n++] = '\n';
	return fsio_replace(dirfd, ROLE_NAME, text, n, where, e);
}

/* A state that does not count gets its role from the file, later. */
static void
tell_state(struct partition *p, const struct role *r)
{
	struct state_page *page = p->state.page;

	if (!state_is_valid(&p->state, p->dirfd, p->boot))
		return;
	atomic_store(&page->role, (uint32_t)r->kind);
	/* Another role has another high watermark: highwater.h. */
	atomic_store(&page->min_in_sync, 0);
}

int
role_settle(struct partition *p, struct err *e)
{
	struct role r;

	if (role_of(p, &r, e) < 0)
		return -1;
	tell_state(p, &r);
	return 0;
}

int
role_renew(struct partition *p, struct err *e)
{
	uint32_t kind = atomic_load(&p->state.page->role);
	struct role r;

	if (kind == ROLE_LEADER && p->use != PARTITION_REPLICA)
		return 0;
	/* Who keeps a log in order does so whatever the file says. */
	if (role_of(p, &r, e) < 0)
		return p->use == PARTITION_KEEPER ? 0 : -1;
	if ((uint32_t)r.kind != kind)
		tell_state(p, &r);
	return 0;
}

/* All partitions but the first, whose lock is held. */
static int
tell_others(int dirfd, const char *where, int64_t deadline,
    const struct role *r, struct err *e)
{
	struct settings s;
	struct partition p;
	int32_t i;
	int got = conf_read(&s, dirfd, where, e);

	if (got == 0)
		return err_set(e, ERR_SYSTEM, "%s: topic was deleted", where);
	for (i = 1; got > 0 && i < s.partitions; i++) {
		if (partition_open(&p, dirfd, i, where, &s, e) < 0)
			return -1;
		got = lock_take(&p.append, deadline, e) < 0 ? -1 : 1;
		if (got > 0) {
			tell_state(&p, r);
			lock_drop(&p.append);
		}
		partition_close(&p);
	}
	return got < 0 ? -1 : 0;
}

static int
tell_all(struct partition *first, int dirfd, const char *where,
    int64_t deadline, const struct role *r, struct err *e)
{
	tell_state(first, r);
	return tell_others(dirfd, where, deadline, r, e);
}

/* The file says so, and some states do not: they are no worse for it. */
static int
half_done(const struct role *r, struct err *e)
{
	char text[ROLE_TEXT], why[sizeof(e->text)];

	role_text(r, text);
	snprintf(why, sizeof(why), "%s", e->text);
	snprintf(e->text, sizeof(e->text),
	    "%.400s; the role is \"%.200s\" now, but who holds that lock may "
	    "not know yet: do it again",
	    why, text);
	return -1;
}

/*
 * Partition 0's lock is held.  Where nobody is to append any more, the second
 * round also waits for those who asked the file before it was replaced.
 */
static int
replace(struct partition *first, int known, int dirfd, const char *where,
    int64_t deadline, const struct role *r, struct err *e)
{
	if (r->kind != ROLE_LEADER &&
	    tell_all(first, dirfd, where, deadline, r, e) < 0)
		return -1;
	if ((known > 0 || r->kind != ROLE_LEADER) &&
	    write_file(r, dirfd, where, e) < 0)
		return -1;
	return tell_all(first, dirfd, where, deadline, r, e) < 0 ?
	    half_done(r, e) :
	    0;
}

int
role_change(int dirfd, const char *where, int64_t deadline,
    int (*change)(void *ctx, struct role *r, struct err *e), void *ctx,
    struct err *e)
{
	struct partition first;
	struct role r;
	int known, done = -1;

	/* Partition 0 always exists: its lock keeps roles and others apart. */
	if (partition_open(&first, dirfd, 0, where, NULL, e) < 0)
		return -1;
	if (lock_take(&first.append, deadline, e) < 0) {
		partition_close(&first);
		return -1;
	}
	known = role_read(&r, dirfd, where, e);
	if (known >= 0 && change(ctx, &r, e) == 0)
		done = replace(&first, known, dirfd, where, deadline, &r, e);
	lock_drop(&first.append);
	partition_close(&first);
	return done;
}

static int
become(void *ctx, struct role *r, struct err *e)
{
	const struct role *to = ctx;

	(void)e;
	*r = *to;
	return 0;
}

int
role_set(int dirfd, const char *where, int64_t deadline, const struct role *to,
    struct err *e)
{
	struct role copy = *to;

	return role_change(dirfd, where, deadline, become, &copy, e);
}

static int
refuse(const struct partition *p, const struct role *r, struct err *e)
{
	int n = topic_path(p);

	if (p->use == PARTITION_REPLICA)
		return err_set(e, ERR_ROLE,
		    "%.*s: is no replica: klog-replicate follow makes it one",
		    n, p->where);
	switch (r->kind) {
	case ROLE_REPLICA:
		return err_set(e, ERR_ROLE,
		    "%.*s: is a replica of %s: append there, or make this the "
		    "leader with klog-replicate promote",
		    n, p->where, r->source);
	case ROLE_FENCED:
		return err_set(e, ERR_ROLE,
		    "%.*s: was fenced by epoch %" PRId32 ": another leads now; "
		    "klog-replicate follow makes this its replica",
		    n, p->where, r->epoch);
	case ROLE_SEALED:
	case ROLE_LEADER:
		break;
	}
	return err_set(e, ERR_ROLE,
	    "%.*s: is sealed: klog-topic unseal opens it", n, p->where);
}

int
role_allows(const struct partition *p, struct err *e)
{
	uint32_t wanted =
	    p->use == PARTITION_REPLICA ? ROLE_REPLICA : ROLE_LEADER;
	struct role r;

	if (p->use == PARTITION_KEEPER ||
	    atomic_load(&p->state.page->role) == wanted)
		return 0;
	if (role_of(p, &r, e) < 0)
		return -1;
	return (uint32_t)r.kind == wanted ? 0 : refuse(p, &r, e);
}
