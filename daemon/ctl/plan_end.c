/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a plan ends: the model becomes what was planned, or what it was before. Where the machine
 * could not take something back, the model says what the machine has: a thing that was made and
 * could not be deleted stays, MODEL_FAILED; one that was deleted and could not be made again is
 * gone. Called by run.c and plan.c.
 */
#include "daemon/ctl/plan.h"

static int apply_link_set(struct model *model, const struct plan_link_set *set)
{
	model_link_set_weight(model, set->link, set->weight);
	model_link_set_admin(model, set->link, set->admin);
	if (!topo_shape_equal(&set->link->shape[0], &set->shape[0]) ||
	    !topo_shape_equal(&set->link->shape[1], &set->shape[1]) ||
	    !topo_shape_equal(&set->link->lasting[0], &set->lasting[0]) ||
	    !topo_shape_equal(&set->link->lasting[1], &set->lasting[1]))
		model_link_set_shape(model, set->link, set->shape, set->lasting);
	return set->relabel ? model_link_set_label(model, set->link, set->label) : 0;
}

/* What the machine has done. */
static void apply_router_set(struct model *model, const struct plan_router_set *set)
{
	if (!topo_limits_equal(&set->limits, &set->router->limits))
		model_router_set_limits(model, set->router, &set->limits);
	if (!topo_ifaces_equal(set->interfaces, set->router->interfaces))
		model_router_set_interfaces(model, set->router, set->interfaces);
}

int plan_commit(struct plan *plan, struct model *model, const struct host_batch *did,
		uint64_t now_ms)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < plan->links_del_count; i++)
		model_link_remove(model, plan->links_del[i].link);
	for (i = 0; i < plan->routers_del_count; i++)
		model_router_remove(model, plan->routers_del[i].router, true, now_ms);
	for (i = 0; i < plan->routers_add_count; i++) {
		struct model_router *router = plan->routers_add[i].made;

		/* It may have died and have been started again since it was made. */
		if (router->state != MODEL_PLANNED)
			continue;
		if (!router->pid)
			router->pid = did->routers_add[i].pid;
		model_router_set_state(model, router, MODEL_RUNNING);
	}
	for (i = 0; i < plan->links_add_count; i++)
		model_link_set_state(model, plan->links_add[i].made, MODEL_RUNNING);
	for (i = 0; i < plan->links_set_count; i++) {
		if (apply_link_set(model, &plan->links_set[i]) < 0)
			ret = -ENOMEM;
	}
	for (i = 0; i < plan->routers_set_count; i++) {
		const struct plan_router_set *set = &plan->routers_set[i];

		if (plan_set_described(set) &&
		    model_router_describe(model, set->router, set->label, set->has_position,
					  set->latitude, set->longitude) < 0)
			ret = -ENOMEM;
		apply_router_set(model, set);
	}
	plan_app_commit(plan, model);
	model_topology_set(model, &plan->after);
	return ret;
}

static bool done(enum host_item_state state)
{
	return state == HOST_DONE;
}

void plan_forget(const struct plan *plan, struct model *model, const struct host_batch *did)
{
	size_t i;

	for (i = 0; i < plan->routers_del_count; i++) {
		if (done(did->routers_del[i].state))
			model_router_set_process(model, plan->routers_del[i].router, 0, false);
	}
	for (i = 0; i < plan->links_del_count; i++) {
		if (!done(did->links_del[i].state))
			continue;
		model_end_set_oper(model, &plan->links_del[i].link->end[0], false);
		model_end_set_oper(model, &plan->links_del[i].link->end[1], false);
	}
}

/* Which of the new routers are left on the machine, and which of the old ones are gone. */
static size_t judge_routers(struct plan *plan, const struct host_batch *did,
			    const struct host_batch *undid)
{
	size_t i, k, wrong = 0;

	for (i = k = 0; i < plan->routers_add_count && did; i++) {
		if (!done(did->routers_add[i].state))
			continue;
		plan->routers_add[i].left = !undid || !done(undid->routers_del[k].state);
		wrong += plan->routers_add[i].left;
		k++;
	}
	for (i = k = 0; i < plan->routers_del_count && did; i++) {
		struct plan_router_del *del = &plan->routers_del[i];

		if (!done(did->routers_del[i].state))
			continue;
		del->gone = !undid || !done(undid->routers_add[k].state);
		wrong += del->gone;
		if (!del->gone)
			del->again = &undid->routers_add[k];
		k++;
	}
	return wrong;
}

static size_t leave_new_links(struct plan *plan, struct model *model, const struct host_batch *did,
			      const struct host_batch *undid)
{
	size_t i, k, wrong = 0;

	for (i = k = 0; i < plan->links_add_count; i++) {
		struct plan_link *link = &plan->links_add[i];
		bool left = false;
		int side;

		if (!link->made)
			continue;
		if (did && done(did->links_add[i].state)) {
			left = !undid || !done(undid->links_del[k].state);
			k++;
		}
		for (side = 0; side < 2; side++) {
			/* A device does not outlive its namespace. */
			if (!link->end[side].router && !plan->routers_add[link->end[side].add].left)
				left = false;
		}
		if (left)
			model_link_set_state(model, link->made, MODEL_FAILED);
		else
			model_link_remove(model, link->made);
		wrong += left;
	}
	return wrong;
}

static bool router_gone(const struct plan *plan, const struct model_router *router)
{
	size_t i;

	for (i = 0; i < plan->routers_del_count; i++) {
		if (plan->routers_del[i].router == router)
			return plan->routers_del[i].gone;
	}
	return false;
}

static size_t leave_old_links(struct plan *plan, struct model *model, const struct host_batch *did,
			      const struct host_batch *undid, bool routers_wrong)
{
	size_t i, k, wrong = 0;

	for (i = k = 0; i < plan->links_del_count; i++) {
		struct plan_link_del *del = &plan->links_del[i];
		bool gone = false;

		if (did && done(did->links_del[i].state)) {
			gone = !undid || !done(undid->links_add[k].state);
			k++;
		}
		if (routers_wrong && (router_gone(plan, del->link->end[0].router) ||
				      router_gone(plan, del->link->end[1].router)))
			gone = true;
		if (gone)
			model_link_remove(model, del->link);
		else
			model_link_set_state(model, del->link, del->was);
		wrong += gone;
	}
	return wrong;
}

static size_t leave_changes(struct plan *plan, struct model *model, const struct host_batch *did,
			    const struct host_batch *undid)
{
	size_t i, k, done_count, wrong = 0;

	for (i = k = done_count = 0; i < plan->routers_set_count && did; i++) {
		const struct plan_router_set *set = &plan->routers_set[i];
		enum host_item_state state;

		if (!plan_set_machine(set))
			continue;
		state = did->routers_set[done_count++].state;
		if (state == HOST_TODO || (undid && done(undid->routers_set[k++].state)))
			continue;
		wrong++;
		if (done(state))
			apply_router_set(model, set);
	}
	for (i = k = 0; i < plan->links_set_count && did; i++) {
		bool back;

		if (did->links_set[i].state == HOST_TODO)
			continue;
		back = undid && done(undid->links_set[k].state);
		k++;
		if (back)
			continue;
		wrong++;
		plan->links_set[i].relabel = false;
		if (done(did->links_set[i].state))
			apply_link_set(model, &plan->links_set[i]);
	}
	return wrong;
}

size_t plan_leave(struct plan *plan, struct model *model, const struct host_batch *did,
		  const struct host_batch *undid, uint64_t now_ms)
{
	size_t i, wrong = judge_routers(plan, did, undid), routers_wrong = wrong;

	plan_app_leave(plan, model);
	wrong += leave_new_links(plan, model, did, undid);
	wrong += leave_old_links(plan, model, did, undid, routers_wrong > 0);
	wrong += leave_changes(plan, model, did, undid);
	for (i = 0; i < plan->routers_add_count; i++) {
		struct plan_router *router = &plan->routers_add[i];

		if (!router->made)
			continue;
		if (router->left)
			model_router_set_state(model, router->made, MODEL_FAILED);
		else
			model_router_remove(model, router->made, false, now_ms);
	}
	for (i = 0; i < plan->routers_del_count; i++) {
		struct plan_router_del *del = &plan->routers_del[i];

		if (del->gone)
			model_router_remove(model, del->router, true, now_ms);
		else
			model_router_set_state(model, del->router, del->was);
	}
	return wrong;
}
