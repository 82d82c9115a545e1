// SPDX-License-Identifier: GPL-2.0-or-later
/* Routers in JSON. Field names are the original's where it had them (routerID, linkIDs, ...). */
#include "daemon/api/encode.h"

#include "daemon/api/app.h"

#include <string.h>

const char *api_state_name(enum model_state state)
{
	switch (state) {
	case MODEL_PLANNED:
		return "planned";
	case MODEL_RUNNING:
		return "running";
	case MODEL_DELETING:
		return "deleting";
	case MODEL_FAILED:
		return "failed";
	}
	return "unknown";
}

/* mgmtPort and r2rPort are the original's; a router here has no TCP ports of its own: 0. */
static json_t *encode_identity(struct api *api, const struct model_router *router)
{
	char address[ADDR_TEXT_SIZE], netns[256];

	if (ctl_netns_path(api->ctl, router->name, netns, sizeof(netns)) < 0)
		netns[0] = '\0';
	return json_pack("{s:I,s:s,s:s,s:i,s:i,s:s}", "routerID", (json_int_t)router->id, "name",
			 router->name, "address", addr_format(router->address, address), "mgmtPort",
			 0, "r2rPort", 0, "netns", netns);
}

json_t *api_encode_router_made(struct api *api, const struct model_router *router)
{
	return encode_identity(api, router);
}

json_t *api_encode_router_neighbours(const struct model_router *router)
{
	json_t *routers = json_array(), *ids = json_array(), *details = json_array();
	const struct list *pos;

	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		json_array_append_new(routers, json_integer(api_other_end(end)->router->id));
		json_array_append_new(ids, json_integer(end->link->id));
		json_array_append_new(details, api_encode_link_end(end));
	}
	return json_pack("{s:o,s:o,s:o}", "links", routers, "linkIDs", ids, "linkDetail", details);
}

/* As texts, in the words of a topology file; but pids, which is a number there, too. */
static void put_limits(json_t *json, const struct topo_limits *limits)
{
	json_t *object = NULL;
	const char *key;
	char value[48];

	for (size_t i = 0; topo_limits_format(limits, i, &key, value) == 0; i++) {
		if (!object)
			object = json_object();
		json_object_set_new(object, key,
				    strcmp(key, "pids") == 0 ? json_integer(limits->pids)
							     : json_string(value));
	}
	if (object)
		json_object_set_new(json, "limits", object);
}

json_t *api_encode_router(struct api *api, const struct model_router *router)
{
	json_t *json = encode_identity(api, router);
	json_t *neighbours = api_encode_router_neighbours(router);
	json_t *more = json_pack(
		"{s:I,s:s,s:s,s:I,s:I,s:I}", "time", (json_int_t)router->created_ms, "state",
		api_state_name(router->state), "host", router->host, "pid", (json_int_t)router->pid,
		"reachable", (json_int_t)router->reachable, "restarts",
		(json_int_t)router->restarts);

	if (!json || !neighbours || !more || json_object_update(json, neighbours) < 0 ||
	    json_object_update(json, more) < 0) {
		json_decref(json);
		json = NULL;
	}
	json_decref(neighbours);
	json_decref(more);
	if (!json)
		return NULL;
	if (router->label)
		json_object_set_new(json, "label", json_string(router->label));
	if (router->has_position) {
		json_object_set_new(json, "latitude", json_real(router->latitude));
		json_object_set_new(json, "longitude", json_real(router->longitude));
	}
	put_limits(json, &router->limits);
	if (router->app_count)
		json_object_set_new(json, "apps", api_encode_app_ids(router));
	if (topo_ifaces_count(router->interfaces))
		json_object_set_new(json, "interfaces", api_encode_interfaces(router->interfaces));
	return json;
}
