/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the store, from a plan or from the whole model (plan_store.h). Called by keep.c. */
#include "daemon/ctl/plan_store.h"

#include <stdlib.h>
#include <string.h>

static void fill_router(struct store_router *row, const struct model_router *router)
{
	row->id = router->id;
	row->slot = router->slot;
	row->edge_port = router->edge_port;
	row->address = router->address;
	memcpy(row->name, router->name, sizeof(row->name));
	memcpy(row->host, router->host, sizeof(row->host));
	row->label = router->label;
	row->has_position = router->has_position;
	row->latitude = router->latitude;
	row->longitude = router->longitude;
	row->limits = router->limits;
	row->interfaces = router->interfaces;
	row->last_aid = router->last_aid;
	row->created_ms = router->created_ms;
}

static void fill_link(struct store_link *row, const struct model_link *link)
{
	int side;

	row->id = link->id;
	memcpy(row->name, link->name, sizeof(row->name));
	row->label = link->label;
	row->weight = link->weight;
	row->admin = link->admin;
	row->created_ms = link->created_ms;
	for (side = 0; side < 2; side++) {
		row->router[side] = link->end[side].router->id;
		row->port[side] = link->end[side].port;
		memcpy(row->ifname[side], link->end[side].ifname, sizeof(row->ifname[side]));
		row->shape[side] = link->lasting[side];
	}
}

static int room(struct plan_store *store, size_t routers_gone, size_t links_gone, size_t routers,
		size_t links, size_t removed)
{
	/* calloc(0) may be NULL: one spare element each */
	store->routers_gone = calloc(routers_gone + 1, sizeof(*store->routers_gone));
	store->links_gone = calloc(links_gone + 1, sizeof(*store->links_gone));
	store->routers = calloc(routers + 1, sizeof(*store->routers));
	store->links = calloc(links + 1, sizeof(*store->links));
	store->removed = calloc(removed + 1, sizeof(*store->removed));
	if (!store->routers_gone || !store->links_gone || !store->routers || !store->links ||
	    !store->removed) {
		plan_store_done(store);
		return -ENOMEM;
	}
	store->change.routers_gone = store->routers_gone;
	store->change.links_gone = store->links_gone;
	store->change.routers = store->routers;
	store->change.links = store->links;
	store->change.removed = store->removed;
	return 0;
}

void plan_store_done(struct plan_store *store)
{
	free(store->routers_gone);
	free(store->links_gone);
	free(store->routers);
	free(store->links);
	free(store->removed);
	free(store->apps);
	memset(store, 0, sizeof(*store));
}

static bool topology_differs(const struct plan *plan)
{
	const struct model_topology *x = &plan->before, *y = &plan->after;

	return strcmp(x->name, y->name) != 0 || x->network != y->network ||
	       x->prefix_len != y->prefix_len || x->routing != y->routing ||
	       x->hello_us != y->hello_us || !topo_events_same(x->events, y->events);
}

/* A long text counts as so many rows: room is made for rows of some hundred bytes. */
static size_t topology_rows(const struct plan *plan)
{
	const struct topo_events *events = plan->after.events;

	return topology_differs(plan) ? 1 + (events ? strlen(events->text) / 512 : 0) : 0;
}

size_t plan_store_rows(const struct plan *plan)
{
	size_t rows = plan_host_items(plan) + plan->routers_set_count + topology_rows(plan) +
		      plan_app_rows(plan),
	       i;

	for (i = 0; i < plan->links_set_count; i++)
		rows -= plan->links_set[i].passes;
	return rows;
}

static void gone(const struct plan *plan, uint64_t now_ms, struct plan_store *store)
{
	struct store_change *change = &store->change;
	size_t i;

	for (i = 0; i < plan->links_del_count; i++)
		store->links_gone[change->links_gone_count++] = plan->links_del[i].link->id;
	for (i = 0; i < plan->routers_del_count; i++) {
		const struct model_router *router = plan->routers_del[i].router;
		struct store_removed *removed = &store->removed[change->removed_count++];

		store->routers_gone[change->routers_gone_count++] = router->id;
		removed->id = router->id;
		memcpy(removed->name, router->name, sizeof(removed->name));
		removed->time_ms = now_ms;
	}
}

static void changed(const struct plan *plan, struct plan_store *store)
{
	struct store_change *change = &store->change;
	size_t i;

	for (i = 0; i < plan->routers_set_count; i++) {
		const struct plan_router_set *set = &plan->routers_set[i];
		struct store_router *row = &store->routers[change->router_count++];

		fill_router(row, set->router);
		row->label = (char *)set->label; /* borrowed, as the store takes it */
		row->has_position = set->has_position;
		row->latitude = set->latitude;
		row->longitude = set->longitude;
		row->limits = set->limits;
		row->interfaces = set->interfaces;
	}
	for (i = 0; i < plan->links_set_count; i++) {
		const struct plan_link_set *set = &plan->links_set[i];
		struct store_link *row = &store->links[change->link_count];

		if (set->passes)
			continue;
		change->link_count++;
		fill_link(row, set->link);
		row->weight = set->weight;
		row->admin = set->admin;
		row->shape[0] = set->lasting[0];
		row->shape[1] = set->lasting[1];
		if (set->relabel)
			row->label = (char *)set->label;
	}
}

int plan_store_change(const struct plan *plan, const struct model *model, uint64_t now_ms,
		      struct plan_store *ret)
{
	struct plan_store store = {0};
	struct store_change *change = &store.change;
	size_t i;

	if (room(&store, plan->routers_del_count, plan->links_del_count,
		 plan->routers_add_count + plan->routers_set_count,
		 plan->links_add_count + plan->links_set_count, plan->routers_del_count) < 0)
		return -ENOMEM;
	if (plan_app_change(plan, model, &store) < 0) {
		plan_store_done(&store);
		return -ENOMEM;
	}
	gone(plan, now_ms, &store);
	for (i = 0; i < plan->routers_add_count; i++)
		fill_router(&store.routers[change->router_count++], plan->routers_add[i].made);
	for (i = 0; i < plan->links_add_count; i++)
		fill_link(&store.links[change->link_count++], plan->links_add[i].made);
	changed(plan, &store);
	model_last_ids(model, &change->last_router_id, &change->last_link_id);
	change->last_app_id = model_last_app_id(model);
	*ret = store;
	if (topology_differs(plan)) {
		ret->topology = plan->after;
		ret->change.topology = &ret->topology;
	}
	return 0;
}

static void history(const struct model *model, size_t removed, struct plan_store *store)
{
	const struct list *pos = model->removed.prev;
	size_t i = removed;

	while (i > 0 && pos != &model->removed) {
		const struct model_removed *old = list_entry(pos, struct model_removed, all);
		struct store_removed *row = &store->removed[--i];

		row->id = old->id;
		memcpy(row->name, old->name, sizeof(row->name));
		row->time_ms = old->time_ms;
		pos = pos->prev;
	}
	store->change.removed = store->removed + i;
	store->change.removed_count = removed - i;
}

int plan_store_all(const struct model *model, size_t removed, struct plan_store *ret)
{
	struct plan_store store = {0};
	struct store_change *change = &store.change;
	struct list *pos;

	if (room(&store, 0, 0, model->router_count, model->link_count, removed) < 0)
		return -ENOMEM;
	if (plan_app_all(model, &store) < 0) {
		plan_store_done(&store);
		return -ENOMEM;
	}
	change->all = true;
	list_for_each (pos, &model->routers)
		fill_router(&store.routers[change->router_count++],
			    list_entry(pos, struct model_router, all));
	list_for_each (pos, &model->links)
		fill_link(&store.links[change->link_count++],
			  list_entry(pos, struct model_link, all));
	history(model, removed, &store);
	model_last_ids(model, &change->last_router_id, &change->last_link_id);
	change->last_app_id = model_last_app_id(model);
	*ret = store;
	model_topology_get(model, &ret->topology);
	ret->change.topology = &ret->topology;
	return 0;
}
