/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaching interfaces of the host to routers, and giving them back. To the model they are a part
 * of a router that changes in place, as its limits. Called by daemon/api; topology.c asks whether
 * what a file wants can be attached.
 */
#include "daemon/ctl/interface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/ctl_priv.h"

struct interface_args {
	char router[LINK_NAME_SIZE];
	struct topo_iface iface;	 /* attach */
	char name[TOPO_IFACE_NAME_SIZE]; /* detach */
};

/* The first that has a device which iface cannot share, or (any) that has it at all. */
static const struct model_router *holder(const struct model *model, const struct topo_iface *iface,
					 bool any)
{
	const struct list *pos;

	list_for_each (pos, &model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		for (size_t i = 0; i < topo_ifaces_count(router->interfaces); i++) {
			const struct topo_iface *had = &router->interfaces->list[i];

			if (topo_iface_clash(had, iface, false) ||
			    (any && strcmp(had->host, iface->host) == 0))
				return router;
		}
	}
	return NULL;
}

static int check_attach(struct ctl *ctl, const struct model_router *router,
			const struct topo_iface *iface, struct err *err)
{
	const struct topo_iface *same = topo_ifaces_find(router->interfaces, iface->name);
	const struct model_router *other = holder(ctl->model, iface, false);
	int ret;

	if (topo_ifaces_count(router->interfaces) >= TOPO_IFACES_MAX)
		return err_set(err, ERANGE, "router: %s has %d interfaces already", router->name,
			       TOPO_IFACES_MAX);
	if (other)
		return err_set(err, EBUSY, "host: %s is attached to router %s already", iface->host,
			       other->name);
	if (same && strcmp(same->name, iface->name) == 0)
		return err_set(err, EEXIST, "name: router %s has an interface %s already",
			       router->name, iface->name);
	ret = topo_iface_check_network(iface, ctl->model->network, ctl->model->prefix_len, err);
	return ret < 0 ? ret : ctl->host->ops->interface_check(ctl->host, iface, err);
}

static int plan_attach(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct interface_args *args = data;
	struct model_router *router = model_router_find(ctl->model, args->router);
	struct topo_ifaces *interfaces;
	struct plan_router_set *set;
	int ret;

	if (!router)
		return err_set(err, ENOENT, "router: there is no router %s", args->router);
	plan->router_id = router->id;
	ret = check_attach(ctl, router, &args->iface, err);
	if (ret < 0)
		return ret;
	set = plan_router_set(plan, router);
	if (!set || topo_ifaces_with(router->interfaces, &args->iface, &interfaces) < 0)
		return err_set(err, ENOMEM, "out of memory");
	plan_set_interfaces(set, interfaces);
	topo_ifaces_unref(interfaces);
	plan->summary.routers_changed = 1;
	return 0;
}

static int plan_detach(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct interface_args *args = data;
	struct model_router *router = model_router_find(ctl->model, args->router);
	const struct topo_iface *iface;
	struct topo_ifaces *interfaces;
	struct plan_router_set *set;

	if (!router)
		return err_set(err, ENOENT, "router: there is no router %s", args->router);
	plan->router_id = router->id;
	iface = topo_ifaces_find(router->interfaces, args->name);
	if (!iface)
		return err_set(err, ENOENT, "interface: router %s has no '%s'", router->name,
			       args->name);
	set = plan_router_set(plan, router);
	if (!set || topo_ifaces_without(router->interfaces, iface, &interfaces) < 0)
		return err_set(err, ENOMEM, "out of memory");
	plan_set_interfaces(set, interfaces);
	topo_ifaces_unref(interfaces);
	plan->summary.routers_changed = 1;
	return 0;
}

static const struct op_kind kind_attach = {
	.name = "interface-attach", .plan = plan_attach, .free_args = free};
static const struct op_kind kind_detach = {
	.name = "interface-detach", .plan = plan_detach, .free_args = free};

static int submit(struct ctl *ctl, struct op_request *request, const char *router,
		  const struct topo_iface *iface, const char *name, uint64_t *ret_op,
		  struct err *err)
{
	struct interface_args *args;

	if (strlen(router) >= sizeof(args->router))
		return err_set(err, ENOENT, "router: there is no router with a name that long");
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(args->router, sizeof(args->router), "%s", router);
	if (iface)
		args->iface = *iface;
	if (name)
		snprintf(args->name, sizeof(args->name), "%s", name);
	request->args = args;
	return op_submit(ctl, request, ret_op, err);
}

int ctl_interface_attach(struct ctl *ctl, const char *router, const struct topo_iface *iface,
			 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = &kind_attach, .done = done, .arg = arg};
	struct topo_iface complete = *iface;
	int ret = topo_iface_complete(&complete, err);

	return ret < 0 ? ret : submit(ctl, &request, router, &complete, NULL, ret_op, err);
}

int ctl_interface_detach(struct ctl *ctl, const char *router, const char *interface,
			 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = &kind_detach, .done = done, .arg = arg};

	if (strlen(interface) >= TOPO_IFACE_NAME_SIZE)
		return err_set(err, ENOENT, "interface: router %.63s has no '%.40s'", router,
			       interface);
	return submit(ctl, &request, router, NULL, interface, ret_op, err);
}

/* What some router has now, whichever, comes free by the plan: the machine would only say that it
 * is not there. */
static int check_list(struct ctl *ctl, const char *router, const struct topo_ifaces *list,
		      struct err *err)
{
	for (size_t i = 0; i < topo_ifaces_count(list); i++) {
		const struct topo_iface *iface = &list->list[i];

		if (holder(ctl->model, iface, true))
			continue;
		if (ctl->host->ops->interface_check(ctl->host, iface, err) < 0)
			return err_wrap(err, "router %s: interfaces[%zu]", router, i);
	}
	return 0;
}

int interface_check_plan(struct ctl *ctl, const struct plan *plan, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < plan->routers_add_count; i++)
		ret = check_list(ctl, plan->routers_add[i].name,
				 plan->routers_add[i].spec.interfaces, err);
	for (size_t i = 0; ret == 0 && i < plan->routers_set_count; i++)
		ret = check_list(ctl, plan->routers_set[i].router->name,
				 plan->routers_set[i].interfaces, err);
	return ret;
}
