/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sweep over all routers (converge.h). It follows the model by its change feed: what changes
 * paths starts it anew, a report or a state is compared at once. run.c waits for it, ctl_health()
 * asks it. In central mode it runs by itself after every change, otherwise only when needed.
 */
#include "daemon/ctl/converge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/central.h"
#include "daemon/ctl/ctl_priv.h"
#include "daemon/model/paths.h"
#include "include/shared/maps.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define STEP_NS	 (40 * NSEC_PER_MSEC)  /* of one step: how long the daemon may be deaf */
#define RETRY_NS (100 * NSEC_PER_MSEC) /* after a table could not be set */

struct expected {
	uint64_t metric_sum;
	uint32_t reachable;
	bool known, matched;
	bool installed; /* central mode: its table is set */
};

struct converge {
	struct ctl *ctl;
	struct paths *paths;
	struct central *central;
	struct loop_timer *timer;
	struct expected *by_slot; /* [VLSP_SLOT_MAX] */
	uint32_t matched;
	uint32_t next;			   /* slot where the sweep goes on */
	bool loaded;			   /* paths holds the topology as it is */
	bool failed;			   /* a table could not be set in this sweep */
	bool asked;			   /* somebody wants the result */
	bool used;			   /* by_slot holds something */
	uint64_t lost[VLSP_PORT_MAX / 64]; /* ports that do not hear their neighbour any more */
};

static bool is_central(const struct converge *converge)
{
	return converge->ctl->model->routing == TOPO_ROUTING_CENTRAL;
}

static bool is_lost(const struct converge *converge, uint32_t port)
{
	return converge->lost[port / 64] >> (port % 64) & 1;
}

static void set_lost(struct converge *converge, uint32_t port, bool lost)
{
	uint64_t bit = 1ULL << (port % 64);

	if (lost)
		converge->lost[port / 64] |= bit;
	else
		converge->lost[port / 64] &= ~bit;
}

/* The topology is another one: nothing that was computed counts. */
static void restart(struct converge *converge)
{
	if (converge->used)
		memset(converge->by_slot, 0, VLSP_SLOT_MAX * sizeof(converge->by_slot[0]));
	converge->used = false;
	converge->matched = 0;
	converge->next = 0;
	converge->loaded = false;
	converge->failed = false;
	if (is_central(converge))
		converge_wake(converge);
}

static void compare(struct converge *converge, const struct model_router *router)
{
	struct expected *expected = &converge->by_slot[router->slot];
	bool matched = expected->known && router->state == MODEL_RUNNING;

	if (is_central(converge))
		matched = matched && expected->installed;
	else
		matched = matched && router->reachable == expected->reachable &&
			  router->metric_sum == expected->metric_sum;
	if (matched == expected->matched)
		return;
	expected->matched = matched;
	converge->matched += matched ? 1 : (uint32_t)-1;
	if (converge_complete(converge))
		run_kick(converge->ctl);
}

static void on_change(void *arg, const struct model_change *change)
{
	struct converge *converge = arg;

	switch (change->kind) {
	case MODEL_ROUTER_CHANGED:
		compare(converge, change->router);
		return;
	case MODEL_ROUTER_ADDED:
	case MODEL_ROUTER_REMOVED:
		central_forget(converge->central, change->router->slot);
		central_forget_destination(converge->central, change->router->slot);
		break;
	case MODEL_LINK_ADDED:
		set_lost(converge, change->link->end[0].port, false);
		set_lost(converge, change->link->end[1].port, false);
		break;
	case MODEL_LINK_REMOVED:
		break;
	case MODEL_LINK_CHANGED:
		if (strcmp(change->what, "weight") != 0 && strcmp(change->what, "admin") != 0 &&
		    strcmp(change->what, "state") != 0)
			return;
		break;
	case MODEL_TOPOLOGY_CHANGED:
		central_reset(converge->central);
		break;
	case MODEL_APP_ADDED:
	case MODEL_APP_CHANGED:
	case MODEL_APP_REMOVED:
		return;
	}
	restart(converge);
}

static bool usable(void *arg, const struct model_link *link)
{
	const struct converge *converge = arg;

	return !is_lost(converge, link->end[0].port) && !is_lost(converge, link->end[1].port);
}

static int load(struct converge *converge)
{
	int ret = paths_load(converge->paths, converge->ctl->model,
			     is_central(converge) ? usable : NULL, converge);

	converge->loaded = ret == 0;
	return ret;
}

static void sweep_one(struct converge *converge, struct model_router *router)
{
	struct ctl *ctl = converge->ctl;
	struct expected *expected = &converge->by_slot[router->slot];
	struct paths_result result;

	/* A table that is not set is tried again; a dead router's when it is back. */
	if (expected->known && (!is_central(converge) || expected->installed))
		return;
	paths_run(converge->paths, router->slot, &result);
	expected->known = true;
	expected->reachable = result.reachable;
	expected->metric_sum = result.metric_sum;
	if (is_central(converge) && router->state == MODEL_RUNNING) {
		int ret = central_install(converge->central, ctl->host, ctl->model, router,
					  &result);

		expected->installed = ret == 0;
		if (ret < 0) {
			log_debug("router %s: setting routes: %s", router->name, strerror(-ret));
			converge->failed = true;
		}
	}
	compare(converge, router);
}

static bool swept(const struct converge *converge)
{
	return converge->loaded && converge->next >= paths_nodes(converge->paths);
}

bool converge_step(struct converge *converge)
{
	uint64_t end = clock_mono_ns() + STEP_NS;
	struct model_router *router;

	if (!converge->loaded && load(converge) < 0)
		return false; /* out of memory: tried again from the loop */
	converge->used = true;
	while (!swept(converge)) {
		router = model_router_by_slot(converge->ctl->model, converge->next++);
		if (router && router->state != MODEL_DELETING)
			sweep_one(converge, router);
		if (clock_mono_ns() > end)
			break;
	}
	return swept(converge);
}

void converge_ask(struct converge *converge)
{
	if (run_busy(converge->ctl) || converge_step(converge))
		return;
	converge->asked = true;
	converge_wake(converge);
}

void converge_wake(struct converge *converge)
{
	loop_timer_set(converge->timer, 1);
}

static void on_timer(void *arg)
{
	struct converge *converge = arg;
	struct ctl *ctl = converge->ctl;
	bool waiting = ctl->current && ctl->current->pub.state == CTL_CONVERGING;

	/* While the machine works, what it works on is not worth sweeping. */
	if (run_busy(ctl))
		return;
	if (!waiting && !converge->asked && !is_central(converge))
		return;
	if (!converge_step(converge)) {
		loop_timer_set(converge->timer, converge->loaded ? 1 : clock_mono_ns() + RETRY_NS);
		return;
	}
	converge->asked = false;
	if (converge->failed) {
		converge->failed = false;
		converge->next = 0;
		loop_timer_set(converge->timer, clock_mono_ns() + RETRY_NS);
	}
	run_kick(ctl);
}

bool converge_complete(const struct converge *converge)
{
	return converge->matched == converge->ctl->model->router_count;
}

uint32_t converge_matched(const struct converge *converge)
{
	return converge->matched;
}

void converge_missing(const struct converge *converge, struct name_list *ret_routers,
		      struct name_list *ret_links)
{
	const struct model *model = converge->ctl->model;
	struct list *pos;

	*ret_routers = *ret_links = (struct name_list){0};
	list_for_each (pos, &model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		if (!converge->by_slot[router->slot].matched)
			name_list_add(ret_routers, router->name);
	}
	list_for_each (pos, &model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (link->admin == MODEL_UP && (!link->end[0].oper_up || !link->end[1].oper_up))
			name_list_add(ret_links, link->name);
	}
}

void converge_oper(struct converge *converge, uint32_t port, bool up)
{
	if (is_lost(converge, port) == !up)
		return;
	set_lost(converge, port, !up);
	if (is_central(converge))
		restart(converge);
}

void converge_restarted(struct converge *converge, uint32_t slot)
{
	central_forget(converge->central, slot);
	converge->by_slot[slot].installed = false;
	if (is_central(converge)) {
		converge->next = 0;
		converge_wake(converge);
	}
}

int converge_new(struct ctl *ctl, struct converge **ret_converge)
{
	struct converge *converge = calloc(1, sizeof(*converge));
	int ret = -ENOMEM;

	if (!converge)
		return -ENOMEM;
	converge->ctl = ctl;
	converge->by_slot = calloc(VLSP_SLOT_MAX, sizeof(converge->by_slot[0]));
	if (!converge->by_slot)
		goto err;
	ret = paths_new(&converge->paths);
	if (ret == 0)
		ret = central_new(&converge->central);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, on_timer, converge, &converge->timer);
	if (ret == 0)
		ret = model_subscribe(ctl->model, on_change, converge);
	if (ret < 0)
		goto err;
	*ret_converge = converge;
	return 0;

err:
	converge_free(converge);
	return ret;
}

void converge_free(struct converge *converge)
{
	if (!converge)
		return;
	model_unsubscribe(converge->ctl->model, on_change, converge);
	loop_timer_free(converge->timer);
	central_free(converge->central);
	paths_free(converge->paths);
	free(converge->by_slot);
	free(converge);
}
