/* roles: the role of a topic in JSON. */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "verbs.h"

int
roles_json(const struct role *r, FILE *f, struct err *e)
{
	static const char *const names[] = { "leader", "replica", "fenced",
		"sealed" };
	struct buf source = { 0 };

	fprintf(f, "\"role\":\"%s\"", names[r->kind]);
	if (r->kind == ROLE_FENCED)
		fprintf(f, ",\"fenced_by\":%" PRId32, r->epoch);
	if (r->kind != ROLE_REPLICA)
		return 0;
	if (json_put_bytes(&source, (struct slice){
		(const uint8_t *)r->source, (int32_t)strlen(r->source) }) < 0) {
		buf_release(&source);
		return err_sys(e, "%s", r->source);
	}
	fprintf(f, ",\"source\":%.*s", (int)source.len,
	    (const char *)source.data);
	buf_release(&source);
	return 0;
}
