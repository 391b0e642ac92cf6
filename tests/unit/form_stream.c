/*
 * Forms on real descriptors: records larger than a block, pipes, growing
 * files, full disks.
 */
#include "forms.h"

#include <fcntl.h>

#include "out.h"
#include "text.h"

/* Records bigger than every block, skipped ones between, any read size. */
static void
large(void)
{
	enum { BIGGEST = 3 << 20 };
	static const struct form_options o = { .max_record = BIGGEST,
		.delimiter = { (const uint8_t *)"<>", 2 } };
	static const size_t sizes[] = { 10, BIGGEST, 5 << 20, 0, BIGGEST + 1,
		BIGGEST - 1, 9 << 20, 3 };
	struct form_reader *r;
	struct form_record x;
	struct buf b = { 0 };
	struct err e;
	int fd;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_reserve(&b, sizes[i] + 2);
		memset(b.data + b.len, '<', sizes[i]);
		if (sizes[i] > 0)
			b.data[b.len + sizes[i] - 1] = 'x';
		b.len += sizes[i];
		buf_append(&b, "<>", 2);
	}
	fd = file_of(b.data, b.len);
	lseek(fd, 0, SEEK_SET);
	r = form_reader_new(&o, &e);
	form_reader_open(r, fd, "in");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bool fits = sizes[i] <= BIGGEST;

		CHECK_EQ_INT(form_reader_next(r, &x, -1, &e),
		    fits ? FORM_GOT : FORM_BAD);
		CHECK_EQ_INT(x.number, i + 1);
		if (fits)
			CHECK_EQ_INT(x.rec.value.len, sizes[i]);
		if (fits)
			CHECK_EQ_INT(x.raw.len, sizes[i] + 2);
	}
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	close(fd);
	form_reader_free(r);
	buf_release(&b);
}

/* Frames too large for any block are passed over; the next is found. */
static void
large_frames(void)
{
	enum { SIZE = 3000000 };
	static const struct form_options o = { .kind = FORM_FRAMED,
		.max_record = 1000 };
	struct form_writer *w;
	struct form_reader *r;
	struct form_record x;
	struct buf b = { 0 }, h = { 0 };
	struct record rec = { .timestamp = 1, .key = SLICE_NULL };
	struct err e;
	int fd;

	w = form_writer_new(&o, &e);
	r = form_reader_new(&o, &e);
	rec.value.data = calloc(1, SIZE + 8);
	for (int i = 0; i < 6; i++) {
		buf_clear(&h);
		rec.value.len = i % 2 == 0 ? i : SIZE + i;
		header_append(&h, text_slice("a"), rec.value);
		header_append(&h, text_slice("b"), SLICE_NULL);
		rec.headers = (struct slice){ h.data, (int32_t)h.len };
		rec.header_count = 2;
		form_write(w, &meta, &rec, &b, &e);
	}
	fd = file_of(b.data, b.len);
	form_reader_open(r, fd, "in");
	for (int i = 0; i < 6; i++) {
		CHECK_EQ_INT(form_reader_next(r, &x, -1, &e),
		    i % 2 == 0 ? FORM_GOT : FORM_BAD);
		CHECK_EQ_INT(x.number, i + 1);
		if (i % 2 == 0)
			CHECK_EQ_INT(x.rec.value.len, i);
		else
			CHECK_EQ_INT(x.raw.len, 1000);
	}
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	close(fd);
	free((void *)(uintptr_t)rec.value.data);
	buf_release(&b);
	buf_release(&h);
	form_reader_free(r);
	form_writer_free(w);
}

static void
pipes(void)
{
	static const struct form_options o = { .kind = FORM_LINES };
	struct form_reader *r;
	struct form_record x;
	struct err e;
	int fds[2];

	if (pipe(fds) < 0)
		exit(1);
	r = form_reader_new(&o, &e);
	form_reader_open(r, fds[0], "stdin");
	CHECK_EQ_INT(form_reader_next(r, &x, 0, &e), FORM_TIMEOUT);
	CHECK_EQ_INT(write(fds[1], "a\nb", 3), 3);
	CHECK_EQ_INT(form_reader_next(r, &x, 0, &e), FORM_GOT);
	CHECK_EQ_INT(form_reader_next(r, &x, 1, &e), FORM_TIMEOUT);
	CHECK_EQ_INT(write(fds[1], "c\n", 2), 2);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_GOT);
	CHECK_EQ_MEM(x.raw.data, (size_t)x.raw.len, "bc\n", 3);
	CHECK(x.arrived_ms > 1700000000000);
	close(fds[1]);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	close(fds[0]);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	form_reader_open(r, fds[0], "stdin");
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_FAILED);
	CHECK_EQ_STR(e.text, "stdin: Bad file descriptor");
	form_reader_free(r);
}

static void
follow(void)
{
	static const struct form_options o = { .follow = true };
	int fd = file_of("a\nb", 3);
	struct form_reader *r;
	struct form_record x;
	struct err e;

	r = form_reader_new(&o, &e);
	form_reader_open(r, fd, "in");
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_GOT);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	CHECK_EQ_INT(pwrite(fd, "c\n", 2, 3), 2);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_GOT);
	CHECK_EQ_MEM(x.raw.data, (size_t)x.raw.len, "bc\n", 3);
	CHECK_EQ_INT(x.number, 2);
	CHECK_EQ_INT(form_reader_next(r, &x, -1, &e), FORM_END);
	close(fd);
	form_reader_free(r);
}

static void
flushing(void)
{
	struct out o;
	struct err e;
	int fds[2], full = open("/dev/full", O_WRONLY);
	char got[8];

	CHECK_EQ_INT(out_init(&o, full, "stdout"), 0);
	buf_append(&o.bytes, "abc", 3);
	CHECK_EQ_INT(out_flush(&o, &e), OUT_FAILED);
	CHECK_EQ_STR(e.text, "stdout: No space left on device");
	out_release(&o);
	if (pipe2(fds, O_NONBLOCK) < 0)
		exit(1);
	CHECK_EQ_INT(out_init(&o, fds[1], "stdout"), 0);
	buf_append(&o.bytes, "abc", 3);
	CHECK_EQ_INT(out_flush(&o, &e), OUT_DONE);
	CHECK_EQ_INT(o.total, 3);
	CHECK_EQ_INT(read(fds[0], got, sizeof(got)), 3);
	out_release(&o);
	close(full);
	close(fds[0]);
	close(fds[1]);
}

TEST_MAIN(TEST(large), TEST(large_frames), TEST(pipes), TEST(follow),
    TEST(flushing))
