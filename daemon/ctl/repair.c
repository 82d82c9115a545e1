/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing and putting right (repair.h). The host back end looks; what is not well becomes a batch
 * of deletions, creations and changes. Where a batch stops at something that cannot be done, that
 * is given up, and the rest is tried again without it: one broken router must not cost the others.
 */
#include "daemon/ctl/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/converge.h"
#include "daemon/ctl/ctl_priv.h"
#include "include/shared/maps.h"

struct fix_router {
	struct model_router *router;
	bool del, add, set; /* still to be done; set: its interfaces */
	bool lost;	    /* given up */
};

struct fix_link {
	struct model_link *link;
	bool del, add, set;
	struct fix_router *end[2];
};

struct repair {
	struct ctl *ctl;
	enum repair_mode mode;
	struct ctl_reconcile *result;
	repair_fn done;
	void *arg;
	struct fix_router *routers; /* as the audit's, in the model's order */
	size_t router_count;
	struct fix_link *links;
	size_t link_count;
	struct host_network network;
	bool told;	  /* a batch was done, or tried: the machine was told of network */
	size_t failed;	  /* things that were given up */
	struct err first; /* why the first of them */
};

void repair_free(struct repair *repair)
{
	if (!repair)
		return;
	free(repair->routers);
	free(repair->links);
	free(repair);
}

static void finish(struct repair *repair, int status, const struct err *err)
{
	struct ctl *ctl = repair->ctl;
	repair_fn done = repair->done;
	void *arg = repair->arg;
	struct err why = {0};

	if (status < 0)
		why = *err;
	else if (repair->failed)
		err_set(&why, repair->first.code, "%zu things could not be made: %.300s",
			repair->failed, repair->first.text);
	ctl->repair = NULL;
	repair_free(repair);
	converge_wake(ctl->converge);
	done(arg, status, &why);
}

static void give_up_router(struct repair *repair, struct fix_router *fix)
{
	fix->del = fix->add = fix->set = false;
	fix->lost = true;
	repair->failed++;
	model_router_set_state(repair->ctl->model, fix->router, MODEL_FAILED);
}

/* The router runs without. */
static void give_up_interfaces(struct repair *repair, struct fix_router *fix)
{
	fix->set = false;
	repair->failed++;
}

static void give_up_link(struct repair *repair, struct fix_link *fix)
{
	fix->del = fix->add = fix->set = false;
	repair->failed++;
	model_link_set_state(repair->ctl->model, fix->link, MODEL_FAILED);
}

static bool to_do(const struct repair *repair)
{
	size_t i;

	for (i = 0; i < repair->router_count; i++) {
		if (repair->routers[i].del || repair->routers[i].add || repair->routers[i].set)
			return true;
	}
	for (i = 0; i < repair->link_count; i++) {
		if (repair->links[i].del || repair->links[i].add || repair->links[i].set)
			return true;
	}
	return false;
}

static void give_up_all(struct repair *repair)
{
	size_t i;

	for (i = 0; i < repair->router_count; i++) {
		struct fix_router *fix = &repair->routers[i];

		if (fix->del || fix->add)
			give_up_router(repair, fix);
		else if (fix->set)
			give_up_interfaces(repair, fix);
	}
	for (i = 0; i < repair->link_count; i++) {
		if (repair->links[i].del || repair->links[i].add || repair->links[i].set)
			give_up_link(repair, &repair->links[i]);
	}
}

/* The items are in the order of repair's arrays; settle() walks them in the same way. */
static struct host_batch *batch_of(const struct repair *repair)
{
	struct host_batch *batch = plan_batch_new(repair->link_count, repair->router_count,
						  repair->router_count, repair->router_count,
						  repair->link_count, repair->link_count);
	size_t i;

	if (!batch)
		return NULL;
	batch->network = repair->network;
	for (i = 0; i < repair->router_count; i++) {
		const struct fix_router *fix = &repair->routers[i];

		if (fix->del)
			plan_fill_router(&batch->routers_del[batch->routers_del_count++],
					 fix->router);
		if (fix->add)
			plan_fill_router(&batch->routers_add[batch->routers_add_count++],
					 fix->router);
		if (fix->set)
			plan_fill_router(&batch->routers_set[batch->routers_set_count++],
					 fix->router);
	}
	for (i = 0; i < repair->link_count; i++) {
		const struct fix_link *fix = &repair->links[i];

		if (fix->del)
			plan_fill_link(&batch->links_del[batch->links_del_count++], fix->link);
		if (fix->add)
			plan_fill_link(&batch->links_add[batch->links_add_count++], fix->link);
		if (fix->set)
			plan_fill_link(&batch->links_set[batch->links_set_count++], fix->link);
	}
	return batch;
}

static void router_made(struct repair *repair, struct fix_router *fix,
			const struct host_router *item)
{
	fix->add = false;
	repair->result->routers_made++;
	events_router_is(repair->ctl, fix->router, item);
	apps_router_again(repair->ctl, fix->router);
}

static void settle_routers(struct repair *repair, const struct host_batch *batch)
{
	size_t i, d = 0, a = 0, s = 0;

	for (i = 0; i < repair->router_count; i++) {
		struct fix_router *fix = &repair->routers[i];
		enum host_item_state set = fix->set ? batch->routers_set[s].state : HOST_TODO;
		enum host_item_state del = fix->del ? batch->routers_del[d].state : HOST_DONE;
		enum host_item_state add = fix->add ? batch->routers_add[a].state : HOST_DONE;
		const struct host_router *item = &batch->routers_add[a];
		bool adds = fix->add;

		s += fix->set;
		d += fix->del;
		a += adds;
		if (del == HOST_FAILED || add == HOST_FAILED) {
			give_up_router(repair, fix);
			continue;
		}
		if (del == HOST_DONE)
			fix->del = false;
		if (adds && add == HOST_DONE)
			router_made(repair, fix, item);
		if (set == HOST_FAILED)
			give_up_interfaces(repair, fix);
		if (set != HOST_DONE)
			continue;
		fix->set = false;
		repair->result->routers_set += !adds;
	}
}

static void settle_links(struct repair *repair, const struct host_batch *batch)
{
	struct model *model = repair->ctl->model;
	size_t i, d = 0, a = 0, s = 0;

	for (i = 0; i < repair->link_count; i++) {
		struct fix_link *fix = &repair->links[i];
		enum host_item_state del = fix->del ? batch->links_del[d].state : HOST_DONE;
		enum host_item_state add = fix->add ? batch->links_add[a].state : HOST_DONE;
		enum host_item_state set = fix->set ? batch->links_set[s].state : HOST_DONE;

		d += fix->del;
		a += fix->add;
		s += fix->set;
		if (del == HOST_FAILED || add == HOST_FAILED || set == HOST_FAILED) {
			give_up_link(repair, fix);
			continue;
		}
		if (del == HOST_DONE)
			fix->del = false;
		if (fix->add && add == HOST_DONE) {
			fix->add = false;
			repair->result->links_made++;
			model_link_set_state(model, fix->link, MODEL_RUNNING);
		}
		if (fix->set && set == HOST_DONE) {
			fix->set = false;
			repair->result->links_set++;
			model_link_set_state(model, fix->link, MODEL_RUNNING);
		}
	}
}

/* What cannot be without something that was given up. */
static void settle_dependants(struct repair *repair)
{
	size_t i;

	for (i = 0; i < repair->link_count; i++) {
		struct fix_link *fix = &repair->links[i];

		if (fix->add && (fix->end[0]->lost || fix->end[1]->lost))
			give_up_link(repair, fix);
	}
}

static void submit(struct repair *repair);

static void on_batch(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct repair *repair = arg;
	size_t failed = repair->failed;

	settle_routers(repair, batch);
	settle_links(repair, batch);
	host_batch_free(batch);
	if (status < 0 && !repair->first.code) {
		if (err && err->text[0])
			repair->first = *err;
		else
			err_errno(&repair->first, status, "host %s", repair->ctl->host_name);
		repair->first.code = repair->first.code ? repair->first.code : -status;
	}
	if (status < 0) /* routers that run may not know it: the next batch tells them */
		repair->ctl->told = (struct host_network){0};
	if (status < 0 && repair->failed == failed)
		give_up_all(repair); /* it is not one item: trying again is no use */
	settle_dependants(repair);
	submit(repair);
}

static void on_progress(void *arg, size_t done, size_t total)
{
	struct repair *repair = arg;

	if (repair->ctl->current)
		op_progress(repair->ctl, repair->ctl->current, done, total);
}

static void submit(struct repair *repair)
{
	struct ctl *ctl = repair->ctl;
	struct host_batch *batch;
	int ret = -ENOMEM;

	if (!to_do(repair) && (repair->told || !run_untold(ctl, &repair->network))) {
		finish(repair, 0, NULL);
		return;
	}
	repair->told = true;
	batch = batch_of(repair);
	if (batch) {
		ctl->told = repair->network;
		ret = ctl->host->ops->submit(ctl->host, batch, on_progress, on_batch, repair);
	}
	if (ret == 0)
		return;
	host_batch_free(batch);
	if (!repair->first.code)
		err_errno(&repair->first, ret, "host %s does not take work", ctl->host_name);
	give_up_all(repair);
	finish(repair, 0, NULL);
}

/* --- what the comparison says ------------------------------------------------------------------
 */

static void judge_router(struct repair *repair, struct fix_router *fix, bool well,
			 const struct host_router *item)
{
	if (!well) {
		fix->add = true;
		fix->del = repair->mode == REPAIR_FIX;
		fix->set = topo_ifaces_count(fix->router->interfaces) > 0;
		return;
	}
	fix->set = item->detached;
	if (repair->mode == REPAIR_LOOK)
		return;
	repair->result->routers_adopted += repair->mode == REPAIR_ADOPT;
	events_router_is(repair->ctl, fix->router, item);
}

static void judge_link(struct repair *repair, struct fix_link *fix, enum host_finding found)
{
	struct model *model = repair->ctl->model;

	if (fix->end[0]->add || fix->end[1]->add || found == HOST_ABSENT || found == HOST_WRONG) {
		fix->add = true;
		fix->del = repair->mode == REPAIR_FIX;
		return;
	}
	fix->set = found == HOST_DIFFERS;
	if (repair->mode == REPAIR_LOOK)
		return;
	repair->result->links_adopted += repair->mode == REPAIR_ADOPT;
	if (!fix->set || repair->mode == REPAIR_ADOPT)
		model_link_set_state(model, fix->link, MODEL_RUNNING);
}

/* What is made again does not run until then, and what its process reported is forgotten. */
static void forget(struct repair *repair)
{
	struct ctl *ctl = repair->ctl;
	size_t i;
	int side;

	for (i = 0; i < repair->router_count; i++) {
		struct model_router *router = repair->routers[i].router;

		if (!repair->routers[i].add)
			continue;
		ctl->dead[router->slot] = 0;
		model_router_set_process(ctl->model, router, 0, false);
		model_router_set_state(ctl->model, router, MODEL_FAILED);
		converge_restarted(ctl->converge, router->slot);
	}
	for (i = 0; i < repair->link_count; i++) {
		struct model_link *link = repair->links[i].link;

		if (!repair->links[i].add)
			continue;
		model_link_set_state(ctl->model, link, MODEL_FAILED);
		for (side = 0; side < 2; side++) {
			model_end_set_oper(ctl->model, &link->end[side], false);
			converge_oper(ctl->converge, link->end[side].port, true);
		}
	}
}

static void only_count(struct repair *repair)
{
	size_t i;

	for (i = 0; i < repair->router_count; i++) {
		repair->result->routers_made += repair->routers[i].add;
		repair->result->routers_set += repair->routers[i].set && !repair->routers[i].add;
	}
	for (i = 0; i < repair->link_count; i++) {
		repair->result->links_made += repair->links[i].add;
		repair->result->links_set += repair->links[i].set;
	}
}

static void on_audit(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	struct repair *repair = arg;
	struct ctl_reconcile *result = repair->result;
	struct err why = {0};
	size_t i;

	if (status < 0) {
		if (err && err->text[0])
			why = *err;
		else
			err_errno(&why, status, "host %s", repair->ctl->host_name);
		why.code = why.code ? why.code : -status;
		host_audit_free(audit);
		finish(repair, status, &why);
		return;
	}
	for (i = 0; i < repair->router_count; i++)
		judge_router(repair, &repair->routers[i], audit->router_found[i] == HOST_WELL,
			     &audit->routers[i]);
	for (i = 0; i < repair->link_count; i++)
		judge_link(repair, &repair->links[i], audit->link_found[i]);
	result->strays = (uint32_t)audit->strays;
	snprintf(result->example, sizeof(result->example), "%s", audit->example);
	result->nothing = !to_do(repair) && result->strays == 0;
	host_audit_free(audit);
	if (repair->mode == REPAIR_LOOK) {
		only_count(repair);
		finish(repair, 0, NULL);
		return;
	}
	if (repair->mode == REPAIR_ADOPT)
		repair->ctl->told = repair->network;
	else
		forget(repair);
	submit(repair);
}

/* --- asking for it -----------------------------------------------------------------------------
 */

static int list_all(struct repair *repair, struct host_audit *audit)
{
	const struct model *model = repair->ctl->model;
	struct fix_router **by_slot = calloc(VLSP_SLOT_MAX, sizeof(struct fix_router *));
	struct list *pos;
	int side;

	repair->routers = calloc(model->router_count + 1, sizeof(*repair->routers));
	repair->links = calloc(model->link_count + 1, sizeof(*repair->links));
	if (!by_slot || !repair->routers || !repair->links) {
		free(by_slot);
		return -ENOMEM;
	}
	list_for_each (pos, &model->routers) {
		struct fix_router *fix = &repair->routers[repair->router_count];

		fix->router = list_entry(pos, struct model_router, all);
		plan_fill_router(&audit->routers[repair->router_count++], fix->router);
		by_slot[fix->router->slot] = fix;
	}
	list_for_each (pos, &model->links) {
		struct fix_link *fix = &repair->links[repair->link_count];

		fix->link = list_entry(pos, struct model_link, all);
		plan_fill_link(&audit->links[repair->link_count++], fix->link);
		for (side = 0; side < 2; side++)
			fix->end[side] = by_slot[fix->link->end[side].router->slot];
	}
	free(by_slot);
	return 0;
}

int repair_start(struct ctl *ctl, enum repair_mode mode, struct ctl_reconcile *result,
		 repair_fn done, void *arg, struct err *err)
{
	struct host_audit *audit = host_audit_new(ctl->model->router_count, ctl->model->link_count);
	struct repair *repair = calloc(1, sizeof(*repair));
	struct model_topology topology;
	int ret = -ENOMEM;

	memset(result, 0, sizeof(*result));
	if (!audit || !repair)
		goto err;
	repair->ctl = ctl;
	repair->mode = mode;
	repair->result = result;
	repair->done = done;
	repair->arg = arg;
	ret = list_all(repair, audit);
	if (ret < 0)
		goto err;
	model_topology_get(ctl->model, &topology);
	run_network(ctl, &topology, MODEL_DELETING, &repair->network);
	audit->network = repair->network;
	audit->clean = mode != REPAIR_LOOK;
	ctl->repair = repair;
	ret = ctl->host->ops->audit(ctl->host, audit, mode == REPAIR_ADOPT, on_audit, repair);
	if (ret == 0)
		return 0;

err:
	ctl->repair = NULL;
	repair_free(repair);
	host_audit_free(audit);
	return err_errno(err, ret, "comparison with host %s", ctl->host_name);
}

bool repair_wanted(const struct ctl *ctl)
{
	struct list *pos;

	list_for_each (pos, &ctl->model->routers) {
		if (list_entry(pos, struct model_router, all)->state != MODEL_RUNNING)
			return true;
	}
	list_for_each (pos, &ctl->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);
		bool up = link->admin == MODEL_UP;

		if (link->state != MODEL_RUNNING || link->end[0].oper_up != up ||
		    link->end[1].oper_up != up)
			return true;
	}
	return false;
}
