/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writers of links and their ends. Called by daemon/ctl (edit.h). */
#include "daemon/model/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/model_priv.h"

/* ifname NULL: by the rule. */
static void end_enter(struct model *model, struct link_node *node, int side, const char *ifname)
{
	struct model_end *end = &node->link.end[side];
	const struct model_router *peer = node->link.end[!side].router;

	if (ifname)
		snprintf(end->ifname, sizeof(end->ifname), "%s", ifname);
	else
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

static int take_ports(struct model_index *index, uint32_t port[2])
{
	if (pool_take(&index->ports, &port[0]) < 0)
		return -ENOSPC;
	if (pool_take(&index->ports, &port[1]) < 0) {
		pool_give(&index->ports, port[0]);
		return -ENOSPC;
	}
	return 0;
}

static int claim_ports(struct model_index *index, const uint32_t port[2])
{
	int ret = pool_claim(&index->ports, port[0]);

	if (ret < 0)
		return ret;
	ret = pool_claim(&index->ports, port[1]);
	if (ret < 0)
		pool_give(&index->ports, port[0]);
	return ret;
}

/* Keeps the list in order of id; what is new has the highest. */
static void list_add_by_id(struct list *head, struct model_link *link)
{
	struct list *pos = head;

	while (pos->prev != head && list_entry(pos->prev, struct model_link, all)->id > link->id)
		pos = pos->prev;
	list_add_tail(pos, &link->all);
}

static void fill(struct model_link *link, const struct model_link_spec *spec,
		 const struct model_link_numbers *numbers)
{
	int side;

	link->id = numbers->id;
	snprintf(link->name, sizeof(link->name), "%s", spec->name);
	link->weight = spec->weight;
	link->admin = numbers->admin;
	link->state = MODEL_PLANNED;
	link->created_ms = spec->now_ms;
	link->end[0].router = spec->a;
	link->end[1].router = spec->b;
	for (side = 0; side < 2; side++) {
		link->shape[side] = link->lasting[side] = spec->shape[side];
		link->end[side].link = link;
		link->end[side].port = numbers->port[side];
	}
}

/* With ports that the caller has taken; they are given back on failure. 0 or -ENOMEM. */
static int enter(struct model *model, const struct model_link_spec *spec,
		 const struct model_link_numbers *numbers, struct model_link **ret_link)
{
	struct model_index *index = model->index;
	struct link_node *node = calloc(1, sizeof(*node));
	char *label = spec->label ? strdup(spec->label) : NULL;
	struct model_link *link;

	if (!node || (spec->label && !label)) {
		pool_give(&index->ports, numbers->port[0]);
		pool_give(&index->ports, numbers->port[1]);
		free(node);
		free(label);
		return -ENOMEM;
	}
	link = &node->link;
	link->label = label;
	fill(link, spec, numbers);
	end_enter(model, node, 0, numbers->ifname[0]);
	end_enter(model, node, 1, numbers->ifname[1]);
	list_add_by_id(&model->links, link);
	hash_add(&index->links_by_id, &node->by_id, hash_mix(link->id));
	hash_add(&index->links_by_name, &node->by_name, hash_text(link->name, 0));
	model->link_count++;
	if (link->id > index->last_link_id)
		index->last_link_id = link->id;
	model_tell(model, MODEL_LINK_ADDED, NULL, link, "added");
	*ret_link = link;
	return 0;
}

int model_link_add(struct model *model, const struct model_link_spec *spec,
		   struct model_link **ret_link)
{
	const struct model_link *same = model_link_by_name(model, spec->name);
	struct model_link_numbers numbers = {.id = model->index->last_link_id + 1,
					     .admin = MODEL_UP};
	int ret;

	if (same && same->state != MODEL_DELETING)
		return -EEXIST;
	if (spec->a == spec->b)
		return -EINVAL;
	ret = take_ports(model->index, numbers.port);
	return ret < 0 ? ret : enter(model, spec, &numbers, ret_link);
}

int model_link_restore(struct model *model, const struct model_link_spec *spec,
		       const struct model_link_numbers *numbers, struct model_link **ret_link)
{
	int ret;

	if (numbers->id == 0 || spec->a == spec->b)
		return -ERANGE;
	if (model_link_by_id(model, numbers->id) || model_link_by_name(model, spec->name) ||
	    model_ifname_taken(model, spec->a, numbers->ifname[0]) ||
	    model_ifname_taken(model, spec->b, numbers->ifname[1]))
		return -EEXIST;
	ret = claim_ports(model->index, numbers->port);
	return ret < 0 ? ret : enter(model, spec, numbers, ret_link);
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
			  const struct topo_shape shape[2], const struct topo_shape lasting[2])
{
	for (int side = 0; side < 2; side++) {
		link->shape[side] = shape[side];
		link->lasting[side] = lasting[side];
	}
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
