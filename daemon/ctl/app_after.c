// SPDX-License-Identifier: GPL-2.0-or-later
/* What applications start after (app_after.h). */
#include "daemon/ctl/app_after.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- no circles ------------------------------------------------------------------------------- */

struct walk {
	const struct model *model;
	unsigned number;
	struct model_app **stack; /* of those whose names have not been looked at */
	size_t count;
};

static void push_all(struct walk *walk, const struct model_router *own, const struct topo_app *app)
{
	for (size_t i = 0; i < app->after_count; i++) {
		struct model_app *next = model_app_named(walk->model, own, app->after[i]);

		if (!next || next->walk == walk->number)
			continue;
		next->walk = walk->number;
		walk->stack[walk->count++] = next;
	}
}

/* Which of those that app, which is on own, waits for has that name on router: 1, 2, ...; 0: none.
 */
static size_t waits_for(const struct model_router *own, const struct topo_app *app,
			const struct model_router *router, const char *name)
{
	char at[NAME_SIZE];

	for (size_t i = 0; i < app->after_count; i++) {
		const char *after = model_app_split(own, app->after[i], at);

		if (strcmp(at, router->name) == 0 && strcmp(after, name) == 0)
			return i + 1;
	}
	return 0;
}

int app_after_check(const struct model *model, const struct model_router *router,
		    const struct topo_app *app, struct err *err)
{
	static unsigned walks;
	struct walk walk = {.model = model, .number = ++walks};
	const struct model_app *found = NULL;

	if (!app->after_count)
		return 0;
	if (waits_for(router, app, router, app->name))
		return err_set(err, EINVAL, "after: %s is its own name", app->name);
	walk.stack = calloc(model->app_count + 1, sizeof(walk.stack[0]));
	if (!walk.stack)
		return err_set(err, ENOMEM, "out of memory");
	push_all(&walk, router, app);
	while (walk.count && !found) {
		struct model_app *next = walk.stack[--walk.count];

		if (waits_for(next->router, next->app, router, app->name))
			found = next;
		push_all(&walk, next->router, next->app);
	}
	free(walk.stack);
	if (!found)
		return 0;
	return err_set(err, EINVAL, "after: application %s on %s comes itself after %s",
		       found->app->name, found->router->name, app->name);
}

/* --- those that will not come ----------------------------------------------------------------- */

size_t app_after_waits(const struct model_app *app, const struct model_app *gone)
{
	return waits_for(app->router, app->app, gone->router, gone->app->name);
}

void app_after_lost(const struct model_app *app, size_t at, const char *what,
		    struct model_app_state *ret_state)
{
	*ret_state = (struct model_app_state){.phase = MODEL_APP_FAILED,
					      .status = -1,
					      .error = ECANCELED,
					      .started_ms = app->state.started_ms};
	snprintf(ret_state->text, sizeof(ret_state->text), "it starts after %.130s, which %.300s",
		 app->app->after[at - 1], what);
}

void app_after_forsake(const struct model *model, const struct model_app *gone)
{
	/* Its router may be made again, which is another one then. */
	const struct model_router *its = model_router_by_name(model, gone->router->name);
	const struct model_app *other = its ? model_app_by_name(its, gone->app->name) : NULL;
	const struct list *pos;

	if (other && !other->going)
		return;
	list_for_each (pos, &model->apps) {
		struct model_app *app = list_entry(pos, struct model_app, all);
		size_t at = 0;

		if (!app->going && !app->restored && app->state.phase == MODEL_APP_WANTED)
			at = app_after_waits(app, gone);
		if (at)
			app->forsaken = at;
	}
}

/* --- those that still wait after a crash --------------------------------------------------------
 */

/* It is there and not ready, or has not been started either. */
static bool is_awaited(const struct model_app *first)
{
	bool there = !first->restored && first->state.phase != MODEL_APP_WANTED &&
		     first->state.phase != MODEL_APP_PLANNED && !model_app_over(first);

	return first->unstarted || (there && !first->was_ready);
}

static bool still_waits(const struct model *model, const struct model_app *app)
{
	for (size_t i = 0; i < app->app->after_count; i++) {
		const struct model_app *first = model_app_named(model, app->router,
								app->app->after[i]);

		if (first && is_awaited(first))
			return true;
	}
	return false;
}

/* A pass for each that waits for one behind it in the list: few have got there by a restart. */
void app_after_mark(const struct model *model)
{
	const struct list *pos;
	bool more = true;

	while (more) {
		more = false;
		list_for_each (pos, &model->apps) {
			struct model_app *app = list_entry(pos, struct model_app, all);

			if (!app->restored || app->going || app->unstarted ||
			    !still_waits(model, app))
				continue;
			app->unstarted = more = true;
		}
	}
}

/* --- documents -------------------------------------------------------------------------------- */

bool app_after_shown(const struct model_app *app)
{
	return !app->going && app->state.phase != MODEL_APP_PLANNED &&
	       (app->by_topology || !model_app_over(app));
}

static bool known(const struct model *model, const struct model_app *app, size_t i)
{
	const struct model_app *first = model_app_named(model, app->router, app->app->after[i]);

	return first && app_after_shown(first);
}

static struct topo_app *copy_of(const struct topo_app *app)
{
	char *text = topo_app_text(app);
	struct topo_app *copy = NULL;

	if (text && topo_app_parse(text, strlen(text), "copy", NULL, &copy, NULL) < 0)
		copy = NULL;
	free(text);
	return copy;
}

struct topo_app *app_after_known(const struct model *model, const struct model_app *app)
{
	struct topo_app *copy;
	size_t all = 0, kept = 0;

	while (all < app->app->after_count && known(model, app, all))
		all++;
	if (all == app->app->after_count)
		return topo_app_ref(app->app);
	copy = copy_of(app->app);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < copy->after_count; i++) {
		if (known(model, app, i))
			copy->after[kept++] = copy->after[i];
		else
			free(copy->after[i]);
	}
	copy->after_count = kept;
	return copy;
}
