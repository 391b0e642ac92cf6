/*
 * klog-dump: print what is in the files of a partition, field by field.
 */
#include <errno.h>
#include <string.h>

#include "dump.h"
#include "main.h"

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct options, json,
	    "one JSON object a batch, record or entry"),
	OPT_FLAG(0, "records", struct options, records,
	    "the records of each batch, too"),
	OPT_FLAG(0, "hex", struct options, hex,
	    "the bytes of what is printed, and of damage, too"),
	OPT_SIZE(0, "max-batch", "SIZE", struct options, max_batch, 1 << 10,
	    INT32_MAX, "look into batches of up to SIZE (32M)"),
	OPT_ROWS_COMMON,
	OPT_END,
};

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	const struct options *o = opts;
	struct dump d = { .o = o };
	int r = 0;
	int i;

	for (i = 0; i < argc; i++)
		if (strcmp(argv[i], "-") == 0)
			return err_set(e, ERR_USAGE, "-: standard input can't "
			    "be read here; name a file");
	d.codec = codec_new();
	if (d.codec == NULL) {
		errno = ENOMEM;
		return err_sys(e, "codec");
	}
	r = line_init(&d.line, o->json, o->hex, e);
	for (i = 0; i < argc && r == 0; i++)
		r = dump_operand(&d, argv[i], e);
	line_release(&d.line);
	buf_release(&d.bytes);
	buf_release(&d.scratch);
	codec_free(d.codec);
	return r < 0 ? -1 : d.status;
}

static const struct options defaults = { .max_batch = 32 << 20 };

static const char *const usage[] = { "[options] FILE|DIR...", NULL };

static const struct command command = {
	.summary = "print the files of a partition, field by field",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct options),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};

static const struct program program = {
	.name = "klog-dump",
	.summary = "print the files of a partition, field by field",
	.single = &command,
};

int
main(int argc, char **argv)
{
	return main_run(&program, argc, argv);
}
