// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what is wanted to what runs (app_run.h): one look over all applications, from the loop,
 * after something has happened to any of them. What the machine tells is in app_told.c.
 */
#include "daemon/ctl/app_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/ctl/app.h"
#include "daemon/ctl/app_after.h"
#include "daemon/ctl/app_run_priv.h"
#include "daemon/ctl/keep.h"
#include "daemon/ctl/settle.h"

void apps_kick(struct ctl *ctl)
{
	loop_timer_set(ctl->apps->kick, 1);
}

/* --- one application ----------------------------------------------------------------------- */

bool apps_well(const struct model_app *app)
{
	return app->was_ready ||
	       (app->state.phase == MODEL_APP_ENDED && app->state.status == 0 && !app->ousted);
}

bool apps_lost(const struct model_app *app)
{
	return model_app_over(app) && !apps_well(app) && !app->ousted;
}

static void say_status(int status, char *buf, size_t size)
{
	if (status < 0)
		snprintf(buf, size, "ended, how is not known");
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "was ended by signal %d (%s) before it was ready",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(buf, size, "ended with status %d before it was ready",
			 WEXITSTATUS(status));
}

void apps_why(const struct model_app *app, struct err *ret_err)
{
	char text[120];

	say_status(app->state.status, text, sizeof(text));
	err_set(ret_err, app->state.error ? app->state.error : ENOEXEC, "%s",
		app->state.text[0] ? app->state.text : text);
}

void app_anew(struct ctl *ctl, struct model_app *app)
{
	if (app_ops(ctl) && app_asked(app))
		app_ops(ctl)->forget(ctl->host, app->id);
	app_again(ctl, app);
}

void app_again(struct ctl *ctl, struct model_app *app)
{
	app->restored = app->with_router = app->again = app->ousted = app->unstarted = false;
	app->forsaken = 0;
	app->unwritten |= model_app_over(app);
	model_app_set_phase(ctl->model, app, MODEL_APP_WANTED);
	keep_apps_soon(ctl);
	apps_kick(ctl);
}

void app_give_up(struct ctl *ctl, struct model_app *app, enum model_app_phase phase, int error,
		 const char *text)
{
	struct model_app_state state = {
		.phase = phase, .status = -1, .error = error, .started_ms = app->state.started_ms};

	snprintf(state.text, sizeof(state.text), "%s", text);
	app->restored = false;
	app->unwritten = true;
	model_app_set_state(ctl->model, app, &state);
	keep_apps_soon(ctl);
	apps_kick(ctl);
}

void apps_drop(struct ctl *ctl, struct model_app *app)
{
	uint32_t id = app->id;

	keep_app_gone(ctl, id);
	model_app_remove(ctl->model, app);
}

/* --- start and stop -------------------------------------------------------------------------- */

static void lose_turn(struct ctl *ctl, struct model_app *app, size_t at, const char *why)
{
	struct model_app_state lost;

	app_after_lost(app, at, why, &lost);
	app_give_up(ctl, app, lost.phase, lost.error, lost.text);
}

/* Those that it starts after are ready. What is not there is not waited for, but for what went
 * while it was. */
static bool turn_has_come(struct ctl *ctl, struct model_app *app)
{
	const struct topo_app *wanted = app->app;
	struct err why;
	char text[sizeof(why.text) + 8];

	if (app->forsaken) { /* so it is written: plan_after.c */
		lose_turn(ctl, app, app->forsaken, APP_AFTER_STOPPED);
		return false;
	}
	for (size_t i = 0; i < wanted->after_count; i++) {
		const struct model_app *first = model_app_named(ctl->model, app->router,
								wanted->after[i]);

		if (!first || apps_well(first))
			continue;
		if (!apps_lost(first))
			return false;
		apps_why(first, &why);
		snprintf(text, sizeof(text), "failed: %s", why.text);
		lose_turn(ctl, app, i + 1, text);
		return false;
	}
	return true;
}

/* Another is still on its way out that may hold what this one needs, a port or a file: it has the
 * same name, or both came by a document, which may have named them anew; or it is of before. */
static bool room_held(const struct ctl *ctl, const struct model_app *app)
{
	const struct list *pos;

	if (app_room_strays(ctl, app->router))
		return true;

	list_for_each (pos, &app->router->apps) {
		const struct model_app *other = list_entry(pos, struct model_app, of_router);

		if (other != app && other->going &&
		    ((other->by_topology && app->by_topology) ||
		     strcmp(other->app->name, app->app->name) == 0))
			return true;
	}
	return false;
}

static void start(struct ctl *ctl, struct model_app *app)
{
	const struct model_router *router = app->router;
	struct host_app_start start = {.id = app->id,
				       .router_id = router->id,
				       .slot = router->slot,
				       .address = router->address,
				       .app = app->app};
	struct err err = {0};
	int ret;

	if (router->state == MODEL_PLANNED || router->state == MODEL_DELETING ||
	    room_held(ctl, app) || !turn_has_come(ctl, app))
		return;
	if (!app_ops(ctl)) {
		app_give_up(ctl, app, MODEL_APP_FAILED, EOPNOTSUPP,
			    "this machine cannot run applications");
		return;
	}
	memcpy(start.router, router->name, sizeof(start.router));
	ret = app_ops(ctl)->start(ctl->host, &start, &err);
	if (ret == 0) {
		model_app_set_phase(ctl->model, app, MODEL_APP_STARTING);
		return;
	}
	if (!err.text[0])
		err_errno(&err, ret, "start");
	app_give_up(ctl, app, MODEL_APP_FAILED, -ret, err.text);
}

/* What comes in its place has what it leaves open no more than it did itself. */
static void hand_over(struct ctl *ctl, const struct model_app *app)
{
	const struct list *pos;

	if (!app_ops(ctl) || !app_ops(ctl)->hand_over)
		return;
	list_for_each (pos, &app->router->apps) {
		const struct model_app *heir = list_entry(pos, struct model_app, of_router);

		if (heir->aid == app->aid && !heir->going && heir->state.phase != MODEL_APP_PLANNED)
			app_ops(ctl)->hand_over(ctl->host, app->id, heir->id,
						!topo_app_equal(heir->app, app->app));
	}
}

/* Nobody wants it. */
static void stop(struct ctl *ctl, struct model_app *app)
{
	struct model_app_state state = app->state;

	if (state.phase == MODEL_APP_STOPPING)
		return;
	if (app->restored && !ctl->apps->known)
		return; /* it may run: the machine has not told yet */
	hand_over(ctl, app);
	if (!app_asked(app) || model_app_over(app) || !app_ops(ctl) ||
	    app_ops(ctl)->stop(ctl->host, app->id) < 0) {
		model_app_remove(ctl->model, app);
		return;
	}
	state.phase = MODEL_APP_STOPPING;
	model_app_set_state(ctl->model, app, &state);
}

/* --- the look ----------------------------------------------------------------------------------
 */

/* It did not end by itself, and runs again if its router stays, or when it is made again. */
static bool ended_with_router(const struct model_app *app)
{
	return app->ousted || app->with_router;
}

/* Of those that have ended, the one that did so first. */
static struct model_app *oldest(const struct model_router *router, unsigned *ret_count)
{
	struct model_app *found = NULL;
	const struct list *pos;

	*ret_count = 0;
	list_for_each (pos, &router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (!model_app_over(app) || app->going || ended_with_router(app))
			continue;
		++*ret_count;
		if (!found || app->state.ended_ms < found->state.ended_ms)
			found = app;
	}
	return found;
}

static void trim(struct ctl *ctl)
{
	struct list *pos;

	list_for_each (pos, &ctl->model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);
		struct model_app *app;
		unsigned count;

		while (router->app_count > CTL_APPS_ENDED_MAX) {
			app = oldest(router, &count);
			if (count <= CTL_APPS_ENDED_MAX)
				break;
			apps_drop(ctl, app);
		}
	}
}

static void on_kick(void *arg)
{
	struct ctl *ctl = arg;
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->model->apps) {
		struct model_app *app = list_entry(pos, struct model_app, all);

		if (app->going) {
			stop(ctl, app);
			continue;
		}
		if (!ctl->apps->known || !ctl->apps->recovered)
			continue;
		if (app->ousted && app->router->state == MODEL_RUNNING)
			app_anew(ctl, app);
		if (app->state.phase == MODEL_APP_WANTED && !app->restored)
			start(ctl, app);
	}
	settle_look(ctl);
	trim(ctl);
}

/* It has become one that nobody wants, or went without that. */
static bool goes(const struct model_change *change)
{
	if (change->kind == MODEL_APP_CHANGED)
		return change->app->going && strcmp(change->what, "going") == 0;
	return change->kind == MODEL_APP_REMOVED && !change->app->going &&
	       change->app->state.phase != MODEL_APP_PLANNED;
}

/* With it, or with its router, goes what the machine keeps of it, also what it was handed over
 * before it was started. One that is not over yet is stopped and forgotten when the machine tells
 * of it again. */
static void on_change(void *arg, const struct model_change *change)
{
	struct ctl *ctl = arg;

	if (goes(change) && !apps_well(change->app)) {
		app_after_forsake(ctl->model, change->app);
		apps_kick(ctl);
	}
	if (change->kind == MODEL_APP_CHANGED && strcmp(change->what, "place") == 0 &&
	    app_ops(ctl) && app_ops(ctl)->reorder)
		app_ops(ctl)->reorder(ctl->host, change->app->router->slot);
	if (change->kind == MODEL_APP_REMOVED && app_ops(ctl))
		app_ops(ctl)->forget(ctl->host, change->app->id);
}

/* --- routers ------------------------------------------------------------------------------------
 */

/* A job (ready: exit) that has done its work. */
static bool job_done(const struct model_app *app)
{
	return app->app->ready == TOPO_APP_READY_EXIT && app->state.phase == MODEL_APP_ENDED &&
	       apps_well(app);
}

void apps_router_again(struct ctl *ctl, struct model_router *router)
{
	struct list *pos;

	list_for_each (pos, &router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (app->going || app->state.phase == MODEL_APP_PLANNED)
			continue;
		if (model_app_over(app)) {
			if (app->with_router || job_done(app))
				app_anew(ctl, app);
		} else if (app_asked(app)) {
			app->again = true;
			if (!app->restored && app_ops(ctl)->stop(ctl->host, app->id) < 0)
				app_anew(ctl, app);
		}
	}
	apps_kick(ctl);
}

/* --- life ----------------------------------------------------------------------------------------
 */

void apps_recover(struct ctl *ctl)
{
	ctl->apps->known = !app_ops(ctl);
	ctl->apps->recovered = false;
}

void apps_recovered(struct ctl *ctl)
{
	ctl->apps->recovered = true;
	if (ctl->apps->known)
		app_judge(ctl);
}

struct host_app_events apps_events(struct ctl *ctl)
{
	return (struct host_app_events){
		.arg = ctl, .state = app_state, .known = app_known, .place = app_place};
}

int apps_new(struct ctl *ctl, struct apps **ret_apps)
{
	struct apps *apps = calloc(1, sizeof(*apps));
	int ret = apps ? 0 : -ENOMEM;

	if (ret == 0)
		ret = loop_timer_new(ctl->loop, on_kick, ctl, &apps->kick);
	if (ret == 0)
		ret = loop_timer_new(ctl->loop, keep_apps_timer, ctl, &apps->write);
	if (ret == 0)
		ret = model_subscribe(ctl->model, on_change, ctl);
	if (ret < 0) {
		apps_free(apps);
		return ret;
	}
	apps->ctl = ctl;
	apps->known = apps->recovered = true;
	*ret_apps = apps;
	return 0;
}

void apps_free(struct apps *apps)
{
	if (!apps)
		return;
	if (apps->ctl)
		model_unsubscribe(apps->ctl->model, on_change, apps->ctl);
	loop_timer_free(apps->kick);
	loop_timer_free(apps->write);
	free(apps->gone);
	free(apps->strays);
	free(apps);
}
