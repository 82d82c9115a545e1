// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications that wait for one which a plan takes away before it was ready (plan_app.h). They
 * fail once it goes (app_after_forsake()); a daemon that is killed before that is written must not
 * leave ones that are started. Called by plan_app.c.
 */
#include <string.h>

#include "daemon/ctl/app_after.h"
#include "daemon/ctl/app_run.h"
#include "daemon/ctl/plan.h"

static bool router_goes(const struct plan *plan, const struct model_router *router)
{
	for (size_t i = 0; i < plan->routers_del_count; i++)
		if (plan->routers_del[i].router == router)
			return true;
	return false;
}

static bool goes(const struct plan *plan, const struct model_app *app)
{
	for (size_t i = 0; i < plan->apps_del_count; i++)
		if (plan->apps_del[i] == app->id)
			return true;
	return app->going || router_goes(plan, app->router);
}

/* Another of its name comes in its place. */
static bool comes_again(const struct plan *plan, const struct model_app *gone)
{
	for (size_t i = 0; i < plan->apps_add_count; i++) {
		const struct plan_app *add = &plan->apps_add[i];
		const char *router = add->router ? add->router->name
						 : plan->routers_add[add->add].name;

		if (strcmp(router, gone->router->name) == 0 &&
		    strcmp(add->app->name, gone->app->name) == 0)
			return true;
	}
	return false;
}

static bool waits(const struct model_app *app)
{
	return !app->going && !app->restored && app->state.phase == MODEL_APP_WANTED &&
	       app->app->after_count;
}

static int lose(struct plan *plan, const struct model *model, const struct model_app *gone)
{
	const struct list *pos;

	if (gone->going || apps_well(gone) || comes_again(plan, gone))
		return 0;
	list_for_each (pos, &model->apps) {
		struct model_app *app = list_entry(pos, struct model_app, all);
		size_t at = waits(app) ? app_after_waits(app, gone) : 0;
		struct plan_lose *one;

		if (!at || goes(plan, app))
			continue;
		one = plan_append(&plan->apps_lose, &plan->apps_lose_count, &plan->apps_lose_room,
				  sizeof(*one));
		if (!one)
			return -ENOMEM;
		*one = (struct plan_lose){.app = app->id, .gone = gone->id, .at = at};
	}
	return 0;
}

int plan_after_enter(struct plan *plan, const struct model *model)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < plan->apps_del_count; i++) {
		const struct model_app *gone = model_app_by_id(model, plan->apps_del[i]);

		ret = gone ? lose(plan, model, gone) : 0;
	}
	for (size_t i = 0; ret == 0 && i < plan->routers_del_count; i++) {
		const struct model_router *router = plan->routers_del[i].router;
		const struct list *pos;

		for (pos = router->apps.next; ret == 0 && pos != &router->apps; pos = pos->next)
			ret = lose(plan, model, list_entry(pos, struct model_app, of_router));
	}
	return ret;
}

const struct model_app *plan_after_lost(const struct plan *plan, const struct model *model,
					size_t i, struct model_app_state *ret_state)
{
	const struct plan_lose *one = &plan->apps_lose[i];
	const struct model_app *app = model_app_by_id(model, one->app);
	const struct model_app *gone = model_app_by_id(model, one->gone);

	if (!app || !waits(app) || !gone || apps_well(gone))
		return NULL;
	app_after_lost(app, one->at, APP_AFTER_STOPPED, ret_state);
	return app;
}
