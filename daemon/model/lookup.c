/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups by hash and array, and what people may write for a router or a link. Where two records
 * share a key (edit.h: a name given again), the one that is not on its way out is found.
 */
#include "daemon/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/model/model_priv.h"
#include "include/shared/maps.h"

#define ROUTER_OF(node, member) (&list_entry(node, struct router_node, member)->router)
#define LINK_OF(node, member)	(&list_entry(node, struct link_node, member)->link)

struct model_router *model_router_by_id(const struct model *model, uint32_t id)
{
	uint32_t value = hash_mix(id);
	struct hash_node *node;

	for (node = hash_chain(&model->index->routers_by_id, value); node; node = node->next) {
		if (node->hash == value && ROUTER_OF(node, by_id)->id == id)
			return ROUTER_OF(node, by_id);
	}
	return NULL;
}

struct model_router *model_router_by_name(const struct model *model, const char *name)
{
	struct model_router *router, *found = NULL;
	uint32_t value = hash_text(name, 0);
	struct hash_node *node;

	for (node = hash_chain(&model->index->routers_by_name, value); node; node = node->next) {
		router = ROUTER_OF(node, by_name);
		if (node->hash != value || strcmp(router->name, name) != 0)
			continue;
		found = router;
		if (router->state != MODEL_DELETING)
			break;
	}
	return found;
}

struct model_router *model_router_by_address(const struct model *model, uint32_t address)
{
	struct model_router *router, *found = NULL;
	uint32_t value = hash_mix(address);
	struct hash_node *node;

	for (node = hash_chain(&model->index->routers_by_address, value); node; node = node->next) {
		router = ROUTER_OF(node, by_address);
		if (node->hash != value || router->address != address)
			continue;
		found = router;
		if (router->state != MODEL_DELETING)
			break;
	}
	return found;
}

struct model_router *model_router_by_slot(const struct model *model, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? model->index->by_slot[slot] : NULL;
}

uint32_t model_parse_id(const char *text)
{
	uint64_t value = 0;

	if (*text < '1' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return 0;
	}
	return *text ? 0 : (uint32_t)value;
}

struct model_router *model_router_find(const struct model *model, const char *ref)
{
	struct model_router *router = model_router_by_name(model, ref);
	uint32_t value;

	if (router)
		return router;
	value = model_parse_id(ref);
	if (value)
		return model_router_by_id(model, value);
	if (addr_parse(ref, &value) == 0)
		return model_router_by_address(model, value);
	return NULL;
}

struct model_link *model_link_by_id(const struct model *model, uint32_t id)
{
	uint32_t value = hash_mix(id);
	struct hash_node *node;

	for (node = hash_chain(&model->index->links_by_id, value); node; node = node->next) {
		if (node->hash == value && LINK_OF(node, by_id)->id == id)
			return LINK_OF(node, by_id);
	}
	return NULL;
}

struct model_link *model_link_by_name(const struct model *model, const char *name)
{
	struct model_link *link, *found = NULL;
	uint32_t value = hash_text(name, 0);
	struct hash_node *node;

	for (node = hash_chain(&model->index->links_by_name, value); node; node = node->next) {
		link = LINK_OF(node, by_name);
		if (node->hash != value || strcmp(link->name, name) != 0)
			continue;
		found = link;
		if (link->state != MODEL_DELETING)
			break;
	}
	return found;
}

struct model_end *model_end_by_port(const struct model *model, uint32_t port)
{
	return port < VLSP_PORT_MAX ? model->index->by_port[port] : NULL;
}

static uint32_t links_between(const struct model_router *few, const struct model_router *other,
			      bool deleting, struct model_link **ret, uint32_t max)
{
	uint32_t count = 0;
	struct list *pos;

	list_for_each (pos, &few->links) {
		struct model_link *link = list_entry(pos, struct model_end, of_router)->link;

		if ((link->end[0].router != other && link->end[1].router != other) ||
		    (link->state == MODEL_DELETING) != deleting)
			continue;
		if (count < max)
			ret[count] = link;
		count++;
	}
	return count;
}

uint32_t model_links_between(const struct model_router *a, const struct model_router *b,
			     struct model_link **ret, uint32_t max)
{
	const struct model_router *few = a->link_count <= b->link_count ? a : b;
	const struct model_router *other = few == a ? b : a;
	uint32_t count;

	if (a == b)
		return 0;
	count = links_between(few, other, false, ret, max);
	return count ? count : links_between(few, other, true, ret, max);
}

uint32_t model_links_of_pair(const struct model *model, const char *ref, struct model_link **ret,
			     uint32_t max)
{
	const char *colon = strchr(ref, ':');
	struct model_router *a, *b;
	char first[NAME_SIZE];

	if (!colon || (size_t)(colon - ref) >= sizeof(first))
		return 0;
	memcpy(first, ref, (size_t)(colon - ref));
	first[colon - ref] = '\0';
	a = model_router_find(model, first);
	b = model_router_find(model, colon + 1);
	return a && b ? model_links_between(a, b, ret, max) : 0;
}

struct model_link *model_link_find(const struct model *model, const char *ref)
{
	struct model_link *link = model_link_by_name(model, ref);
	uint32_t id;

	if (link)
		return link;
	id = model_parse_id(ref);
	if (id)
		return model_link_by_id(model, id);
	return model_links_of_pair(model, ref, &link, 1) == 1 ? link : NULL;
}
