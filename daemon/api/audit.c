// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit: one line in the log for each request that is not for reading, also for one that was
 * refused, whatever the log level is. What comes from a client is written so that it has neither
 * spaces nor control characters: nobody can make a line look like another. Called by answer.c and
 * api.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api_priv.h"
#include "daemon/api/event.h"
#include "lib/base/clock.h"

#define TARGET_MAX 400

static const char *const role_names[] = {
	[API_ROLE_NONE] = "none",
	[API_ROLE_READ_ONLY] = "read-only",
	[API_ROLE_ADMIN] = "admin",
};

void api_audit_put(char *buf, size_t max, const char *text)
{
	size_t n = strlen(buf);

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (n + 7 > max) {
			strcpy(buf + n, "...");
			return;
		}
		if (c > ' ' && c < 0x7f)
			buf[n++] = (char)c;
		else
			n += (size_t)snprintf(buf + n, 4, "%%%02X", c);
		buf[n] = '\0';
	}
}

/* A stranger could fill the disk with lines: beyond some a second they are counted only. */
static bool is_one_too_many(struct api_call *call)
{
	struct api *api = call->api;

	if (call->who.role != API_ROLE_NONE || http_rate_take(api->audit.rate, "", clock_mono_ns()))
		return false;
	api->audit.left_out++;
	return true;
}

static void say(struct api *api, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct api *api, const char *fmt, ...)
{
	char line[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	api->audit.fn(api->audit.arg, line);
}

void api_audit(struct api_call *call, int status)
{
	const struct http_request *req = call->req;
	struct api *api = call->api;
	char method[24] = "", target[TARGET_MAX] = "", op[32] = "";

	if (!api->audit.fn || strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0 ||
	    is_one_too_many(call))
		return;
	if (api->audit.left_out)
		say(api, "%" PRIu64 " more requests of strangers were refused",
		    api->audit.left_out);
	api->audit.left_out = 0;
	api_audit_put(method, sizeof(method), req->method);
	api_audit_put(target, sizeof(target), req->path);
	if (req->query[0]) {
		api_audit_put(target, sizeof(target), "?");
		api_audit_put(target, sizeof(target), req->query);
	}
	if (call->op)
		snprintf(op, sizeof(op), " op %" PRIu64, call->op);
	say(api, "%s role=%s, %s %s -> %d (%llu ms)%s", call->who.text, role_names[call->who.role],
	    method, target, status, (clock_mono_ns() - call->began_ns) / NSEC_PER_MSEC, op);
}

void api_audit_firing(struct api *api, const struct ctl_firing *f)
{
	char object[200] = "", op[32] = "";

	if (!api->audit.fn)
		return;
	api_audit_put(object, sizeof(object), f->object);
	if (f->op)
		snprintf(op, sizeof(op), " op %" PRIu64, f->op);
	say(api, "event, %s%s %s -> %s (planned %llu ms, at %llu ms)%s", f->undo ? "end of " : "",
	    topo_action_name(f->action), object, ctl_outcome_name(f->outcome),
	    f->planned_ns / NSEC_PER_MSEC, f->actual_ns / NSEC_PER_MSEC, op);
}
