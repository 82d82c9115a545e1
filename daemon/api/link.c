// SPDX-License-Identifier: GPL-2.0-or-later
/* /link/: handlers and their table. */
#include <stdio.h>
#include <string.h>

#include "daemon/api/encode.h"
#include "daemon/api/router_view.h"
#include "daemon/api/listing.h"
#include "daemon/api/routes.h"

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

/* The properties given, into *change and *clear. 1: some are, 0: none, -EINVAL. */
static int read_shape(const struct api_call *call, struct topo_shape *change, uint32_t *clear,
		      struct err *err)
{
	const char *key;

	for (size_t i = 0; (key = topo_shape_key(i)); i++) {
		const char *value = api_text(call, key);
		int r = value ? topo_shape_change(change, clear, key, value, err) : 0;

		if (r < 0)
			return r;
	}
	return change->set || *clear;
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
	uint32_t none = 0; /* there is nothing to take away */
	uint64_t op = 0;
	int r = read_shape(call, &spec.shape[0], &none, &err);

	spec.shape[1] = spec.shape[0];
	if (r >= 0 && spec.name)
		r = name_check(spec.name, "linkName", &err);
	if (r >= 0)
		r = ctl_link_add(call->api->ctl, &spec, api_done(call, added), call, &op, &err);
	api_started(call, r, op, &err);
}

static void get_links(struct api_call *call)
{
	struct api_listing listing;
	const struct list *pos;

	api_listing_start(&listing, call);
	list_for_each (pos, &call->api->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (api_listing_takes(&listing))
			api_listing_add(&listing, link->id,
					listing.records ? api_encode_link(call->api, link) : NULL);
	}
	api_listing_answer(&listing, call, "link", NULL);
}

void api_answer_link(struct api_call *call, const struct model_link *link)
{
	uint32_t ports[2] = {link->end[0].port, link->end[1].port};
	struct host_counts counts[2] = {0};
	struct host_line lines[2] = {0};
	int r = ctl_counts_read(call->api->ctl, ports, 2, counts);
	json_t *json;

	if (r == 0)
		r = ctl_lines_read(call->api->ctl, ports, 2, lines);
	if (r < 0) {
		api_answer_error(call, 503, "counters: cannot be read: %s", strerror(-r));
		return;
	}
	json = api_encode_link(call->api, link);
	if (json) {
		json_object_set_new(json, "counts",
				    json_pack("[o,o]", api_encode_counts(&counts[0]),
					      api_encode_counts(&counts[1])));
		json_object_set_new(
			json, "emulation",
			json_pack("[o,o]", api_encode_line(&lines[0]), api_encode_line(&lines[1])));
	}
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

	api_answer_op(call, 200, link ? api_encode_link(call->api, link) : json_object(), op);
}

static enum model_admin admin_of(const char *word)
{
	return strcmp(word, "down") == 0     ? MODEL_DOWN
	       : strcmp(word, "silent") == 0 ? MODEL_SILENT
					     : MODEL_UP;
}

/* Properties of the shape, of both directions or of that which starts at from. 1, 0 as read_shape()
 * or -errno. */
static int read_change(const struct api_call *call, const struct model_link *link,
		       struct ctl_link_change *change, struct err *err)
{
	const char *from = api_text(call, "from");
	const struct model_router *router = from ? model_router_find(call->api->model, from) : NULL;
	struct topo_shape shape = {0};
	uint32_t clear = 0;
	int r = read_shape(call, &shape, &clear, err);

	if (r < 0)
		return r;
	if (from && r == 0)
		return err_set(err, EINVAL, "from: there is no property of the shape with it");
	if (from && !router)
		return err_set(err, ENOENT, "from: there is no router '%.63s'", from);
	if (from && link->end[0].router != router && link->end[1].router != router)
		return err_set(err, EINVAL, "from: %s is not an end of link %s", router->name,
			       link->name);
	for (int side = 0; side < 2; side++) {
		if (from && link->end[side].router != router)
			continue;
		change->shape[side] = shape;
		change->clear[side] = clear;
	}
	return r;
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
	r = read_change(call, link, &change, &err);
	if (r < 0) {
		api_answer_err(call, &err);
		return;
	}
	if (!state && !change.weight && r == 0) {
		api_answer_error(call, 400, "weight, state, rate, ...: one of them must be given");
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
/* Those of topo_shape_key(). */
#define SHAPE_PARAMS                                                                               \
	{"rate", API_QUANTITY, .doc = "10mbit; of this and the following none takes it away"},     \
		{"delay", API_QUANTITY, .doc = "20ms"}, {"jitter", API_QUANTITY, .doc = "2ms"},    \
		{"distribution", API_STRING,                                                       \
		 .doc = "of the jitter: uniform, normal, pareto or paretonormal"},                 \
		{"loss", API_QUANTITY, .doc = "0.1%"},                                             \
		{"burst", API_QUANTITY, .doc = "mean number of packets of a burst of losses"},     \
		{"burst-loss", API_QUANTITY, .doc = "lost within a burst: 50%; all if not given"}, \
		{"duplicate", API_QUANTITY, .doc = "0.1%"},                                        \
		{"corrupt", API_QUANTITY, .doc = "0.1%"},                                          \
		{"reorder", API_QUANTITY, .doc = "0.1%"},                                          \
		{"order", API_STRING, .doc = "free, or keep: jitter does not reorder"},            \
		{"limit", API_QUANTITY, .doc = "packets in the queue: 100p"},                      \
		{"overhead", API_QUANTITY, .doc = "bytes that rate counts with each frame"},       \
		{"seed", API_QUANTITY, .doc = "of the random numbers"},                            \
	{                                                                                          \
		"backend", API_STRING, .doc = "auto, tc, bpf, relay or kmod"                       \
	}
static const struct api_param post_params[] = {
	{"router1", API_REF, true, .doc = "id, name or address"},
	{"router2", API_REF, true, .doc = "id, name or address"},
	WEIGHT_PARAM,
	{"linkName", API_STRING, .doc = "1 to 63 of A-Z a-z 0-9 . _ -; A-B if not given"},
	SHAPE_PARAMS,
	{.name = NULL}};
static const struct api_param put_params[] = {
	WEIGHT_PARAM,
	{"state", API_WORD, .words = "up|down|silent",
	 .doc = "down: carrier lost; silent: frames dropped, the carrier stays"},
	SHAPE_PARAMS,
	{"from", API_REF, .doc = "an end: the shape of the direction that starts there only"},
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
		{"backends", "object", "a-to-b and b-to-a: what emulates that"},                   \
	{                                                                                          \
		"label", "string", "for people; may be missing"                                    \
	}
static const struct api_field made_fields[] = {
	MADE_FIELDS, {"weight", "integer", ""}, API_OP_FIELDS, {.name = NULL}};
static const struct api_field deleted_fields[] = {MADE_FIELDS, API_OP_FIELDS, {.name = NULL}};
static const struct api_field record_fields[] = {
	RECORD_FIELDS,
	{"counts", "array", "counters of A's and of B's end"},
	{"emulation", "array", "likewise, of the direction that starts there"},
	{.name = NULL}};
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
	{"PUT", "/link/{l}", put_link,
	 "Changes a link's weight, state or shape: what is named, the rest stays.", put_params,
	 changed_fields, API_WAITS, 200},
	{"DELETE", "/link/{l}", delete_link, "Deletes a link.", NULL, deleted_fields, API_WAITS,
	 200},
	{.method = NULL}};
