// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests for applications (app.h): started, stopped, started anew, told something, and what the
 * machine says of them. Called by daemon/api. What becomes of them is brought about by app_run.c.
 */
#include "daemon/ctl/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/app_check.h"
#include "daemon/ctl/ctl_priv.h"
#include "lib/client/app_link.h"

struct app_args {
	char router[LINK_NAME_SIZE];
	char ref[LINK_NAME_SIZE];		       /* "": all of the router */
	struct topo_app *app;			       /* start: a reference */
	char key[APP_LINK_KEY], value[APP_LINK_VALUE]; /* set */
};

static void free_args(void *data)
{
	struct app_args *args = data;

	topo_app_unref(args->app);
	free(args);
}

static const struct host_app_ops *ops_of(const struct ctl *ctl)
{
	return ctl->host->ops->apps;
}

/* NULL with a text: there is none. */
static struct model_router *find_router(struct ctl *ctl, const char *ref, struct err *err)
{
	struct model_router *router = model_router_find(ctl->model, ref);

	if (!router)
		err_set(err, ENOENT, "router: there is no router %.140s", ref);
	return router;
}

int ctl_app_find(struct ctl *ctl, const char *router, const char *app, struct model_app **ret_app,
		 struct err *err)
{
	struct model_router *found = find_router(ctl, router, err);
	struct model_app *there;

	if (!found)
		return -ENOENT;
	there = model_app_find(found, app);
	if (!there)
		return err_set(err, ENOENT, "app: there is no application %.140s on router %s", app,
			       found->name);
	*ret_app = there;
	return 0;
}

/* --- start ------------------------------------------------------------------------------------ */

static bool name_taken(void *arg, const char *name)
{
	const struct model_app *app = model_app_by_name(arg, name);

	return app && !app->going;
}

static int plan_start(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct app_args *args = data;
	struct topo_app *app = args->app;
	struct model_router *router = find_router(ctl, args->router, err);
	const struct model_app *same = NULL;
	struct plan_app *add;
	int ret;

	if (!router)
		return -ENOENT;
	plan->router_id = router->id;
	if (!app->named) {
		app->name[0] = '\0';
		topo_app_name(app, name_taken, router);
	} else {
		same = model_app_by_name(router, app->name);
	}
	if (same && same->going)
		same = NULL;
	if (same && !model_app_over(same))
		return err_set(err, EEXIST, "name: router %s has an application %s already",
			       router->name, app->name);
	ret = app_check_one(ctl, router, app, err);
	if (ret < 0)
		return ret;
	ret = same ? plan_app_del(plan, same) : 0;
	add = ret < 0 ? NULL : plan_app_add(plan, router, app);
	if (!add)
		return err_set(err, ENOMEM, "out of memory");
	if (same)
		plan_app_instead(add, same);
	plan->summary.apps_added = 1;
	return 0;
}

/* --- stop, restart ------------------------------------------------------------------------------
 */

/* That one, and those of its name that are on their way out: the answer is that nothing of it is
 * there. */
static int stop_named(struct plan *plan, const struct model_app *app)
{
	const struct list *pos;
	int ret = plan_app_del(plan, app);

	list_for_each (pos, &app->router->apps) {
		const struct model_app *other = list_entry(pos, struct model_app, of_router);

		if (ret == 0 && other != app && other->going &&
		    strcmp(other->app->name, app->app->name) == 0)
			ret = plan_app_del(plan, other);
	}
	return ret;
}

static int plan_stop(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct app_args *args = data;
	struct model_router *router = find_router(ctl, args->router, err);
	const struct list *pos;
	struct model_app *app;

	if (!router)
		return -ENOENT;
	plan->router_id = router->id;
	if (args->ref[0]) {
		if (ctl_app_find(ctl, args->router, args->ref, &app, err) < 0)
			return -ENOENT;
		plan->app_id = app->id;
		plan->summary.apps_removed = 1;
		return stop_named(plan, app) < 0 ? err_set(err, ENOMEM, "out of memory") : 0;
	}
	list_for_each (pos, &router->apps) {
		if (plan_app_del(plan, list_entry(pos, struct model_app, of_router)) < 0)
			return err_set(err, ENOMEM, "out of memory");
		plan->summary.apps_removed++;
	}
	return 0;
}

static int plan_restart(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct app_args *args = data;
	struct plan_app *add;
	struct model_app *app;
	int ret = ctl_app_find(ctl, args->router, args->ref, &app, err);

	if (ret < 0)
		return ret;
	if (app->going)
		return err_set(err, ENOENT, "app: application %s on router %s is being stopped",
			       app->app->name, app->router->name);
	plan->router_id = app->router->id;
	ret = plan_app_del(plan, app);
	add = ret < 0 ? NULL : plan_app_add(plan, app->router, app->app);
	if (!add)
		return err_set(err, ENOMEM, "out of memory");
	add->by_topology = app->by_topology;
	plan_app_instead(add, app);
	plan->summary.apps_changed = 1;
	return 0;
}

/* --- set ----------------------------------------------------------------------------------------
 */

static int plan_set(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct app_args *args = data;
	struct model_app *app;

	(void)plan;
	return ctl_app_find(ctl, args->router, args->ref, &app, err);
}

static int run_set(struct ctl *ctl, struct op *op, struct err *err)
{
	const struct app_args *args = op->args;
	struct model_app *app;
	int ret = ctl_app_find(ctl, args->router, args->ref, &app, err);

	if (ret < 0)
		return ret;
	ret = ops_of(ctl) ? ops_of(ctl)->set(ctl->host, app->id, args->key, args->value) : -ESRCH;
	if (ret == -ESRCH)
		return err_set(err, ESRCH, "application %s on %s does not run", app->app->name,
			       app->router->name);
	if (ret == -ENOTCONN)
		return err_set(err, ENOTCONN, "application %s on %s does not take settings",
			       app->app->name, app->router->name);
	if (ret == -EAGAIN)
		return err_set(err, EAGAIN,
			       "application %s on %s has not taken what it was given before",
			       app->app->name, app->router->name);
	if (ret < 0)
		return err_errno(err, ret, "application %s on %s", app->app->name,
				 app->router->name);
	op->pub.router_id = app->router->id;
	op->pub.app_id = app->id;
	op_finish(ctl, op, NULL);
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------
 */

static const struct op_kind kind_start = {
	.name = "app-start", .plan = plan_start, .free_args = free_args, .settles = SETTLE_OR_NONE};
static const struct op_kind kind_stop = {
	.name = "app-stop", .plan = plan_stop, .free_args = free_args, .settles = SETTLE_GONE};
static const struct op_kind kind_restart = {.name = "app-restart",
					    .plan = plan_restart,
					    .free_args = free_args,
					    .settles = SETTLE_READY};
static const struct op_kind kind_set = {
	.name = "app-set", .plan = plan_set, .free_args = free_args, .run = run_set};

static int submit(struct ctl *ctl, struct op_request *request, const char *router,
		  const struct app_args *with, const struct ctl_app_wait *wait, uint64_t *ret_op,
		  struct err *err)
{
	struct app_args *args;

	if (strlen(router) >= sizeof(args->router))
		return err_set(err, ENOENT, "router: there is no router with a name that long");
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	*args = *with;
	topo_app_ref(args->app);
	snprintf(args->router, sizeof(args->router), "%s", router);
	request->args = args;
	request->no_wait = wait && wait->no_wait;
	request->timeout_ms = wait && wait->timeout_ms ? wait->timeout_ms : CTL_APP_TIMEOUT_MS;
	return op_submit(ctl, request, ret_op, err);
}

static int take_ref(struct app_args *args, const char *app, struct err *err)
{
	if (!app[0] || strlen(app) >= sizeof(args->ref))
		return err_set(err, ENOENT, "app: there is no application '%.140s'", app);
	snprintf(args->ref, sizeof(args->ref), "%s", app);
	return 0;
}

int ctl_app_start(struct ctl *ctl, const char *router, struct topo_app *app,
		  const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		  struct err *err)
{
	struct op_request request = {.kind = &kind_start, .done = done, .arg = arg};
	struct app_args args = {.app = app};

	return submit(ctl, &request, router, &args, wait, ret_op, err);
}

int ctl_app_stop(struct ctl *ctl, const char *router, const char *app,
		 const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		 struct err *err)
{
	struct op_request request = {.kind = &kind_stop, .done = done, .arg = arg};
	struct app_args args = {.app = NULL};
	int ret = app ? take_ref(&args, app, err) : 0;

	return ret < 0 ? ret : submit(ctl, &request, router, &args, wait, ret_op, err);
}

int ctl_app_restart(struct ctl *ctl, const char *router, const char *app,
		    const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		    struct err *err)
{
	struct op_request request = {.kind = &kind_restart, .done = done, .arg = arg};
	struct app_args args = {.app = NULL};
	int ret = take_ref(&args, app, err);

	return ret < 0 ? ret : submit(ctl, &request, router, &args, wait, ret_op, err);
}

int ctl_app_set(struct ctl *ctl, const char *router, const char *app, const char *key,
		const char *value, ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = &kind_set, .done = done, .arg = arg};
	struct app_args args = {.app = NULL};
	int ret = take_ref(&args, app, err);

	if (ret < 0)
		return ret;
	ret = app_link_setting_check(key, strlen(key), value, err);
	if (ret < 0)
		return ret;
	snprintf(args.key, sizeof(args.key), "%s", key);
	snprintf(args.value, sizeof(args.value), "%s", value);
	return submit(ctl, &request, router, &args, NULL, ret_op, err);
}

/* --- what the machine says
 * ------------------------------------------------------------------------ */

int ctl_app_usage(struct ctl *ctl, const struct model_app *app, struct host_app_usage *ret_usage)
{
	return ops_of(ctl) ? ops_of(ctl)->usage(ctl->host, app->id, ret_usage) : -ESRCH;
}

int ctl_app_values(struct ctl *ctl, const struct model_app *app, struct host_app_value *ret,
		   size_t max)
{
	return ops_of(ctl) ? ops_of(ctl)->values(ctl->host, app->id, ret, max) : -ESRCH;
}

int ctl_app_functions(struct ctl *ctl, const struct model_app *app, struct host_app_function *ret,
		      size_t max)
{
	return ops_of(ctl) ? ops_of(ctl)->functions(ctl->host, app->id, ret, max) : -ESRCH;
}

int ctl_app_log_path(struct ctl *ctl, const struct model_app *app, char *buf, size_t size)
{
	return ops_of(ctl) ? ops_of(ctl)->log_path(ctl->host, app->id, buf, size) : -ESRCH;
}

const char *const *ctl_app_shipped(struct ctl *ctl)
{
	static const char *const none[] = {NULL};

	return ops_of(ctl) ? ops_of(ctl)->shipped(ctl->host) : none;
}
