/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of the fake back end: its routers and links, made one by one, refused as a kernel
 * would refuse them. It may outlive the daemon that made them (fake_machine_new()). Called by
 * fake.c and fake_audit.c, and by tests that break things behind the daemon's back.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/fake_priv.h"

static struct fake_router *router_get(const struct fake_machine *machine, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? machine->routers[slot] : NULL;
}

int fake_router_start(struct fake_machine *machine, struct host_router *item, struct err *err)
{
	const struct host_network *network = &machine->network;
	uint32_t host = item->address - network->network, i;
	struct fake_router *router;
	const char *why = NULL;

	if (item->slot >= VLSP_SLOT_MAX || machine->routers[item->slot])
		why = "its slot is in use or too large";
	else if (item->slot >= network->slots_needed)
		why = "its slot is not within slots_needed";
	else if (item->edge_port < VLSP_PORT_FIRST || item->edge_port >= VLSP_PORT_MAX ||
		 machine->port_used[item->edge_port])
		why = "its edge port is in use or out of range";
	else if (host == 0 || host >= 1u << (32 - network->prefix_len))
		why = "its address is not in the network";
	else if (machine->slot_of[host])
		why = "its address is in use";
	for (i = 0; i < machine->router_top && !why; i++) {
		if (machine->routers[i] && strcmp(machine->routers[i]->item.name, item->name) == 0)
			why = "its name is in use";
	}
	if (why)
		return fake_no(err, EEXIST, "router", item->name, why);
	router = calloc(1, sizeof(*router));
	if (!router)
		return fake_no(err, ENOMEM, "router", item->name, "out of memory");
	item->pid = 0; /* there is no process */
	router->item = *item;
	router->item.interfaces = NULL; /* by routers_set */
	router->host = host;
	list_init(&router->ends);
	router->alive = true;
	router->unreported = true;
	machine->routers[item->slot] = router;
	machine->slot_of[host] = item->slot + 1;
	machine->port_used[item->edge_port] = true;
	if (item->slot >= machine->router_top)
		machine->router_top = item->slot + 1;
	machine->router_count++;
	machine->started++;
	return 0;
}

static void router_forget(struct fake_machine *machine, struct fake_router *router)
{
	machine->routers[router->item.slot] = NULL;
	machine->slot_of[router->host] = 0;
	machine->port_used[router->item.edge_port] = false;
	machine->router_count--;
	topo_ifaces_unref(router->item.interfaces);
	free(router->fib);
	free(router);
}

int fake_router_stop(struct fake_machine *machine, struct host_router *item, struct err *err)
{
	struct fake_router *router = router_get(machine, item->slot);

	if (!router)
		return 0;
	if (router->item.id != item->id || strcmp(router->item.name, item->name) != 0)
		return fake_no(err, ENOENT, "router", item->name, "its slot is another's");
	if (!list_empty(&router->ends))
		return fake_no(err, EBUSY, "router", item->name, "it has links");
	router_forget(machine, router);
	return 0;
}

void fake_router_drop(struct fake_machine *machine, struct fake_router *router)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &router->ends) {
		const struct fake_end *end = list_entry(pos, struct fake_end, of_router);

		fake_link_drop(machine, machine->end_of[end->end->port]);
	}
	router_forget(machine, router);
}

static const char *check_end(const struct fake_machine *machine, const struct host_end *end)
{
	const struct fake_router *router = router_get(machine, end->slot);
	struct list *pos;

	if (!router || strcmp(router->item.name, end->router) != 0 ||
	    router->item.address != end->address)
		return "an end is at a router that does not exist";
	if (end->port < VLSP_PORT_FIRST || end->port >= VLSP_PORT_MAX ||
	    machine->port_used[end->port])
		return "a port is in use or out of range";
	if (!end->ifname[0] || !memchr(end->ifname, '\0', sizeof(end->ifname)))
		return "a device name is empty or too long";
	list_for_each (pos, &router->ends) {
		if (strcmp(list_entry(pos, struct fake_end, of_router)->end->ifname, end->ifname) ==
		    0)
			return "a device name is in use in its namespace";
	}
	return NULL;
}

int fake_link_create(struct fake_machine *machine, struct host_link *item, struct err *err)
{
	const char *why = check_end(machine, &item->end[0]);
	struct fake_link *link;
	int side;

	if (!why)
		why = check_end(machine, &item->end[1]);
	if (!why &&
	    (item->end[0].port == item->end[1].port || item->end[0].slot == item->end[1].slot))
		why = "both ends are the same";
	if (!why && (item->weight < 1 || item->weight > TOPO_WEIGHT_MAX))
		why = "its weight is out of range";
	if (why)
		return fake_no(err, EINVAL, "link", item->name, why);
	link = calloc(1, sizeof(*link));
	if (!link)
		return fake_no(err, ENOMEM, "link", item->name, "out of memory");
	link->item = *item;
	machine->links[item->end[0].port] = link;
	for (side = 0; side < 2; side++) {
		machine->end_of[item->end[side].port] = link;
		machine->port_used[item->end[side].port] = true;
		link->ends[side].end = &link->item.end[side];
		list_add_tail(&machine->routers[item->end[side].slot]->ends,
			      &link->ends[side].of_router);
	}
	if (item->end[0].port >= machine->port_top)
		machine->port_top = item->end[0].port + 1;
	machine->link_count++;
	return 0;
}

int fake_router_change(struct fake_machine *machine, struct host_router *item, struct err *err)
{
	struct fake_router *router = router_get(machine, item->slot);

	if (!router || router->item.id != item->id || strcmp(router->item.name, item->name) != 0)
		return fake_no(err, ENOENT, "router", item->name, "there is no such router");
	router->item.limits = item->limits;
	return fake_attach(machine, router, item->interfaces, err);
}

static struct fake_link *link_same(const struct fake_machine *machine, const struct host_link *item)
{
	struct fake_link *link = NULL;

	if (item->end[0].port < VLSP_PORT_MAX)
		link = machine->links[item->end[0].port];
	if (link && link->item.id == item->id && link->item.end[1].port == item->end[1].port &&
	    strcmp(link->item.name, item->name) == 0)
		return link;
	return NULL;
}

void fake_link_drop(struct fake_machine *machine, struct fake_link *link)
{
	int side;

	machine->links[link->item.end[0].port] = NULL;
	for (side = 0; side < 2; side++) {
		list_del(&link->ends[side].of_router);
		machine->end_of[link->item.end[side].port] = NULL;
		machine->port_used[link->item.end[side].port] = false;
	}
	machine->link_count--;
	free(link);
}

int fake_link_remove(struct fake_machine *machine, struct host_link *item, struct err *err)
{
	struct fake_link *link = link_same(machine, item);

	if (link)
		fake_link_drop(machine, link);
	else if (item->end[0].port < VLSP_PORT_MAX && machine->links[item->end[0].port])
		return fake_no(err, ENOENT, "link", item->name, "its port is another's");
	return 0;
}

int fake_link_change(struct fake_machine *machine, struct host_link *item, struct err *err)
{
	struct fake_link *link = link_same(machine, item);

	if (!link)
		return fake_no(err, ENOENT, "link", item->name, "there is no such link");
	if (item->weight < 1 || item->weight > TOPO_WEIGHT_MAX)
		return fake_no(err, EINVAL, "link", item->name, "its weight is out of range");
	link->item.weight = item->weight;
	link->item.admin = item->admin;
	link->item.shape[0] = item->shape[0];
	link->item.shape[1] = item->shape[1];
	return 0;
}

void fake_machine_clear(struct fake_machine *machine)
{
	uint32_t i;

	for (i = 0; i < machine->router_top; i++) {
		if (machine->routers[i])
			fake_router_drop(machine, machine->routers[i]);
	}
	fake_apps_clear(machine);
	machine->strays = 0;
	machine->router_top = machine->port_top = 0;
	machine->network = (struct host_network){.prefix_len = 16};
}

struct fake_machine *fake_machine_new(void)
{
	struct fake_machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	machine->network.prefix_len = 16;
	list_init(&machine->apps);
	return machine;
}

void fake_machine_free(struct fake_machine *machine)
{
	if (!machine)
		return;
	fake_machine_clear(machine);
	free(machine);
}

/* --- for tests: behind the daemon's back -------------------------------------------------------
 */

int fake_lose_router(struct fake_machine *machine, uint32_t slot)
{
	struct fake_router *router = router_get(machine, slot);

	if (!router)
		return -ENOENT;
	fake_router_drop(machine, router);
	return 0;
}

static struct fake_link *link_get(const struct fake_machine *machine, uint32_t port)
{
	return port < VLSP_PORT_MAX ? machine->end_of[port] : NULL;
}

int fake_lose_link(struct fake_machine *machine, uint32_t port)
{
	struct fake_link *link = link_get(machine, port);

	if (!link)
		return -ENOENT;
	fake_link_drop(machine, link);
	return 0;
}

int fake_spoil_router(struct fake_machine *machine, uint32_t slot)
{
	struct fake_router *router = router_get(machine, slot);

	if (!router)
		return -ENOENT;
	router->spoilt = true;
	return 0;
}

int fake_spoil_link(struct fake_machine *machine, uint32_t port)
{
	struct fake_link *link = link_get(machine, port);

	if (!link)
		return -ENOENT;
	link->spoilt = true;
	return 0;
}

int fake_alter_link(struct fake_machine *machine, uint32_t port, enum host_admin admin)
{
	struct fake_link *link = link_get(machine, port);

	if (!link)
		return -ENOENT;
	link->item.admin = admin;
	return 0;
}

void fake_add_strays(struct fake_machine *machine, uint32_t count)
{
	machine->strays += count;
}

uint32_t fake_strays(const struct fake_machine *machine)
{
	return machine->strays;
}
