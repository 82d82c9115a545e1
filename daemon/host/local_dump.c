// SPDX-License-Identifier: GPL-2.0-or-later
/* Route dumps: a question to a router's process, its answer in several frames, a time limit. */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"
#include "include/shared/maps.h"
#include "lib/base/clock.h"

#define TIMEOUT_NS (2 * NSEC_PER_SEC)

/* Takes the dump off the list before the callback, which may start another. */
static void dump_end(struct local_dump *dump, int status)
{
	list_del(&dump->node);
	loop_timer_free(dump->timer);
	dump->fn(dump->arg, status, status < 0 ? NULL : dump->routes, status < 0 ? 0 : dump->count);
	free(dump->routes);
	free(dump);
}

static void dump_late(void *arg)
{
	dump_end(arg, -ETIMEDOUT);
}

int local_dump_start(struct host *host, uint32_t slot, host_routes_fn fn, void *arg)
{
	struct local *local = (struct local *)host;
	struct local_router *router = local_router_get(local, slot);
	struct local_dump *dump;
	int r;

	if (!router)
		return -ENOENT;
	if (!router->chan || router->state != LOCAL_RUNNING)
		return -EAGAIN;
	dump = calloc(1, sizeof(*dump));
	if (!dump)
		return -ENOMEM;
	dump->local = local;
	dump->router = router;
	dump->cookie = ++local->cookie;
	dump->fn = fn;
	dump->arg = arg;
	r = loop_timer_new(local->loop, dump_late, dump, &dump->timer);
	if (r == 0)
		r = local_chan_send(router->chan, FRAME_DUMP, &dump->cookie, sizeof(dump->cookie),
				    -1);
	if (r < 0) {
		loop_timer_free(dump->timer);
		free(dump);
		return r;
	}
	loop_timer_set(dump->timer, clock_mono_ns() + TIMEOUT_NS);
	list_add_tail(&local->dumps, &dump->node);
	return 0;
}

void local_dump_frame(struct local_router *router, const void *body, uint32_t length)
{
	struct local_dump *dump = NULL;
	struct frame_route *routes;
	struct frame_routes head;
	struct list *pos;
	size_t count;

	if (length < sizeof(head) || (length - sizeof(head)) % sizeof(*routes) != 0)
		return;
	memcpy(&head, body, sizeof(head));
	list_for_each (pos, &router->local->dumps) {
		struct local_dump *d = list_entry(pos, struct local_dump, node);

		if (d->router == router && d->cookie == head.cookie)
			dump = d;
	}
	if (!dump) /* late */
		return;
	count = (length - sizeof(head)) / sizeof(*routes);
	if (count > VLSP_SLOT_MAX - dump->count) { /* more than there can be destinations */
		dump_end(dump, -EPROTO);
		return;
	}
	routes = realloc(dump->routes, (dump->count + count + 1) * sizeof(*routes));
	if (!routes) {
		dump_end(dump, -ENOMEM);
		return;
	}
	dump->routes = routes;
	memcpy(routes + dump->count, (const char *)body + sizeof(head), count * sizeof(*routes));
	dump->count += count;
	if (!head.more)
		dump_end(dump, 0);
}

void local_dump_cancel(struct local *local, const struct local_router *router, int status)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &local->dumps) {
		struct local_dump *dump = list_entry(pos, struct local_dump, node);

		if (!router || dump->router == router)
			dump_end(dump, status);
	}
}
