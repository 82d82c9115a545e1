// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of applications that are to be (app_check.h). */
#include "daemon/ctl/app_check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/ctl/app.h"
#include "daemon/ctl/app_after.h"

/* What a router may have at the same time; those that have ended do not count. */
static size_t there(const struct model_router *router)
{
	const struct list *pos;
	size_t count = 0;

	list_for_each (pos, &router->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		count += !app->going && !model_app_over(app);
	}
	return count;
}

static int check_after(const struct ctl *ctl, const struct model_router *own, const char *ref,
		       struct err *err)
{
	char router[NAME_SIZE];
	const char *name = model_app_split(own, ref, router);

	if (!model_router_by_name(ctl->model, router))
		return err_set(err, ENOENT, "after: there is no router %s", router);
	if (model_app_named(ctl->model, own, ref))
		return 0;
	return err_set(err, ENOENT, "after: there is no application %.63s on router %s", name,
		       router);
}

int app_check_one(const struct ctl *ctl, const struct model_router *router,
		  const struct topo_app *app, struct err *err)
{
	int ret = name_check(app->name, "name", err);

	if (ret == 0 && there(router) >= TOPO_APPS_MAX)
		ret = err_set(err, ERANGE, "router: %s has %d applications already", router->name,
			      TOPO_APPS_MAX);
	for (size_t i = 0; ret == 0 && i < app->after_count; i++)
		ret = check_after(ctl, router, app->after[i], err);
	if (ret == 0)
		ret = app_after_check(ctl->model, router, app, err);
	return ret;
}
