// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which link ends each router has, so that a process that starts again can be told all of them, and
 * the frames about changes. Called by local_batch.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"

static int end_add(struct local_router *router, const struct local_end *end)
{
	if (router->end_count == router->end_room) {
		size_t room = router->end_room ? 2 * router->end_room : 4;
		struct local_end *ends = realloc(router->ends, room * sizeof(*ends));

		if (!ends)
			return -ENOMEM;
		router->ends = ends;
		router->end_room = room;
	}
	router->ends[router->end_count++] = *end;
	return 0;
}

static struct local_end *end_find(const struct local_router *router, uint32_t port)
{
	for (size_t i = 0; router && i < router->end_count; i++)
		if (router->ends[i].port == port)
			return &router->ends[i];
	return NULL;
}

static int tell(struct local_router *router, enum frame_link_op op, const struct local_end *end)
{
	struct frame_link frame = {.op = op,
				   .port = end->port,
				   .weight = end->weight,
				   .peer_address = end->peer_address};

	/* Not connected: it will be told everything. Not told of that end: so it will be, too. */
	if (!router->chan || (size_t)(end - router->ends) >= router->end_sent)
		return 0;
	return local_chan_send(router->chan, FRAME_LINKS, &frame, sizeof(frame), -1);
}

static struct local_end end_of(const struct host_link *link, int side)
{
	return (struct local_end){.port = link->end[side].port,
				  .weight = link->weight,
				  .peer_address = link->end[!side].address};
}

static bool same(const struct local_end *x, const struct local_end *y)
{
	return x->weight == y->weight && x->peer_address == y->peer_address;
}

int local_ends_set(struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		struct local_router *router = local_router_get(local, link->end[i].slot);
		struct local_end *end = end_find(router, link->end[i].port);
		const struct local_end want = end_of(link, i);
		int r = 0;

		if (!router)
			return -ENOENT;
		if (!end) {
			r = end_add(router, &want);
		} else if (!same(end, &want)) {
			*end = want;
			r = tell(router, FRAME_LINK_ADD, end); /* of a known one: its weight */
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int local_ends_restore(struct local *local, const struct host_link *link)
{
	int r = local_ends_set(local, link);

	for (int i = 0; r == 0 && i < 2; i++) {
		struct vlsp_port record = local_link_record(local->emulation->can, link, i);
		const struct local_emulate emulate = {.emulation = local->emulation,
						      .bld = local->bld,
						      .bld_lock = &local->bld_lock};
		struct err ignored;

		r = local_emulate_enter(&emulate, link, i, &ignored);
		if (r < 0)
			return r;
		pthread_mutex_lock(&local->bld_lock);
		r = bld_port_set(local->bld, link->end[i].port, &record);
		pthread_mutex_unlock(&local->bld_lock);
	}
	return r;
}

static void end_del(struct local_router *router, struct local_end *end)
{
	size_t at = (size_t)(end - router->ends);

	/* If it cannot be said, the connection is broken, and all is said again. */
	if (router->state != LOCAL_STOPPING)
		(void)tell(router, FRAME_LINK_DEL, end);
	if (at < router->end_sent)
		router->end_sent--;
	memmove(end, end + 1, (--router->end_count - at) * sizeof(*end));
}

void local_ends_del(struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		struct local_router *router = local_router_get(local, link->end[i].slot);
		struct local_end *end = end_find(router, link->end[i].port);

		if (end)
			end_del(router, end);
	}
}

bool local_ends_known(const struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		const struct local_router *router = local_router_get(local, link->end[i].slot);
		const struct local_end *end = end_find(router, link->end[i].port);
		const struct local_end want = end_of(link, i);

		if (!end || !same(end, &want))
			return false;
	}
	return true;
}

void local_ends_drop(struct local *local, const bool *wanted)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		for (size_t i = router ? router->end_count : 0; i > 0; i--)
			if (!wanted[router->ends[i - 1].port])
				end_del(router, &router->ends[i - 1]);
	}
}

int local_router_tell_all(struct local_router *router)
{
	int r = local_router_tell(router);

	if (r < 0 || !router->chan)
		return r;
	return local_chan_send(router->chan, FRAME_LINKS_END, NULL, 0, -1);
}

#define ENDS_PER_FRAME 2048

int local_router_tell(struct local_router *router)
{
	struct frame_link frames[ENDS_PER_FRAME];

	while (router->chan && router->end_sent < router->end_count) {
		size_t count = 0, at = router->end_sent;
		int r;

		for (; count < ENDS_PER_FRAME && at < router->end_count; count++, at++)
			frames[count] = (struct frame_link){
				.op = FRAME_LINK_ADD,
				.port = router->ends[at].port,
				.weight = router->ends[at].weight,
				.peer_address = router->ends[at].peer_address};
		r = local_chan_send(router->chan, FRAME_LINKS, frames,
				    (uint32_t)(count * sizeof(frames[0])), -1);
		if (r < 0)
			return r;
		router->end_sent = at;
	}
	return 0;
}
