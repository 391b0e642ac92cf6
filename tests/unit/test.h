/*
 * test: the harness of the unit tests.  A test is a function without
 * arguments; checks that fail are told on stderr with file and line, and the
 * test goes on.  main() is TEST_MAIN(TEST(f), TEST(g), ...): it prints TAP
 * and exits 1 if any test failed.
 */
#ifndef KLOG_TEST_H
#define KLOG_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
};

static inline struct test
test_of(const char *name, void (*run)(void))
{
	return (struct test){ name, run };
}

static int test_failures;	/* of the test that runs */

static inline void
test_check(bool good, const char *file, int line, const char *what)
{
	if (good)
		return;
	test_failures++;
	fprintf(stderr, "# %s:%d: %s\n", file, line, what);
}

static inline void
test_int(int64_t got, int64_t want, const char *file, int line,
    const char *what)
{
	if (got == want)
		return;
	test_failures++;
	fprintf(stderr, "# %s:%d: %s: got %" PRId64 ", want %" PRId64 "\n",
	    file, line, what, got, want);
}

static inline void
test_mem(const void *got, size_t n, const void *want, size_t want_n,
    const char *file, int line, const char *what)
{
	if (n == want_n && (n == 0 || memcmp(got, want, n) == 0))
		return;
	test_failures++;
	fprintf(stderr, "# %s:%d: %s: %zu bytes differ from the %zu wanted\n",
	    file, line, what, n, want_n);
}

static inline void
test_str(const char *got, const char *want, const char *file, int line,
    const char *what)
{
	if (strcmp(got, want) == 0)
		return;
	test_failures++;
	fprintf(stderr, "# %s:%d: %s: got \"%s\", want \"%s\"\n", file, line,
	    what, got, want);
}

#define CHECK(cond) test_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ_INT(got, want) \
	test_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define CHECK_EQ_MEM(got, n, want, want_n) \
	test_mem((got), (n), (want), (want_n), __FILE__, __LINE__, #got)
#define CHECK_EQ_STR(got, want) \
	test_str((got), (want), __FILE__, __LINE__, #got)

/* The bytes that hex (spaces allowed) spells, put at out; how many. */
static inline size_t
test_hex(const char *hex, uint8_t *out, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	unsigned v;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		v = (unsigned)(strchr(digits, *hex) - digits);
		if (n / 2 < room)
			out[n / 2] = (uint8_t)(n % 2 == 0 ? v << 4 :
			    out[n / 2] | v);
		n++;
	}
	return n / 2;
}

static inline int
test_run(const struct test *tests, size_t n)
{
	size_t i;
	int failed = 0;

	printf("1..%zu\n", n);
	for (i = 0; i < n; i++) {
		test_failures = 0;
		tests[i].run();
		printf("%s %zu - %s\n", test_failures == 0 ? "ok" : "not ok",
		    i + 1, tests[i].name);
		fflush(stdout);
		failed |= test_failures != 0;
	}
	return failed;
}

#define TEST(f) test_of(#f, f)
#define TEST_MAIN(...) \
	int main(void) \
	{ \
		const struct test tests[] = { __VA_ARGS__ }; \
		return test_run(tests, sizeof(tests) / sizeof(tests[0])); \
	}

#endif
