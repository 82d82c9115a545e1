/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the routers of the fake back end do by themselves: notice neighbours, find shortest paths,
 * report tables, die and come back; the tables that central mode sets; and faults for tests. In
 * distributed mode every router's table is at once what the routing protocol would come to.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/fake_priv.h"
#include "lib/base/clock.h"

void fake_report_soon(struct fake *fake)
{
	loop_timer_set(fake->report_timer, clock_mono_ns() + fake->config.report_ns);
}

static bool carries(const struct fake_link *link)
{
	return link->item.admin == HOST_UP && !link->broken;
}

static void report_link(struct fake *fake, struct fake_link *link)
{
	bool up = carries(link);
	int side;

	if (link->told ? link->heard == up : !up)
		return;
	link->told = true;
	link->heard = up;
	for (side = 0; side < 2; side++) {
		struct frame_link_state state = {.port = link->item.end[side].port,
						 .up = up,
						 .cause = link->item.admin == HOST_DOWN
								  ? FRAME_CAUSE_CARRIER
								  : FRAME_CAUSE_HELLO};

		if (fake->machine->routers[link->item.end[side].slot]->alive &&
		    fake->host.events.router_link)
			fake->host.events.router_link(fake->host.events.arg,
						      link->item.end[side].slot, &state);
	}
}

static int load_paths(struct fake *fake)
{
	int ret = paths_reset(fake->paths, fake->machine->router_top);
	uint32_t i;

	for (i = 0; ret == 0 && i < fake->machine->port_top; i++) {
		const struct fake_link *link = fake->machine->links[i];

		if (link && carries(link))
			ret = paths_edge(fake->paths, link->item.end[0].slot,
					 link->item.end[1].slot, link->item.weight,
					 link->item.end[0].port, link->item.end[1].port);
	}
	return ret < 0 ? ret : paths_build(fake->paths);
}

/* What the router's table comes to: by routing, or as it was set. */
static void table_sum(struct fake *fake, const struct fake_router *router, struct frame_rib *rib)
{
	struct paths_result result;
	uint32_t i;

	rib->reachable = 0;
	rib->metric_sum = 0;
	if (fake->machine->network.mode == FRAME_MODE_DISTRIBUTED) {
		paths_run(fake->paths, router->item.slot, &result);
		rib->reachable = result.reachable;
		rib->metric_sum = result.metric_sum;
		return;
	}
	for (i = 0; i < router->fib_size; i++) {
		if (!fake->machine->routers[i] || !router->fib[i].port)
			continue;
		rib->reachable++;
		rib->metric_sum += router->fib[i].metric;
	}
}

static void report_rib(struct fake *fake, struct fake_router *router)
{
	struct frame_rib rib = router->rib;

	if (!router->alive)
		return;
	table_sum(fake, router, &rib);
	if (!router->unreported && router->rib.reachable == rib.reachable &&
	    router->rib.metric_sum == rib.metric_sum)
		return;
	router->unreported = false;
	rib.version++;
	router->rib = rib;
	if (fake->host.events.router_rib)
		fake->host.events.router_rib(fake->host.events.arg, router->item.slot, &rib);
}

void fake_report(void *arg)
{
	struct fake *fake = arg;
	uint32_t i;

	for (i = 0; i < fake->machine->port_top; i++) {
		if (fake->machine->links[i])
			report_link(fake, fake->machine->links[i]);
	}
	if (fake->mute)
		return;
	if (load_paths(fake) < 0) {
		/* Out of memory: a real router would be late, too. */
		loop_timer_set(fake->report_timer, clock_mono_ns() + 100 * NSEC_PER_MSEC);
		return;
	}
	for (i = 0; i < fake->machine->router_top; i++) {
		if (fake->machine->routers[i])
			report_rib(fake, fake->machine->routers[i]);
	}
}

static void restarted(struct fake *fake, struct fake_router *router)
{
	router->restart_ns = 0;
	router->alive = true;
	router->unreported = true;
	router->rib = (struct frame_rib){0};
	if (fake->host.events.router_ready)
		fake->host.events.router_ready(fake->host.events.arg, router->item.slot, 0);
	fake_report_soon(fake);
}

void fake_restart(void *arg)
{
	struct fake *fake = arg;
	uint64_t now = clock_mono_ns(), next = 0;
	uint32_t i;

	for (i = 0; i < fake->machine->router_top; i++) {
		struct fake_router *router = fake->machine->routers[i];

		if (!router || !router->restart_ns)
			continue;
		if (router->restart_ns <= now)
			restarted(fake, router);
		else if (!next || router->restart_ns < next)
			next = router->restart_ns;
	}
	loop_timer_set(fake->restart_timer, next);
}

/* A route's destination as a slot, or -ENOENT. */
static long slot_of(const struct fake *fake, uint32_t address)
{
	uint32_t host = address - fake->machine->network.network;

	if (host >= 1u << (32 - fake->machine->network.prefix_len) || !fake->machine->slot_of[host])
		return -ENOENT;
	return (long)fake->machine->slot_of[host] - 1;
}

static int fib_room(struct fake_router *router, uint32_t size)
{
	struct fake_entry *more;

	if (size <= router->fib_size)
		return 0;
	more = realloc(router->fib, size * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + router->fib_size, 0, (size - router->fib_size) * sizeof(*more));
	router->fib = more;
	router->fib_size = size;
	return 0;
}

int fake_fib_set(struct host *host, uint32_t slot, const struct frame_route *routes, size_t count)
{
	struct fake *fake = fake_of(host);
	struct fake_router *router = fake_router_get(fake, slot);
	size_t i;

	if (!router || !router->alive)
		return -ENOENT;
	if (fake->machine->network.mode != FRAME_MODE_CENTRAL)
		return -EINVAL;
	if (fake->fib_fails) {
		fake->fib_fails--;
		return -fake->fib_error;
	}
	if (fib_room(router, fake->machine->router_top) < 0)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		const struct fake_link *link = NULL;
		long dst = slot_of(fake, routes[i].dst);

		if (routes[i].port < VLSP_PORT_MAX)
			link = fake->machine->end_of[routes[i].port];
		if (dst < 0)
			return (int)dst;
		if (routes[i].port && (!link || (link->item.end[0].port == routes[i].port
							 ? link->item.end[0].slot
							 : link->item.end[1].slot) != slot))
			return -ENODEV; /* not a device of this router */
		router->fib[dst] = (struct fake_entry){routes[i].port, routes[i].metric};
	}
	fake_report_soon(fake);
	fake->counts.fib_calls++;
	fake->counts.fib_routes += count;
	return 0;
}

static void fill_route(const struct fake *fake, uint32_t dst, uint32_t port, uint32_t metric,
		       struct frame_route *route)
{
	const struct fake_link *link = fake->machine->end_of[port];
	const struct host_end *peer = NULL;

	if (link)
		peer = &link->item.end[link->item.end[0].port == port];
	*route = (struct frame_route){.dst = fake->machine->routers[dst]->item.address,
				      .nexthop = peer ? peer->address : 0,
				      .port = port,
				      .metric = metric};
}

int fake_routes_dump(struct host *host, uint32_t slot, host_routes_fn fn, void *arg)
{
	struct fake *fake = fake_of(host);
	struct fake_router *router = fake_router_get(fake, slot);
	struct paths_result result = {0};
	struct frame_route *routes;
	bool central = fake->machine->network.mode == FRAME_MODE_CENTRAL;
	size_t count = 0;
	uint32_t i;

	if (!router || !router->alive)
		return -ENOENT;
	routes = calloc(fake->machine->router_top, sizeof(*routes));
	if (!routes || load_paths(fake) < 0) {
		free(routes);
		return -ENOMEM;
	}
	if (!central)
		paths_run(fake->paths, slot, &result);
	for (i = 0; i < fake->machine->router_top; i++) {
		uint32_t port = 0, metric = 0;

		if (!fake->machine->routers[i] || i == slot)
			continue;
		if (!central) {
			port = result.port[i];
			metric = result.metric[i];
		} else if (i < router->fib_size) {
			port = router->fib[i].port;
			metric = router->fib[i].metric;
		}
		if (port)
			fill_route(fake, i, port, metric, &routes[count++]);
	}
	fn(arg, 0, routes, count);
	free(routes);
	return 0;
}

bool fake_router_away(struct fake *fake, uint32_t slot)
{
	struct fake_router *router = fake_router_get(fake, slot);

	if (!router || !router->alive)
		return false;
	router->alive = false;
	free(router->fib);
	router->fib = NULL;
	router->fib_size = 0;
	router->restart_ns = clock_mono_ns() + fake->config.restart_ns + 1;
	loop_timer_set(fake->restart_timer, 1); /* from the loop, never from within this call */
	return true;
}

/* --- for tests ------------------------------------------------------------------------------- */

void fake_fail_item(struct host *host, uint64_t n, int error)
{
	fake_of(host)->fail_countdown = n;
	fake_of(host)->fail_error = error;
}

void fake_fail_second(struct host *host, uint64_t n, int error)
{
	fake_of(host)->second_countdown = n;
	fake_of(host)->second_error = error;
}

void fake_fail_fib(struct host *host, unsigned count, int error)
{
	fake_of(host)->fib_fails = count;
	fake_of(host)->fib_error = error;
}

void fake_mute(struct host *host, bool mute)
{
	fake_of(host)->mute = mute;
	if (!mute)
		fake_report_soon(fake_of(host));
}

int fake_kill(struct host *host, uint32_t slot, int status)
{
	struct fake *fake = fake_of(host);

	if (!fake_router_away(fake, slot))
		return -ENOENT;
	if (fake->host.events.router_died)
		fake->host.events.router_died(fake->host.events.arg, slot, status);
	return 0;
}

void fake_gate(struct host *host, bool (*gate)(void *arg), void *arg)
{
	fake_of(host)->gate = gate;
	fake_of(host)->gate_arg = arg;
}

int fake_break(struct host *host, uint32_t port, bool broken)
{
	struct fake *fake = fake_of(host);
	struct fake_link *link = port < VLSP_PORT_MAX ? fake->machine->end_of[port] : NULL;

	if (!link)
		return -ENOENT;
	link->broken = broken;
	fake_report_soon(fake);
	return 0;
}

struct fake_machine *fake_machine(const struct host *host)
{
	return fake_of(host)->machine;
}

void fake_counts(const struct host *host, struct fake_counts *ret_counts)
{
	const struct fake *fake = fake_of(host);

	*ret_counts = fake->counts;
	ret_counts->routers = fake->machine->router_count;
	ret_counts->links = fake->machine->link_count;
	ret_counts->started = fake->machine->started;
}

const struct host_router *fake_router(const struct host *host, uint32_t slot)
{
	const struct fake_router *router = fake_router_get(fake_of(host), slot);

	return router ? &router->item : NULL;
}

const struct host_link *fake_link(const struct host *host, uint32_t port)
{
	const struct fake_link *link = port < VLSP_PORT_MAX ? fake_of(host)->machine->end_of[port]
							    : NULL;

	return link ? &link->item : NULL;
}

const struct host_network *fake_network(const struct host *host)
{
	return &fake_of(host)->machine->network;
}

uint32_t fake_fib(const struct host *host, uint32_t slot, uint32_t dst, uint32_t *ret_metric)
{
	const struct fake *fake = fake_of(host);
	const struct fake_router *router = fake_router_get(fake, slot);
	long to = slot_of(fake, dst);

	if (!router || to < 0 || (uint32_t)to >= router->fib_size)
		return 0;
	if (ret_metric)
		*ret_metric = router->fib[to].metric;
	return router->fib[to].port;
}
