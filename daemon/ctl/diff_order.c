// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The places of applications on a router (diff.h), by which their network functions are in order.
 * Those of the document have the places that these have now among them, in the document's order;
 * others stay where they are among them. What is new comes in front of what is behind it in the
 * document, or is the last. Called by diff_app.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/diff.h"

struct order {
	struct diff *d;
	struct model_router *router;
	const struct topo_apps *wanted;
	size_t first, next;	 /* of plan->apps_add; of wanted */
	struct model_app **had;	 /* by wanted's index; NULL: it is new */
	struct model_app **stay; /* in order of place: those that are there and not removed */
	size_t *as;		 /* by stay's index: wanted's; or NOT_WANTED */
	size_t count, taken;	 /* of stay; places that have been given */
};

#define NOT_WANTED ((size_t)-1)

static size_t wanted_as(const struct order *o, const struct model_app *app)
{
	for (size_t i = 0; i < topo_apps_count(o->wanted); i++)
		if (strcmp(o->wanted->list[i]->name, app->app->name) == 0)
			return i;
	return NOT_WANTED;
}

/* As for diff_app.c: the one that has its name. A diff may be asked for while an operation is about
 * to bring another. */
static bool counts(const struct order *o, const struct model_app *app)
{
	return !app->going && model_app_by_name(o->router, app->app->name) == app;
}

static void look(struct order *o)
{
	const struct list *pos;

	list_for_each (pos, &o->router->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);
		size_t as = wanted_as(o, app);

		if (!counts(o, app) || (as == NOT_WANTED && app->by_topology))
			continue;
		if (as != NOT_WANTED)
			o->had[as] = app;
		o->as[o->count] = as;
		o->stay[o->count++] = app;
	}
}

/* That the plan makes of wanted's i-th; NULL: it is let alone. */
static struct plan_app *added(const struct order *o, size_t i)
{
	struct plan *plan = o->d->plan;

	for (size_t k = o->first; k < plan->apps_add_count; k++)
		if (plan->apps_add[k].app == o->wanted->list[i])
			return &plan->apps_add[k];
	return NULL;
}

/* The next place: one of those that there are, or a new one. */
static uint32_t place(struct order *o)
{
	size_t at = o->taken++;

	return at < o->count ? o->stay[at]->place
			     : model_app_next_place(o->router) + (uint32_t)(at - o->count);
}

static int said(const struct order *o, const struct model_app *app)
{
	char text[LINK_NAME_SIZE];

	o->d->plan->summary.apps_changed++;
	snprintf(text, sizeof(text), "%s/%s", o->router->name, app->app->name);
	return diff_note(o->d, '~', "application", text, "order");
}

static void seat_new(struct order *o)
{
	for (; o->next < topo_apps_count(o->wanted) && !o->had[o->next]; o->next++)
		added(o, o->next)->place = place(o);
}

/* In the place that as has now among those of the document. */
static int seat(struct order *o, size_t as)
{
	struct plan_app *add;
	struct model_app *app;
	uint32_t its;

	seat_new(o);
	app = o->had[o->next];
	add = added(o, o->next);
	its = place(o);
	if (add)
		add->place = its;
	if (o->next++ != as && !add && said(o, app) < 0)
		return -ENOMEM;
	return app->place == its ? 0 : plan_app_move(o->d->plan, app, its);
}

static int seat_all(struct order *o)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < o->count; i++) {
		struct model_app *app = o->stay[i];
		uint32_t its;

		if (o->as[i] != NOT_WANTED) {
			ret = seat(o, o->as[i]);
			continue;
		}
		its = place(o);
		ret = app->place == its ? 0 : plan_app_move(o->d->plan, app, its);
	}
	if (ret == 0)
		seat_new(o);
	return ret;
}

int diff_order(struct diff *d, struct model_router *router, const struct topo_apps *wanted,
	       size_t first)
{
	struct order o = {.d = d, .router = router, .wanted = wanted, .first = first};
	size_t room = router->app_count + 1;
	int ret = -ENOMEM;

	o.had = calloc(topo_apps_count(wanted) + 1, sizeof(o.had[0]));
	o.stay = calloc(room, sizeof(o.stay[0]));
	o.as = calloc(room, sizeof(o.as[0]));
	if (o.had && o.stay && o.as) {
		look(&o);
		ret = seat_all(&o);
	}
	free(o.had);
	free(o.stay);
	free(o.as);
	return ret;
}
