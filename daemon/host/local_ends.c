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

static struct local_end *end_find(struct local_router *router, uint32_t port)
{
	for (size_t i = 0; router && i < router->end_count; i++)
		if (router->ends[i].port == port)
			return &router->ends[i];
	return NULL;
}

int local_ends_add(struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		struct local_router *router = local_router_get(local, link->end[i].slot);
		struct local_end end = {.port = link->end[i].port,
					.weight = link->weight,
					.peer_address = link->end[!i].address};
		int r = end_find(router, end.port) ? 0 : end_add(router, &end);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A link that should have gone and did not is known again, to the routers and to their programs. */
int local_ends_restore(struct local *local, const struct host_link *link)
{
	int r = local_ends_add(local, link);

	for (int i = 0; r == 0 && i < 2; i++) {
		struct vlsp_port record = local_link_record(link, i);

		pthread_mutex_lock(&local->bld_lock);
		r = bld_port_set(local->bld, link->end[i].port, &record);
		pthread_mutex_unlock(&local->bld_lock);
	}
	for (int i = 0; r == 0 && i < 2; i++)
		r = local_router_tell(local_router_get(local, link->end[i].slot));
	return r;
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

void local_ends_del(struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		struct local_router *router = local_router_get(local, link->end[i].slot);
		struct local_end *end = end_find(router, link->end[i].port);
		size_t at;

		if (!end)
			continue;
		/* If it cannot be said, the connection is broken, and all is said again. */
		if (router->state != LOCAL_STOPPING)
			(void)tell(router, FRAME_LINK_DEL, end);
		at = (size_t)(end - router->ends);
		if (at < router->end_sent)
			router->end_sent--;
		memmove(end, end + 1, (--router->end_count - at) * sizeof(*end));
	}
}

int local_ends_weight(struct local *local, const struct host_link *link)
{
	for (int i = 0; i < 2; i++) {
		struct local_router *router = local_router_get(local, link->end[i].slot);
		struct local_end *end = end_find(router, link->end[i].port);
		int r;

		if (!router)
			return -ENOENT;
		if (!end) { /* it could not be restored when it did not go */
			r = local_ends_restore(local, link);
			if (r < 0)
				return r;
			continue;
		}
		if (end->weight == link->weight)
			continue;
		end->weight = link->weight;
		r = tell(router, FRAME_LINK_SET, end);
		if (r < 0)
			return r;
	}
	return 0;
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
