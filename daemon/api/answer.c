// SPDX-License-Identifier: GPL-2.0-or-later
/* How a handler answers: every way out of a call ends here and frees it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

void api_call_free(struct api_call *call)
{
	list_del(&call->all);
	for (int i = 0; i < API_SEGMENTS_MAX; i++)
		free(call->segments[i]);
	http_params_done(&call->params);
	for (size_t i = 0; i < call->warning_count; i++)
		free(call->warnings[i]);
	free(call->warnings);
	json_decref(call->about.names);
	free(call->cache_key);
	free(call);
}

int api_call_warn(struct api_call *call, const char *text)
{
	char **list = realloc(call->warnings, (call->warning_count + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	call->warnings = list;
	list[call->warning_count] = strdup(text);
	if (!list[call->warning_count])
		return -ENOMEM;
	call->warning_count++;
	return 0;
}

void api_answer_raw(struct api_call *call, const struct http_answer *answer)
{
	api_audit(call, answer->status);
	http_reply(call->req, answer);
	api_call_free(call);
}

void api_answer_text(struct api_call *call, const char *type, char *text, size_t size)
{
	struct http_answer answer = {.status = 200, .type = type, .body = text, .size = size};

	api_answer_raw(call, &answer);
}

/* The text of json with a newline behind, and frees json. NULL: out of memory. */
static char *dump(json_t *json, size_t *ret_size)
{
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL, *line;
	size_t n;

	json_decref(json);
	if (!text)
		return NULL;
	n = strlen(text);
	line = realloc(text, n + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	line[n++] = '\n';
	line[n] = '\0';
	*ret_size = n;
	return line;
}

/* JSON is UTF-8. */
json_t *api_any_text(const char *text)
{
	json_t *json = json_string(text);
	char *copy;

	if (json)
		return json;
	copy = strdup(text);
	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json = copy ? json_string(copy) : NULL;
	free(copy);
	return json;
}

void api_answer(struct api_call *call, int status, json_t *json)
{
	struct http_answer answer = {.status = status};

	if (json && call->warning_count) {
		json_t *list = json_array();

		for (size_t i = 0; i < call->warning_count; i++)
			json_array_append_new(list, api_any_text(call->warnings[i]));
		json_object_set_new(json, "warnings", list);
	}
	answer.body = dump(json, &answer.size);
	if (!answer.body) {
		answer.status = 503;
		answer.body = strdup("{\"error\":\"out of memory\"}\n");
		answer.size = answer.body ? strlen(answer.body) : 0;
	} else if (call->cache_key && status == 200) {
		api_cache_put(call->api, call->cache_key, answer.body, answer.size);
	}
	api_answer_raw(call, &answer);
}

void api_answer_error(struct api_call *call, int status, const char *fmt, ...)
{
	struct err err = {.code = EINVAL};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	api_answer(call, status, json_pack("{s:o}", "error", api_any_text(err.text)));
}

/* What the machine refuses is no fault of the request, whatever the errno says elsewhere. */
static int status_of(const struct err *err, const struct ctl_op *op)
{
	int status = api_status_of(err->code);

	if (!op || !op->machine || status >= 500)
		return status;
	return err->code == ENOSPC ? 507 : 500;
}

/* op: the operation that failed; NULL: the request was refused before it became one. */
static void answer_failed(struct api_call *call, const struct err *err, const struct ctl_op *op)
{
	int status = status_of(err, op);
	json_t *json;

	if (status == 500)
		log_error("%s %s: %s", call->req->method, call->req->path, err->text);
	json = json_pack("{s:o}", "error", api_any_text(err->text));
	if (json && op)
		json_object_set_new(json, "operation", json_integer((json_int_t)op->id));
	api_answer(call, status, json);
}

void api_answer_err(struct api_call *call, const struct err *err)
{
	answer_failed(call, err, NULL);
}

void api_started(struct api_call *call, int r, uint64_t op, const struct err *err)
{
	struct err why = {0};
	char href[40];

	if (r < 0) {
		api_answer_err(call, err);
		return;
	}
	call->op = op;
	if (api_bool(call, "wait", true))
		return;
	if (ctl_op_promise(call->api->ctl, op, &why) < 0) {
		answer_failed(call, &why, ctl_op_by_id(call->api->ctl, op));
		return;
	}
	snprintf(href, sizeof(href), "/operation/%llu", (unsigned long long)op);
	api_answer(call, 202, json_pack("{s:I,s:s}", "operation", (json_int_t)op, "href", href));
}

void api_answer_op(struct api_call *call, int status, json_t *json, const struct ctl_op *op)
{
	call->op = op->id;
	if (op->state == CTL_OP_FAILED) {
		json_decref(json);
		answer_failed(call, &op->err, op);
		return;
	}
	if (json) {
		json_object_set_new(json, "operation", json_integer((json_int_t)op->id));
		json_object_set_new(json, "success", json_true());
		if (!json_object_get(json, "msg"))
			json_object_set_new(json, "msg", json_string(""));
		json_object_set_new(
			json, "op_time",
			json_integer((json_int_t)((op->ended_ns - op->queued_ns) / NSEC_PER_MSEC)));
	}
	api_answer(call, status, json);
}

static void done_unwaited(void *arg, const struct ctl_op *op)
{
	(void)arg;
	(void)op; /* whoever asked for wait=false reads /operation/ID */
}

ctl_done_fn api_done(const struct api_call *call, ctl_done_fn done)
{
	return api_bool(call, "wait", true) ? done : done_unwaited;
}
