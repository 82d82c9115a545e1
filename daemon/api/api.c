// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request's way to its handler: who asks, which route, which parameters. Owns struct api. Called
 * by lib/http's server (daemon/main_vlspd.c connects the two) and by tests.
 */
#include "daemon/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"
#include "daemon/api/feed.h"
#include "lib/base/clock.h"
#include "lib/http/limits.h"

/* lines a second in the log about requests that nobody may make */
#define AUDIT_RATE_MAX	 20
#define AUDIT_RATE_BURST 200

/* in place of parameters */
#define API_RAW_BODY (API_TOPOLOGY_BODY | API_EVENT_BODY | API_APP_BODY)

static struct api_call *call_new(struct api *api, struct http_request *req)
{
	struct api_call *call = calloc(1, sizeof(*call));

	if (!call) {
		struct http_answer answer = {.status = 503};

		http_reply(req, &answer);
		return NULL;
	}
	call->api = api;
	call->req = req;
	call->began_ns = clock_mono_ns();
	req->call = call;
	list_add_tail(&api->calls, &call->all);
	return call;
}

static void refuse_method(struct api_call *call, const char *allow)
{
	static const char text[] =
		"{\"error\":\"method: not one that this path takes; see Allow\"}\n";
	struct http_answer answer = {.status = 405,
				     .body = strdup(text),
				     .size = sizeof(text) - 1,
				     .extra_name = "Allow",
				     .extra_value = allow};

	api_answer_raw(call, &answer);
}

static void refuse_auth(struct api_call *call, int status, const struct err *err)
{
	json_t *json = json_pack("{s:o}", "error", api_any_text(err->text));
	struct http_answer answer = {.status = status,
				     .body = json ? json_dumps(json, JSON_COMPACT) : NULL};

	json_decref(json);
	answer.size = answer.body ? strlen(answer.body) : 0;
	if (status == 401) {
		answer.extra_name = "WWW-Authenticate";
		answer.extra_value = "Bearer";
	} else if (status == 429) {
		answer.extra_name = "Retry-After";
		answer.extra_value = "1";
	}
	api_answer_raw(call, &answer);
}

/* Who it is, whether that may, and does not ask all the time. 0, or the status of the refusal. */
static int admit(struct api_call *call, struct err *err)
{
	int status = api_auth_check(call->api, call->req, &call->who, err);

	if (http_rate_take(call->api->rate, call->who.client, call->began_ns))
		return status;
	err_set(err, EBUSY, "requests: more than %d a second", HTTP_RATE_MAX);
	return 429;
}

/* Finds the route. false: the call has been answered. */
static bool resolve(struct api_call *call)
{
	char allow[64];
	int count = api_path_split(call->req->path, call->segments);

	if (count == -EINVAL) {
		api_answer_error(call, 400, "path: not UTF-8 text with %%XX escapes");
		return false;
	}
	if (count < 0) {
		api_answer_error(call, count == -ENOENT ? 404 : 503,
				 "path: there is no such thing");
		return false;
	}
	call->route = api_route_find(call->req->method, call->segments, count, allow,
				     sizeof(allow));
	if (call->route)
		return true;
	if (allow[0])
		refuse_method(call, allow);
	else
		api_answer_error(call, 404, "path: there is no such thing");
	return false;
}

bool api_begin(void *arg, struct http_request *req)
{
	struct api *api = arg;
	struct api_call *call = call_new(api, req);
	struct err err;
	int status;

	if (!call)
		return true;
	status = admit(call, &err);
	if (status) {
		refuse_auth(call, status, &err);
		return true;
	}
	if (!resolve(call))
		return true;
	if (call->route->flags & API_RAW_BODY)
		req->body_limit = HTTP_BODY_TOPOLOGY;
	return false; /* req->call goes on in api_handle() or api_dropped() */
}

void api_dropped(void *arg, struct http_request *req, int status)
{
	struct api_call *call = req->call;

	(void)arg;
	api_audit(call, status);
	api_call_free(call);
}

static int read_params(struct api_call *call, struct err *err)
{
	struct http_request *req = call->req;
	int r = http_params_add_form(&call->params, req->query, strlen(req->query), err);

	if (r == 0 && req->body_size && !(call->route->flags & API_RAW_BODY))
		r = http_params_add_body(&call->params, http_header(req, "Content-Type"), req->body,
					 req->body_size, err);
	return r < 0 ? r : api_params_check(call->route, &call->params, err);
}

/* Answers from the cache, or notes under which key the answer is to be kept. */
static bool answer_cached(struct api_call *call)
{
	const struct api_cached *c;
	size_t n = strlen(call->req->path) + strlen(call->req->query) + 2;
	char *text;

	if (!(call->route->flags & API_CACHED) || call->req->body_size)
		return false;
	call->cache_key = malloc(n);
	if (!call->cache_key)
		return false;
	strcpy(call->cache_key, call->req->path);
	strcat(call->cache_key, "?");
	strcat(call->cache_key, call->req->query);
	c = api_cache_get(call->api, call->cache_key);
	text = c ? malloc(c->size + 1) : NULL;
	if (!text)
		return false;
	memcpy(text, c->text, c->size + 1);
	api_answer_text(call, NULL, text, c->size);
	return true;
}

void api_handle(void *arg, struct http_request *req)
{
	struct api_call *call = req->call;
	struct err err = {0};
	int r;

	(void)arg;
	r = read_params(call, &err);
	if (r < 0)
		api_answer_err(call, &err);
	else if (!answer_cached(call))
		call->route->handle(call);
}

static void free_secret(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

int api_new(const struct api_config *config, struct api **ret_api)
{
	struct api *api = calloc(1, sizeof(*api));
	int r = -ENOMEM;

	if (!api)
		return -ENOMEM;
	list_init(&api->calls);
	api->loop = config->loop;
	api->ctl = config->ctl;
	api->model = ctl_model(config->ctl);
	api->started_ns = clock_mono_ns();
	api->instance = strdup(config->instance);
	api->runtime_dir = strdup(config->runtime_dir);
	api->state_dir = config->state_dir ? strdup(config->state_dir) : NULL;
	api->host_name = strdup(config->host_name);
	api->token = config->token ? strdup(config->token) : NULL;
	api->read_token = config->token ? strdup(config->read_token) : NULL;
	api->audit.fn = config->audit;
	api->audit.arg = config->audit_arg;
	api->tls = config->tls;
	api->rate = http_rate_new(HTTP_RATE_MAX, HTTP_RATE_BURST, HTTP_RATE_CLIENTS);
	api->audit.rate = http_rate_new(AUDIT_RATE_MAX, AUDIT_RATE_BURST, 1);
	if (!api->instance || !api->runtime_dir || !api->host_name || !api->rate ||
	    !api->audit.rate || (config->state_dir && !api->state_dir) ||
	    (config->token && (!api->token || !api->read_token)))
		goto fail;
	r = api_feed_new(api, &api->feed);
	if (r < 0)
		goto fail;
	*ret_api = api;
	return 0;

fail:
	api_free(api);
	return r;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	while (!list_empty(&api->calls))
		api_answer_error(list_entry(api->calls.next, struct api_call, all), 503,
				 "the daemon is stopping");
	api_feed_free(api->feed);
	api_cache_done(api);
	free(api->instance);
	free(api->runtime_dir);
	free(api->state_dir);
	free(api->host_name);
	free_secret(api->token);
	free_secret(api->read_token);
	http_rate_free(api->rate);
	http_rate_free(api->audit.rate);
	free(api->openapi);
	free(api);
}
