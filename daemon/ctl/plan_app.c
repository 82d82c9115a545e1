// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications in a plan, and their rows in the store (plan_app.h). Called by the other files of
 * plan*.c, and by keep_app.c. */
#include "daemon/ctl/plan_app.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/plan.h"
#include "daemon/ctl/plan_store.h"

#define ROW_BYTES 512 /* room in the store is made for rows of some hundred bytes */

struct plan_app *plan_app_add(struct plan *plan, struct model_router *router, struct topo_app *app)
{
	struct plan_app *add = plan_append(&plan->apps_add, &plan->apps_add_count,
					   &plan->apps_add_room, sizeof(*add));

	if (add) {
		add->router = router;
		add->app = topo_app_ref(app);
	}
	return add;
}

int plan_app_del(struct plan *plan, const struct model_app *app)
{
	uint32_t *id = plan_append(&plan->apps_del, &plan->apps_del_count, &plan->apps_del_room,
				   sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = app->id;
	return 0;
}

int plan_app_move(struct plan *plan, const struct model_app *app, uint32_t place)
{
	struct model_app_move *move = plan_append(&plan->apps_move, &plan->apps_move_count,
						  &plan->apps_move_room, sizeof(*move));

	if (!move)
		return -ENOMEM;
	*move = (struct model_app_move){.router = app->router, .aid = app->aid, .place = place};
	return 0;
}

void plan_app_instead(struct plan_app *add, const struct model_app *was)
{
	add->aid = was->aid;
	add->place = was->place;
}

int plan_app_wait(struct plan *plan, const struct model_app *app)
{
	uint32_t *id = plan_append(&plan->apps_wait, &plan->apps_wait_count, &plan->apps_wait_room,
				   sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = app->id;
	return 0;
}

void plan_app_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->apps_add_count; i++)
		topo_app_unref(plan->apps_add[i].app);
	free(plan->apps_add);
	free(plan->apps_del);
	free(plan->apps_wait);
	free(plan->apps_move);
	free(plan->apps_lose);
}

int plan_app_enter(struct plan *plan, struct model *model, uint64_t now_ms, struct err *err)
{
	for (size_t i = 0; i < plan->apps_add_count; i++) {
		struct plan_app *add = &plan->apps_add[i];
		struct model_app_spec spec = {.router = add->router,
					      .app = add->app,
					      .by_topology = add->by_topology,
					      .aid = add->aid,
					      .place = add->place,
					      .now_ms = now_ms};

		if (!spec.router)
			spec.router = plan->routers_add[add->add].made;
		if (model_app_add(model, &spec, &add->made) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	return plan_after_enter(plan, model) < 0 ? err_set(err, ENOMEM, "out of memory") : 0;
}

void plan_app_commit(struct plan *plan, struct model *model)
{
	for (size_t i = 0; i < plan->apps_del_count; i++) {
		struct model_app *app = model_app_by_id(model, plan->apps_del[i]);

		if (app)
			model_app_set_going(model, app);
	}
	model_apps_move(model, plan->apps_move, plan->apps_move_count);
	for (size_t i = 0; i < plan->apps_add_count; i++)
		model_app_set_phase(model, plan->apps_add[i].made, MODEL_APP_WANTED);
}

void plan_app_leave(struct plan *plan, struct model *model)
{
	for (size_t i = 0; i < plan->apps_add_count; i++) {
		if (plan->apps_add[i].made)
			model_app_remove(model, plan->apps_add[i].made);
		plan->apps_add[i].made = NULL;
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

static size_t rows_of(const struct topo_app *app)
{
	size_t bytes = 0, i;

	for (i = 0; i < app->file_count; i++)
		bytes += app->files[i].size * 4 / 3;
	for (i = 0; i < app->arg_count; i++)
		bytes += strlen(app->args[i]);
	for (i = 0; i < app->env_count; i++)
		bytes += strlen(app->env[i]);
	return 2 + bytes / ROW_BYTES;
}

size_t plan_app_rows(const struct plan *plan)
{
	size_t rows = plan->apps_del_count + plan->apps_move_count + plan->apps_lose_count, i;

	for (i = 0; i < plan->apps_add_count; i++)
		rows += rows_of(plan->apps_add[i].app);
	return rows;
}

void plan_app_fill(struct store_app *row, const struct model_app *app)
{
	row->id = app->id;
	row->router_id = app->router->id;
	row->aid = app->aid;
	row->place = app->place;
	row->app = app->app;
	row->by_topology = app->by_topology;
	row->created_ms = app->created_ms;
	row->state = (struct model_app_state){.phase = MODEL_APP_WANTED, .status = -1};
	if (!model_app_over(app) || app->ousted)
		return;
	row->state = app->state;
	row->state.ready = false;
	row->state.pid = 0;
}

static bool goes(const struct plan *plan, const struct model_app *app)
{
	bool found = app->going;

	for (size_t i = 0; i < plan->apps_del_count && !found; i++)
		found = plan->apps_del[i] == app->id;
	return found;
}

/* The one that stays, if any. */
static const struct model_app *moves(const struct plan *plan, const struct model_app_move *move)
{
	const struct list *pos;

	list_for_each (pos, &move->router->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (app->aid == move->aid && app->state.phase != MODEL_APP_PLANNED &&
		    !goes(plan, app))
			return app;
	}
	return NULL;
}

static void change_places(const struct plan *plan, struct plan_store *store)
{
	struct store_change *change = &store->change;

	for (size_t i = 0; i < plan->apps_move_count; i++) {
		const struct model_app *app = moves(plan, &plan->apps_move[i]);

		if (!app)
			continue;
		plan_app_fill(&store->apps[change->app_count], app);
		store->apps[change->app_count++].place = plan->apps_move[i].place;
	}
}

/* Its row, which may be there already, as it has moved. */
static struct store_app *row_of(struct plan_store *store, const struct model_app *app)
{
	struct store_app *row = store->apps, *end = row + store->change.app_count;

	while (row < end && row->id != app->id)
		row++;
	if (row == end) {
		plan_app_fill(row, app);
		store->change.app_count++;
	}
	return row;
}

static void change_lost(const struct plan *plan, const struct model *model,
			struct plan_store *store)
{
	struct model_app_state lost;

	for (size_t i = 0; i < plan->apps_lose_count; i++) {
		const struct model_app *app = plan_after_lost(plan, model, i, &lost);

		if (app)
			row_of(store, app)->state = lost;
	}
}

int plan_app_change(const struct plan *plan, const struct model *model, struct plan_store *store)
{
	struct store_change *change = &store->change;
	size_t i;

	store->apps = calloc(plan->apps_add_count + plan->apps_move_count + plan->apps_lose_count +
				     1,
			     sizeof(*store->apps));
	if (!store->apps)
		return -ENOMEM;
	for (i = 0; i < plan->apps_add_count; i++)
		plan_app_fill(&store->apps[i], plan->apps_add[i].made);
	change->apps = store->apps;
	change->app_count = plan->apps_add_count;
	change->apps_gone = plan->apps_del;
	change->apps_gone_count = plan->apps_del_count;
	change_places(plan, store);
	change_lost(plan, model, store);
	return 0;
}

int plan_app_all(const struct model *model, struct plan_store *store)
{
	struct list *pos;

	store->apps = calloc(model->app_count + 1, sizeof(*store->apps));
	if (!store->apps)
		return -ENOMEM;
	list_for_each (pos, &model->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, all);

		if (app->state.phase != MODEL_APP_PLANNED && !app->going)
			plan_app_fill(&store->apps[store->change.app_count++], app);
	}
	store->change.apps = store->apps;
	return 0;
}
