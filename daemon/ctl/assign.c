/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assignment of addresses (assign.h). Called by router.c and diff.c. */
#include "daemon/ctl/assign.h"

#include <stdio.h>
#include <stdlib.h>

struct space {
	uint32_t network, size; /* the first and the last are not for routers */
	uint32_t next;		/* all below are used */
	uint64_t *used;
};

static int space_init(struct space *space, uint32_t network, unsigned prefix_len)
{
	space->network = network;
	space->size = 1u << (32 - prefix_len);
	space->next = 1;
	space->used = calloc(space->size / 64 + 1, sizeof(space->used[0]));
	return space->used ? 0 : -ENOMEM;
}

/* Whether it was free. */
static bool space_take(struct space *space, uint32_t address)
{
	uint32_t host = address - space->network;
	uint64_t bit = 1ULL << (host % 64);

	if (host >= space->size || space->used[host / 64] & bit)
		return false;
	space->used[host / 64] |= bit;
	return true;
}

static uint32_t space_lowest(struct space *space)
{
	for (; space->next < space->size - 1; space->next++) {
		if (space_take(space, space->network + space->next))
			return space->network + space->next++;
	}
	return 0;
}

static int full(const struct space *space, unsigned prefix_len, const char *field, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	return err_set(err, ENOSPC, "%s: the network %s/%u has no free address left", field,
		       addr_format(space->network, text), prefix_len);
}

int assign_check(const struct model_topology *topology, uint32_t address, const char *field,
		 struct err *err)
{
	uint32_t host = address - topology->network;
	uint32_t size = 1u << (32 - topology->prefix_len);
	char text[ADDR_TEXT_SIZE], network[ADDR_TEXT_SIZE];

	addr_format(address, text);
	addr_format(topology->network, network);
	if (host >= size)
		return err_set(err, ERANGE, "%s: %s is outside of the network %s/%u", field, text,
			       network, topology->prefix_len);
	if (host == 0 || host == size - 1)
		return err_set(err, ERANGE, "%s: %s is the %s address of the network %s/%u", field,
			       text, host ? "last" : "first", network, topology->prefix_len);
	return 0;
}

int assign_one(const struct model *model, uint32_t *ret_address, struct err *err)
{
	struct space space;
	struct list *pos;
	uint32_t address;

	if (space_init(&space, model->network, model->prefix_len) < 0)
		return err_set(err, ENOMEM, "out of memory");
	list_for_each (pos, &model->routers)
		space_take(&space, list_entry(pos, struct model_router, all)->address);
	address = space_lowest(&space);
	free(space.used);
	if (!address)
		return full(&space, model->prefix_len, "address", err);
	*ret_address = address;
	return 0;
}

int assign_doc(const struct topo_doc *doc, uint32_t *addresses, struct err *err)
{
	struct space space;
	size_t i;
	int ret = 0;

	if (space_init(&space, doc->network, doc->prefix_len) < 0)
		return err_set(err, ENOMEM, "out of memory");
	for (i = 0; i < doc->router_count; i++) {
		if (doc->routers[i].address) {
			addresses[i] = doc->routers[i].address;
			space_take(&space, addresses[i]);
		}
	}
	for (i = 0; i < doc->router_count; i++) {
		/* Somebody else's explicit address now: this one has to move. */
		if (!doc->routers[i].address && addresses[i] && !space_take(&space, addresses[i]))
			addresses[i] = 0;
	}
	for (i = 0; i < doc->router_count && ret == 0; i++) {
		char field[40 + NAME_SIZE];

		if (addresses[i])
			continue;
		addresses[i] = space_lowest(&space);
		if (addresses[i])
			continue;
		snprintf(field, sizeof(field), "routers[%zu].address (%s)", i,
			 doc->routers[i].name);
		ret = full(&space, doc->prefix_len, field, err);
	}
	free(space.used);
	return ret;
}
