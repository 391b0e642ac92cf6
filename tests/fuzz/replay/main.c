/*
 * Replays a corpus through one fuzz target, without libFuzzer.
 *
 * usage: TARGET DIR
 *
 * Prints TAP, one test a file.  Every input is given in memory of just its
 * size, so that a sanitizer sees the first byte read beyond it.  The empty
 * input is always tried.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Read the whole file into memory of its size; NULL if that fails. */
static uint8_t *
load(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long end;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (end = ftell(f)) >= 0) {
		*size = (size_t)end;
		data = malloc(*size > 0 ? *size : 1);
		rewind(f);
	}
	if (data != NULL && fread(data, 1, *size, f) != *size) {
		free(data);
		data = NULL;
	}
	fclose(f);
	return data;
}

static int
replay(const char *dir, const char *name, int number)
{
	char path[4096];
	uint8_t *data;
	size_t size = 0;

	/* Said first: a crash leaves this line as the last one. */
	printf("# %s\n", name);
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	data = load(path, &size);
	if (data == NULL) {
		printf("not ok %d - %s: %s\n", number, path, strerror(errno));
		return 1;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	printf("ok %d - %s\n", number, name);
	return 0;
}

static void
replay_nothing(void)
{
	uint8_t *empty = malloc(1);

	if (empty != NULL)
		LLVMFuzzerTestOneInput(empty + 1, 0);
	free(empty);
	printf("ok 1 - nothing\n");
}

int
main(int argc, char **argv)
{
	struct dirent **list = NULL;
	int failed = 0;
	int i, n;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &list, not_hidden, alphasort);
	if (n < 0 && errno != ENOENT) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	n = n < 0 ? 0 : n;
	printf("1..%d\n", n + 1);
	replay_nothing();
	for (i = 0; i < n; i++) {
		failed |= replay(argv[1], list[i]->d_name, i + 2);
		free(list[i]);
	}
	free(list);
	return failed;
}
