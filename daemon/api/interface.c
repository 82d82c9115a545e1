// SPDX-License-Identifier: GPL-2.0-or-later
/* /router/{r}/interface/: interfaces of the host attached to a router. Handlers and their table. */
#include "daemon/ctl/interface.h"

#include <stdio.h>
#include <string.h>

#include "daemon/api/encode.h"
#include "daemon/api/router_view.h"
#include "daemon/api/routes.h"

json_t *api_encode_interface(const struct topo_iface *iface)
{
	json_t *addresses = json_array(), *json;
	char text[PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < iface->address_count; i++)
		json_array_append_new(addresses,
				      json_string(prefix_text_format(&iface->address[i], text)));
	json = json_pack("{s:s,s:s,s:s,s:o}", "name", iface->name, "host", iface->host, "mode",
			 topo_iface_mode_name(iface->mode), "address", addresses);
	if (json && iface->owner[0])
		json_object_set_new(json, "owner", json_string(iface->owner));
	if (json && iface->force)
		json_object_set_new(json, "force", json_true());
	return json;
}

json_t *api_encode_interfaces(const struct topo_ifaces *interfaces)
{
	json_t *list = json_array();

	for (size_t i = 0; i < topo_ifaces_count(interfaces); i++)
		json_array_append_new(list, api_encode_interface(&interfaces->list[i]));
	return list;
}

static void attached(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	const struct model_router *router = model_router_by_id(call->api->model, op->router_id);
	const struct topo_iface *iface =
		router ? topo_ifaces_find(router->interfaces, call->about.name) : NULL;
	json_t *json = iface ? api_encode_interface(iface) : json_object();

	if (json && router) {
		json_object_set_new(json, "routerID", json_integer(router->id));
		json_object_set_new(json, "router", json_string(router->name));
	}
	api_answer_op(call, 201, json, op);
}

static int iface_of(const struct api_call *call, struct topo_iface *iface, struct err *err)
{
	const char *key, *value;
	int r = 0;

	for (size_t i = 0; r == 0 && (key = topo_iface_key(i)); i++) {
		value = api_text(call, key);
		if (strcmp(key, "force") == 0)
			iface->force = api_bool(call, key, false);
		else if (value)
			r = topo_iface_parse(iface, key, value, err);
	}
	return r < 0 ? r : topo_iface_complete(iface, err);
}

static void post_interface(struct api_call *call)
{
	struct model_router *router = api_router_of(call);
	struct topo_iface iface = {0};
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	if (iface_of(call, &iface, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	snprintf(call->about.name, sizeof(call->about.name), "%s", iface.name);
	r = ctl_interface_attach(call->api->ctl, router->name, &iface, api_done(call, attached),
				 call, &op, &err);
	api_started(call, r, op, &err);
}

static void get_interfaces(struct api_call *call)
{
	const struct model_router *router = api_router_of(call);

	if (router)
		api_answer(call, 200,
			   json_pack("{s:s,s:I,s:o}", "type", "interface", "routerID",
				     (json_int_t)router->id, "list",
				     api_encode_interfaces(router->interfaces)));
}

static void detached(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;

	api_answer_op(call, 200,
		      json_pack("{s:I,s:s}", "routerID", (json_int_t)call->about.id, "name",
				call->about.name),
		      op);
}

static void delete_interface(struct api_call *call)
{
	const struct model_router *router = api_router_of(call);
	const char *name = api_path(call, "i");
	struct err err = {0};
	uint64_t op = 0;
	int r;

	if (!router)
		return;
	call->about.id = router->id;
	snprintf(call->about.name, sizeof(call->about.name), "%s", name);
	r = ctl_interface_detach(call->api->ctl, router->name, name, api_done(call, detached), call,
				 &op, &err);
	api_started(call, r, op, &err);
}

static const struct api_param post_params[] = {
	{"host", API_STRING, .required = true, .doc = "the interface of the host"},
	{"mode", API_WORD, .words = "move|macvlan|bridge|tap",
	 .doc = "move: the device itself (default); macvlan: one of the router's own on it; "
		"bridge: "
		"a cable to a bridge of the host; tap: a TAP device is made, for a virtual "
		"machine"},
	{"name", API_STRING, .doc = "on the router; as on the host if not given"},
	{"address", API_STRING, .doc = "with its prefix length; several with commas"},
	{"owner", API_STRING, .doc = "user who may open the TAP device; root if not given"},
	{"force", API_BOOLEAN, .doc = "true: take it even if the host needs it"},
	{.name = NULL}};

#define INTERFACE_FIELDS                                                                           \
	{"name", "string", "on the router"}, {"host", "string", "on the host"},                    \
		{"mode", "string", "move, macvlan, bridge or tap"},                                \
		{"address", "array", "that it was given"},                                         \
		{"owner", "string", "of a TAP device; may be missing"},                            \
	{                                                                                          \
		"force", "boolean", "true: although the host needs it; may be missing"             \
	}
static const struct api_field made_fields[] = {INTERFACE_FIELDS,
					       {"routerID", "integer", ""},
					       {"router", "string", "its name"},
					       API_OP_FIELDS,
					       {.name = NULL}};
static const struct api_field list_fields[] = {
	{"type", "string", "interface"},
	{"routerID", "integer", ""},
	{"list", "array", "name, host, mode, address, owner, force of each"},
	{.name = NULL}};
static const struct api_field gone_fields[] = {{"routerID", "integer", ""},
					       {"name", "string", "as it was asked for"},
					       API_OP_FIELDS,
					       {.name = NULL}};

const struct api_route api_interface_routes[] = {
	{"POST", "/router/{r}/interface/", post_interface,
	 "Attaches an interface of the host to a router.", post_params, made_fields, API_WAITS,
	 201},
	{"GET", "/router/{r}/interface/", get_interfaces, "Lists the interfaces that it has.", NULL,
	 list_fields, 0, 200},
	{"DELETE", "/router/{r}/interface/{i}", delete_interface, "Gives one back to the host.",
	 NULL, gone_fields, API_WAITS, 200},
	{.method = NULL}};
