// SPDX-License-Identifier: GPL-2.0-or-later
/* /link/: handlers and their table. */
#include <stdio.h>
#include <string.h>

#include "daemon/api/encode.h"
#include "daemon/api/router_view.h"
#include "daemon/api/routes.h"

static const char *const shape_keys[] = {"rate",      "delay",	 "jitter",  "distribution", "loss",
					 "duplicate", "corrupt", "reorder", "limit",	    "seed"};

static struct model_link *link_of(struct api_call *call)
{
	const char *ref = api_path(call, "l");
	struct model_link *link = NULL;
	struct err err;

	if (ctl_link_find(call->api->ctl, ref, &link, &err) < 0)
		api_answer_err(call, &err);
	return link;
}

static void added(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	struct model_link *link = model_link_by_id(call->api->model, op->link_id);

	api_answer_op(call, 201, link ? api_encode_link_made(link) : json_object(), op);
}

/* The properties given, for both directions. 1: some are, 0: none, -EINVAL. */
static int read_shape(struct api_call *call, struct topo_shape shape[2], struct err *err)
{
	for (size_t i = 0; i < sizeof(shape_keys) / sizeof(shape_keys[0]); i++) {
		const char *value = api_text(call, shape_keys[i]);
		int r = value ? topo_shape_parse(&shape[0], shape_keys[i], value, err) : 0;

		if (r < 0)
			return r;
	}
	shape[1] = shape[0];
	return shape[0].set != 0;
}

static void post_link(struct api_call *call)
{
	struct ctl_link_spec spec = {
		.router1 = api_text(call, "router1"),
		.router2 = api_text(call, "router2"),
		.name = api_text(call, "linkName"),
		.weight = (uint32_t)api_int(call, "weight", 1),
	};
	struct err err = {0};
	uint64_t op = 0;
	int r = read_shape(call, spec.shape, &err);

	if (r > 0 && api_call_warn(call, API_SHAPE_WARNING) < 0)
		r = err_set(&err, ENOMEM, "out of memory");
	if (r >= 0 && spec.name)
		r = name_check(spec.name, "linkName", &err);
	if (r >= 0)
		r = ctl_link_add(call->api->ctl, &spec, api_done(call, added), call, &op, &err);
	api_started(call, r, op, &err);
}

static void get_links(struct api_call *call)
{
	const char *detail = api_text(call, "detail");
	bool all = detail && strcmp(detail, "all") == 0;
	json_t *list = json_array(), *records = all ? json_array() : NULL, *json;
	struct api_page page = api_page_of(call);
	const struct list *pos;

	list_for_each (pos, &call->api->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (!api_page_takes(&page))
			continue;
		json_array_append_new(list, json_integer(link->id));
		if (all)
			json_array_append_new(records, api_encode_link(link));
	}
	json = json_pack("{s:s,s:o}", "type", "link", "list", list);
	if (json && all)
		json_object_set_new(json, "detail", records);
	api_answer(call, 200, json);
}

void api_answer_link(struct api_call *call, const struct model_link *link)
{
	uint32_t ports[2] = {link->end[0].port, link->end[1].port};
	struct host_counts counts[2] = {0};
	int r = ctl_counts_read(call->api->ctl, ports, 2, counts);
	json_t *json;

	if (r < 0) {
		api_answer_error(call, 503, "counters: cannot be read: %s", strerror(-r));
		return;
	}
	json = api_encode_link(link);
	if (json)
		json_object_set_new(json, "counts",
				    json_pack("[o,o]", api_encode_counts(&counts[0]),
					      api_encode_counts(&counts[1])));
	api_answer(call, 200, json);
}

static void get_link(struct api_call *call)
{
	struct model_link *link = link_of(call);

	if (link)
		api_answer_link(call, link);
}

static void changed(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	struct model_link *link = model_link_by_id(call->api->model, call->about.id);

	api_answer_op(call, 200, link ? api_encode_link(link) : json_object(), op);
}

static enum model_admin admin_of(const char *word)
{
	return strcmp(word, "down") == 0     ? MODEL_DOWN
	       : strcmp(word, "silent") == 0 ? MODEL_SILENT
					     : MODEL_UP;
}

static void put_link(struct api_call *call)
{
	const char *state = api_text(call, "state");
	struct ctl_link_change change = {.weight = (uint32_t)api_int(call, "weight", 0)};
	struct model_link *link = link_of(call);
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!link)
		return;
	if (!state && !change.weight) {
		api_answer_error(call, 400, "weight, state: one of them must be given");
		return;
	}
	if (state) {
		change.set_admin = true;
		change.admin = admin_of(state);
	}
	call->about.id = link->id;
	r = ctl_link_set(call->api->ctl, link->name, &change, api_done(call, changed), call, &op,
			 &err);
	api_started(call, r, op, &err);
}

static void deleted(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	const struct api_about *about = &call->about;

	api_answer_op(call, 200,
		      json_pack("{s:I,s:s,s:I,s:I}", "linkID", (json_int_t)about->id, "linkName",
				about->name, "router1", (json_int_t)about->a, "router2",
				(json_int_t)about->b),
		      op);
}

static void delete_link(struct api_call *call)
{
	struct model_link *link = link_of(call);
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!link)
		return;
	call->about.id = link->id;
	call->about.a = link->end[0].router->id;
	call->about.b = link->end[1].router->id;
	snprintf(call->about.name, sizeof(call->about.name), "%s", link->name);
	r = ctl_link_delete(call->api->ctl, call->about.name, api_done(call, deleted), call, &op,
			    &err);
	api_started(call, r, op, &err);
}

static void get_count(struct api_call *call)
{
	api_answer(call, 200,
		   json_pack("{s:I}", "value", (json_int_t)call->api->model->link_count));
}

#define WEIGHT_PARAM                                                                               \
	{                                                                                          \
		"weight", API_INTEGER, .min = 1, .max = TOPO_WEIGHT_MAX,                           \
				       .doc = "cost of the link in shortest paths"                 \
	}
static const struct api_param post_params[] = {
	{"router1", API_REF, true, .doc = "id, name or address"},
	{"router2", API_REF, true, .doc = "id, name or address"},
	WEIGHT_PARAM,
	{"linkName", API_STRING, .doc = "1 to 63 of A-Z a-z 0-9 . _ -; A-B if not given"},
	{"rate", API_STRING, .doc = "10mbit; this and the following: recorded, not emulated yet"},
	{"delay", API_STRING, .doc = "20ms"},
	{"jitter", API_STRING, .doc = "2ms"},
	{"distribution", API_STRING, .doc = "uniform, normal or pareto"},
	{"loss", API_STRING, .doc = "0.1%"},
	{"duplicate", API_STRING, .doc = "0.1%"},
	{"corrupt", API_STRING, .doc = "0.1%"},
	{"reorder", API_STRING, .doc = "0.1%"},
	{"limit", API_REF, .doc = "packets in the queue: 100p"},
	{"seed", API_REF, .doc = "of the random numbers"},
	{.name = NULL}};
static const struct api_param put_params[] = {
	WEIGHT_PARAM,
	{"state", API_WORD, .words = "up|down|silent",
	 .doc = "down: carrier lost; silent: frames dropped, the carrier stays"},
	{.name = NULL}};
static const struct api_param list_params[] = {API_DETAIL_PARAM, API_PAGE_PARAMS, {.name = NULL}};

#define MADE_FIELDS                                                                                \
	{"linkID", "integer", "never used again"}, {"linkName", "string", ""},                     \
		{"router1", "integer", "id of end A"},                                             \
	{                                                                                          \
		"router2", "integer", "id of end B"                                                \
	}
#define RECORD_FIELDS                                                                              \
	{"id", "integer", ""}, {"linkID", "integer", "the same"}, {"name", "string", ""},          \
		{"linkName", "string", "the same"}, {"weight", "integer", ""},                     \
		{"nodes", "array", "ids of its routers, A and B"},                                 \
		{"time", "integer", "of its creation, ms since 1970"},                             \
		{"state", "string", "up, down or silent: as set"},                                 \
		{"oper", "array", "for A and B: hears its neighbour"},                             \
		{"ports", "array", "interface indices of A's and B's device"},                     \
		{"devices", "array", "their names"}, {"names", "array", "of its routers"},         \
		{"shape", "object", "a-to-b and b-to-a: rate, delay, ..."},                        \
	{                                                                                          \
		"label", "string", "for people; may be missing"                                    \
	}
static const struct api_field made_fields[] = {
	MADE_FIELDS,
	{"weight", "integer", ""},
	{"warnings", "array", "what was interpreted; may be missing"},
	API_OP_FIELDS,
	{.name = NULL}};
static const struct api_field deleted_fields[] = {MADE_FIELDS, API_OP_FIELDS, {.name = NULL}};
static const struct api_field record_fields[] = {
	RECORD_FIELDS, {"counts", "array", "counters of A's and of B's end"}, {.name = NULL}};
static const struct api_field changed_fields[] = {RECORD_FIELDS, API_OP_FIELDS, {.name = NULL}};
static const struct api_field list_fields[] = {{"type", "string", "link"},
					       {"list", "array", "ids"},
					       {"detail", "array", "records, with detail=all"},
					       {.name = NULL}};
static const struct api_field value_fields[] = {{"value", "integer", ""}, {.name = NULL}};

const struct api_route api_link_routes[] = {
	{"POST", "/link/", post_link, "Creates a link between two routers.", post_params,
	 made_fields, API_WAITS, 201},
	{"GET", "/link/", get_links, "Lists links.", list_params, list_fields, API_CACHED, 200},
	{"GET", "/link/count", get_count, "How many links there are.", NULL, value_fields, 0, 200},
	{"GET", "/link/{l}", get_link, "One link.", NULL, record_fields, 0, 200},
	{"PUT", "/link/{l}", put_link, "Changes a link's weight or state.", put_params,
	 changed_fields, API_WAITS, 200},
	{"DELETE", "/link/{l}", delete_link, "Deletes a link.", NULL, deleted_fields, API_WAITS,
	 200},
	{.method = NULL}};
