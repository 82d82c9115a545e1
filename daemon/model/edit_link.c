/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writers of links and their ends. Called by daemon/ctl (edit.h). */
#include "daemon/model/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/model_priv.h"

static void end_enter(struct model *model, struct link_node *node, int side)
{
	struct model_end *end = &node->link.end[side];
	const struct model_router *peer = node->link.end[!side].router;

	model_ifname(model, end->router, peer->name, end->ifname);
	node->end[side].end = end;
	hash_add(&model->index->ends_by_ifname, &node->end[side].by_ifname,
		 model_ifname_hash(end->router, end->ifname));
	model->index->by_port[end->port] = end;
	list_add_tail(&end->router->links, &end->of_router);
	end->router->link_count++;
}

static void end_leave(struct model *model, struct link_node *node, int side)
{
	struct model_end *end = &node->link.end[side];

	list_del(&end->of_router);
	end->router->link_count--;
	model->index->by_port[end->port] = NULL;
	hash_del(&model->index->ends_by_ifname, &node->end[side].by_ifname);
	pool_give(&model->index->ports, end->port);
}

static int take_ports(struct model_index *index, struct model_link *link)
{
	if (pool_take(&index->ports, &link->end[0].port) < 0)
		return -ENOSPC;
	if (pool_take(&index->ports, &link->end[1].port) < 0) {
		pool_give(&index->ports, link->end[0].port);
		return -ENOSPC;
	}
	return 0;
}

int model_link_add(struct model *model, const struct model_link_spec *spec,
		   struct model_link **ret_link)
{
	struct model_index *index = model->index;
	const struct model_link *same = model_link_by_name(model, spec->name);
	struct link_node *node;
	struct model_link *link;
	int side, ret = -ENOMEM;

	if (same && same->state != MODEL_DELETING)
		return -EEXIST;
	if (spec->a == spec->b)
		return -EINVAL;

	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	link = &node->link;
	if (spec->label) {
		link->label = strdup(spec->label);
		if (!link->label)
			goto err_node;
	}
	ret = take_ports(index, link);
	if (ret < 0)
		goto err_label;

	link->id = ++index->last_link_id;
	snprintf(link->name, sizeof(link->name), "%s", spec->name);
	link->weight = spec->weight;
	link->admin = MODEL_UP;
	link->state = MODEL_PLANNED;
	link->shape[0] = spec->shape[0];
	link->shape[1] = spec->shape[1];
	link->created_ms = spec->now_ms;
	link->end[0].router = spec->a;
	link->end[1].router = spec->b;
	for (side = 0; side < 2; side++) {
		link->end[side].link = link;
		end_enter(model, node, side);
	}
	list_add_tail(&model->links, &link->all);
	hash_add(&index->links_by_id, &node->by_id, hash_mix(link->id));
	hash_add(&index->links_by_name, &node->by_name, hash_text(link->name, 0));
	model->link_count++;
	model_tell(model, MODEL_LINK_ADDED, NULL, link, "added");
	*ret_link = link;
	return 0;

err_label:
	free(link->label);
err_node:
	free(node);
	return ret;
}

void model_link_remove(struct model *model, struct model_link *link)
{
	struct model_index *index = model->index;
	struct link_node *node = link_node(link);

	end_leave(model, node, 0);
	end_leave(model, node, 1);
	list_del(&link->all);
	hash_del(&index->links_by_id, &node->by_id);
	hash_del(&index->links_by_name, &node->by_name);
	model->link_count--;
	model_tell(model, MODEL_LINK_REMOVED, NULL, link, "removed");
	free(link->label);
	free(node);
}

void model_link_set_state(struct model *model, struct model_link *link, enum model_state state)
{
	if (link->state == state)
		return;
	link->state = state;
	model_tell(model, MODEL_LINK_CHANGED, NULL, link, "state");
}

void model_link_set_weight(struct model *model, struct model_link *link, uint32_t weight)
{
	if (link->weight == weight)
		return;
	link->weight = weight;
	model_tell(model, MODEL_LINK_CHANGED, NULL, link, "weight");
}

void model_link_set_admin(struct model *model, struct model_link *link, enum model_admin admin)
{
	if (link->admin == admin)
		return;
	link->admin = admin;
	model_tell(model, MODEL_LINK_CHANGED, NULL, link, "admin");
}

void model_link_set_shape(struct model *model, struct model_link *link,
			  const struct topo_shape shape[2])
{
	link->shape[0] = shape[0];
	link->shape[1] = shape[1];
	model_tell(model, MODEL_LINK_CHANGED, NULL, link, "shape");
}

int model_link_set_label(struct model *model, struct model_link *link, const char *label)
{
	char *copy = NULL;

	if (label) {
		copy = strdup(label);
		if (!copy)
			return -ENOMEM;
	}
	free(link->label);
	link->label = copy;
	model_tell(model, MODEL_LINK_CHANGED, NULL, link, "label");
	return 0;
}

void model_end_set_oper(struct model *model, struct model_end *end, bool up)
{
	if (end->oper_up == up)
		return;
	end->oper_up = up;
	model_tell(model, MODEL_LINK_CHANGED, NULL, end->link, "oper");
}
