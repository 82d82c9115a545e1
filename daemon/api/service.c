// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon about itself and its machine: /health, /doctor, /openapi.json, and what clients of the
 * original ask first: /command/STATUS, /localcontroller/. Handlers and their table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api/encode.h"
#include "daemon/api/routes.h"
#include "daemon/ctl/pace.h"
#include "lib/base/clock.h"

json_t *api_encode_pace(const struct ctl_pace *pace)
{
	const struct host_pace *now = &pace->now;

	return json_pack("{s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:s}", "running", now->running, "realtime",
			 now->realtime, "sent", (json_int_t)now->sent, "late",
			 (json_int_t)now->late, "overruns", (json_int_t)now->overruns, "starvedMs",
			 (json_int_t)(now->starved_ns / NSEC_PER_MSEC), "restarts",
			 (json_int_t)now->restarts, "warning", pace->warning);
}

static void get_health(struct api_call *call)
{
	struct api *api = call->api;
	struct ctl_health h;
	struct ctl_pace pace;

	ctl_health(api->ctl, &h);
	ctl_pace(api->ctl, &pace);
	api_answer(call, 200,
		   json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:b,s:I,s:s,s:o}",
			     "status", "ok", "version", VLSP_VERSION, "instance", api->instance,
			     "pid", (json_int_t)getpid(), "uptime_ms",
			     (json_int_t)((clock_mono_ns() - api->started_ns) / NSEC_PER_MSEC),
			     "runtimeDir", api->runtime_dir, "routers", (json_int_t)h.routers,
			     "links", (json_int_t)h.links, "linksUp", (json_int_t)h.links_up,
			     "routersRunning", (json_int_t)h.routers_running, "routersConverged",
			     (json_int_t)h.routers_converged, "converged", h.converged,
			     "operationsPending", (json_int_t)h.operations_pending, "store",
			     h.store_trouble ? h.store_trouble : "", "pace",
			     api_encode_pace(&pace)));
}

static void get_doctor(struct api_call *call)
{
	size_t count = 0;
	const struct host_capability *list = ctl_capabilities(call->api->ctl, &count);
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, json_pack("{s:s,s:s,s:b,s:s}", "name", list[i].name,
						     "serves", list[i].serves, "present",
						     list[i].present, "why", list[i].why));
	api_answer(call, 200, json_pack("{s:o}", "capabilities", all));
}

static void get_openapi(struct api_call *call)
{
	char *text;

	if (!call->api->openapi)
		call->api->openapi = api_openapi_text();
	text = call->api->openapi ? strdup(call->api->openapi) : NULL;
	if (text)
		api_answer_text(call, NULL, text, strlen(text));
	else
		api_answer_error(call, 503, "openapi: out of memory");
}

static void get_command(struct api_call *call)
{
	const char *command = api_path(call, "command");

	if (strcmp(command, "STATUS") == 0)
		api_answer(call, 200, json_pack("{s:s}", "status", "RUNNING"));
	else
		api_answer_error(call, 404, "command: '%.40s' is not STATUS", command);
}

/* The original's record of a Host Controller, as far as it means something here. */
static json_t *encode_host(struct api *api)
{
	json_t *ids = json_array();
	const struct list *pos;

	list_for_each (pos, &api->model->routers)
		json_array_append_new(ids,
				      json_integer(list_entry(pos, struct model_router, all)->id));
	return json_pack("{s:s,s:s,s:i,s:i,s:I,s:f,s:o,s:s}", "name", api->host_name, "IP",
			 "127.0.0.1", "port", 0, "maxRouters", TOPO_ROUTERS_MAX, "noRouters",
			 (json_int_t)api->model->router_count, "usage",
			 (double)api->model->router_count / TOPO_ROUTERS_MAX, "routers", ids,
			 "status", "ONLINE");
}

static void get_hosts(struct api_call *call)
{
	const char *detail = api_text(call, "detail");
	bool all = detail && strcmp(detail, "all") == 0;
	char name[NAME_SIZE + 8];
	json_t *json;

	snprintf(name, sizeof(name), "%s:0", call->api->host_name);
	json = json_pack("{s:s,s:[s]}", "type", "localcontroller", "list", name);
	if (json && all)
		json_object_set_new(json, "detail", json_pack("[o]", encode_host(call->api)));
	api_answer(call, 200, json);
}

static const struct api_param host_params[] = {
	{"detail", API_WORD, .words = "name|all", .doc = "all: the records too"}, {.name = NULL}};

static const struct api_field health_fields[] = {
	{"status", "string", "ok"},
	{"version", "string", ""},
	{"instance", "string", "default, or made from the runtime directory"},
	{"pid", "integer", ""},
	{"uptime_ms", "integer", ""},
	{"runtimeDir", "string", ""},
	{"routers", "integer", ""},
	{"links", "integer", ""},
	{"linksUp", "integer", "both ends hear each other"},
	{"routersRunning", "integer", ""},
	{"routersConverged", "integer", "have the distances that the topology has"},
	{"converged", "boolean", "all have"},
	{"operationsPending", "integer", "queued or running"},
	{"store", "string",
	 "why state cannot be written: changes are refused until it can be; otherwise empty"},
	{"pace", "object",
	 "of link emulation: running, realtime, sent, late, overruns, starvedMs, restarts, "
	 "warning"},
	{.name = NULL}};
static const struct api_field doctor_fields[] = {
	{"capabilities", "array", "name, serves, present, why: what the kernel said if it is not"},
	{.name = NULL}};
static const struct api_field openapi_fields[] = {{"openapi", "string", "3.0.3"},
						  {"info", "object", ""},
						  {"paths", "object", ""},
						  {.name = NULL}};
static const struct api_field command_fields[] = {{"status", "string", "RUNNING"}, {.name = NULL}};
static const struct api_field host_fields[] = {
	{"type", "string", "localcontroller"},
	{"list", "array", "NAME:PORT of each machine"},
	{"detail", "array", "name, IP, port, maxRouters, noRouters, usage, routers, status"},
	{.name = NULL}};

const struct api_route api_service_routes[] = {
	{"GET", "/health", get_health, "How the daemon and its network are.", NULL, health_fields,
	 0, 200},
	{"GET", "/doctor", get_doctor, "What this machine can do, as it was tried at start.", NULL,
	 doctor_fields, 0, 200},
	{"GET", "/openapi.json", get_openapi, "This description of the API.", NULL, openapi_fields,
	 0, 200},
	{"GET", "/command/{command}", get_command, "STATUS: that the daemon runs.", NULL,
	 command_fields, 0, 200},
	{"GET", "/localcontroller/", get_hosts, "The machines that run routers.", host_params,
	 host_fields, 0, 200},
	{.method = NULL}};
