// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications in the model: look-ups and writers (app.h). Written by daemon/ctl. */
#include "daemon/model/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/model_priv.h"

static const char *const phase_names[MODEL_APP_PHASES] = {
	[MODEL_APP_PLANNED] = "planned",   [MODEL_APP_WANTED] = "wanted",
	[MODEL_APP_STARTING] = "starting", [MODEL_APP_RUNNING] = "running",
	[MODEL_APP_WAITING] = "waiting",   [MODEL_APP_STOPPING] = "stopping",
	[MODEL_APP_ENDED] = "ended",	   [MODEL_APP_FAILED] = "failed",
};

const char *model_app_phase_name(enum model_app_phase phase)
{
	return phase_names[phase];
}

bool model_app_over(const struct model_app *app)
{
	return app->state.phase == MODEL_APP_ENDED || app->state.phase == MODEL_APP_FAILED;
}

/* --- look-ups --------------------------------------------------------------------------------- */

struct model_app *model_app_by_id(const struct model *model, uint32_t id)
{
	uint32_t value = hash_mix(id);
	struct hash_node *node;

	for (node = hash_chain(&model->index->apps_by_id, value); node; node = node->next) {
		struct model_app *app = &list_entry(node, struct app_node, by_id)->app;

		if (node->hash == value && app->id == id)
			return app;
	}
	return NULL;
}

/* A router has few hundred at most. */
struct model_app *model_app_by_name(const struct model_router *router, const char *name)
{
	struct model_app *found = NULL;
	const struct list *pos;

	list_for_each (pos, &router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (strcmp(app->app->name, name) != 0)
			continue;
		found = app;
		if (!app->going)
			break;
	}
	return found;
}

struct model_app *model_app_find(const struct model_router *router, const char *ref)
{
	struct model_app *found = model_app_by_name(router, ref);
	uint32_t number = model_parse_id(ref);
	const struct list *pos;

	if (found || !number)
		return found;
	list_for_each (pos, &router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (app->aid == number && !app->going)
			return app;
		if (app->aid == number || (app->id == number && !found))
			found = app;
	}
	return found;
}

const char *model_app_split(const struct model_router *own, const char *ref, char router[NAME_SIZE])
{
	const char *slash = strchr(ref, '/');

	snprintf(router, NAME_SIZE, "%.*s", (int)(slash ? slash - ref : NAME_MAX_LEN),
		 slash ? ref : own->name);
	return slash ? slash + 1 : ref;
}

struct model_app *model_app_named(const struct model *model, const struct model_router *own,
				  const char *ref)
{
	char router[NAME_SIZE];
	const char *name = model_app_split(own, ref, router);
	const struct model_router *at = strchr(ref, '/') ? model_router_by_name(model, router)
							 : own;
	struct model_app *app = at ? model_app_by_name(at, name) : NULL;

	return app && !app->going ? app : NULL;
}

/* --- writers ---------------------------------------------------------------------------------- */

static struct app_node *app_node(struct model_app *app)
{
	return (struct app_node *)app;
}

void model_app_free(struct model_app *app)
{
	topo_app_unref(app->app);
	free(app_node(app));
}

static void list_by_place(struct model_app *app)
{
	struct list *pos = &app->router->apps;

	while (pos->prev != &app->router->apps &&
	       list_entry(pos->prev, struct model_app, of_router)->place > app->place)
		pos = pos->prev;
	list_add_tail(pos, &app->of_router);
}

/* Behind those with lower numbers: what is new has the highest. */
static void list_by_id(struct model *model, struct model_app *app)
{
	struct list *pos = &model->apps;

	while (pos->prev != &model->apps &&
	       list_entry(pos->prev, struct model_app, all)->id > app->id)
		pos = pos->prev;
	list_add_tail(pos, &app->all);
	list_by_place(app);
}

uint32_t model_app_next_place(const struct model_router *router)
{
	const struct list *last = router->apps.prev;

	return last == &router->apps ? 1 : list_entry(last, struct model_app, of_router)->place + 1;
}

static int enter(struct model *model, const struct model_app_spec *spec, uint32_t id, uint32_t aid,
		 struct model_app **ret_app)
{
	struct app_node *node = calloc(1, sizeof(*node));
	struct model_app *app;

	if (!node)
		return -ENOMEM;
	app = &node->app;
	app->router = spec->router;
	app->id = id;
	app->aid = aid;
	app->place = spec->place ? spec->place : model_app_next_place(spec->router);
	app->app = topo_app_ref(spec->app);
	app->by_topology = spec->by_topology;
	app->created_ms = spec->now_ms;
	app->state.phase = MODEL_APP_PLANNED;
	app->state.status = -1;
	list_by_id(model, app);
	hash_add(&model->index->apps_by_id, &node->by_id, hash_mix(id));
	model->app_count++;
	spec->router->app_count++;
	model_restore_app_ids(model, id);
	model_restore_aids(spec->router, aid);
	model_tell_app(model, MODEL_APP_ADDED, app, "added");
	*ret_app = app;
	return 0;
}

int model_app_add(struct model *model, const struct model_app_spec *spec,
		  struct model_app **ret_app)
{
	uint32_t aid = spec->aid ? spec->aid : spec->router->last_aid + 1;

	return enter(model, spec, model->index->last_app_id + 1, aid, ret_app);
}

int model_app_restore(struct model *model, const struct model_app_spec *spec, uint32_t id,
		      uint32_t aid, struct model_app **ret_app)
{
	const struct list *pos;

	if (id == 0 || aid == 0 || spec->place == 0)
		return -ERANGE;
	if (model_app_by_id(model, id) || model_app_by_name(spec->router, spec->app->name))
		return -EEXIST;
	list_for_each (pos, &spec->router->apps) {
		if (list_entry(pos, struct model_app, of_router)->aid == aid)
			return -EEXIST;
	}
	return enter(model, spec, id, aid, ret_app);
}

void model_app_remove(struct model *model, struct model_app *app)
{
	list_del(&app->all);
	list_del(&app->of_router);
	hash_del(&model->index->apps_by_id, &app_node(app)->by_id);
	model->app_count--;
	app->router->app_count--;
	model_tell_app(model, MODEL_APP_REMOVED, app, "removed");
	model_app_free(app);
}

static bool same_state(const struct model_app_state *x, const struct model_app_state *y)
{
	return x->phase == y->phase && x->ready == y->ready && x->pid == y->pid &&
	       x->status == y->status && x->restarts == y->restarts &&
	       x->started_ms == y->started_ms && x->ended_ms == y->ended_ms &&
	       x->error == y->error && strcmp(x->text, y->text) == 0;
}

void model_app_set_state(struct model *model, struct model_app *app,
			 const struct model_app_state *state)
{
	if (same_state(&app->state, state))
		return;
	app->state = *state;
	if (state->phase == MODEL_APP_PLANNED || state->phase == MODEL_APP_WANTED)
		app->was_ready = false;
	app->was_ready |= state->ready;
	model_tell_app(model, MODEL_APP_CHANGED, app, "state");
}

void model_app_set_phase(struct model *model, struct model_app *app, enum model_app_phase phase)
{
	struct model_app_state state = {.phase = phase, .status = -1};

	model_app_set_state(model, app, &state);
}

void model_app_set_going(struct model *model, struct model_app *app)
{
	if (app->going)
		return;
	app->going = true;
	model_tell_app(model, MODEL_APP_CHANGED, app, "going");
}

static const struct model_app_move *move_of(const struct model_app *app,
					    const struct model_app_move *moves, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (app->state.phase != MODEL_APP_PLANNED && moves[i].aid == app->aid)
			return &moves[i];
	return NULL;
}

/* All of one router. */
static void move(struct model *model, const struct model_app_move *moves, size_t count)
{
	struct model_router *router = moves[0].router;
	struct list was, *pos, *tmp;

	list_init(&was);
	list_for_each_safe (pos, tmp, &router->apps) {
		list_del(pos);
		list_add_tail(&was, pos);
	}
	list_for_each_safe (pos, tmp, &was) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);
		const struct model_app_move *its = move_of(app, moves, count);

		app->moved = its;
		if (its)
			app->place = its->place;
		list_del(pos);
		list_by_place(app);
	}
	list_for_each (pos, &router->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (app->moved)
			model_tell_app(model, MODEL_APP_CHANGED, app, "place");
	}
}

void model_apps_move(struct model *model, const struct model_app_move *moves, size_t count)
{
	size_t i = 0, end;

	for (; i < count; i = end) {
		for (end = i + 1; end < count && moves[end].router == moves[i].router;)
			end++;
		move(model, &moves[i], end - i);
	}
}

uint32_t model_last_app_id(const struct model *model)
{
	return model->index->last_app_id;
}

void model_restore_app_ids(struct model *model, uint32_t last_app_id)
{
	if (last_app_id > model->index->last_app_id)
		model->index->last_app_id = last_app_id;
}

void model_restore_aids(struct model_router *router, uint32_t last_aid)
{
	if (last_aid > router->last_aid)
		router->last_aid = last_aid;
}
