/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writers of routers and the history of those that ended. Called by daemon/ctl (edit.h). */
#include "daemon/model/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/model_priv.h"

uint32_t model_next_router_id(const struct model *model)
{
	return model->index->last_router_id + 1;
}

static int copy_text(const char *text, char **ret_copy)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	*ret_copy = copy;
	return 0;
}

static bool held(const struct model_router *router)
{
	return router && router->state != MODEL_DELETING;
}

static int take_numbers(struct model_index *index, uint32_t *ret_slot, uint32_t *ret_port)
{
	if (pool_take(&index->slots, ret_slot) < 0)
		return -ENOSPC;
	if (pool_take(&index->ports, ret_port) < 0) {
		pool_give(&index->slots, *ret_slot);
		return -ENOSPC;
	}
	return 0;
}

static int claim_numbers(struct model_index *index, uint32_t slot, uint32_t port)
{
	int ret = pool_claim(&index->slots, slot);

	if (ret < 0)
		return ret;
	ret = pool_claim(&index->ports, port);
	if (ret < 0)
		pool_give(&index->slots, slot);
	return ret;
}

/* Keeps the list in order of id; what is new has the highest. */
static void list_add_by_id(struct list *head, struct model_router *router)
{
	struct list *pos = head;

	while (pos->prev != head &&
	       list_entry(pos->prev, struct model_router, all)->id > router->id)
		pos = pos->prev;
	list_add_tail(pos, &router->all);
}

/* With numbers that the caller has taken. 0 or -ENOMEM. */
static int enter(struct model *model, const struct model_router_spec *spec, uint32_t id,
		 uint32_t slot, uint32_t edge_port, struct model_router **ret_router)
{
	struct model_index *index = model->index;
	struct router_node *node = calloc(1, sizeof(*node));
	struct model_router *router;

	if (!node)
		return -ENOMEM;
	router = &node->router;
	if (copy_text(spec->label, &router->label) < 0) {
		free(node);
		return -ENOMEM;
	}
	router->id = id;
	router->slot = slot;
	router->edge_port = edge_port;
	snprintf(router->name, sizeof(router->name), "%s", spec->name);
	snprintf(router->host, sizeof(router->host), "%s", spec->host ? spec->host : "");
	router->address = spec->address;
	router->has_position = spec->has_position;
	router->latitude = spec->latitude;
	router->longitude = spec->longitude;
	router->limits = spec->limits;
	router->interfaces = topo_ifaces_ref(spec->interfaces);
	router->created_ms = spec->now_ms;
	router->state = MODEL_PLANNED;
	list_init(&router->links);
	list_init(&router->apps);
	list_add_by_id(&model->routers, router);
	hash_add(&index->routers_by_id, &node->by_id, hash_mix(router->id));
	hash_add(&index->routers_by_name, &node->by_name, hash_text(router->name, 0));
	hash_add(&index->routers_by_address, &node->by_address, hash_mix(router->address));
	index->by_slot[router->slot] = router;
	model->router_count++;
	if (id > index->last_router_id)
		index->last_router_id = id;
	model_tell(model, MODEL_ROUTER_ADDED, router, NULL, "added");
	*ret_router = router;
	return 0;
}

static int enter_or_give(struct model *model, const struct model_router_spec *spec, uint32_t id,
			 uint32_t slot, uint32_t edge_port, struct model_router **ret_router)
{
	int ret = enter(model, spec, id, slot, edge_port, ret_router);

	if (ret < 0) {
		pool_give(&model->index->slots, slot);
		pool_give(&model->index->ports, edge_port);
	}
	return ret;
}

int model_router_add(struct model *model, const struct model_router_spec *spec,
		     struct model_router **ret_router)
{
	uint32_t slot, port;
	int ret;

	if (held(model_router_by_name(model, spec->name)) ||
	    held(model_router_by_address(model, spec->address)))
		return -EEXIST;
	ret = take_numbers(model->index, &slot, &port);
	if (ret < 0)
		return ret;
	return enter_or_give(model, spec, model->index->last_router_id + 1, slot, port, ret_router);
}

int model_router_restore(struct model *model, const struct model_router_spec *spec, uint32_t id,
			 uint32_t slot, uint32_t edge_port, struct model_router **ret_router)
{
	int ret;

	if (id == 0)
		return -ERANGE;
	if (model_router_by_id(model, id) || model_router_by_name(model, spec->name) ||
	    model_router_by_address(model, spec->address))
		return -EEXIST;
	ret = claim_numbers(model->index, slot, edge_port);
	if (ret < 0)
		return ret;
	return enter_or_give(model, spec, id, slot, edge_port, ret_router);
}

void model_router_set_limits(struct model *model, struct model_router *router,
			     const struct topo_limits *limits)
{
	router->limits = *limits;
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "limits");
}

void model_router_set_interfaces(struct model *model, struct model_router *router,
				 struct topo_ifaces *interfaces)
{
	struct topo_ifaces *before = router->interfaces;

	router->interfaces = topo_ifaces_ref(interfaces);
	topo_ifaces_unref(before);
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "interfaces");
}

void model_restore_ids(struct model *model, uint32_t last_router_id, uint32_t last_link_id)
{
	struct model_index *index = model->index;

	if (last_router_id > index->last_router_id)
		index->last_router_id = last_router_id;
	if (last_link_id > index->last_link_id)
		index->last_link_id = last_link_id;
}

void model_last_ids(const struct model *model, uint32_t *ret_router_id, uint32_t *ret_link_id)
{
	*ret_router_id = model->index->last_router_id;
	*ret_link_id = model->index->last_link_id;
}

/* 0 or -ENOMEM. */
static int remember(struct model *model, uint32_t id, const char *name, uint64_t now_ms)
{
	struct model_removed *removed;

	if (model->index->removed_count >= MODEL_REMOVED_MAX) {
		/* The oldest makes room: no allocation in the steady state. */
		removed = list_entry(model->removed.next, struct model_removed, all);
		list_del(&removed->all);
	} else {
		removed = calloc(1, sizeof(*removed));
		if (!removed)
			return -ENOMEM;
		model->index->removed_count++;
	}
	removed->id = id;
	snprintf(removed->name, sizeof(removed->name), "%s", name);
	removed->time_ms = now_ms;
	list_add_tail(&model->removed, &removed->all);
	return 0;
}

int model_removed_restore(struct model *model, uint32_t id, const char *name, uint64_t time_ms)
{
	return remember(model, id, name, time_ms);
}

void model_router_remove(struct model *model, struct model_router *router, bool ran,
			 uint64_t now_ms)
{
	struct model_index *index = model->index;
	struct router_node *node = router_node(router);

	if (!list_empty(&router->links))
		abort(); /* a link would point at freed memory */
	while (!list_empty(&router->apps))
		model_app_remove(model, list_entry(router->apps.next, struct model_app, of_router));
	if (ran) /* without memory there is no history; the removal itself must not fail */
		remember(model, router->id, router->name, now_ms);
	list_del(&router->all);
	hash_del(&index->routers_by_id, &node->by_id);
	hash_del(&index->routers_by_name, &node->by_name);
	hash_del(&index->routers_by_address, &node->by_address);
	index->by_slot[router->slot] = NULL;
	pool_give(&index->slots, router->slot);
	pool_give(&index->ports, router->edge_port);
	model->router_count--;
	model_tell(model, MODEL_ROUTER_REMOVED, router, NULL, "removed");
	topo_ifaces_unref(router->interfaces);
	free(router->label);
	free(node);
}

void model_router_set_state(struct model *model, struct model_router *router,
			    enum model_state state)
{
	if (router->state == state)
		return;
	router->state = state;
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "state");
}

int model_router_describe(struct model *model, struct model_router *router, const char *label,
			  bool has_position, double latitude, double longitude)
{
	char *copy;
	int ret = copy_text(label, &copy);

	if (ret < 0)
		return ret;
	free(router->label);
	router->label = copy;
	router->has_position = has_position;
	router->latitude = latitude;
	router->longitude = longitude;
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "label");
	return 0;
}

void model_router_set_process(struct model *model, struct model_router *router, int32_t pid,
			      bool restarted)
{
	router->pid = pid;
	router->rib_version = router->metric_sum = 0;
	router->reachable = 0;
	if (restarted)
		router->restarts++;
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "process");
}

void model_router_set_rib(struct model *model, struct model_router *router, uint64_t version,
			  uint64_t metric_sum, uint32_t reachable)
{
	if (router->rib_version == version && router->metric_sum == metric_sum &&
	    router->reachable == reachable)
		return;
	router->rib_version = version;
	router->metric_sum = metric_sum;
	router->reachable = reachable;
	model_tell(model, MODEL_ROUTER_CHANGED, router, NULL, "rib");
}
