/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine tells without being asked, entered into the model. Slots and ports are used
 * again, so a late report may name one that is somebody else's by now: what does not fit is
 * dropped.
 */
#include <string.h>
#include <sys/wait.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/converge.h"
#include "daemon/ctl/ctl_priv.h"
#include "lib/base/log.h"

static void router_rib(void *arg, uint32_t slot, const struct frame_rib *rib)
{
	struct ctl *ctl = arg;
	struct model_router *router = model_router_by_slot(ctl->model, slot);

	if (!router)
		return;
	/* Also of one on its way out: should it stay after all, it does not report this again. */
	model_router_set_rib(ctl->model, router, rib->version, rib->metric_sum, rib->reachable);
}

static void router_link(void *arg, uint32_t slot, const struct frame_link_state *state)
{
	struct ctl *ctl = arg;
	struct model_end *end = model_end_by_port(ctl->model, state->port);

	if (!end || end->router->slot != slot)
		return;
	converge_oper(ctl->converge, state->port, state->up != 0);
	model_end_set_oper(ctl->model, end, state->up != 0);
}

/* A router that is on its way out may have to stay: then it is what it is by then. */
static void set_state(struct ctl *ctl, struct model_router *router, enum model_state state)
{
	if (router->state != MODEL_DELETING)
		model_router_set_state(ctl->model, router, state);
	else if (ctl->current)
		plan_router_was(&ctl->current->plan, router, state);
}

static void router_died(void *arg, uint32_t slot, int status)
{
	struct ctl *ctl = arg;
	struct model_router *router = model_router_by_slot(ctl->model, slot);

	if (!router)
		return;
	if (status >= 0 && WIFSIGNALED(status))
		log_warn("router %s: its process was ended by signal %d (%s)", router->name,
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (status >= 0)
		log_warn("router %s: its process ended with status %d", router->name,
			 WEXITSTATUS(status));
	else
		log_warn("router %s: its process is no more", router->name);
	ctl->dead[slot] = router->id;
	model_router_set_process(ctl->model, router, 0, false);
	set_state(ctl, router, MODEL_FAILED);
}

static void router_ready(void *arg, uint32_t slot, int32_t pid)
{
	struct ctl *ctl = arg;
	struct model_router *router = model_router_by_slot(ctl->model, slot);

	if (!router)
		return;
	ctl->dead[slot] = 0;
	model_router_set_process(ctl->model, router, pid, true);
	set_state(ctl, router, MODEL_RUNNING);
	apps_kick(ctl); /* what was ended with it runs again */
	converge_restarted(ctl->converge, slot);
}

void events_router_is(struct ctl *ctl, struct model_router *router, const struct host_router *item)
{
	ctl->dead[router->slot] = item->away ? router->id : 0;
	router->pid = item->away ? 0 : item->pid;
	set_state(ctl, router, item->away ? MODEL_FAILED : MODEL_RUNNING);
}

void events_attach(struct ctl *ctl)
{
	ctl->host->events = (struct host_events){.arg = ctl,
						 .router_rib = router_rib,
						 .router_link = router_link,
						 .router_died = router_died,
						 .router_ready = router_ready,
						 .apps = apps_events(ctl)};
}
