// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /router/ and /removed/: handlers and their table. What a router's own links, routes and counters
 * look like is in router_view.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/api/encode.h"
#include "daemon/api/listing.h"
#include "daemon/api/router_view.h"
#include "daemon/api/routes.h"
#include "lib/base/cleanup.h"

struct model_router *api_router_of(struct api_call *call)
{
	const char *ref = api_path(call, "r");
	struct model_router *router = model_router_find(call->api->model, ref);

	if (!router)
		api_answer_error(call, 404, "router: there is no '%.80s'", ref);
	return router;
}

static void added(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	struct model_router *router = model_router_by_id(call->api->model, op->router_id);

	/* Another operation may have removed it since: it has been made all the same. */
	api_answer_op(call, 201, router ? api_encode_router_made(call->api, router) : json_object(),
		      op);
}

/* The limits among the parameters; a change may say "default" to have none of its own. */
static int limits_of(const struct api_call *call, struct ctl_router_change *change, struct err *err)
{
	static const char *const keys[] = {"memory", "cpu", "pids"};
	bool *const set[] = {&change->set_memory, &change->set_cpu, &change->set_pids};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *text = api_text(call, keys[i]);

		if (!text)
			continue;
		*set[i] = true;
		if (strcmp(text, "default") != 0 &&
		    topo_limits_parse(&change->limits, keys[i], text, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static void post_router(struct api_call *call)
{
	struct ctl_router_change limits = {0};
	struct ctl_router_spec spec = {.name = api_text(call, "name")};
	const char *address = api_text(call, "address");
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (address && addr_parse(address, &spec.address) < 0) {
		api_answer_error(call, 400, "address: '%.40s' is not an address like 10.0.0.1",
				 address);
		return;
	}
	if (spec.name && name_check(spec.name, "name", &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	if (address && !spec.address) {
		api_answer_error(call, 400, "address: 0.0.0.0 is no router's");
		return;
	}
	if (limits_of(call, &limits, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	spec.limits = limits.limits;
	r = ctl_router_add(call->api->ctl, &spec, api_done(call, added), call, &op, &err);
	api_started(call, r, op, &err);
}

static bool wanted(const struct api_call *call, const struct model_router *router)
{
	const char *name = api_text(call, "name"), *address = api_text(call, "address");
	char text[ADDR_TEXT_SIZE];

	return (!name || strcmp(name, router->name) == 0) &&
	       (!address || strcmp(address, addr_format(router->address, text)) == 0);
}

static void get_routers(struct api_call *call)
{
	struct api_listing listing;
	const struct list *pos;

	api_listing_start(&listing, call);
	list_for_each (pos, &call->api->model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		if (wanted(call, router) && api_listing_takes(&listing))
			api_listing_add(&listing, router->id,
					listing.records ? api_encode_router(call->api, router)
							: NULL);
	}
	api_listing_answer(&listing, call, "router", NULL);
}

static void get_router(struct api_call *call)
{
	struct model_router *router = api_router_of(call);

	if (router)
		api_answer(call, 200, api_encode_router(call->api, router));
}

static void changed(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	struct model_router *router = model_router_by_id(call->api->model, call->about.id);

	api_answer_op(call, 200, router ? api_encode_router(call->api, router) : json_object(), op);
}

static void put_router(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct ctl_router_change change = {0};
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	if (limits_of(call, &change, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	if (!change.set_memory && !change.set_cpu && !change.set_pids) {
		api_answer_error(call, 400, "memory, cpu, pids: one of them must be given");
		return;
	}
	call->about.id = router->id;
	r = ctl_router_set(call->api->ctl, router->name, &change, api_done(call, changed), call,
			   &op, &err);
	api_started(call, r, op, &err);
}

static void deleted(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;

	api_answer_op(call, 200,
		      json_pack("{s:I,s:s}", "router", (json_int_t)call->about.id, "name",
				call->about.name),
		      op);
}

static void delete_router(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	call->about.id = router->id;
	snprintf(call->about.name, sizeof(call->about.name), "%s", router->name);
	/* By name: a router may be called "7", and a name goes before an id. */
	r = ctl_router_delete(call->api->ctl, call->about.name, api_done(call, deleted), call, &op,
			      &err);
	api_started(call, r, op, &err);
}

static void get_count(struct api_call *call)
{
	api_answer(call, 200,
		   json_pack("{s:I}", "value", (json_int_t)call->api->model->router_count));
}

static void get_maxid(struct api_call *call)
{
	const struct model *model = call->api->model;
	json_int_t max = 0;

	if (!list_empty(&model->routers))
		max = list_entry(model->routers.prev, struct model_router, all)->id;
	api_answer(call, 200, json_pack("{s:I}", "value", max));
}

static void get_removed(struct api_call *call)
{
	json_t *list = json_array();
	struct api_page page = api_page_of(call);
	const struct list *pos;

	list_for_each (pos, &call->api->model->removed) {
		const struct model_removed *gone = list_entry(pos, struct model_removed, all);

		if (api_page_takes(&page))
			json_array_append_new(list,
					      json_pack("{s:I,s:s,s:I}", "routerID",
							(json_int_t)gone->id, "name", gone->name,
							"time", (json_int_t)gone->time_ms));
	}
	api_answer(call, 200, json_pack("{s:s,s:o}", "type", "shutdown", "list", list));
}

#define LIMIT_PARAMS                                                                               \
	{"memory", API_QUANTITY, .doc = "limit of the programs on it, like 256M; or default"},     \
		{"cpu", API_QUANTITY, .doc = "likewise, like 50%; 200%: two processors"},          \
	{                                                                                          \
		"pids", API_QUANTITY, .doc = "likewise, processes and threads"                     \
	}
static const struct api_param put_params[] = {LIMIT_PARAMS, {.name = NULL}};
static const struct api_param post_params[] = {
	{"name", API_STRING, .doc = "1 to 63 of A-Z a-z 0-9 . _ -; Router-ID if not given"},
	{"address", API_STRING, .doc = "within the network; the lowest free one if not given"},
	LIMIT_PARAMS,
	{"parameters", API_STRING,
	 .doc = "of the original: a hint for placing; with one machine it changes nothing"},
	{.name = NULL}};
static const struct api_param list_params[] = {
	API_DETAIL_PARAM,
	API_PAGE_PARAMS,
	{"name", API_STRING, .doc = "only the router of that name"},
	{"address", API_STRING, .doc = "only the router of that address"},
	{.name = NULL}};
static const struct api_param page_params[] = {API_PAGE_PARAMS, {.name = NULL}};
static const struct api_param attr_params[] = {
	{"attr", API_WORD, .words = "id|name|weight|connected",
	 .doc = "what of each link to list; connected: the neighbour's id"},
	{.name = NULL}};

#define IDENTITY_FIELDS                                                                            \
	{"routerID", "integer", "never used again"}, {"name", "string", ""},                       \
		{"address", "string", "dotted quad"},                                              \
		{"mgmtPort", "integer", "0: of the original"},                                     \
		{"r2rPort", "integer", "0: of the original"},                                      \
	{                                                                                          \
		"netns", "string", "path of its network namespace"                                 \
	}
static const struct api_field made_fields[] = {IDENTITY_FIELDS, API_OP_FIELDS, {.name = NULL}};
static const struct api_field record_fields[] = {
	IDENTITY_FIELDS,
	{"time", "integer", "of its creation, ms since 1970"},
	{"links", "array", "ids of the neighbours"},
	{"linkIDs", "array", "ids of the links, in the same order"},
	{"linkDetail", "array", "id, name, weight, port, device, ends of each link"},
	{"state", "string", "planned, running, deleting or failed"},
	{"host", "string", "the machine that runs it"},
	{"pid", "integer", "of its process"},
	{"reachable", "integer", "routers that it has a route to"},
	{"restarts", "integer", "how often its process was started again"},
	{"label", "string", "for people; may be missing"},
	{"latitude", "number", "may be missing"},
	{"longitude", "number", "may be missing"},
	{"limits", "object", "memory, cpu, pids that differ from the default; may be missing"},
	{"interfaces", "array", "of the host, attached; may be missing"},
	{"apps", "array", "ids of the applications on it; may be missing"},
	{.name = NULL}};
static const struct api_field changed_fields[] = {
	IDENTITY_FIELDS,
	{"state", "string", "and all other fields of a record"},
	API_OP_FIELDS,
	{.name = NULL}};
static const struct api_field list_fields[] = {{"type", "string", "router"},
					       {"list", "array", "ids"},
					       {"detail", "array", "records, with detail=all"},
					       {.name = NULL}};
static const struct api_field removed_fields[] = {
	{"type", "string", "shutdown"},
	{"list", "array", "routerID, name and time of routers that ended"},
	{.name = NULL}};
static const struct api_field deleted_fields[] = {
	{"router", "integer", "its id"}, {"name", "string", ""}, API_OP_FIELDS, {.name = NULL}};
static const struct api_field value_fields[] = {{"value", "integer", ""}, {.name = NULL}};
static const struct api_field links_fields[] = {{"type", "string", "link"},
						{"routerID", "integer", ""},
						{"list", "array", "what attr says"},
						{.name = NULL}};
static const struct api_field link_fields[] = {
	{"linkID", "integer", ""},
	{"linkName", "string", ""},
	{"nodes", "array", "ids of its routers"},
	{"weight", "integer", ""},
	{"state", "string", "up, down or silent; see GET /link/{l}"},
	{.name = NULL}};
static const struct api_field routes_fields[] = {
	{"routerID", "integer", ""},
	{"routes", "array", "destination, name, nexthop, nexthopName, device, linkID, metric"},
	{.name = NULL}};
static const struct api_field application_fields[] = {
	{"routerID", "integer", ""},
	{"uid", "integer", "user and group of the router's applications; 0: root"},
	{"pids", "integer", "the limit; 0: the default"},
	{"cgroups", "array", "directories of the control groups to join"},
	{"hide", "array", "directories that are not the application's business"},
	{.name = NULL}};
static const struct api_field stats_fields[] = {
	{"routerID", "integer", ""},
	{"edge", "object", "counters towards the router's own programs"},
	{"links", "array", "linkID, name, device, counts"},
	{.name = NULL}};
static const struct api_field link_stats_fields[] = {
	{"type", "string", "link_stats"},
	{"routerID", "integer", ""},
	{"links", "array", "ids of the neighbours"},
	{"link_stats", "array", "for each: neighbour and link, then 16 counters"},
	{.name = NULL}};

const struct api_route api_router_routes[] = {
	{"POST", "/router/", post_router, "Creates a router.", post_params, made_fields, API_WAITS,
	 201},
	{"GET", "/router/", get_routers, "Lists routers.", list_params, list_fields, API_CACHED,
	 200},
	{"GET", "/router/count", get_count, "How many routers there are.", NULL, value_fields, 0,
	 200},
	{"GET", "/router/maxid", get_maxid, "The highest id of a router that exists.", NULL,
	 value_fields, 0, 200},
	{"GET", "/router/{r}", get_router, "One router.", NULL, record_fields, 0, 200},
	{"PUT", "/router/{r}", put_router, "Changes the limits of a router's programs.", put_params,
	 changed_fields, API_WAITS, 200},
	{"DELETE", "/router/{r}", delete_router, "Deletes a router and its links.", NULL,
	 deleted_fields, API_WAITS, 200},
	{"GET", "/router/{r}/link/", api_get_router_links, "Lists the links of a router.",
	 attr_params, links_fields, 0, 200},
	{"GET", "/router/{r}/link/{l}", api_get_router_link, "One link of a router.", NULL,
	 link_fields, 0, 200},
	{"GET", "/router/{r}/route/", api_get_routes, "A router's routing table.", NULL,
	 routes_fields, 0, 200},
	{"GET", "/router/{r}/application", api_get_application,
	 "What a program needs to become an application on a router.", NULL, application_fields, 0,
	 200},
	{"GET", "/router/{r}/stats", api_get_stats, "A router's counters.", NULL, stats_fields, 0,
	 200},
	{"GET", "/router/{r}/link_stats", api_get_link_stats,
	 "Counters of a router's links, in the original's form.", NULL, link_stats_fields, 0, 200},
	{"GET", "/router/{r}/link_stats/{dst}", api_get_link_stats,
	 "The same, of the links to one neighbour.", NULL, link_stats_fields, 0, 200},
	{"GET", "/removed/", get_removed, "Routers that ended.", page_params, removed_fields, 0,
	 200},
	{.method = NULL}};
