#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"
#include "verify_parts.h"

struct trouble
verify_whole(enum trouble_about about, enum mend mend)
{
	return (struct trouble){ .about = about,
		.base = -1,
		.position = -1,
		.bytes = -1,
		.offset = -1,
		.end = -1,
		.mend = mend };
}

void
verify_tell(struct verify_part *p, struct trouble t, const char *file,
    const char *fmt, ...)
{
	char name[512], what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (p->number < 0)
		snprintf(name, sizeof(name), "%s", file);
	else if (file[0] == '\0')
		snprintf(name, sizeof(name), "%" PRId32, p->number);
	else
		snprintf(name, sizeof(name), "%" PRId32 "/%s", p->number, file);
	t.partition = p->number;
	t.file = name;
	t.what = what;
	if (p->holding && verify_keep(p, &t))
		return;
	p->v->troubles++;
	p->v->told(p->v->context, &t);
}

/* Segments as listed, twice if a name may just have been on the move. */
static int
list_segments(struct verify_part *p, struct err *e)
{
	struct state_slot *slot = &p->slot;
	size_t i;

	if (segment_list_read(&p->segments, p->dirfd, p->where, e) < 0)
		return -1;
	p->known =
	    state_map(&p->state, p->dirfd, false, false, p->where, e) > 0 &&
	    state_is_valid(&p->state, p->dirfd, p->boot);
	if (p->known)
		state_read(&p->state, slot);
	for (i = p->segments.count; p->known && i > 0; i--)
		if (p->segments.bases[i - 1] <= slot->base)
			break;
	/* A roll between the two looks; what begins later is not for us. */
	if (p->known && i > 0 && p->segments.bases[i - 1] < slot->base &&
	    segment_list_read(&p->segments, p->dirfd, p->where, e) < 0)
		return -1;
	/* Somebody put another in its place: its end is not known then. */
	p->known = p->known &&
	    segment_is(p->dirfd, slot->base, slot->device, slot->inode);
	while (p->known && p->segments.count > 1 &&
	    p->segments.bases[p->segments.count - 1] > slot->base)
		p->beyond = p->segments.bases[--p->segments.count];
	return 0;
}

static int
check_partition(struct verify_part *p, struct err *e)
{
	if (p->v->only_files)
		return segment_list_read(
			   &p->segments, p->dirfd, p->where, e) < 0 ?
		    -1 :
		    verify_files(p, e);
	if (fsio_boot_id(p->boot, e) < 0 || list_segments(p, e) < 0 ||
	    verify_checkpoints(p, e) < 0 || verify_state_role(p, e) < 0 ||
	    verify_swap(p, e) < 0 || verify_copies(p, e) < 0 ||
	    verify_files(p, e) < 0)
		return -1;
	return verify_log(p, e);
}

int
verify_partition(struct verify *v, int32_t number, struct err *e)
{
	struct verify_part p = { .v = v, .number = number, .dirfd = -1,
		.epoch = -1,
		.beyond = -1 };
	char name[16];
	int r;

	if (v->deep && v->codec == NULL && (v->codec = codec_new()) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	snprintf(name, sizeof(name), "%" PRId32, number);
	snprintf(p.where, sizeof(p.where), "%s/%s", v->topic->path, name);
	p.dirfd = fsio_open_dir(v->topic->dirfd, name, v->topic->path, e);
	if (p.dirfd < 0) {
		if (e->sys != ENOENT && e->sys != ENOTDIR)
			return -1;
		verify_tell(&p, verify_whole(ABOUT_FILE, MEND_NONE), "", "%s",
		    e->sys == ENOENT ? "the partition is missing" :
				       "is not a directory");
		return 0;
	}
	v->partitions++;
	r = check_partition(&p, e);
	state_unmap(&p.state);
	segment_list_release(&p.segments);
	epochs_release(&p.epochs);
	buf_release(&p.scratch);
	verify_index_release(&p);
	close(p.dirfd);
	return r;
}

int64_t
verify_size(const struct topic *t, int32_t number)
{
	struct segment_list l = { 0 };
	char name[SEGMENT_NAME];
	struct err ignored;
	int64_t sum = 0;
	struct stat st;
	size_t i;
	int dirfd;

	snprintf(name, sizeof(name), "%" PRId32, number);
	dirfd = fsio_open_dir(t->dirfd, name, t->path, &ignored);
	if (dirfd < 0)
		return 0;
	(void)segment_list_read(&l, dirfd, t->path, &ignored);
	for (i = 0; i < l.count; i++) {
		segment_name(name, l.bases[i], SEGMENT_LOG);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += st.st_size;
	}
	segment_list_release(&l);
	close(dirfd);
	return sum;
}

int
verify_topic(struct verify *v, struct err *e)
{
	struct verify_part p = { .v = v,
		.number = -1,
		.dirfd = v->topic->dirfd };

	snprintf(p.where, sizeof(p.where), "%s", v->topic->path);
	if (verify_files(&p, e) < 0 || verify_role(&p, e) < 0 ||
	    verify_followers(&p, e) < 0)
		return -1;
	return verify_groups(&p, e);
}

void
verify_release(struct verify *v)
{
	codec_free(v->codec);
	v->codec = NULL;
}
