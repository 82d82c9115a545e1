// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the machine tells of applications, entered into the model (app_run.h). A daemon that takes
 * over is told of all that there are; what it does not want is stopped and forgotten, and what was
 * wanted and is not there is started again, or has ended for good.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/app_after.h"
#include "daemon/ctl/app_run_priv.h"
#include "daemon/ctl/keep.h"
#include "daemon/ctl/plan.h"

static bool over(enum host_app_phase phase)
{
	return phase == HOST_APP_ENDED || phase == HOST_APP_FAILED;
}

static enum model_app_phase phase_of(enum host_app_phase phase)
{
	static const enum model_app_phase phases[] = {
		[HOST_APP_STARTING] = MODEL_APP_STARTING, [HOST_APP_RUNNING] = MODEL_APP_RUNNING,
		[HOST_APP_WAITING] = MODEL_APP_WAITING,	  [HOST_APP_STOPPING] = MODEL_APP_STOPPING,
		[HOST_APP_ENDED] = MODEL_APP_ENDED,	  [HOST_APP_FAILED] = MODEL_APP_FAILED,
	};

	return phases[phase];
}

bool app_room_strays(const struct ctl *ctl, const struct model_router *router)
{
	for (size_t i = 0; i < ctl->apps->stray_count; i++)
		if (ctl->apps->strays[i].router_id == router->id)
			return true;
	return false;
}

static void stray_gone(struct ctl *ctl, uint32_t id)
{
	struct apps *apps = ctl->apps;

	for (size_t i = 0; i < apps->stray_count; i++) {
		if (apps->strays[i].id != id)
			continue;
		apps->strays[i] = apps->strays[--apps->stray_count];
		apps_kick(ctl);
		return;
	}
}

static void stray_there(struct ctl *ctl, uint32_t id, uint32_t router_id)
{
	struct apps *apps = ctl->apps;
	struct app_stray *stray;

	for (size_t i = 0; i < apps->stray_count; i++)
		if (apps->strays[i].id == id)
			return;
	stray = plan_append(&apps->strays, &apps->stray_count, &apps->stray_room, sizeof(*stray));
	if (stray) /* otherwise nobody waits for its end */
		*stray = (struct app_stray){id, router_id};
}

/* Of those that were lost nothing is told. */
static void look_for_strays(struct ctl *ctl)
{
	const struct apps *apps = ctl->apps;

	for (size_t i = apps->stray_count; i-- > 0;)
		if (app_ops(ctl)->values(ctl->host, apps->strays[i].id, NULL, 0) == -ESRCH)
			stray_gone(ctl, apps->strays[i].id);
}

/* At start, on a router where something runs, or ran, that a daemon before replaced or removed:
 * whoever that tells of tells of all that were started. The others may have come in its place. */
static void heirs_there(struct ctl *ctl, uint32_t router_id)
{
	const struct model_router *router = model_router_by_id(ctl->model, router_id);
	const struct list *pos;

	if (!router || ctl->apps->known)
		return;
	list_for_each (pos, &router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);

		app->unstarted |= app->restored;
	}
}

/* Its operation was not acknowledged, its router is gone, or it was taken away. */
static void unwanted(struct ctl *ctl, uint32_t id, const struct host_app_state *told)
{
	heirs_there(ctl, told->router_id);
	if (over(told->phase)) {
		stray_gone(ctl, id);
		app_ops(ctl)->forget(ctl->host, id);
		return;
	}
	stray_there(ctl, id, told->router_id);
	if (told->phase != HOST_APP_STOPPING && app_ops(ctl)->stop(ctl->host, id) < 0)
		stray_gone(ctl, id);
}

static void fill(struct model_app_state *state, const struct host_app_state *told)
{
	memset(state, 0, sizeof(*state));
	state->phase = phase_of(told->phase);
	state->ready = told->ready;
	state->pid = told->pid;
	state->status = told->status;
	state->restarts = told->restarts;
	state->started_ms = told->started_ms;
	state->ended_ms = told->ended_ms;
	snprintf(state->text, sizeof(state->text), "%s", told->text);
}

void app_state(void *arg, uint32_t id, const struct host_app_state *told)
{
	struct ctl *ctl = arg;
	struct model_app *app = model_app_by_id(ctl->model, id);
	struct model_app_state state;
	bool was_over;

	if (!app || !app_asked(app)) {
		unwanted(ctl, id, told);
		return;
	}
	app->restored = app->unstarted = false;
	was_over = model_app_over(app);
	if (over(told->phase) && app->again) {
		app_anew(ctl, app);
		return;
	}
	fill(&state, told);
	/* By an operation that was undone, or that a daemon before this one did not finish. */
	app->ousted = over(told->phase) && told->stopped && !app->going;
	model_app_set_state(ctl->model, app, &state);
	if (over(told->phase) && !was_over && app->router->state != MODEL_RUNNING)
		app->with_router = true;
	if (over(told->phase) != was_over && !app->going) {
		app->unwritten = true;
		keep_apps_soon(ctl);
	}
	apps_kick(ctl);
}

/* It is not there, and nobody says what became of it. What ended by itself is told: if what
 * it starts after is not ready, or something is told of in whose place it may come, it has not been
 * started yet. */
static void missing(struct ctl *ctl, struct model_app *app)
{
	if (app->again || app->unstarted || app->app->restart != TOPO_APP_NEVER)
		app_again(ctl, app);
	else
		app_give_up(ctl, app, MODEL_APP_ENDED, 0,
			    "it ended while nobody watched; how is not known");
}

static bool wanted(void *arg, uint32_t id)
{
	return model_app_by_id(arg, id);
}

/* Of those that were lost and that nobody wants, nothing else will be told. */
static void sweep(struct ctl *ctl)
{
	if (app_ops(ctl) && app_ops(ctl)->sweep)
		app_ops(ctl)->sweep(ctl->host, wanted, ctl->model);
}

void app_judge(struct ctl *ctl)
{
	struct list *pos;

	app_after_mark(ctl->model);
	list_for_each (pos, &ctl->model->apps) {
		struct model_app *app = list_entry(pos, struct model_app, all);

		if (app->restored && !app->going)
			missing(ctl, app);
	}
	sweep(ctl);
	apps_kick(ctl);
}

/* They were lost: those that the machine does not know any more are not there. */
static void look_for_lost(struct ctl *ctl)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->model->apps) {
		struct model_app *app = list_entry(pos, struct model_app, all);

		if (!app_asked(app) || app->restored || model_app_over(app) ||
		    app_ops(ctl)->values(ctl->host, app->id, NULL, 0) != -ESRCH)
			continue;
		if (app->going)
			model_app_remove(ctl->model, app);
		else
			missing(ctl, app);
	}
	sweep(ctl);
	apps_kick(ctl);
}

uint32_t app_place(void *arg, uint32_t id)
{
	const struct ctl *ctl = arg;
	const struct model_app *app = model_app_by_id(ctl->model, id);

	return app ? app->place : 0;
}

void app_known(void *arg)
{
	struct ctl *ctl = arg;

	look_for_strays(ctl);
	if (ctl->apps->known) {
		look_for_lost(ctl);
		return;
	}
	ctl->apps->known = true;
	if (ctl->apps->recovered)
		app_judge(ctl);
}
