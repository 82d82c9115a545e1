// SPDX-License-Identifier: GPL-2.0-or-later
/* From what was loaded to a model. Called by the daemon's main, before anybody reads the model. */
#include "daemon/store/store.h"

#include <string.h>

static int put_router(struct model *model, const struct store_router *r, struct err *err)
{
	struct model_router_spec spec = {.name = r->name,
					 .address = r->address,
					 .label = r->label,
					 .has_position = r->has_position,
					 .latitude = r->latitude,
					 .longitude = r->longitude,
					 .limits = r->limits,
					 .interfaces = r->interfaces,
					 .host = r->host,
					 .now_ms = r->created_ms};
	struct model_router *router;
	int ret = model_router_restore(model, &spec, r->id, r->slot, r->edge_port, &router);

	if (ret == 0)
		model_restore_aids(router, r->last_aid);
	return ret < 0 ? err_errno(err, ret, "state: router %u (%s)", r->id, r->name) : 0;
}

static int put_link(struct model *model, const struct store_link *l, struct err *err)
{
	struct model_link_spec spec = {.name = l->name,
				       .a = model_router_by_id(model, l->router[0]),
				       .b = model_router_by_id(model, l->router[1]),
				       .weight = l->weight,
				       .shape = {l->shape[0], l->shape[1]},
				       .label = l->label,
				       .now_ms = l->created_ms};
	struct model_link_numbers numbers = {.id = l->id,
					     .port = {l->port[0], l->port[1]},
					     .ifname = {l->ifname[0], l->ifname[1]},
					     .admin = l->admin};
	struct model_link *link;
	int ret = -ENOENT;

	if (spec.a && spec.b)
		ret = model_link_restore(model, &spec, &numbers, &link);
	return ret < 0 ? err_errno(err, ret, "state: link %u (%s)", l->id, l->name) : 0;
}

static int put_app(struct model *model, const struct store_app *a, struct err *err)
{
	struct model_app_spec spec = {.router = model_router_by_id(model, a->router_id),
				      .app = a->app,
				      .by_topology = a->by_topology,
				      .place = a->place,
				      .now_ms = a->created_ms};
	struct model_app *app;
	int ret = -ENOENT;

	if (spec.router)
		ret = model_app_restore(model, &spec, a->id, a->aid, &app);
	if (ret < 0)
		return err_errno(err, ret, "state: application %u (%s)", a->id, a->app->name);
	model_app_set_state(model, app, &a->state);
	app->restored = a->state.phase == MODEL_APP_WANTED;
	return 0;
}

int store_restore(const struct store_content *content, struct model *model, struct err *err)
{
	int ret = 0;
	size_t i;

	model_topology_set(model, &content->topology);
	for (i = 0; ret == 0 && i < content->router_count; i++)
		ret = put_router(model, &content->routers[i], err);
	for (i = 0; ret == 0 && i < content->link_count; i++)
		ret = put_link(model, &content->links[i], err);
	for (i = 0; ret == 0 && i < content->app_count; i++)
		ret = put_app(model, &content->apps[i], err);
	for (i = 0; ret == 0 && i < content->removed_count; i++) {
		const struct store_removed *removed = &content->removed[i];

		ret = model_removed_restore(model, removed->id, removed->name, removed->time_ms);
		if (ret < 0)
			err_errno(err, ret, "state: history of routers");
	}
	model_restore_ids(model, content->last_router_id, content->last_link_id);
	model_restore_app_ids(model, content->last_app_id);
	return ret;
}
