// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One router's namespace as the kernel has it: lo, the link ends, their classifiers; four dumps
 * and one message full of questions. Called by local_look.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_look.h"
#include "daemon/host/local_ns.h"
#include "daemon/host/local_tag.h"
#include "lib/nlk/dump.h"

#define LO 1 /* ifindex */

struct view {
	struct local_look *look;
	const struct host_router *router;
	struct local_end_seen *ends;
	size_t end_count;
	size_t strays; /* of look, before this namespace */
	bool tagged, up, address, route, attached;
	int status;
};

static const struct host_end *end_of(const struct view *view, const struct local_end_seen *seen)
{
	return &view->look->audit->links[seen->link].end[seen->side];
}

static void restart(void *arg)
{
	struct view *view = arg;

	view->tagged = view->up = view->address = view->route = false;
	view->look->stray_count = view->strays;
	for (size_t i = 0; i < view->end_count; i++)
		view->ends[i].there = view->ends[i].right = view->ends[i].up = false;
}

static struct local_end_seen *find_end(const struct view *view, uint32_t port)
{
	size_t low = 0, high = view->end_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		uint32_t here = end_of(view, &view->ends[middle])->port;

		if (here == port)
			return &view->ends[middle];
		if (here < port)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void see_device(void *arg, const struct nlk_device *device)
{
	struct view *view = arg;
	struct local_look *look = view->look;
	struct local_end_seen *end;
	struct local_stray stray = {.kind = LOCAL_STRAY_DEVICE, .index = device->index};
	char tag[LOCAL_TAG_SIZE];

	if (device->index == LO) {
		local_tag_router(tag, look->instance, view->router->name);
		view->tagged = strcmp(device->alias, tag) == 0;
		view->up = device->up;
		return;
	}
	end = find_end(view, device->index);
	if (end) {
		local_tag_link(tag, look->instance, look->audit->links[end->link].name);
		end->there = true;
		end->up = device->up;
		end->right = strcmp(device->alias, tag) == 0 &&
			     strcmp(device->name, end_of(view, end)->ifname) == 0;
		if (end->right ||
		    local_tag_is_link(device, look->instance, look->audit->links[end->link].name))
			return;
	}
	view->attached = view->attached || local_iface_tagged(look->instance, device->alias);
	if (!local_tag_is_link(device, look->instance, NULL))
		return; /* somebody's own */
	memcpy(stray.name, view->router->name, sizeof(stray.name));
	if (local_look_stray(look, &stray) < 0)
		view->status = -ENOMEM;
}

static void see_address(void *arg, const struct nlk_address *address)
{
	struct view *view = arg;

	if (address->index == LO && address->address == view->router->address &&
	    address->prefix_len == 32)
		view->address = true;
}

static void see_route(void *arg, const struct nlk_route *route)
{
	const struct host_network *network = &((struct view *)arg)->look->audit->network;
	struct view *view = arg;

	if (route->index == LO && route->network == network->network &&
	    route->prefix_len == network->prefix_len && route->source == view->router->address)
		view->route = true;
}

static void see_qdisc(void *arg, const struct nlk_qdisc *qdisc)
{
	struct view *view = arg;
	struct local_end_seen *end = find_end(view, qdisc->index);

	if (end)
		end->queues |= local_emulate_queue(
			&view->look->audit->links[end->link].shape[end->side], qdisc);
}

static void forget_qdiscs(void *arg)
{
	struct view *view = arg;

	for (size_t i = 0; i < view->end_count; i++)
		view->ends[i].queues = 0;
}

static int see_filters(struct local_inside *inside, struct view *view, int sock, bool *ret_lo)
{
	struct nlk_filter *filters = inside->filters;
	int r;

	filters[0] = (struct nlk_filter){.index = LO, .side = NLK_TC_EGRESS};
	filters[1] = (struct nlk_filter){.index = LO, .side = NLK_TC_INGRESS};
	for (size_t i = 0; i < view->end_count; i++)
		filters[i + 2] = (struct nlk_filter){.index = end_of(view, &view->ends[i])->port,
						     .side = NLK_TC_INGRESS};
	r = nlk_filters_get(sock, filters, view->end_count + 2);
	if (r < 0)
		return r;
	*ret_lo = filters[0].prog == inside->prog_out && filters[1].prog == inside->prog_back;
	for (size_t i = 0; i < view->end_count; i++)
		view->ends[i].filter = filters[i + 2].prog == inside->prog_in;
	return 0;
}

static const char *judge(const struct view *view, bool filter)
{
	if (!view->tagged)
		return "its lo has not the alias of this instance";
	if (!view->up)
		return "its lo is down";
	if (!view->address)
		return "its lo has not its address";
	if (!view->route)
		return "the route of the virtual network is missing";
	if (!filter)
		return "vlsp_out or vlsp_back is not at its lo";
	return NULL;
}

/* Interfaces of the host, where there are any, or should be. */
static void look_interfaces(struct view *view, struct host_router *router, int sock)
{
	const char *why = NULL;

	if (topo_ifaces_count(router->interfaces) || view->attached)
		why = local_iface_look(view->look->ifaces, sock, router);
	router->detached = why != NULL;
	if (why)
		local_look_note(view->look, "router", router->name, why);
}

const char *local_look_inside(struct local_inside *inside, struct local_look *look,
			      struct host_router *router, struct local_end_seen *ends,
			      size_t end_count, bool *ret_tagged)
{
	struct view view = {.look = look,
			    .router = router,
			    .ends = ends,
			    .end_count = end_count,
			    .strays = look->stray_count};
	const struct nlk_dump dump = {.restart = restart, .arg = &view};
	struct local_ns_open ns;
	bool filter = false;
	int r;

	r = local_ns_open(look->names, router->name, &ns);
	if (r == -ENOENT || r == -EINVAL)
		return "its namespace has no name";
	if (r == 0) {
		r = nlk_dump_devices(ns.sock, &dump, see_device);
		if (r == 0)
			r = nlk_dump_addresses(ns.sock, &(struct nlk_dump){.arg = &view},
					       see_address);
		if (r == 0)
			r = nlk_dump_routes(ns.sock, &(struct nlk_dump){.arg = &view}, see_route);
		if (r == 0)
			r = nlk_dump_qdiscs(
				ns.sock, &(struct nlk_dump){.restart = forget_qdiscs, .arg = &view},
				see_qdisc);
		if (r == 0)
			r = see_filters(inside, &view, ns.sock, &filter);
		if (r == 0)
			look_interfaces(&view, router, ns.sock);
		close(ns.sock);
		close(ns.ns);
	}
	if (r == 0)
		r = view.status;
	*ret_tagged = view.tagged;
	if (r < 0 && look->status == 0)
		look->status = err_errno(
			&look->err, r, "cannot look into the namespace of router %s", router->name);
	return r < 0 ? "it cannot be looked into" : judge(&view, filter);
}

static void see_tag(void *arg, const struct nlk_device *device)
{
	struct nlk_device *lo = arg;

	if (device->index == LO)
		*lo = *device;
}

bool local_look_tagged(const struct local_names *names, const char *instance, const char *name)
{
	struct nlk_device lo = {.index = 0};
	char tag[LOCAL_TAG_SIZE];
	struct local_ns_open ns;

	if (local_ns_open(names, name, &ns) < 0)
		return false;
	if (nlk_dump_devices(ns.sock, &(struct nlk_dump){.arg = &lo}, see_tag) < 0)
		lo.index = 0;
	close(ns.sock);
	close(ns.ns);
	local_tag_router(tag, instance, name);
	return lo.index == LO && strcmp(lo.alias, tag) == 0;
}
