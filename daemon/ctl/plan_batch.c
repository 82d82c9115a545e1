/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a plan to what the machine has to do, and to what takes that back. Called by run.c and
 * repair.c. */
#include "daemon/ctl/plan.h"

#include <stdlib.h>
#include <string.h>

void plan_fill_router(struct host_router *item, const struct model_router *router)
{
	item->id = router->id;
	item->slot = router->slot;
	item->edge_port = router->edge_port;
	item->address = router->address;
	item->limits = router->limits;
	item->interfaces = topo_ifaces_ref(router->interfaces);
	memcpy(item->name, router->name, sizeof(item->name));
}

void plan_fill_link(struct host_link *item, const struct model_link *link)
{
	int side;

	item->id = link->id;
	memcpy(item->name, link->name, sizeof(item->name));
	item->weight = link->weight;
	item->admin = (enum host_admin)link->admin;
	for (side = 0; side < 2; side++) {
		const struct model_end *end = &link->end[side];

		item->shape[side] = link->shape[side];
		item->end[side].slot = end->router->slot;
		item->end[side].port = end->port;
		item->end[side].address = end->router->address;
		memcpy(item->end[side].router, end->router->name, sizeof(end->router->name));
		memcpy(item->end[side].ifname, end->ifname, sizeof(end->ifname));
	}
}

_Static_assert((int)MODEL_UP == (int)HOST_UP && (int)MODEL_DOWN == (int)HOST_DOWN &&
		       (int)MODEL_SILENT == (int)HOST_SILENT,
	       "plan_fill_link casts one to the other");

struct host_batch *plan_batch_new(size_t links_del, size_t routers_del, size_t routers_add,
				  size_t routers_set, size_t links_add, size_t links_set)
{
	struct host_batch *batch = host_batch_new();

	if (!batch)
		return NULL;
	/* calloc(0) may be NULL: one spare element each */
	batch->links_del = calloc(links_del + 1, sizeof(*batch->links_del));
	batch->routers_del = calloc(routers_del + 1, sizeof(*batch->routers_del));
	batch->routers_add = calloc(routers_add + 1, sizeof(*batch->routers_add));
	batch->routers_set = calloc(routers_set + 1, sizeof(*batch->routers_set));
	batch->links_add = calloc(links_add + 1, sizeof(*batch->links_add));
	batch->links_set = calloc(links_set + 1, sizeof(*batch->links_set));
	if (batch->links_del && batch->routers_del && batch->routers_add && batch->routers_set &&
	    batch->links_add && batch->links_set)
		return batch;
	host_batch_free(batch);
	return NULL;
}

/* One that was made with interfaces is changed to have them, behind all other changes. */
static void attach(struct host_batch *batch, const struct model_router *router)
{
	if (topo_ifaces_count(router->interfaces))
		plan_fill_router(&batch->routers_set[batch->routers_set_count++], router);
}

struct host_batch *plan_batch(const struct plan *plan)
{
	struct host_batch *batch = plan_batch_new(plan->links_del_count, plan->routers_del_count,
						  plan->routers_add_count,
						  plan->routers_set_count + plan->routers_add_count,
						  plan->links_add_count, plan->links_set_count);
	size_t i;

	if (!batch)
		return NULL;
	for (i = 0; i < plan->links_del_count; i++)
		plan_fill_link(&batch->links_del[i], plan->links_del[i].link);
	for (i = 0; i < plan->routers_del_count; i++)
		plan_fill_router(&batch->routers_del[i], plan->routers_del[i].router);
	for (i = 0; i < plan->routers_add_count; i++)
		plan_fill_router(&batch->routers_add[i], plan->routers_add[i].made);
	for (i = 0; i < plan->routers_set_count; i++) {
		const struct plan_router_set *set = &plan->routers_set[i];
		struct host_router *item = &batch->routers_set[batch->routers_set_count];

		if (!plan_set_machine(set))
			continue;
		plan_fill_router(item, set->router);
		item->limits = set->limits;
		topo_ifaces_unref(item->interfaces);
		item->interfaces = topo_ifaces_ref(set->interfaces);
		batch->routers_set_count++;
	}
	for (i = 0; i < plan->routers_add_count; i++)
		attach(batch, plan->routers_add[i].made);
	for (i = 0; i < plan->links_add_count; i++)
		plan_fill_link(&batch->links_add[i], plan->links_add[i].made);
	for (i = 0; i < plan->links_set_count; i++) {
		const struct plan_link_set *set = &plan->links_set[i];

		plan_fill_link(&batch->links_set[i], set->link);
		batch->links_set[i].weight = set->weight;
		batch->links_set[i].admin = (enum host_admin)set->admin;
		batch->links_set[i].shape[0] = set->shape[0];
		batch->links_set[i].shape[1] = set->shape[1];
	}
	batch->links_del_count = plan->links_del_count;
	batch->routers_del_count = plan->routers_del_count;
	batch->routers_add_count = plan->routers_add_count;
	batch->links_add_count = plan->links_add_count;
	batch->links_set_count = plan->links_set_count;
	return batch;
}

/* plan_leave() pairs the undo's items with the plan's by walking both in order: the conditions
 * here and there are the same. A change that failed may have been made in part: it is set back. */
struct host_batch *plan_undo(const struct plan *plan, const struct host_batch *did)
{
	struct host_batch *undo = plan_batch_new(plan->links_add_count, plan->routers_add_count,
						 plan->routers_del_count,
						 plan->routers_set_count + plan->routers_del_count,
						 plan->links_del_count, plan->links_set_count);
	size_t i, k;

	if (!undo)
		return NULL;
	for (i = 0; i < plan->links_add_count; i++) {
		if (did->links_add[i].state == HOST_DONE)
			plan_fill_link(&undo->links_del[undo->links_del_count++],
				       plan->links_add[i].made);
	}
	for (i = 0; i < plan->routers_add_count; i++) {
		if (did->routers_add[i].state == HOST_DONE)
			plan_fill_router(&undo->routers_del[undo->routers_del_count++],
					 plan->routers_add[i].made);
	}
	for (i = 0; i < plan->routers_del_count; i++) {
		if (did->routers_del[i].state == HOST_DONE)
			plan_fill_router(&undo->routers_add[undo->routers_add_count++],
					 plan->routers_del[i].router);
	}
	for (i = 0; i < plan->links_del_count; i++) {
		if (did->links_del[i].state == HOST_DONE)
			plan_fill_link(&undo->links_add[undo->links_add_count++],
				       plan->links_del[i].link);
	}
	for (i = k = 0; i < plan->routers_set_count; i++) {
		if (plan_set_machine(&plan->routers_set[i]) &&
		    did->routers_set[k++].state != HOST_TODO)
			plan_fill_router(&undo->routers_set[undo->routers_set_count++],
					 plan->routers_set[i].router);
	}
	for (i = 0; i < plan->routers_del_count; i++) {
		if (did->routers_del[i].state == HOST_DONE)
			attach(undo, plan->routers_del[i].router);
	}
	for (i = 0; i < plan->links_set_count; i++) {
		if (did->links_set[i].state != HOST_TODO)
			plan_fill_link(&undo->links_set[undo->links_set_count++],
				       plan->links_set[i].link);
	}
	return undo;
}
