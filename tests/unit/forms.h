/*
 * forms: what the tests of record forms share.
 */
#ifndef KLOG_TEST_FORMS_H
#define KLOG_TEST_FORMS_H

#include <unistd.h>

#include "form.h"
#include "test.h"

static const struct form_meta meta = { "orders", 3, 7, "zstd", false };

/* A file that is gone when it is closed, holding these bytes. */
static inline int
file_of(const void *data, size_t n)
{
	char name[] = "/tmp/klog-form-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) < 0 ||
	    pwrite(fd, data, n, 0) != (ssize_t)n) {
		perror("mkstemp");
		exit(1);
	}
	return fd;
}

#endif
