// SPDX-License-Identifier: GPL-2.0-or-later
/* Below one router: its links, routing table and counters. Handlers for router.c's table. */
#include "daemon/api/router_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/encode.h"
#include "include/shared/maps.h"

void api_get_router_links(struct api_call *call)
{
	const char *attr = api_text(call, "attr");
	struct model_router *router = api_router_of(call);
	const struct list *pos;
	json_t *list;

	if (!router)
		return;
	list = json_array();
	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		json_array_append_new(list, api_encode_link_attr(end, attr ? attr : "id"));
	}
	api_answer(call, 200,
		   json_pack("{s:s,s:I,s:o}", "type", "link", "routerID", (json_int_t)router->id,
			     "list", list));
}

void api_get_router_link(struct api_call *call)
{
	const char *ref = api_path(call, "l");
	struct model_router *router = api_router_of(call);
	struct model_link *link = NULL;
	struct err err;

	if (!router)
		return;
	if (ctl_link_find(call->api->ctl, ref, &link, &err) == -ENOTUNIQ)
		api_answer_err(call, &err);
	else if (!link || (link->end[0].router != router && link->end[1].router != router))
		api_answer_error(call, 404, "link: %s has no '%.160s'", router->name, ref);
	else
		api_answer_link(call, link);
}

static void put_name(json_t *json, const char *key, const struct model *model, uint32_t address)
{
	const struct model_router *router = model_router_by_address(model, address);

	json_object_set_new(json, key, json_string(router ? router->name : ""));
}

static json_t *encode_route(const struct model *model, const struct frame_route *route)
{
	char dst[ADDR_TEXT_SIZE], nexthop[ADDR_TEXT_SIZE];
	const struct model_end *end = model_end_by_port(model, route->port);
	json_t *json = json_pack(
		"{s:s,s:s,s:s,s:I,s:I}", "destination", addr_format(route->dst, dst), "nexthop",
		addr_format(route->nexthop, nexthop), "device", end ? end->ifname : "", "linkID",
		(json_int_t)(end ? end->link->id : 0), "metric", (json_int_t)route->metric);

	if (!json)
		return NULL;
	put_name(json, "name", model, route->dst);
	put_name(json, "nexthopName", model, route->nexthop);
	return json;
}

static void routes_dumped(void *arg, int status, const struct frame_route *routes, size_t count)
{
	struct api_call *call = arg;
	json_t *list;

	if (status < 0) {
		api_answer_error(call, 503, "routes: the router does not answer: %s",
				 strerror(-status));
		return;
	}
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, encode_route(call->api->model, &routes[i]));
	api_answer(call, 200,
		   json_pack("{s:I,s:o}", "routerID", (json_int_t)call->about.id, "routes", list));
}

void api_get_routes(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct err err = {0};

	if (!router)
		return;
	call->about.id = router->id;
	if (ctl_routes_dump(call->api->ctl, router->name, routes_dumped, call, &err) < 0)
		api_answer_err(call, &err);
}

void api_get_application(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct host_app app = {0};
	json_t *cgroups, *hide;

	if (!router)
		return;
	if (ctl_application(call->api->ctl, router, &app) < 0) {
		api_answer_error(call, 503, "router: %s does not run", router->name);
		return;
	}
	cgroups = json_array();
	for (char **dir = app.cgroups; dir && *dir; dir++)
		json_array_append_new(cgroups, json_string(*dir));
	free(app.cgroups);
	hide = json_array();
	json_array_append_new(hide, json_string(call->api->runtime_dir));
	if (call->api->state_dir)
		json_array_append_new(hide, json_string(call->api->state_dir));
	api_answer(call, 200,
		   json_pack("{s:I,s:I,s:I,s:o,s:o}", "routerID", (json_int_t)router->id, "uid",
			     (json_int_t)app.uid, "pids", (json_int_t)router->limits.pids,
			     "cgroups", cgroups, "hide", hide));
}

/* The ports of a router, the edge first, with their counters. NULL: the call is answered. */
static struct host_counts *read_counts(struct api_call *call, const struct model_router *router)
{
	size_t n = 1 + router->link_count, i = 1;
	struct host_counts *counts = calloc(n, sizeof(*counts));
	uint32_t *ports = calloc(n, sizeof(*ports));
	const struct list *pos;
	int r = -ENOMEM;

	if (counts && ports) {
		ports[0] = router->edge_port;
		list_for_each (pos, &router->links) {
			if (i < n)
				ports[i++] = list_entry(pos, struct model_end, of_router)->port;
		}
		r = ctl_counts_read(call->api->ctl, ports, i, counts);
	}
	free(ports);
	if (r >= 0)
		return counts;
	free(counts);
	api_answer_error(call, 503, "counters: cannot be read: %s", strerror(-r));
	return NULL;
}

void api_get_stats(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct host_counts *counts;
	const struct list *pos;
	json_t *list;
	size_t i = 1;

	if (!router)
		return;
	counts = read_counts(call, router);
	if (!counts)
		return;
	list = json_array();
	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		json_array_append_new(list, json_pack("{s:I,s:s,s:s,s:o}", "linkID",
						      (json_int_t)end->link->id, "name",
						      end->link->name, "device", end->ifname,
						      "counts", api_encode_counts(&counts[i++])));
	}
	api_answer(call, 200,
		   json_pack("{s:I,s:o,s:o}", "routerID", (json_int_t)router->id, "edge",
			     api_encode_counts(&counts[0]), "links", list));
	free(counts);
}

/*
 * The original's row: In Bytes Packets Errors Dropped DataBytes DataPackets, Out the same, then
 * InQueue BiggestInQueue OutQueue BiggestOutQueue. Errors are malformed datagrams; control traffic
 * is not counted apart, so data equals all; there is no queue on a link's fast path: 0.
 */
static json_t *encode_link_stats(const struct model_end *end, const struct host_counts *c)
{
	char what[NAME_SIZE + LINK_NAME_SIZE + 1];
	uint64_t errors = c->drop[VLSP_DROP_VERSION] + c->drop[VLSP_DROP_LENGTH] +
			  c->drop[VLSP_DROP_CHECKSUM];
	uint64_t dropped = 0;

	for (int i = 0; i < VLSP_DROP_CAUSES; i++)
		dropped += c->drop[i];
	dropped -= errors;
	snprintf(what, sizeof(what), "%s %s", api_other_end(end)->router->name, end->link->name);
	return json_pack("[s,I,I,I,I,I,I,I,I,i,i,I,I,i,i,i,i]", what, (json_int_t)c->rx_bytes,
			 (json_int_t)c->rx_packets, (json_int_t)errors, (json_int_t)dropped,
			 (json_int_t)c->rx_bytes, (json_int_t)c->rx_packets,
			 (json_int_t)c->tx_bytes, (json_int_t)c->tx_packets, 0, 0,
			 (json_int_t)c->tx_bytes, (json_int_t)c->tx_packets, 0, 0, 0, 0);
}

void api_get_link_stats(struct api_call *call)
{
	const char *ref = api_path(call, "dst");
	struct model_router *router = api_router_of(call), *dst = NULL;
	struct host_counts *counts;
	json_t *links, *rows;
	const struct list *pos;
	size_t i = 0;

	if (!router)
		return;
	if (ref) {
		dst = model_router_find(call->api->model, ref);
		if (!dst || model_links_between(router, dst, NULL, 0) == 0) {
			api_answer_error(call, 404, "router: %s has no link to '%.80s'",
					 router->name, ref);
			return;
		}
	}
	counts = read_counts(call, router);
	if (!counts)
		return;
	links = json_array();
	rows = json_array();
	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);
		const struct model_router *other = api_other_end(end)->router;

		i++;
		if (dst && dst != other)
			continue;
		json_array_append_new(links, json_integer(other->id));
		json_array_append_new(rows, encode_link_stats(end, &counts[i]));
	}
	api_answer(call, 200,
		   json_pack("{s:s,s:I,s:o,s:o}", "type", "link_stats", "routerID",
			     (json_int_t)router->id, "links", links, "link_stats", rows));
	free(counts);
}
