/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of the fake machine's host, and attaching them to routers: what is moved is not there any
 * more, all else may be shared. Called by fake.c and fake_machine.c.
 */
#include "daemon/host/fake_iface.h"

#include <string.h>

#include "daemon/host/fake_priv.h"

/* Which it has is not known: each. */
static bool is_open(const struct fake_machine *machine)
{
	for (size_t i = 0; i < FAKE_DEVICES_MAX; i++)
		if (machine->devices.name[i][0])
			return false;
	return true;
}

static bool has_device(const struct fake_machine *machine, const char *name)
{
	for (size_t i = 0; i < FAKE_DEVICES_MAX; i++)
		if (strcmp(machine->devices.name[i], name) == 0)
			return true;
	return false;
}

/* Which other router has it in such a way that nobody else can; NULL: none. */
static const struct fake_router *holder(const struct fake_machine *machine,
					const struct fake_router *than,
					const struct topo_iface *iface)
{
	for (uint32_t slot = 0; slot < machine->router_top; slot++) {
		const struct fake_router *router = machine->routers[slot];

		if (!router || router == than)
			continue;
		for (size_t i = 0; i < topo_ifaces_count(router->item.interfaces); i++)
			if (topo_iface_clash(&router->item.interfaces->list[i], iface, false))
				return router;
	}
	return NULL;
}

static int check(const struct fake_machine *machine, const struct fake_router *than,
		 const struct topo_iface *iface, struct err *err)
{
	const struct fake_router *other = holder(machine, than, iface);
	bool tap = iface->mode == TOPO_IFACE_TAP;
	bool there = is_open(machine) ? !tap : has_device(machine, iface->host);

	if (other)
		return err_set(err, EBUSY, "host: %s is attached to router %s already", iface->host,
			       other->item.name);
	if (there == tap)
		return there ? err_set(err, EEXIST, "host: there is a device %s already",
				       iface->host)
			     : err_set(err, ENODEV, "host: there is no interface %s on the host",
				       iface->host);
	if (iface->mode == TOPO_IFACE_MOVE && !iface->force &&
	    strcmp(iface->host, machine->devices.needed) == 0)
		return err_set(err, EBUSY, "host: %s carries the default route of the host",
			       iface->host);
	return 0;
}

int fake_interface_check(struct host *host, const struct topo_iface *iface, struct err *err)
{
	return check(fake_of(host)->machine, NULL, iface, err);
}

void fake_detach(struct fake_machine *machine, struct host_router *item)
{
	struct fake_router *router = item->slot < VLSP_SLOT_MAX ? machine->routers[item->slot]
								: NULL;
	struct topo_ifaces *had = router ? router->item.interfaces : NULL, *fewer;

	for (size_t i = 0; i < topo_ifaces_count(had);) {
		const struct topo_iface *wanted = topo_ifaces_find(item->interfaces,
								   had->list[i].name);

		if ((wanted && topo_iface_same(wanted, &had->list[i])) ||
		    topo_ifaces_without(had, &had->list[i], &fewer) < 0) {
			i++;
			continue;
		}
		topo_ifaces_unref(had);
		router->item.interfaces = had = fewer;
		item->state = HOST_FAILED;
	}
}

int fake_attach(struct fake_machine *machine, struct fake_router *router,
		struct topo_ifaces *interfaces, struct err *err)
{
	int r = topo_ifaces_check(interfaces, err);

	for (size_t i = 0; r == 0 && i < topo_ifaces_count(interfaces); i++)
		r = check(machine, router, &interfaces->list[i], err);
	if (r < 0)
		return err_wrap(err, "router %s", router->item.name);
	topo_ifaces_ref(interfaces);
	topo_ifaces_unref(router->item.interfaces);
	router->item.interfaces = interfaces;
	return 0;
}

void fake_add_device(struct fake_machine *machine, const char *name, bool needed)
{
	for (size_t i = 0; i < FAKE_DEVICES_MAX; i++) {
		if (machine->devices.name[i][0])
			continue;
		strncpy(machine->devices.name[i], name, TOPO_IFACE_NAME_SIZE - 1);
		if (needed)
			strncpy(machine->devices.needed, name, TOPO_IFACE_NAME_SIZE - 1);
		return;
	}
}

static int lose_at(struct fake_router *router, const char *name)
{
	struct topo_ifaces *before = router->item.interfaces, *fewer;

	for (size_t i = 0; i < topo_ifaces_count(before); i++) {
		if (strcmp(before->list[i].host, name) != 0)
			continue;
		if (topo_ifaces_without(before, &before->list[i], &fewer) < 0)
			return -ENOMEM;
		topo_ifaces_unref(before);
		router->item.interfaces = fewer;
		return 0;
	}
	return 0;
}

int fake_lose_device(struct fake_machine *machine, const char *name)
{
	int r = -ENOENT;

	for (size_t i = 0; i < FAKE_DEVICES_MAX; i++) {
		if (strcmp(machine->devices.name[i], name) != 0)
			continue;
		machine->devices.name[i][0] = '\0';
		r = 0;
	}
	for (uint32_t slot = 0; r == 0 && slot < machine->router_top; slot++)
		if (machine->routers[slot])
			r = lose_at(machine->routers[slot], name);
	return r;
}
