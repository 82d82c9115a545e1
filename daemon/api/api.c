// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request's way to its handler: who asks, which route, which parameters. Owns struct api. Called
 * by lib/http's server (daemon/main_vlspd.c connects the two) and by tests.
 */
#include "daemon/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"
#include "lib/base/clock.h"
#include "lib/http/limits.h"

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

	http_reply(call->req, &answer);
	api_call_free(call);
}

static void refuse_auth(struct api_call *call, int status, const struct err *err)
{
	json_t *json = json_pack("{s:s}", "error", err->text);
	struct http_answer answer = {.status = status,
				     .body = json ? json_dumps(json, JSON_COMPACT) : NULL};

	json_decref(json);
	answer.size = answer.body ? strlen(answer.body) : 0;
	if (status == 401) {
		answer.extra_name = "WWW-Authenticate";
		answer.extra_value = "Bearer";
	}
	http_reply(call->req, &answer);
	api_call_free(call);
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
	status = api_auth_check(api, req, &err);
	if (status) {
		refuse_auth(call, status, &err);
		return true;
	}
	if (!resolve(call))
		return true;
	if (call->route->flags & API_TOPOLOGY_BODY)
		req->body_limit = HTTP_BODY_TOPOLOGY;
	api_call_free(call); /* the handling makes its own: nothing waits in between */
	return false;
}

static int read_params(struct api_call *call, struct err *err)
{
	struct http_request *req = call->req;
	int r = http_params_add_form(&call->params, req->query, strlen(req->query), err);

	if (r == 0 && req->body_size && !(call->route->flags & API_TOPOLOGY_BODY))
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
	struct api_call *call = call_new(arg, req);
	struct err err = {0};
	int r;

	if (!call || !resolve(call))
		return;
	r = read_params(call, &err);
	if (r < 0)
		api_answer_err(call, &err);
	else if (!answer_cached(call))
		call->route->handle(call);
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
	api->host_name = strdup(config->host_name);
	api->token = config->token ? strdup(config->token) : NULL;
	if (!api->instance || !api->runtime_dir || !api->host_name ||
	    (config->token && !api->token))
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
	free(api->host_name);
	free(api->token);
	free(api->openapi);
	free(api);
}
