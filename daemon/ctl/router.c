/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers: adding one, deleting one with its links, and questions to one. Called by daemon/api. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/assign.h"
#include "daemon/ctl/ctl_priv.h"

struct router_args {
	bool named;
	char name[NAME_SIZE];
	uint32_t address;
	struct topo_limits limits;
};

struct router_ref {
	char ref[LINK_NAME_SIZE];
	struct ctl_router_change change;
	bool orderly; /* of a restart */
};

int router_check_room(const struct model_topology *topology, size_t routers, struct err *err)
{
	if (routers > TOPO_ROUTERS_MAX)
		return err_set(err, ERANGE, "routers: %zu are more than %d", routers,
			       TOPO_ROUTERS_MAX);
	if (topology->routing == TOPO_ROUTING_DISTRIBUTED && routers > TOPO_ROUTERS_DISTRIBUTED_MAX)
		return err_set(err, ERANGE,
			       "routing: %zu routers are more than distributed routing serves "
			       "(%d); use routing: central",
			       routers, TOPO_ROUTERS_DISTRIBUTED_MAX);
	return 0;
}

/* "Router-<id>"; when a person has given that name already, "Router-<id>.2" and so on. */
static void default_name(const struct model *model, char name[NAME_SIZE])
{
	uint32_t id = model_next_router_id(model);
	unsigned n;

	snprintf(name, NAME_SIZE, "Router-%u", id);
	for (n = 2; model_router_by_name(model, name); n++)
		snprintf(name, NAME_SIZE, "Router-%u.%u", id, n);
}

static int plan_add(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct router_args *args = data;
	const struct model_router *other;
	struct plan_router *router;
	uint32_t address = args->address;
	char text[ADDR_TEXT_SIZE], name[NAME_SIZE];
	int ret;

	if (args->named)
		memcpy(name, args->name, sizeof(name));
	else
		default_name(ctl->model, name);
	if (model_router_by_name(ctl->model, name))
		return err_set(err, EEXIST, "name: a router %s exists already", name);
	ret = router_check_room(&plan->after, (size_t)ctl->model->router_count + 1, err);
	if (ret < 0)
		return ret;
	if (address) {
		ret = assign_check(&plan->after, address, "address", err);
		if (ret < 0)
			return ret;
		other = model_router_by_address(ctl->model, address);
		if (other)
			return err_set(err, EEXIST, "address: %s is the address of router %s",
				       addr_format(address, text), other->name);
	} else {
		ret = assign_one(ctl->model, &address, err);
		if (ret < 0)
			return ret;
	}
	router = plan_router_add(plan, name, address);
	if (!router)
		return err_set(err, ENOMEM, "out of memory");
	router->spec.limits = args->limits;
	plan->summary.routers_added = 1;
	return 0;
}

int router_plan_delete(struct plan *plan, struct model_router *router)
{
	struct list *pos;

	list_for_each (pos, &router->links) {
		struct model_end *end = list_entry(pos, struct model_end, of_router);

		if (plan_link_del(plan, end->link) < 0)
			return -ENOMEM;
	}
	return plan_router_del(plan, router);
}

static int plan_delete(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct router_ref *args = data;
	struct model_router *router = model_router_find(ctl->model, args->ref);

	if (!router)
		return err_set(err, ENOENT, "router: there is no router %s", args->ref);
	if (router_plan_delete(plan, router) < 0)
		return err_set(err, ENOMEM, "out of memory");
	plan->summary.routers_removed = 1;
	plan->summary.links_removed = (uint32_t)plan->links_del_count;
	plan->summary.apps_removed = router->app_count;
	plan->router_id = router->id;
	return 0;
}

static const struct op_kind kind_add = {.name = "router-add", .plan = plan_add, .free_args = free};
static int plan_set(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct router_ref *args = data;
	const struct ctl_router_change *change = &args->change;
	struct model_router *router = model_router_find(ctl->model, args->ref);
	struct plan_router_set *set;
	struct topo_limits limits;

	if (!router)
		return err_set(err, ENOENT, "router: there is no router %s", args->ref);
	plan->router_id = router->id;
	limits = router->limits;
	if (change->set_memory)
		limits.memory = change->limits.memory;
	if (change->set_cpu)
		limits.cpu = change->limits.cpu;
	if (change->set_pids)
		limits.pids = change->limits.pids;
	if (topo_limits_equal(&limits, &router->limits))
		return 0;
	set = plan_router_set(plan, router);
	if (!set)
		return err_set(err, ENOMEM, "out of memory");
	set->limits = limits;
	plan->summary.routers_changed = 1;
	return 0;
}

static const struct op_kind kind_delete = {
	.name = "router-delete", .plan = plan_delete, .free_args = free};
static const struct op_kind kind_set = {.name = "router-set", .plan = plan_set, .free_args = free};

int ctl_router_add(struct ctl *ctl, const struct ctl_router_spec *spec, ctl_done_fn done, void *arg,
		   uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = &kind_add, .done = done, .arg = arg};
	struct router_args *args;
	int ret;

	if (spec->name) {
		ret = name_check(spec->name, "name", err);
		if (ret < 0)
			return ret;
	}
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	args->named = spec->name != NULL;
	if (spec->name)
		snprintf(args->name, sizeof(args->name), "%s", spec->name);
	args->address = spec->address;
	args->limits = spec->limits;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

static int submit(struct ctl *ctl, const struct op_kind *kind, const char *router,
		  const struct ctl_router_change *change, ctl_done_fn done, void *arg,
		  uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = kind, .done = done, .arg = arg};
	struct router_ref *args;

	if (strlen(router) >= sizeof(args->ref))
		return err_set(err, ENOENT, "router: there is no router with a name that long");
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(args->ref, sizeof(args->ref), "%s", router);
	if (change)
		args->change = *change;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

int ctl_router_delete(struct ctl *ctl, const char *router, ctl_done_fn done, void *arg,
		      uint64_t *ret_op, struct err *err)
{
	return submit(ctl, &kind_delete, router, NULL, done, arg, ret_op, err);
}

int ctl_router_set(struct ctl *ctl, const char *router, const struct ctl_router_change *change,
		   ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err)
{
	return submit(ctl, &kind_set, router, change, done, arg, ret_op, err);
}

static int plan_kill(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct router_ref *args = data;

	(void)plan;
	if (!model_router_find(ctl->model, args->ref))
		return err_set(err, ENOENT, "router: there is no router '%.63s'", args->ref);
	return 0;
}

static int run_kill(struct ctl *ctl, struct op *op, struct err *err)
{
	const struct router_ref *args = op->args;
	const struct model_router *router = model_router_find(ctl->model, args->ref);
	int ret;

	if (!router)
		return err_set(err, ENOENT, "router: there is no router '%.63s'", args->ref);
	ret = ctl->host->ops->router_kill(ctl->host, router->slot, args->orderly);
	if (ret == -ESRCH)
		return err_set(err, ESRCH, "router %s has no process now", router->name);
	if (ret < 0)
		return err_errno(err, ret, "router %s", router->name);
	op->pub.router_id = router->id;
	op_finish(ctl, op, NULL);
	return 0;
}

int ctl_router_kill(struct ctl *ctl, const char *router, bool orderly, ctl_done_fn done, void *arg,
		    uint64_t *ret_op, struct err *err)
{
	static const struct op_kind kinds[] = {
		{.name = "router-kill", .plan = plan_kill, .free_args = free, .run = run_kill},
		{.name = "router-restart", .plan = plan_kill, .free_args = free, .run = run_kill},
	};
	struct op_request request = {.kind = &kinds[orderly], .done = done, .arg = arg};
	struct router_ref *args;

	if (strlen(router) >= sizeof(args->ref))
		return err_set(err, ENOENT, "router: there is no router with a name that long");
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(args->ref, sizeof(args->ref), "%s", router);
	args->orderly = orderly;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

int ctl_routes_dump(struct ctl *ctl, const char *router, host_routes_fn fn, void *arg,
		    struct err *err)
{
	const struct model_router *found = model_router_find(ctl->model, router);
	int ret;

	if (!found)
		return err_set(err, ENOENT, "router: there is no router %s", router);
	ret = ctl->host->ops->routes_dump(ctl->host, found->slot, fn, arg);
	return ret < 0 ? err_errno(err, ret, "routes of router %s", found->name) : 0;
}

int ctl_counts_read(struct ctl *ctl, const uint32_t *ports, size_t count, struct host_counts *ret)
{
	return ctl->host->ops->counts_read(ctl->host, ports, count, ret);
}

int ctl_netns_path(struct ctl *ctl, const char *router, char *buf, size_t size)
{
	const struct model_router *found = model_router_find(ctl->model, router);

	return found ? ctl->host->ops->netns_path(ctl->host, found->name, buf, size) : -ENOENT;
}

int ctl_application(struct ctl *ctl, const struct model_router *router, struct host_app *ret)
{
	return ctl->host->ops->application(ctl->host, router->id, router->slot, ret);
}
