/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake machine compared with what is wanted (host_ops.h, audit). A daemon that adopts hears
 * from every router anew, as from real ones that connect again. Called by fake.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/host/fake_priv.h"
#include "lib/base/clock.h"

static void note(struct host_audit *audit, const char *what, const char *name, const char *why)
{
	if (!audit->example[0])
		snprintf(audit->example, sizeof(audit->example), "%s %.80s: %s", what, name, why);
}

static enum host_finding look_router(const struct fake *fake, struct host_router *wanted,
				     bool adopt, const char **ret_why)
{
	const struct fake_router *router = fake_router_get(fake, wanted->slot);

	wanted->away = router && !router->alive;
	wanted->detached = false;
	*ret_why = "it is gone";
	if (!router || router->item.id != wanted->id)
		return HOST_ABSENT;
	*ret_why = "it is not as it was made";
	if (router->spoilt || strcmp(router->item.name, wanted->name) != 0 ||
	    router->item.address != wanted->address || router->item.edge_port != wanted->edge_port)
		return HOST_WRONG;
	*ret_why = "its process has ended";
	if (adopt && !router->alive)
		return HOST_WRONG;
	wanted->detached = !topo_ifaces_equal(router->item.interfaces, wanted->interfaces);
	return HOST_WELL;
}

static bool same_end(const struct host_end *x, const struct host_end *y)
{
	return x->slot == y->slot && x->port == y->port && strcmp(x->ifname, y->ifname) == 0;
}

static enum host_finding look_link(const struct fake *fake, const struct host_link *wanted,
				   const char **ret_why)
{
	const struct fake_link *link = NULL;

	if (wanted->end[0].port < VLSP_PORT_MAX)
		link = fake->machine->links[wanted->end[0].port];
	*ret_why = "it is gone";
	if (!link || link->item.id != wanted->id)
		return HOST_ABSENT;
	*ret_why = "it is not as it was made";
	if (link->spoilt || !same_end(&link->item.end[0], &wanted->end[0]) ||
	    !same_end(&link->item.end[1], &wanted->end[1]))
		return HOST_WRONG;
	*ret_why = "its state or shape is another";
	if (link->item.admin != wanted->admin || link->item.weight != wanted->weight ||
	    !topo_shape_equal(&link->item.shape[0], &wanted->shape[0]) ||
	    !topo_shape_equal(&link->item.shape[1], &wanted->shape[1]))
		return HOST_DIFFERS;
	return HOST_WELL;
}

static void look(struct fake *fake, struct host_audit *audit, bool *router_known, bool *link_known)
{
	const char *why;
	size_t i;

	for (i = 0; i < audit->router_count; i++) {
		struct host_router *wanted = &audit->routers[i];

		audit->router_found[i] = look_router(fake, wanted, fake->adopt, &why);
		if (audit->router_found[i] != HOST_WELL)
			note(audit, "router", wanted->name, why);
		else if (wanted->detached)
			note(audit, "router", wanted->name, "its interfaces are not as wanted");
		if (audit->router_found[i] != HOST_ABSENT)
			router_known[wanted->slot] = true;
	}
	for (i = 0; i < audit->link_count; i++) {
		const struct host_link *wanted = &audit->links[i];

		audit->link_found[i] = look_link(fake, wanted, &why);
		if (audit->link_found[i] != HOST_WELL)
			note(audit, "link", wanted->name, why);
		if (audit->link_found[i] != HOST_ABSENT)
			link_known[wanted->end[0].port] = true;
	}
}

static bool gate(struct fake *fake)
{
	return !fake->gate || fake->gate(fake->gate_arg);
}

/* Strays are counted; removed, too, where that is asked for. false: the daemon was killed. */
static bool strays(struct fake *fake, struct host_audit *audit, const bool *router_known,
		   const bool *link_known)
{
	struct fake_machine *machine = fake->machine;
	bool clean = audit->clean || fake->adopt;
	uint32_t i;

	audit->strays = machine->strays;
	if (machine->strays)
		note(audit, "stray", "thing", "nobody wants it");
	if (clean)
		machine->strays = 0;
	for (i = 0; i < machine->port_top; i++) {
		if (!machine->links[i] || link_known[i])
			continue;
		note(audit, "link", machine->links[i]->item.name, "nobody wants it");
		audit->strays++;
		if (clean && !gate(fake))
			return false;
		if (clean)
			fake_link_drop(machine, machine->links[i]);
	}
	for (i = 0; i < machine->router_top; i++) {
		if (!machine->routers[i] || router_known[i])
			continue;
		note(audit, "router", machine->routers[i]->item.name, "nobody wants it");
		audit->strays++;
		if (clean && !gate(fake))
			return false;
		if (clean)
			fake_router_drop(machine, machine->routers[i]);
	}
	return true;
}

/* What is wrong goes; a link one of whose routers went is absent. false: the daemon was killed. */
static bool remove_wrong(struct fake *fake, struct host_audit *audit)
{
	struct fake_machine *machine = fake->machine;
	size_t i;

	for (i = 0; i < audit->router_count; i++) {
		if (audit->router_found[i] != HOST_WRONG)
			continue;
		if (!gate(fake))
			return false;
		fake_router_drop(machine, machine->routers[audit->routers[i].slot]);
	}
	for (i = 0; i < audit->link_count; i++) {
		struct fake_link *link = machine->links[audit->links[i].end[0].port];

		if (!link)
			audit->link_found[i] = HOST_ABSENT;
		if (audit->link_found[i] != HOST_WRONG)
			continue;
		if (!gate(fake))
			return false;
		fake_link_drop(machine, link);
	}
	return true;
}

static void hear_anew(struct fake *fake, const struct host_audit *audit)
{
	struct fake_machine *machine = fake->machine;
	size_t i;

	machine->network = audit->network;
	for (i = 0; i < audit->router_count; i++) {
		struct fake_router *router = machine->routers[audit->routers[i].slot];

		if (audit->router_found[i] != HOST_WELL)
			continue;
		router->unreported = true;
		router->item.limits =
			audit->routers[i].limits; /* a change may have been cut short */
	}
	for (i = 0; i < audit->link_count; i++) {
		if (audit->link_found[i] == HOST_WELL || audit->link_found[i] == HOST_DIFFERS)
			machine->links[audit->links[i].end[0].port]->told = false;
	}
	fake_report_soon(fake);
}

void fake_audit_run(struct fake *fake)
{
	static bool router_known[VLSP_SLOT_MAX], link_known[VLSP_PORT_MAX];
	struct host_audit *audit = fake->audit;
	struct err err = {0};
	bool alive;
	int ret = 0;

	memset(router_known, 0, sizeof(router_known));
	memset(link_known, 0, sizeof(link_known));
	look(fake, audit, router_known, link_known);
	alive = strays(fake, audit, router_known, link_known);
	if (alive && fake->adopt)
		alive = remove_wrong(fake, audit);
	if (!alive)
		ret = err_set(&err, EIO, "the daemon was killed");
	else if (fake->adopt)
		hear_anew(fake, audit);
	if (alive)
		fake_apps_sweep(fake);
	if (alive && fake->adopt)
		fake_apps_adopt(fake);
	fake->audit = NULL;
	fake->audited(fake->arg, audit, ret, &err);
}

int fake_audit(struct host *host, struct host_audit *audit, bool adopt, host_audit_fn done,
	       void *arg)
{
	struct fake *fake = fake_of(host);

	if (fake->batch || fake->audit)
		return -EBUSY;
	if (adopt && fake->used)
		return -EINVAL;
	fake->used = true;
	fake->audit = audit;
	fake->adopt = adopt;
	fake->audited = done;
	fake->arg = arg;
	loop_timer_set(fake->batch_timer, clock_mono_ns() + fake->config.batch_ns);
	return 0;
}
