/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Central routing (central.h), called by converge.c. What was set is remembered per router and
 * destination, so that a change sends only what differs. Memory is bounded: 6 bytes an entry up to
 * FULL_MAX routers (96 MB); beyond, one hash a router, and a router whose table differs gets all of
 * it. The order in which routers are set is not loop-free while it lasts
 * (Documentation/architecture.md).
 */
#include "daemon/ctl/central.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "include/shared/maps.h"

#define FULL_MAX     4096
#define PORT_UNKNOWN 1 /* lo in every namespace: never a link's */

struct row {
	uint16_t *port; /* [size] by destination slot */
	uint32_t *metric;
	uint32_t size;
	uint64_t hash; /* without port and metric: of the whole table; 0: not known */
};

struct central {
	struct row *rows; /* [VLSP_SLOT_MAX]; NULL: no table is known */
	uint32_t top;	  /* rows from here on were never used */
	struct frame_route *routes;
	size_t room;
};

int central_new(struct central **ret_central)
{
	*ret_central = calloc(1, sizeof(**ret_central));
	return *ret_central ? 0 : -ENOMEM;
}

static void row_free(struct row *row)
{
	free(row->port);
	free(row->metric);
	memset(row, 0, sizeof(*row));
}

void central_reset(struct central *central)
{
	uint32_t slot;

	for (slot = 0; slot < central->top; slot++)
		row_free(&central->rows[slot]);
	free(central->rows);
	central->rows = NULL;
	central->top = 0;
}

void central_free(struct central *central)
{
	if (!central)
		return;
	central_reset(central);
	free(central->routes);
	free(central);
}

void central_forget(struct central *central, uint32_t slot)
{
	if (slot < central->top)
		row_free(&central->rows[slot]);
}

void central_forget_destination(struct central *central, uint32_t slot)
{
	uint32_t i;

	for (i = 0; i < central->top; i++) {
		struct row *row = &central->rows[i];

		row->hash = 0;
		if (slot < row->size)
			row->port[slot] = PORT_UNKNOWN;
	}
}

static int row_grow(struct row *row, uint32_t size)
{
	uint16_t *port;
	uint32_t *metric;

	if (size <= row->size)
		return 0;
	size = (size + 1023) / 1024 * 1024;
	port = realloc(row->port, size * sizeof(*port));
	if (!port)
		return -ENOMEM;
	row->port = port;
	metric = realloc(row->metric, size * sizeof(*metric));
	if (!metric)
		return -ENOMEM;
	row->metric = metric;
	for (; row->size < size; row->size++)
		row->port[row->size] = PORT_UNKNOWN;
	return 0;
}

static int prepare(struct central *central, const struct model *model, uint32_t slot, bool full,
		   uint32_t nodes)
{
	if (!central->rows) {
		central->rows = calloc(VLSP_SLOT_MAX, sizeof(central->rows[0]));
		if (!central->rows)
			return -ENOMEM;
	}
	if (slot >= central->top)
		central->top = slot + 1;
	if (model->router_count > central->room) {
		struct frame_route *more = realloc(central->routes,
						   model->router_count * sizeof(*more));

		if (!more)
			return -ENOMEM;
		central->routes = more;
		central->room = model->router_count;
	}
	return full ? row_grow(&central->rows[slot], nodes) : 0;
}

static uint64_t hash_route(uint64_t hash, const struct frame_route *route)
{
	const uint64_t prime = 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ ((uint64_t)route->dst << 32 | route->port)) * prime;
	hash ^= hash >> 29;
	hash = (hash ^ route->metric) * prime;
	return hash ^ hash >> 32;
}

int central_install(struct central *central, struct host *host, const struct model *model,
		    const struct model_router *router, const struct paths_result *result)
{
	bool full = model->router_count <= FULL_MAX;
	uint32_t nodes = 0;
	uint64_t hash = 1;
	struct list *pos;
	struct row *row;
	size_t count = 0, i;
	int ret;

	list_for_each (pos, &model->routers) {
		uint32_t slot = list_entry(pos, struct model_router, all)->slot;

		nodes = slot >= nodes ? slot + 1 : nodes;
	}
	ret = prepare(central, model, router->slot, full, nodes);
	if (ret < 0)
		return ret;
	row = &central->rows[router->slot];
	if (!full && row->size)
		row_free(row);

	list_for_each (pos, &model->routers) {
		const struct model_router *dst = list_entry(pos, struct model_router, all);
		const struct model_router *via = NULL;
		struct frame_route *route = &central->routes[count];
		uint32_t port = result->port[dst->slot];

		if (dst == router || dst->state == MODEL_DELETING)
			continue;
		if (full && row->port[dst->slot] == port &&
		    (port == 0 || row->metric[dst->slot] == result->metric[dst->slot]))
			continue;
		if (port)
			via = model_router_by_slot(model, result->via[dst->slot]);
		route->dst = dst->address;
		route->nexthop = via ? via->address : 0;
		route->port = port;
		route->metric = result->metric[dst->slot];
		hash = hash_route(hash, route);
		count++;
	}
	hash = hash ? hash : 1;
	if (count == 0 || (!full && hash == row->hash))
		return 0;
	ret = host->ops->fib_set(host, router->slot, central->routes, count);
	if (ret < 0) {
		row_free(row); /* part of it may have been set */
		return ret;
	}
	row->hash = full ? 0 : hash;
	for (i = 0; i < count && full; i++) {
		const struct model_router *dst = model_router_by_address(model,
									 central->routes[i].dst);

		row->port[dst->slot] = (uint16_t)central->routes[i].port;
		row->metric[dst->slot] = central->routes[i].metric;
	}
	return 0;
}
