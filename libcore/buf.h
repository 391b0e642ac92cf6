/*
 * buf: a growing run of bytes.  Zero it to start ("struct buf b = {0}");
 * buf_release gives the memory back and leaves it empty again.
 */
#ifndef KLOG_BUF_H
#define KLOG_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;		/* bytes in use */
	size_t cap;		/* bytes allocated */
};

/* Room for at least n more bytes.  0, or -1 out of memory (b unchanged). */
int buf_reserve(struct buf *b, size_t n);

/* Append n bytes; 0, or -1 out of memory (b unchanged). */
int buf_append(struct buf *b, const void *data, size_t n);

/* Forget the bytes, keep the memory. */
static inline void
buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_release(struct buf *b);

#endif
