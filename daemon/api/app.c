// SPDX-License-Identifier: GPL-2.0-or-later
/* /router/{r}/app/ and /app/: applications on routers. Handlers and their table. */
#include "daemon/api/app.h"

#include <stdio.h>
#include <string.h>

#include "daemon/api/router_view.h"
#include "daemon/api/listing.h"
#include "daemon/api/routes.h"
#include "daemon/ctl/app.h"

struct model_app *api_app_find(struct api_call *call)
{
	struct model_app *app;
	struct err err = {0};

	if (ctl_app_find(call->api->ctl, api_path(call, "r"), api_path(call, "a"), &app, &err) == 0)
		return app;
	api_answer_err(call, &err);
	return NULL;
}

static struct ctl_app_wait wait_of(const struct api_call *call)
{
	const double timeout = api_number(call, "timeout", -1);
	struct ctl_app_wait wait = {.no_wait = api_bool(call, "no_wait", false) || timeout == 0};

	if (timeout > 0) /* at least 1 ms: 0 would be the usual time */
		wait.timeout_ms = (uint64_t)(timeout * 1000 + 0.999);
	return wait;
}

/* A program that is not there or does not run is no fault of the daemon's, nor of the machine's. */
static void answer_app_op(struct api_call *call, int status, json_t *json, const struct ctl_op *op)
{
	if (op->state != CTL_OP_FAILED || !op->machine || op->err.code == ENOMEM ||
	    op->err.code == ETIMEDOUT) {
		api_answer_op(call, status, json, op);
		return;
	}
	json_decref(json);
	api_answer(call, 422,
		   json_pack("{s:o,s:I}", "error", api_any_text(op->err.text), "operation",
			     (json_int_t)op->id));
}

static void answer_record(struct api_call *call, int status, const struct ctl_op *op)
{
	struct model_app *app = model_app_by_id(call->api->model, op->app_id);

	/* another operation may have removed it since */
	answer_app_op(call, status, app ? api_encode_app(call->api, app, true) : json_object(), op);
}

static void started(void *arg, const struct ctl_op *op)
{
	answer_record(arg, 201, op);
}

static void post_app(struct api_call *call)
{
	const struct model_router *router = api_router_of(call);
	struct topo_app *app = NULL;
	struct ctl_app_wait wait;
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	r = api_app_of(call, &app, &err);
	if (r == 0)
		r = api_app_allowed(call, app, &err);
	if (r < 0) {
		topo_app_unref(app);
		api_answer_err(call, &err);
		return;
	}
	wait = wait_of(call);
	r = ctl_app_start(call->api->ctl, router->name, app, &wait, api_done(call, started), call,
			  &op, &err);
	topo_app_unref(app);
	api_started(call, r, op, &err);
}

static void answer_list(struct api_call *call, const struct model_router *router)
{
	struct api_listing listing;
	const struct list *pos;

	api_listing_start(&listing, call);
	list_for_each (pos, &call->api->model->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, all);

		if ((!router || app->router == router) && api_listing_takes(&listing))
			api_listing_add(&listing, app->id,
					listing.records ? api_encode_app(call->api, app, false)
							: NULL);
	}
	api_listing_answer(&listing, call, "app",
			   router ? json_pack("{s:I}", "routerID", (json_int_t)router->id) : NULL);
}

static void get_apps(struct api_call *call)
{
	answer_list(call, NULL);
}

static void get_router_apps(struct api_call *call)
{
	const struct model_router *router = api_router_of(call);

	if (router)
		answer_list(call, router);
}

static void get_app(struct api_call *call)
{
	const struct model_app *app = api_app_find(call);

	if (app)
		api_answer(call, 200, api_encode_app(call->api, app, true));
}

static void get_shipped(struct api_call *call)
{
	const char *const *shipped = ctl_app_shipped(call->api->ctl);
	json_t *list = json_array();

	for (size_t i = 0; shipped[i]; i += 2)
		json_array_append_new(
			list, json_pack("{s:s,s:s}", "name", shipped[i], "does", shipped[i + 1]));
	api_answer(call, 200, json_pack("{s:s,s:o}", "type", "shipped", "list", list));
}

static void stopped(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;

	/* Another of that name may have come before the operation's turn. */
	answer_app_op(
		call, 200,
		json_pack("{s:I,s:s}", "appID", (json_int_t)op->app_id, "name", call->about.name),
		op);
}

static void delete_app(struct api_call *call)
{
	const struct ctl_app_wait wait = wait_of(call);
	const struct model_app *app = api_app_find(call);
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!app)
		return;
	snprintf(call->about.name, sizeof(call->about.name), "%s", app->app->name);
	r = ctl_app_stop(call->api->ctl, api_path(call, "r"), api_path(call, "a"), &wait,
			 api_done(call, stopped), call, &op, &err);
	api_started(call, r, op, &err);
}

static void emptied(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;

	answer_app_op(call, 200,
		      json_pack("{s:I,s:O}", "routerID", (json_int_t)call->about.id, "names",
				call->about.names),
		      op);
}

static void delete_apps(struct api_call *call)
{
	const struct ctl_app_wait wait = wait_of(call);
	const struct model_router *router = api_router_of(call);
	const struct list *pos;
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	call->about.id = router->id;
	call->about.names = json_array();
	list_for_each (pos, &router->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (!app->going)
			json_array_append_new(call->about.names, json_string(app->app->name));
	}
	r = ctl_app_stop(call->api->ctl, router->name, NULL, &wait, api_done(call, emptied), call,
			 &op, &err);
	api_started(call, r, op, &err);
}

static void restarted(void *arg, const struct ctl_op *op)
{
	answer_record(arg, 200, op);
}

static void post_restart(struct api_call *call)
{
	const struct ctl_app_wait wait = wait_of(call);
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!api_app_find(call))
		return;
	r = ctl_app_restart(call->api->ctl, api_path(call, "r"), api_path(call, "a"), &wait,
			    api_done(call, restarted), call, &op, &err);
	api_started(call, r, op, &err);
}

static void changed(void *arg, const struct ctl_op *op)
{
	answer_record(arg, 200, op);
}

static void put_app(struct api_call *call)
{
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!api_app_find(call))
		return;
	r = ctl_app_set(call->api->ctl, api_path(call, "r"), api_path(call, "a"),
			api_text(call, "key"), api_text(call, "value"), api_done(call, changed),
			call, &op, &err);
	api_started(call, r, op, &err);
}

static const struct api_param list_params[] = {API_DETAIL_PARAM, API_PAGE_PARAMS, {.name = NULL}};
static const struct api_param set_params[] = {
	{"key", API_STRING, .required = true,
	 .doc = "what the application calls it, like to; 1 to 32 of a-z 0-9 . _ -"},
	{"value", API_STRING, .required = true,
	 .doc = "up to 200 bytes without control characters"},
	{.name = NULL}};
static const struct api_param wait_params[] = {
	{"timeout", API_NUMBER, .min = 0, .max = 3600,
	 .doc = "seconds to wait; 30 if not given, 0: as no_wait"},
	{"no_wait", API_BOOLEAN, .doc = "true: answer as soon as it is asked for"},
	{.name = NULL}};

#define RECORD_FIELDS                                                                              \
	{"id", "integer", "never used again"}, {"appID", "integer", "the same, of the original"},  \
		{"aid", "integer", "1, 2, ... on its router"}, {"routerID", "integer", ""},        \
		{"router", "string", "its name"}, {"name", "string", "unique on its router"},      \
		{"appName", "string", "of the original: /Router-1/App/NAME/AID"},                  \
		{"classname", "string", "what it runs"},                                           \
		{"args", "string", "with spaces between"}, {"kind", "string", "program or bpf"},   \
		{"state", "string",                                                                \
		 "planned, wanted, starting, running, waiting, stopping, ended or failed"},        \
		{"ready", "boolean", "it serves"}, {"pid", "integer", "as the host sees it"},      \
		{"restarts", "integer", ""},                                                       \
		{"starttime", "integer", "ms since 1970; 0: not yet"},                             \
		{"runtime", "integer", "ms"},                                                      \
		{"exit", "integer", "status of its last run, if any"},                             \
		{"signal", "integer", "that ended its last run, if any did"},                      \
	{                                                                                          \
		"error", "string", "why it failed, with its last output; empty if it did not"      \
	}
#define WHOLE_FIELDS                                                                               \
	RECORD_FIELDS,                                                                             \
		{"usage", "object",                                                                \
		 "processes; cpuUser, cpuSystem (s); memory, memoryMax (bytes); rxPackets, "       \
		 "rxBytes, txPackets, txBytes: what this machine can tell"},                       \
		{"values", "object", "that it reports about itself"},                              \
		{"functions", "array",                                                             \
		 "match, order, place, policy, dead, queue, packets, bytes, dropped, skipped of "  \
		 "each network function that it has; may be missing"},                             \
	{                                                                                          \
		"wanted", "object", "as it was asked for, in the words of a topology file"         \
	}
static const struct api_field whole_fields[] = {WHOLE_FIELDS, {.name = NULL}};
static const struct api_field made_fields[] = {WHOLE_FIELDS, API_OP_FIELDS, {.name = NULL}};
static const struct api_field list_fields[] = {
	{"type", "string", "app"},
	{"routerID", "integer", "of a router's list"},
	{"list", "array", "ids"},
	{"detail", "array", "records without usage, values and wanted, with detail=all"},
	{.name = NULL}};
static const struct api_field shipped_fields[] = {
	{"type", "string", "shipped"}, {"list", "array", "name, does"}, {.name = NULL}};
static const struct api_field gone_fields[] = {
	{"appID", "integer", ""}, {"name", "string", ""}, API_OP_FIELDS, {.name = NULL}};
static const struct api_field emptied_fields[] = {{"routerID", "integer", ""},
						  {"names", "array", "of those that were there"},
						  API_OP_FIELDS,
						  {.name = NULL}};
static const struct api_field log_fields[] = {{.name = NULL}};

const struct api_route api_app_routes[] = {
	{"POST", "/router/{r}/app/", post_app, "Starts an application on a router.", api_app_params,
	 made_fields, API_APP_BODY | API_WAITS, 201},
	{"GET", "/router/{r}/app/", get_router_apps, "Lists the applications of a router.",
	 list_params, list_fields, 0, 200},
	{"DELETE", "/router/{r}/app/", delete_apps, "Stops all applications of a router.",
	 wait_params, emptied_fields, API_WAITS, 200},
	{"GET", "/router/{r}/app/{a}", get_app, "One application.", NULL, whole_fields, 0, 200},
	{"PUT", "/router/{r}/app/{a}", put_app, "Tells it a setting while it runs.", set_params,
	 made_fields, API_WAITS, 200},
	{"DELETE", "/router/{r}/app/{a}", delete_app,
	 "Stops an application with all of its processes, and forgets it.", wait_params,
	 gone_fields, API_WAITS, 200},
	{"POST", "/router/{r}/app/{a}/restart", post_restart, "Stops it and starts it anew.",
	 wait_params, made_fields, API_WAITS, 200},
	{"GET", "/router/{r}/app/{a}/log", api_get_app_log, "What it printed.", api_app_log_params,
	 log_fields, API_TEXT, 200},
	{"GET", "/app/", get_apps, "Lists the applications of all routers.", list_params,
	 list_fields, 0, 200},
	{"GET", "/app/shipped", get_shipped, "The applications that come with VLSP.", NULL,
	 shipped_fields, 0, 200},
	{.method = NULL}};
