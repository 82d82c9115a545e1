/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's life, its subscribers and the topology's own values. Made once by the daemon's main;
 * written by daemon/ctl through edit.h, read by everybody above.
 */
#include "daemon/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/model/edit.h"
#include "daemon/model/model_priv.h"
#include "include/shared/maps.h"

static int index_init(struct model_index *index)
{
	if (hash_init(&index->routers_by_id) || hash_init(&index->routers_by_name) ||
	    hash_init(&index->routers_by_address) || hash_init(&index->links_by_id) ||
	    hash_init(&index->links_by_name) || hash_init(&index->ends_by_ifname) ||
	    hash_init(&index->apps_by_id))
		return -ENOMEM;
	if (pool_init(&index->slots, 0, VLSP_SLOT_MAX) ||
	    pool_init(&index->ports, VLSP_PORT_FIRST, VLSP_PORT_MAX))
		return -ENOMEM;
	index->by_slot = calloc(VLSP_SLOT_MAX, sizeof(index->by_slot[0]));
	index->by_port = calloc(VLSP_PORT_MAX, sizeof(index->by_port[0]));
	return index->by_slot && index->by_port ? 0 : -ENOMEM;
}

static void index_free(struct model_index *index)
{
	if (!index)
		return;
	hash_done(&index->routers_by_id);
	hash_done(&index->routers_by_name);
	hash_done(&index->routers_by_address);
	hash_done(&index->links_by_id);
	hash_done(&index->links_by_name);
	hash_done(&index->ends_by_ifname);
	hash_done(&index->apps_by_id);
	pool_done(&index->slots);
	pool_done(&index->ports);
	free(index->by_slot);
	free(index->by_port);
	free(index->subscribers);
	free(index);
}

int model_new(struct model **ret_model)
{
	struct model *model = calloc(1, sizeof(*model));
	struct model_topology topology;

	if (!model)
		return -ENOMEM;
	list_init(&model->routers);
	list_init(&model->links);
	list_init(&model->apps);
	list_init(&model->removed);
	model->index = calloc(1, sizeof(*model->index));
	if (!model->index || index_init(model->index) < 0) {
		model_free(model);
		return -ENOMEM;
	}
	model_topology_default(&topology);
	model_topology_set(model, &topology);
	*ret_model = model;
	return 0;
}

void model_free(struct model *model)
{
	struct list *pos, *tmp;

	if (!model)
		return;
	list_for_each_safe (pos, tmp, &model->apps)
		model_app_free(list_entry(pos, struct model_app, all));
	list_for_each_safe (pos, tmp, &model->links) {
		struct model_link *link = list_entry(pos, struct model_link, all);

		free(link->label);
		free(link_node(link));
	}
	list_for_each_safe (pos, tmp, &model->routers) {
		struct model_router *router = list_entry(pos, struct model_router, all);

		topo_ifaces_unref(router->interfaces);
		free(router->label);
		free(router_node(router));
	}
	list_for_each_safe (pos, tmp, &model->removed)
		free(list_entry(pos, struct model_removed, all));
	index_free(model->index);
	topo_events_free(model->events);
	free(model);
}

int model_subscribe(struct model *model, model_change_fn fn, void *arg)
{
	struct model_index *index = model->index;

	if (index->subscriber_count == index->subscriber_room) {
		size_t room = index->subscriber_room ? index->subscriber_room * 2 : 8;
		struct model_subscriber *more = realloc(index->subscribers, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		index->subscribers = more;
		index->subscriber_room = room;
	}
	index->subscribers[index->subscriber_count].fn = fn;
	index->subscribers[index->subscriber_count].arg = arg;
	index->subscriber_count++;
	return 0;
}

static void sweep(struct model_index *index)
{
	size_t i, kept = 0;

	for (i = 0; i < index->subscriber_count; i++) {
		if (index->subscribers[i].fn)
			index->subscribers[kept++] = index->subscribers[i];
	}
	index->subscriber_count = kept;
	index->sweep = false;
}

void model_unsubscribe(struct model *model, model_change_fn fn, void *arg)
{
	struct model_index *index = model->index;
	size_t i;

	for (i = 0; i < index->subscriber_count; i++) {
		if (index->subscribers[i].fn == fn && index->subscribers[i].arg == arg) {
			index->subscribers[i].fn = NULL;
			index->sweep = true;
			break;
		}
	}
	if (index->sweep && !index->telling)
		sweep(index);
}

static void tell(struct model *model, struct model_change *change)
{
	struct model_index *index = model->index;
	size_t i, count = index->subscriber_count;

	change->seq = ++model->seq;
	model->generation++;
	index->telling++;
	for (i = 0; i < count; i++) {
		if (index->subscribers[i].fn)
			index->subscribers[i].fn(index->subscribers[i].arg, change);
	}
	index->telling--;
	if (index->sweep && !index->telling)
		sweep(index);
}

void model_tell(struct model *model, enum model_change_kind kind, const struct model_router *router,
		const struct model_link *link, const char *what)
{
	struct model_change change = {.kind = kind, .router = router, .link = link, .what = what};

	tell(model, &change);
}

void model_tell_app(struct model *model, enum model_change_kind kind, const struct model_app *app,
		    const char *what)
{
	struct model_change change = {.kind = kind, .app = app, .what = what};

	tell(model, &change);
}

void model_topology_default(struct model_topology *ret_topology)
{
	*ret_topology = (struct model_topology){
		.network = 0x0a000000, .prefix_len = 16, .routing = TOPO_ROUTING_DISTRIBUTED};
}

void model_topology_get(const struct model *model, struct model_topology *ret_topology)
{
	memcpy(ret_topology->name, model->name, sizeof(ret_topology->name));
	ret_topology->network = model->network;
	ret_topology->prefix_len = model->prefix_len;
	ret_topology->routing = model->routing;
	ret_topology->hello_us = model->hello_us;
	ret_topology->events = model->events;
}

void model_topology_set(struct model *model, const struct model_topology *topology)
{
	if (strcmp(model->name, topology->name) == 0 && model->network == topology->network &&
	    model->prefix_len == topology->prefix_len && model->routing == topology->routing &&
	    model->hello_us == topology->hello_us &&
	    topo_events_same(model->events, topology->events))
		return;
	memcpy(model->name, topology->name, sizeof(model->name));
	model->network = topology->network;
	model->prefix_len = topology->prefix_len;
	model->routing = topology->routing;
	model->hello_us = topology->hello_us;
	if (model->events != topology->events) {
		topo_events_free(model->events);
		model->events = topo_events_ref(topology->events);
	}
	model_tell(model, MODEL_TOPOLOGY_CHANGED, NULL, NULL, "topology");
}
