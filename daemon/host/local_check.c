// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be said of a batch before anything of it is done. The controller asks for nothing that
 * is refused here; a fault of its own must not reach the kernel. Called by local_batch.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"

static int refuse(enum host_item_state *state, struct err *err, int code, const char *what,
		  const char *name, const char *why)
{
	*state = HOST_FAILED;
	return err_set(err, code, "%s %s: %s", what, name, why);
}

struct look { /* what there will be */
	const struct local *local;
	uint8_t *slots;	 /* by slot */
	uint32_t *going; /* by slot: links of a router that go */
	size_t known;	 /* routers that go, and are there */
};

enum { SLOT_FREE, SLOT_STAYS, SLOT_GOES };

static int check_removed(struct look *look, struct host_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->links_del_count; i++) {
		struct host_link *link = &batch->links_del[i];

		if (link->end[0].slot >= VLSP_SLOT_MAX || link->end[1].slot >= VLSP_SLOT_MAX)
			return refuse(&link->state, err, EINVAL, "link", link->name,
				      "a slot is out of range");
		look->going[link->end[0].slot]++;
		look->going[link->end[1].slot]++;
	}
	for (size_t i = 0; i < batch->routers_del_count; i++) {
		struct host_router *item = &batch->routers_del[i];
		const struct local_router *router = local_router_get(look->local, item->slot);

		if (!router && item->slot < VLSP_SLOT_MAX)
			continue; /* not there, so it need not go */
		if (!router || strcmp(router->name, item->name) != 0 ||
		    look->slots[item->slot] == SLOT_GOES)
			return refuse(&item->state, err, ENOENT, "router", item->name,
				      "its slot belongs to another router");
		look->known++;
		if (router->end_count > look->going[item->slot])
			return refuse(&item->state, err, EBUSY, "router", item->name,
				      "it has links");
		look->slots[item->slot] = SLOT_GOES;
	}
	return 0;
}

static int check_routers(struct look *look, struct host_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->routers_add_count; i++) {
		struct host_router *item = &batch->routers_add[i];

		if (item->slot >= VLSP_SLOT_MAX || item->slot >= batch->network.slots_needed)
			return refuse(&item->state, err, EINVAL, "router", item->name,
				      "its slot is out of range");
		if (look->slots[item->slot] == SLOT_STAYS)
			return refuse(&item->state, err, EEXIST, "router", item->name,
				      "its slot is in use");
		if (name_check(item->name, "router", err) < 0) {
			item->state = HOST_FAILED;
			return -EINVAL;
		}
		look->slots[item->slot] = SLOT_STAYS;
	}
	for (size_t i = 0; i < batch->routers_set_count; i++) {
		struct host_router *item = &batch->routers_set[i];

		if (item->slot >= VLSP_SLOT_MAX || look->slots[item->slot] != SLOT_STAYS)
			return refuse(&item->state, err, ENOENT, "router", item->name,
				      "it does not exist");
	}
	return 0;
}

/* What was asked for is refused before by daemon/ctl; but a network may come from a store, written
 * by a daemon on a machine that could more. */
static int check_shapes(const struct local *local, struct host_link *link, struct err *err)
{
	for (int side = 0; side < 2; side++) {
		struct shape_plan plan;
		struct err why = {0};
		int r;

		if (!link->shape[side].set)
			continue;
		r = shape_plan(&link->shape[side], local->emulation->can, &plan, &why);
		if (r == 0)
			continue;
		link->state = HOST_FAILED;
		return err_set(err, -r, "link %s, from %s: %s", link->name, link->end[side].router,
			       why.text);
	}
	return 0;
}

static int check_links(const struct look *look, struct host_link *links, size_t count,
		       struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct host_link *link = &links[i];

		for (int side = 0; side < 2; side++) {
			const struct host_end *end = &link->end[side];

			if (end->slot >= VLSP_SLOT_MAX || look->slots[end->slot] != SLOT_STAYS)
				return refuse(&link->state, err, ENOENT, "link", link->name,
					      "an end is at a router that does not exist");
			if (end->port < VLSP_PORT_FIRST || end->port >= VLSP_PORT_MAX)
				return refuse(&link->state, err, EINVAL, "link", link->name,
					      "a port is out of range");
			if (!end->ifname[0] || !memchr(end->ifname, '\0', sizeof(end->ifname)))
				return refuse(&link->state, err, EINVAL, "link", link->name,
					      "a device name is empty or too long");
		}
		if (link->weight < 1 || link->weight > TOPO_WEIGHT_MAX)
			return refuse(&link->state, err, EINVAL, "link", link->name,
				      "its weight is out of range");
		if (check_shapes(look->local, link, err) < 0)
			return -EOPNOTSUPP;
	}
	return 0;
}

static int check_all(struct look *look, struct host_batch *batch, struct err *err)
{
	const struct local *local = look->local;
	int r;

	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		look->slots[slot] = local->routers[slot] ? SLOT_STAYS : SLOT_FREE;
	r = check_removed(look, batch, err);
	if (r == 0 && local->router_count > look->known &&
	    (local->network.network != batch->network.network ||
	     local->network.prefix_len != batch->network.prefix_len))
		r = err_set(err, EBUSY, "network: it cannot change while routers run");
	if (r == 0)
		r = check_routers(look, batch, err);
	if (r == 0)
		r = check_links(look, batch->links_add, batch->links_add_count, err);
	if (r == 0)
		r = check_links(look, batch->links_set, batch->links_set_count, err);
	return r;
}

int local_check(const struct local *local, struct host_batch *batch, struct err *err)
{
	struct look look = {.local = local};
	int r;

	look.slots = calloc(VLSP_SLOT_MAX, sizeof(*look.slots));
	look.going = calloc(VLSP_SLOT_MAX, sizeof(*look.going));
	if (look.slots && look.going)
		r = check_all(&look, batch, err);
	else
		r = err_errno(err, ENOMEM, "batch");
	free(look.slots);
	free(look.going);
	return r;
}
