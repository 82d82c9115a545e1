// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications: desired against running (diff.h). Called by diff.c. */
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/app_after.h"
#include "daemon/ctl/app_run.h"
#include "daemon/ctl/diff.h"

/* One router of the document. */
struct place {
	struct diff *d;
	const struct topo_router *wanted;
	struct model_router *keep;	/* it stays; NULL: it is made, as the add-th of the plan, */
	const struct model_router *was; /* in place of this one, or NULL */
	size_t add;
};

static int line(const struct place *p, char sign, const char *name, const char *fields)
{
	char text[LINK_NAME_SIZE];

	snprintf(text, sizeof(text), "%s/%s", p->wanted->name, name);
	return diff_note(p->d, sign, "application", text, fields);
}

/* In the place of was, unless that is NULL. */
static int add(const struct place *p, struct topo_app *app, bool by_topology,
	       const struct model_app *was)
{
	struct plan_app *one = plan_app_add(p->d->plan, p->keep, app);

	if (!one)
		return -ENOMEM;
	one->add = p->add;
	one->by_topology = by_topology;
	if (was)
		plan_app_instead(one, was);
	return 0;
}

/* The one that has the name and is wanted. */
static struct model_app *same(const struct model_router *router, const char *name)
{
	struct model_app *app = router ? model_app_by_name(router, name) : NULL;

	return app && !app->going ? app : NULL;
}

/* Also long after it was ready. */
static bool ended_badly(const struct model_app *app)
{
	return model_app_over(app) &&
	       !(app->state.phase == MODEL_APP_ENDED && app->state.status == 0);
}

/* Also to what is shown of it. */
static bool is_equal(const struct place *p, const struct model_app *app,
		     const struct topo_app *wanted)
{
	struct topo_app *shown;
	bool equal = topo_app_equal(app->app, wanted);

	if (equal || !app->app->after_count)
		return equal;
	shown = app_after_known(p->d->model, app);
	equal = shown && topo_app_equal(shown, wanted);
	topo_app_unref(shown);
	return equal;
}

static int diff_app(const struct place *p, struct topo_app *wanted)
{
	struct ctl_summary *summary = &p->d->plan->summary;
	struct model_app *app = p->d->all ? NULL : same(p->keep ? p->keep : p->was, wanted->name);
	bool equal = app && is_equal(p, app, wanted);
	const char *why = equal ? "failed, started anew" : "started anew";

	if (!app) {
		summary->apps_added++;
		return add(p, wanted, true, NULL) < 0 ? -ENOMEM : line(p, '+', wanted->name, "");
	}
	if (p->keep && equal && !ended_badly(app))
		return apps_well(app) ? 0 : plan_app_wait(p->d->plan, app);
	summary->apps_changed++;
	if (p->keep && plan_app_del(p->d->plan, app) < 0)
		return -ENOMEM;
	if (add(p, wanted, app->by_topology || !equal, p->keep ? app : NULL) < 0)
		return -ENOMEM;
	/* Equal, on a router that is made again: that line says it. */
	return p->keep || !equal ? line(p, '~', wanted->name, why) : 0;
}

/* One that the document does not have. */
static int spare(const struct place *p, struct model_app *app)
{
	struct ctl_summary *summary = &p->d->plan->summary;

	if (!app->by_topology && !p->d->replace) {
		if (p->keep || model_app_over(app))
			return 0;
		summary->apps_changed += !p->d->all;
		summary->apps_added += p->d->all;
		return add(p, app->app, false, NULL);
	}
	if (p->d->all)
		return 0; /* its router goes, which counts it */
	summary->apps_removed++;
	if (p->keep && plan_app_del(p->d->plan, app) < 0)
		return -ENOMEM;
	return line(p, '-', app->app->name, "");
}

static int diff_place(const struct place *p)
{
	const struct model_router *had = p->keep ? p->keep : p->was;
	const struct topo_apps *wanted = p->wanted->apps;
	size_t first = p->d->plan->apps_add_count;
	const struct list *pos;

	for (size_t i = 0; i < topo_apps_count(wanted); i++) {
		if (diff_app(p, wanted->list[i]) < 0)
			return -ENOMEM;
	}
	if (!had)
		return 0;
	list_for_each (pos, &had->apps) {
		struct model_app *app = list_entry(pos, struct model_app, of_router);
		int ret = 0;

		if (!app->going)
			ret = topo_apps_find(wanted, app->app->name) ? 0 : spare(p, app);
		else if (p->keep && app->by_topology) /* of an apply that did not wait */
			ret = plan_app_wait(p->d->plan, app);
		if (ret < 0)
			return -ENOMEM;
	}
	return p->keep ? diff_order(p->d, p->keep, wanted, first) : 0;
}

int diff_apps(struct diff *d)
{
	for (size_t i = 0; i < d->doc->router_count; i++) {
		struct place p = {.d = d,
				  .wanted = &d->doc->routers[i],
				  .keep = d->keep[i],
				  .was = d->same[i],
				  .add = d->add[i]};

		/* Where everything is made again, also the router of that name was. */
		if (d->all)
			p.was = model_router_by_name(d->model, p.wanted->name);
		if (diff_place(&p) < 0)
			return -ENOMEM;
	}
	return 0;
}
