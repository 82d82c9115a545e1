/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications in a test: requests, and what there is, in one line each. */
#ifndef VLSP_TESTS_UNIT_DAEMON_CTL_APP_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_CTL_APP_WORLD_H

#include "daemon/ctl/app.h"
#include "daemon/host/fake_apps.h"
#include "tests/unit/daemon/ctl/world.h"

/* Routers r1 and r2. */
static __attribute__((unused)) int app_world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	world_open(w);
	world_router(w, "r1", 0);
	world_router(w, "r2", 0);
	*state = w;
	return 0;
}

static __attribute__((unused)) int app_world_close(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

/* From a map as in a topology file; a reference of the caller's. */
static inline struct topo_app *app_of(const char *text)
{
	struct topo_app *app;
	struct err err = {0};
	char yaml[500];

	/* What begins with a brace would have to be JSON. */
	snprintf(yaml, sizeof(yaml), "---\n%s\n", text);
	if (topo_app_parse(yaml, strlen(yaml), "test", NULL, &app, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return app;
}

static inline int app_ask(struct world *w, const char *router, const char *text,
			  struct ending *ending, struct err *err)
{
	struct topo_app *app = app_of(text);
	int ret = ctl_app_start(w->ctl, router, app, NULL, world_ended, ending, NULL, err);

	topo_app_unref(app);
	return ret;
}

static __attribute__((unused)) struct ctl_op app_start(struct world *w, const char *router,
						       const char *text)
{
	struct ending ending = {0};
	struct err err = {0};

	if (app_ask(w, router, text, &ending, &err) < 0)
		fail_msg("start refused: %s", err.text);
	return *world_wait(w, &ending);
}

/* Its operation does not wait. */
static __attribute__((unused)) void app_start_later(struct world *w, const char *router,
						    const char *text)
{
	struct ctl_app_wait wait = {.no_wait = true};
	struct topo_app *app = app_of(text);
	struct ending ending = {0};
	struct err err = {0};

	assert_int_equal(
		ctl_app_start(w->ctl, router, app, &wait, world_ended, &ending, NULL, &err), 0);
	topo_app_unref(app);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
}

static __attribute__((unused)) const struct model_app *
app_there(const struct world *w, const char *router, const char *name)
{
	const struct model_router *at = model_router_by_name(w->model, router);
	const struct model_app *app = at ? model_app_by_name(at, name) : NULL;

	assert_non_null(app);
	return app;
}

/* It runs, and is not ready. */
static __attribute__((unused)) void app_is_busy(struct world *w, const char *router,
						const char *name)
{
	struct host_app_state busy = {.phase = HOST_APP_RUNNING, .status = -1, .pid = 9};

	while (app_there(w, router, name)->state.phase != MODEL_APP_STARTING)
		loop_once(w->loop, 1);
	assert_int_equal(fake_app_become(w->host, app_there(w, router, name)->id, &busy), 0);
	world_settle(w, 3);
}

static __attribute__((unused)) struct ctl_op app_stop(struct world *w, const char *router,
						      const char *app)
{
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_app_stop(w->ctl, router, app, NULL, world_ended, &ending, NULL, &err) < 0)
		fail_msg("stop refused: %s", err.text);
	return *world_wait(w, &ending);
}

static inline bool app_name_taken(void *arg, const char *name)
{
	return topo_apps_find(arg, name) != NULL;
}

/* With these applications on the router, in place of those that it has there. */
static __attribute__((unused)) void doc_apps(struct topo_doc *doc, size_t router, int count,
					     const char *const *texts)
{
	struct topo_router *to = &doc->routers[router];
	struct topo_apps *apps = NULL, *more;

	for (int i = 0; i < count; i++) {
		struct topo_app *app = app_of(texts[i]);

		topo_app_name(app, app_name_taken, apps); /* as the reader does */
		assert_int_equal(topo_apps_with(apps, app, &more), 0);
		topo_app_unref(app);
		topo_apps_unref(apps);
		apps = more;
	}
	topo_apps_unref(to->apps);
	to->apps = apps;
}
#define DOC_APPS(doc, router, ...)                                                                 \
	doc_apps(doc, router, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),       \
		 (const char *[]){__VA_ARGS__})

/* "NAME PHASE[ ready][ going]; ..." of a router, in order of place. */
static __attribute__((unused)) const char *app_list(const struct world *w, const char *router)
{
	static char text[2000];
	const struct model_router *at = model_router_by_name(w->model, router);
	size_t used = 0;
	struct list *pos;

	assert_non_null(at);
	text[0] = '\0';
	list_for_each (pos, &at->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s %s%s%s", used ? "; " : "",
			app->app->name, model_app_phase_name(app->state.phase),
			app->state.ready ? " ready" : "", app->going ? " going" : "");
	}
	return text;
}

/* It ends by itself. */
static __attribute__((unused)) void app_ends(struct world *w, uint32_t id, int status)
{
	struct host_app_state state = {
		.phase = HOST_APP_ENDED, .status = status, .started_ms = 1, .ended_ms = 2 + id};

	assert_int_equal(fake_app_become(w->host, id, &state), 0);
	world_settle(w, 2);
}

/* What the machine has is what the model has. */
static __attribute__((unused)) void assert_same(struct world *w)
{
	world_settle(w, 2);
	assert_int_equal(fake_apps_count(w->host), w->model->app_count);
}

#endif
