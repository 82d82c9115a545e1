/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's life and health. Made by the daemon's main after the model and a host back end,
 * freed after daemon/api. Nouns are in router.c, link.c, topology.c; operations in op.c and run.c.
 */
#include "daemon/ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/converge.h"
#include "daemon/ctl/keep.h"
#include "daemon/ctl/overlay.h"
#include "daemon/ctl/repair.h"
#include "daemon/ctl/settle.h"
#include "daemon/ctl/timeline_priv.h"
#include "include/shared/maps.h"

int ctl_new(const struct ctl_config *config, struct ctl **ret_ctl)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	int ret;

	if (!ctl)
		return -ENOMEM;
	ctl->loop = config->loop;
	ctl->model = config->model;
	ctl->host = config->host;
	ctl->hello_us = config->hello_us;
	ctl->store = config->store;
	snprintf(ctl->host_name, sizeof(ctl->host_name), "%s",
		 config->host_name ? config->host_name : "localhost");
	list_init(&ctl->ops);
	list_init(&ctl->overlays);
	list_init(&ctl->settles);
	ctl->dead = calloc(VLSP_SLOT_MAX, sizeof(ctl->dead[0]));
	ret = ctl->dead ? 0 : -ENOMEM;
	if (ret == 0 && config->content)
		ret = keep_history(ctl, config->content);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, run_kicked, ctl, &ctl->kick);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, run_deadline, ctl, &ctl->deadline);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, keep_rewrite, ctl, &ctl->rewrite);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, settle_deadline, ctl, &ctl->settle_deadline);
	if (ret == 0)
		ret = apps_new(ctl, &ctl->apps);
	if (ret == 0)
		ret = pace_new(ctl, &ctl->pace);
	if (ret == 0)
		ret = agenda_new(ctl, &ctl->agenda);
	if (ret == 0)
		ret = converge_new(ctl, &ctl->converge);
	if (ret < 0) {
		ctl_free(ctl);
		return ret;
	}
	events_attach(ctl);
	*ret_ctl = ctl;
	return 0;
}

void ctl_free(struct ctl *ctl)
{
	if (!ctl)
		return;
	converge_free(ctl->converge);
	pace_free(ctl->pace);
	agenda_free(ctl->agenda);
	overlay_free_all(ctl);
	loop_timer_free(ctl->deadline);
	loop_timer_free(ctl->kick);
	loop_timer_free(ctl->rewrite);
	loop_timer_free(ctl->settle_deadline);
	apps_free(ctl->apps);
	repair_free(ctl->repair);
	free(ctl->recovery);
	op_free_all(ctl);
	free(ctl->dead);
	free(ctl->subscribers);
	free(ctl);
}

struct model *ctl_model(struct ctl *ctl)
{
	return ctl->model;
}

void ctl_health(struct ctl *ctl, struct ctl_health *ret_health)
{
	struct ctl_health health = {.routers = ctl->model->router_count,
				    .links = ctl->model->link_count,
				    .operations_pending = ctl->pending,
				    .store_trouble = ctl->store ? ctl->store->trouble : ""};
	struct list *pos;

	converge_ask(ctl->converge);
	health.converged = converge_complete(ctl->converge);
	health.routers_converged = converge_matched(ctl->converge);
	list_for_each (pos, &ctl->model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		health.routers_running += router->state == MODEL_RUNNING;
	}
	list_for_each (pos, &ctl->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		health.links_up += link->admin == MODEL_UP && link->end[0].oper_up &&
				   link->end[1].oper_up;
	}
	*ret_health = health;
}
