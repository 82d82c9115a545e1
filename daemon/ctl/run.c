/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How one operation runs: plan, enter, store begin, batch, store commit, commit, converge; or undo
 * and leave (plan.h, keep.h). One at a time, driven by the loop: a kick when there may be something
 * to do, and the machine's answers.
 */

#include <stdio.h>
#include <string.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/converge.h"
#include "daemon/ctl/keep.h"
#include "daemon/ctl/plan_store.h"
#include "daemon/ctl/repair.h"
#include "daemon/ctl/settle.h"
#include "lib/base/clock.h"

void run_kick(struct ctl *ctl)
{
	loop_timer_set(ctl->kick, 1);
}

bool run_busy(const struct ctl *ctl)
{
	return ctl->repair || (ctl->current && ctl->current->pub.state == CTL_RUNNING);
}

/* What the machine has to know once the links and routers that are not in state without exist. */
void run_network(const struct ctl *ctl, const struct model_topology *topology,
		 enum model_state without, struct host_network *ret_network)
{
	uint32_t ends = 0;
	struct list *pos;

	memset(ret_network, 0, sizeof(*ret_network));
	list_for_each (pos, &ctl->model->links)
		ends += list_entry(pos, struct model_link, all)->state == without ? 0 : 2;
	list_for_each (pos, &ctl->model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		if (router->state != without && router->slot >= ret_network->slots_needed)
			ret_network->slots_needed = router->slot + 1;
	}
	ret_network->network = topology->network;
	ret_network->prefix_len = topology->prefix_len;
	ret_network->mode = topology->routing == TOPO_ROUTING_CENTRAL ? FRAME_MODE_CENTRAL
								      : FRAME_MODE_DISTRIBUTED;
	ret_network->hello_us = hello_interval_us(topology->hello_us, ctl->hello_us, ends);
	ret_network->dead_us = hello_dead_us(ret_network->hello_us);
}

static bool network_differs(const struct host_network *x, const struct host_network *y)
{
	return x->network != y->network || x->prefix_len != y->prefix_len || x->mode != y->mode ||
	       x->hello_us != y->hello_us || x->dead_us != y->dead_us;
}

bool run_untold(const struct ctl *ctl, const struct host_network *network)
{
	return ctl->model->router_count && network_differs(network, &ctl->told);
}

static void fail(struct ctl *ctl, struct op *op, const struct err *err)
{
	converge_wake(ctl->converge);
	op_finish(ctl, op, err);
}

/* The machine has done all. */
static void committed(struct ctl *ctl, struct op *op)
{
	bool wait = op->kind->waits && !op->no_wait;

	apps_kick(ctl);
	if (!wait && ctl->model->routing != TOPO_ROUTING_CENTRAL) {
		settle_finish(ctl, op);
		return;
	}
	/* Central tables are set before the operation ends, if that takes no longer than a step. */
	converge_step(ctl->converge);
	if (converge_complete(ctl->converge)) {
		op->pub.converged = true;
		settle_finish(ctl, op);
	} else if (!wait) {
		converge_wake(ctl->converge);
		settle_finish(ctl, op);
	} else {
		op_set_state(ctl, op, CTL_CONVERGING);
		converge_wake(ctl->converge);
		loop_timer_set(ctl->deadline, clock_mono_ns() + op->timeout_ms * NSEC_PER_MSEC);
	}
}

static void undone(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;
	struct err why = op->pub.err;
	size_t wrong = plan_leave(&op->plan, ctl->model, op->did, batch, clock_wall_ms());
	size_t used = strlen(why.text), gone = 0, i;

	if (status < 0)
		ctl->told = (struct host_network){0};
	if (status < 0 || wrong)
		snprintf(why.text + used, sizeof(why.text) - used,
			 "; undoing it failed too (%.150s): %zu things are not as before",
			 CTL_ERR_TEXT(status < 0 ? err : NULL, "refused"), wrong);
	for (i = 0; i < op->plan.routers_del_count; i++) {
		const struct plan_router_del *del = &op->plan.routers_del[i];

		gone += del->gone;
		if (!del->again)
			continue;
		events_router_is(ctl, del->router, del->again);
		apps_router_again(ctl, del->router);
	}
	apps_kick(ctl); /* of routers that were to go and stay */
	host_batch_free(batch);
	keep_undone(ctl, wrong, gone, &why);
	fail(ctl, op, &why);
}

/* The machine, or the store, refused: what was done is taken back by a second batch. Takes did. */
static void undo(struct ctl *ctl, struct op *op, struct host_batch *did)
{
	struct host_batch *batch = plan_undo(&op->plan, did);
	struct err err = {0};
	int ret = -ENOMEM;

	op->did = did;
	plan_forget(&op->plan, ctl->model, did);
	if (batch) {
		run_network(ctl, &op->plan.before, MODEL_PLANNED, &batch->network);
		ctl->told = batch->network;
		ret = ctl->host->ops->submit(ctl->host, batch, NULL, undone, ctl);
	}
	if (ret < 0) {
		host_batch_free(batch);
		err_errno(&err, ret, "submit");
		undone(ctl, NULL, ret, &err);
	}
}

/* Nothing was given to the machine: the model is as it was. */
static void leave(struct ctl *ctl, struct op *op, const struct err *err)
{
	struct err why = *err;

	plan_leave(&op->plan, ctl->model, NULL, NULL, clock_wall_ms());
	keep_undone(ctl, 0, 0, &why);
	fail(ctl, op, &why);
}

/* The machine has done all, or had nothing to do (did NULL): now it is written, then it is so.
 * Takes did. */
static void commit(struct ctl *ctl, struct op *op, struct host_batch *did)
{
	uint64_t now_ms = clock_wall_ms();
	struct err err = {0};
	int ret = 0;

	if (plan_store_rows(&op->plan))
		ret = keep_commit(ctl, op, now_ms, &err);
	if (ret < 0 && did) {
		op->pub.err = err;
		undo(ctl, op, did);
		return;
	}
	if (ret < 0) {
		leave(ctl, op, &err);
		return;
	}
	ret = plan_commit(&op->plan, ctl->model, did, now_ms);
	host_batch_free(did);
	if (ret < 0) {
		err_set(&err, ENOMEM,
			"out of memory: a label is missing; everything else was done");
		fail(ctl, op, &err);
		return;
	}
	committed(ctl, op);
}

static void batch_done(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;

	if (status == 0) {
		commit(ctl, op, batch);
		return;
	}
	if (err && err->text[0])
		op->pub.err = *err;
	else
		err_errno(&op->pub.err, status, "host %s", ctl->host_name);
	if (!op->pub.err.code)
		op->pub.err.code = -status;
	undo(ctl, op, batch);
}

static void batch_progress(void *arg, size_t done, size_t total)
{
	struct ctl *ctl = arg;

	op_progress(ctl, ctl->current, done, total);
}

static int submit(struct ctl *ctl, struct op *op, const struct host_network *network,
		  struct err *err)
{
	struct host_batch *batch = plan_batch(&op->plan);
	int ret;

	op->pub.machine = true; /* what refuses from here on */
	if (!batch)
		return err_set(err, ENOMEM, "out of memory");
	batch->network = *network;
	op_progress(ctl, op, 0, plan_host_items(&op->plan));
	ret = ctl->host->ops->submit(ctl->host, batch, batch_progress, batch_done, ctl);
	if (ret < 0) {
		host_batch_free(batch);
		return err_errno(err, ret, "host %s does not take work", ctl->host_name);
	}
	ctl->told = *network;
	return 0;
}

/* Plan, model, store: in this order; what refuses leaves everything as it was. */
static int prepare(struct ctl *ctl, struct op *op, struct err *err)
{
	struct plan *plan = &op->plan;
	bool writes;
	int ret;

	plan_init(plan, ctl->model);
	ret = op->kind->plan(ctl, op->args, plan, err);
	if (ret < 0)
		return ret;
	writes = plan_store_rows(plan) > 0;
	if (writes)
		ret = keep_ready(ctl, err);
	if (ret == 0)
		ret = plan_enter(plan, ctl->model, ctl->host_name, clock_wall_ms(), err);
	if (ret < 0)
		return ret;
	op->pub.summary = plan->summary;
	op->pub.router_id = plan->router_id;
	op->pub.link_id = plan->link_id;
	op->pub.app_id = plan->app_id;
	if (plan->routers_add_count == 1)
		op->pub.router_id = plan->routers_add[0].made->id;
	if (plan->links_add_count == 1)
		op->pub.link_id = plan->links_add[0].made->id;
	if (plan->apps_add_count == 1)
		op->pub.app_id = plan->apps_add[0].made->id;
	ret = settle_note(op);
	if (ret < 0)
		err_set(err, ENOMEM, "out of memory");
	if (ret == 0 && writes)
		ret = keep_begin(ctl, op, err);
	if (ret < 0)
		plan_leave(plan, ctl->model, NULL, NULL, clock_wall_ms());
	return ret;
}

static void go(struct ctl *ctl, struct op *op)
{
	struct plan *plan = &op->plan;
	struct host_network network;
	struct err err = {0};

	if (prepare(ctl, op, &err) < 0) {
		fail(ctl, op, &err);
		return;
	}
	run_network(ctl, &plan->after, MODEL_DELETING, &network);
	if (plan_host_items(plan) == 0 && !run_untold(ctl, &network)) {
		/* Done at once, if routes have converged: that is what an apply promises. */
		commit(ctl, op, NULL);
		return;
	}
	if (submit(ctl, op, &network, &err) < 0)
		leave(ctl, op, &err);
}

/* What was not well has been put right as far as possible; the rest is FAILED, and the plan makes
 * it again. */
static void healed(void *arg, int status, const struct err *err)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;

	if (status < 0) {
		op->pub.machine = true;
		fail(ctl, op, err);
		return;
	}
	if (!op->reconcile.nothing)
		op->pub.reconcile = &op->reconcile;
	go(ctl, op);
}

static void start(struct ctl *ctl, struct op *op)
{
	struct err err = {0};
	int ret = 0;

	ctl->current = op;
	op_set_state(ctl, op, CTL_RUNNING);
	if (op->refused.code) {
		fail(ctl, op, &op->refused);
		return;
	}
	if (op->kind->run)
		ret = op->kind->run(ctl, op, &err);
	else if (op->kind->heals && repair_wanted(ctl))
		ret = repair_start(ctl, REPAIR_FIX, &op->reconcile, healed, ctl, &err);
	else
		go(ctl, op);
	if (ret < 0) {
		op->pub.machine = true;
		fail(ctl, op, &err);
	}
}

void run_kicked(void *arg)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;

	if (ctl->repair)
		return; /* a recovery: operations wait */
	if (!op) {
		op = op_next(ctl);
		if (op)
			start(ctl, op);
	} else if (op->pub.state == CTL_CONVERGING && converge_complete(ctl->converge)) {
		loop_timer_set(ctl->deadline, 0);
		op->pub.converged = true;
		settle_finish(ctl, op);
	}
}

void run_deadline(void *arg)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;
	struct name_list routers, links;
	char unheard[300] = "";
	struct err err;

	if (!op || op->pub.state != CTL_CONVERGING)
		return;
	/* The last reports may have come in this round of the loop. */
	if (converge_complete(ctl->converge)) {
		run_kicked(ctl);
		return;
	}
	converge_missing(ctl->converge, &routers, &links);
	if (links.count)
		snprintf(unheard, sizeof(unheard), ", %u of %u links are unheard (%s)", links.count,
			 ctl->model->link_count, links.text);
	err_set(&err, ETIMEDOUT,
		"routes have not converged within %llu ms: %u of %u routers do not have them "
		"(%s)%s; "
		"the network is left as it is",
		(unsigned long long)op->timeout_ms, routers.count, ctl->model->router_count,
		routers.text, unheard);
	fail(ctl, op, &err);
}
