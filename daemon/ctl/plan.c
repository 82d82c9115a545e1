/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans: building one, and its entry into the model. What the machine does with it is in
 * plan_batch.c, how it ends in plan_end.c. Called by the files of daemon/ctl only.
 */
#include "daemon/ctl/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plan_init(struct plan *plan, const struct model *model)
{
	memset(plan, 0, sizeof(*plan));
	model_topology_get(model, &plan->before);
	plan->after = plan->before;
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->routers_set_count; i++)
		topo_ifaces_unref(plan->routers_set[i].interfaces);
	plan_app_done(plan);
	free(plan->links_del);
	free(plan->routers_del);
	free(plan->routers_add);
	free(plan->links_add);
	free(plan->links_set);
	free(plan->routers_set);
	memset(plan, 0, sizeof(*plan));
}

void *plan_append(void *array, size_t *count, size_t *room, size_t size)
{
	char **base = array;

	if (*count == *room) {
		size_t more = *room ? *room * 2 : 8;
		char *bigger = realloc(*base, more * size);

		if (!bigger)
			return NULL;
		*base = bigger;
		*room = more;
	}
	memset(*base + *count * size, 0, size);
	return *base + (*count)++ * size;
}

#define APPEND(plan, what)                                                                         \
	plan_append(&(plan)->what, &(plan)->what##_count, &(plan)->what##_room,                    \
		    sizeof(*(plan)->what))

struct plan_router *plan_router_add(struct plan *plan, const char *name, uint32_t address)
{
	struct plan_router *router = APPEND(plan, routers_add);

	if (router) {
		snprintf(router->name, sizeof(router->name), "%s", name);
		router->spec.address = address;
	}
	return router;
}

struct plan_link *plan_link_add(struct plan *plan, const char *name)
{
	struct plan_link *link = APPEND(plan, links_add);

	if (link) {
		snprintf(link->name, sizeof(link->name), "%s", name);
		link->weight = 1;
	}
	return link;
}

struct plan_link_set *plan_link_set(struct plan *plan, struct model_link *link)
{
	struct plan_link_set *set = APPEND(plan, links_set);

	if (set) {
		set->link = link;
		set->weight = link->weight;
		set->admin = link->admin;
		memcpy(set->shape, link->shape, sizeof(set->shape));
		memcpy(set->lasting, link->lasting, sizeof(set->lasting));
	}
	return set;
}

struct plan_router_set *plan_router_set(struct plan *plan, struct model_router *router)
{
	struct plan_router_set *set = APPEND(plan, routers_set);

	if (set) {
		set->router = router;
		set->label = router->label;
		set->has_position = router->has_position;
		set->latitude = router->latitude;
		set->longitude = router->longitude;
		set->limits = router->limits;
		set->interfaces = topo_ifaces_ref(router->interfaces);
	}
	return set;
}

void plan_set_interfaces(struct plan_router_set *set, struct topo_ifaces *interfaces)
{
	topo_ifaces_ref(interfaces);
	topo_ifaces_unref(set->interfaces);
	set->interfaces = interfaces;
}

bool plan_set_described(const struct plan_router_set *set)
{
	const struct model_router *router = set->router;

	return set->label != router->label || set->has_position != router->has_position ||
	       set->latitude != router->latitude || set->longitude != router->longitude;
}

bool plan_set_machine(const struct plan_router_set *set)
{
	return !topo_limits_equal(&set->limits, &set->router->limits) ||
	       !topo_ifaces_equal(set->interfaces, set->router->interfaces);
}

int plan_router_del(struct plan *plan, struct model_router *router)
{
	struct plan_router_del *del = APPEND(plan, routers_del);

	if (!del)
		return -ENOMEM;
	del->router = router;
	del->was = router->state;
	return 0;
}

int plan_link_del(struct plan *plan, struct model_link *link)
{
	struct plan_link_del *del = APPEND(plan, links_del);

	if (!del)
		return -ENOMEM;
	del->link = link;
	del->was = link->state;
	return 0;
}

void plan_router_was(struct plan *plan, const struct model_router *router, enum model_state state)
{
	for (size_t i = 0; i < plan->routers_del_count; i++) {
		if (plan->routers_del[i].router == router)
			plan->routers_del[i].was = state;
	}
}

size_t plan_host_items(const struct plan *plan)
{
	size_t sets = 0;

	for (size_t i = 0; i < plan->routers_set_count; i++)
		sets += plan_set_machine(&plan->routers_set[i]);
	for (size_t i = 0; i < plan->routers_add_count; i++)
		sets += plan->routers_add[i].spec.interfaces != NULL;
	return plan->links_del_count + plan->routers_del_count + plan->routers_add_count + sets +
	       plan->links_add_count + plan->links_set_count;
}

static int enter_routers(struct plan *plan, struct model *model, const char *host, uint64_t now_ms,
			 struct err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < plan->routers_add_count; i++) {
		struct plan_router *router = &plan->routers_add[i];

		router->spec.name = router->name;
		router->spec.host = host;
		router->spec.now_ms = now_ms;
		ret = model_router_add(model, &router->spec, &router->made);
		if (ret == -ENOSPC)
			return err_set(err, ENOSPC,
				       "router %s: no slot or port is free: %u routers and %u "
				       "links are there, those on their way out included; delete "
				       "the topology first",
				       router->name, model->router_count, model->link_count);
		if (ret < 0)
			return err_errno(err, ret, "router %s", router->name);
	}
	return 0;
}

static int enter_links(struct plan *plan, struct model *model, uint64_t now_ms, struct err *err)
{
	struct model_router *end[2];
	size_t i;
	int ret, side;

	for (i = 0; i < plan->links_add_count; i++) {
		struct plan_link *link = &plan->links_add[i];
		struct model_link_spec spec = {.name = link->name,
					       .weight = link->weight,
					       .label = link->label,
					       .now_ms = now_ms};

		for (side = 0; side < 2; side++) {
			end[side] = link->end[side].router;
			if (!end[side])
				end[side] = plan->routers_add[link->end[side].add].made;
			spec.shape[side] = link->shape[side];
		}
		spec.a = end[0];
		spec.b = end[1];
		ret = model_link_add(model, &spec, &link->made);
		if (ret == -ENOSPC)
			return err_set(err, ENOSPC,
				       "link %s: no port is free: %u routers and %u links are "
				       "there, those on their way out included; delete the "
				       "topology first",
				       link->name, model->router_count, model->link_count);
		if (ret < 0)
			return err_errno(err, ret, "link %s", link->name);
		if (link->made->admin != link->admin)
			model_link_set_admin(model, link->made, link->admin);
	}
	return 0;
}

int plan_enter(struct plan *plan, struct model *model, const char *host, uint64_t now_ms,
	       struct err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < plan->links_del_count; i++)
		model_link_set_state(model, plan->links_del[i].link, MODEL_DELETING);
	for (i = 0; i < plan->routers_del_count; i++)
		model_router_set_state(model, plan->routers_del[i].router, MODEL_DELETING);
	ret = enter_routers(plan, model, host, now_ms, err);
	if (ret == 0)
		ret = enter_links(plan, model, now_ms, err);
	if (ret == 0)
		ret = plan_app_enter(plan, model, now_ms, err);
	if (ret < 0)
		plan_leave(plan, model, NULL, NULL, now_ms);
	return ret;
}
