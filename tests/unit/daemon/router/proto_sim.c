// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulator of proto_sim.h: events in virtual time, links, routers, and a model of processor
 * time. Linked with the tests of this directory; proto_sim_check.c judges.
 */
#include "tests/unit/daemon/router/proto_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/router/proto_msg.h"

#define COST_WAKE    8000 /* ns of a core, with cores: to wake up, to receive, to send, an entry */
#define COST_RECEIVE 7000
#define COST_SEND    8000
#define COST_ENTRY   60

enum sim_kind { SIM_DELIVER, SIM_RUN, SIM_UP, SIM_DOWN, SIM_WEIGHT, SIM_START, SIM_CORE };

struct sim_event {
	uint64_t at, order;
	enum sim_kind kind;
	uint32_t a, b; /* link and end, or router */
	uint32_t value;
	uint8_t *data;
	size_t size;
};

uint32_t sim_random(struct sim *sim, uint32_t below)
{
	uint64_t z = sim->random += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return below ? (uint32_t)((z ^ z >> 31) >> 16) % below : 0;
}

uint64_t sim_random_time(struct sim *sim, uint64_t below)
{
	return below ? ((uint64_t)sim_random(sim, 0x40000000) << 30 | sim_random(sim, 0x40000000)) %
			       below
		     : 0;
}

static void *sim_grow(void *at, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return at;
	*cap = *cap ? 2 * *cap : 64;
	at = reallocarray(at, *cap, size);
	if (!at)
		abort();
	return at;
}

static bool event_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct sim *sim, struct sim_event ev)
{
	size_t at = sim->heap_count++;

	sim->heap = sim_grow(sim->heap, at, &sim->heap_cap, sizeof(ev));
	ev.order = sim->order++;
	for (; at && event_before(&ev, &sim->heap[(at - 1) / 2]); at = (at - 1) / 2)
		sim->heap[at] = sim->heap[(at - 1) / 2];
	sim->heap[at] = ev;
}

static struct sim_event pop(struct sim *sim)
{
	struct sim_event top = sim->heap[0], last = sim->heap[--sim->heap_count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < sim->heap_count) {
		if (child + 1 < sim->heap_count &&
		    event_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!event_before(&sim->heap[child], &last))
			break;
		sim->heap[at] = sim->heap[child];
		at = child;
	}
	sim->heap[at] = last;
	return top;
}

static void plan(struct sim *sim, enum sim_kind kind, uint64_t at, uint32_t a, uint32_t b,
		 uint32_t value)
{
	sim->planned++;
	push(sim, (struct sim_event){.at = at, .kind = kind, .a = a, .b = b, .value = value});
}

static void run_at(struct sim *sim, uint32_t r, uint64_t at)
{
	if (at < sim->now)
		at = sim->now;
	if (at >= sim->router[r].run_at)
		return;
	sim->router[r].run_at = at;
	push(sim, (struct sim_event){.at = at, .kind = SIM_RUN, .a = r});
}

static void run_soon(struct sim *sim, uint32_t r)
{
	run_at(sim, r, sim->now + sim_random_time(sim, sim->lag));
}

static uint32_t router_of_address(uint32_t address)
{
	return (address & 0xffff) - 1;
}

static uint32_t count_entries(const void *data, size_t size)
{
	struct proto_cursor a = {0}, b = {0};
	struct proto_entry e;
	uint32_t n = 0;

	while (proto_msg_next(data, size, PROTO_MSG_UPDATE, &a, &e))
		n++;
	while (proto_msg_next(data, size, PROTO_MSG_REQUEST, &b, &e))
		n++;
	return n;
}

static void sim_send(void *arg, uint32_t port, const void *data, size_t size)
{
	struct sim_router *router = arg;
	struct sim *sim = router->sim;
	uint32_t link = (port - SIM_PORT_FIRST) / 2, to = !((port - SIM_PORT_FIRST) % 2);
	struct sim_link *l = &sim->link[link];
	uint32_t entries = count_entries(data, size);
	unsigned copies = 1;

	sim->messages++;
	sim->entries += entries;
	sim->bytes += size;
	if (sim->cores)
		sim->cost_left += COST_SEND + COST_ENTRY * entries;
	if (!l->carrier || sim_random(sim, 100) < l->loss)
		return;
	if (sim_random(sim, 100) < l->duplicate)
		copies++;
	while (copies--) {
		struct sim_event ev = {.kind = SIM_DELIVER, .a = link, .b = to, .size = size};

		ev.at = sim->now + sim->cost_left + l->delay + sim_random_time(sim, l->jitter + 1);
		ev.data = malloc(size);
		if (!ev.data)
			abort();
		memcpy(ev.data, data, size);
		sim->in_flight++;
		push(sim, ev);
	}
}

uint32_t sim_next_hop(struct sim *sim, uint32_t router, uint32_t dst)
{
	uint32_t port = sim->router[router].port[dst];

	if (!port)
		return SIM_NONE;
	port -= SIM_PORT_FIRST;
	return sim->link[port / 2].end[!(port % 2)].router;
}

uint32_t sim_metric(struct sim *sim, uint32_t router, uint32_t dst)
{
	return sim->router[router].metric[dst];
}

/* A new cycle would go through the route that was changed. */
static void check_loop(struct sim *sim, uint32_t router, uint32_t dst)
{
	uint32_t at = router;

	for (uint32_t i = 0; i <= sim->routers; i++) {
		at = sim_next_hop(sim, at, dst);
		if (at == SIM_NONE || at == dst)
			return;
		if (at == router)
			break;
	}
	sim->loops++;
	printf("loop at %" PRIu64 " ns for destination %u:", sim->now, dst);
	at = router;
	for (uint32_t i = 0; i <= sim->routers && at != SIM_NONE; i++) {
		printf(" %u", at);
		at = sim_next_hop(sim, at, dst);
		if (at == router)
			break;
	}
	printf("\n");
}

static void sim_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct sim_router *router = arg;
	struct sim *sim = router->sim;
	uint32_t d = router_of_address(dst);

	if (sim->trace)
		printf("%" PRIu64 " router %ld: dst %u port %u metric %u\n", sim->now,
		       (long)(router - sim->router), d, port, metric);
	sim->route_changes++;
	sim->changed_at = sim->now + sim->cost_left;
	router->port[d] = port;
	router->metric[d] = metric;
	if (metric != PROTO_INFINITY && metric > sim->metric_max)
		sim->metric_max = metric;
	check_loop(sim, (uint32_t)(router - sim->router), d);
}

static const struct proto_ops sim_ops = {.send = sim_send, .route = sim_route};

static void clear_routes(struct sim *sim, struct sim_router *router)
{
	for (uint32_t d = 0; d < sim->router_cap; d++) {
		router->port[d] = 0;
		router->metric[d] = PROTO_INFINITY;
	}
}

static void start_router(struct sim *sim, uint32_t r)
{
	struct sim_router *router = &sim->router[r];
	struct proto_config config = {
		.address = router->address,
		.epoch = router->epoch,
		.seqno = router->seqno,
		.dst_max = sim->dst_max ? sim->dst_max : sim->router_cap,
		.ops = &sim_ops,
		.arg = router,
	};

	if (proto_new(&config, &router->proto))
		abort();
	router->run_at = UINT64_MAX;
	router->inbox_count = 0;
	clear_routes(sim, router);
}

void sim_init(struct sim *sim, uint64_t seed, uint32_t router_cap)
{
	*sim = (struct sim){.random = seed, .router_cap = router_cap, .now = NSEC_PER_SEC};
	sim->router = calloc(router_cap, sizeof(*sim->router));
	sim->queue = calloc(router_cap, sizeof(*sim->queue));
	if (!sim->router || !sim->queue)
		abort();
}

void sim_done(struct sim *sim)
{
	for (size_t i = 0; i < sim->heap_count; i++)
		free(sim->heap[i].data);
	for (uint32_t r = 0; r < sim->routers; r++) {
		proto_free(sim->router[r].proto);
		free(sim->router[r].port);
		free(sim->router[r].metric);
		free(sim->router[r].inbox);
	}
	free(sim->router);
	free(sim->link);
	free(sim->heap);
	free(sim->queue);
}

uint32_t sim_add_router(struct sim *sim)
{
	uint32_t r = sim->routers++;
	struct sim_router *router = &sim->router[r];

	router->sim = sim;
	router->address = 0x0a000001 + r;
	router->epoch = 0x1000 + r;
	/* Near the end of the number space, so that it wraps in the tests. */
	router->seqno = 0xfffffff0;
	router->port = calloc(sim->router_cap, sizeof(*router->port));
	router->metric = calloc(sim->router_cap, sizeof(*router->metric));
	if (!router->port || !router->metric)
		abort();
	start_router(sim, r);
	return r;
}

uint32_t sim_add_link(struct sim *sim, uint32_t a, uint32_t b, uint32_t weight)
{
	uint32_t link = sim->links++;
	size_t cap = sim->links_cap;

	sim->link = sim_grow(sim->link, link, &cap, sizeof(*sim->link));
	sim->links_cap = (uint32_t)cap;
	sim->link[link] = (struct sim_link){.delay = 50000, .jitter = 20000};
	for (uint32_t e = 0; e < 2; e++)
		sim->link[link].end[e] = (struct sim_end){.router = e ? b : a,
							  .port = SIM_PORT_FIRST + 2 * link + e,
							  .weight = weight};
	return link;
}

static void both_ends(struct sim *sim, enum sim_kind kind, uint32_t link, uint64_t within,
		      uint32_t value)
{
	for (uint32_t e = 0; e < 2; e++)
		plan(sim, kind, sim->now + sim_random_time(sim, within), link, e, value);
}

void sim_link_up(struct sim *sim, uint32_t link, uint64_t within)
{
	sim->link[link].carrier = true;
	both_ends(sim, SIM_UP, link, within, 0);
}

/* Routers in rows; the links are up within 10 ms. */
void sim_grid(struct sim *sim, uint32_t rows, uint32_t columns, uint32_t weight)
{
	for (uint32_t r = 0; r < rows * columns; r++) {
		sim_add_router(sim);
		if (r % columns)
			sim_add_link(sim, r - 1, r, weight);
		if (r >= columns)
			sim_add_link(sim, r - columns, r, weight);
	}
	for (uint32_t l = 0; l < sim->links; l++)
		sim_link_up(sim, l, 10 * NSEC_PER_MSEC);
}

void sim_link_down(struct sim *sim, uint32_t link, uint64_t within)
{
	sim->link[link].carrier = false;
	both_ends(sim, SIM_DOWN, link, within, 0);
}

void sim_link_weight(struct sim *sim, uint32_t link, uint32_t weight, uint64_t within)
{
	both_ends(sim, SIM_WEIGHT, link, within, weight);
}

void sim_link_flap(struct sim *sim, uint32_t link, int end, uint64_t within)
{
	uint64_t at = sim->now + sim_random_time(sim, within);

	plan(sim, SIM_DOWN, at, link, (uint32_t)end, 1);
	plan(sim, SIM_UP, at + sim_random_time(sim, within), link, (uint32_t)end, 0);
}

/*
 * A dead router goes on forwarding by the table it had, which is safe while its neighbours live:
 * they notice before it is back. A dead neighbour does not notice, so with several the tables of
 * the dead are emptied.
 */
void sim_restart(struct sim *sim, uint32_t r, uint64_t within)
{
	struct sim_router *router = &sim->router[r];
	bool several = false;

	if (!router->proto)
		return;
	for (uint32_t i = 0; i < sim->routers; i++) {
		if (!sim->router[i].proto) {
			several = true;
			clear_routes(sim, &sim->router[i]);
		}
	}
	if (several)
		clear_routes(sim, router);
	proto_free(router->proto);
	router->proto = NULL;
	router->run_at = UINT64_MAX;
	for (uint32_t l = 0; l < sim->links; l++) {
		for (uint32_t e = 0; e < 2; e++) {
			if (sim->link[l].end[e].router == r)
				sim->link[l].end[e].up = false;
			if (sim->link[l].end[!e].router == r)
				plan(sim, SIM_DOWN, sim->now + sim_random_time(sim, within), l, e,
				     1);
		}
	}
	plan(sim, SIM_START, sim->now + within, r, 0, (uint32_t)(within / 1000));
}

/* A detection of "down" that is older than the link's return leaves one end down: put that right.
 */
void sim_repair(struct sim *sim)
{
	for (uint32_t l = 0; l < sim->links; l++) {
		for (uint32_t e = 0; e < 2; e++) {
			struct sim_link *link = &sim->link[l];

			if (link->carrier != link->end[e].up)
				plan(sim, link->carrier ? SIM_UP : SIM_DOWN, sim->now, l, e, 0);
			if (link->end[e].weight != link->end[0].weight)
				plan(sim, SIM_WEIGHT, sim->now, l, e, link->end[0].weight);
		}
	}
}

static void start_again(struct sim *sim, uint32_t r, uint64_t within)
{
	struct sim_router *router = &sim->router[r];

	router->epoch += 0x10000;
	router->seqno += 1000;
	start_router(sim, r);
	for (uint32_t l = 0; l < sim->links; l++) {
		struct sim_link *link = &sim->link[l];

		if (link->carrier && (link->end[0].router == r || link->end[1].router == r))
			both_ends(sim, SIM_UP, l, within, 0);
	}
}

static void end_up(struct sim *sim, uint32_t link, uint32_t e)
{
	struct sim_link *l = &sim->link[link];
	struct sim_end *end = &l->end[e];
	struct sim_router *router = &sim->router[end->router];
	struct sim_router *peer = &sim->router[l->end[!e].router];

	if (!l->carrier || !router->proto || !peer->proto)
		return;
	end->up = true;
	if (proto_neighbour_up(router->proto, sim->now, end->port, end->weight, peer->epoch))
		abort();
	run_soon(sim, end->router);
}

/* forced: also when the link works. */
static void end_down(struct sim *sim, uint32_t link, uint32_t e, bool forced)
{
	struct sim_link *l = &sim->link[link];
	struct sim_end *end = &l->end[e];

	if ((l->carrier && !forced) || !sim->router[end->router].proto)
		return;
	end->up = false;
	proto_neighbour_down(sim->router[end->router].proto, sim->now, end->port);
	run_soon(sim, end->router);
}

static void end_weight(struct sim *sim, uint32_t link, uint32_t e, uint32_t weight)
{
	struct sim_end *end = &sim->link[link].end[e];

	end->weight = weight;
	if (!sim->router[end->router].proto)
		return;
	proto_neighbour_weight(sim->router[end->router].proto, sim->now, end->port, weight);
	run_soon(sim, end->router);
}

static void receive(struct sim *sim, const struct sim_event *ev)
{
	const struct sim_end *end = &sim->link[ev->a].end[ev->b];
	struct proto *proto = sim->router[end->router].proto;

	if (proto && proto_receive(proto, sim->now, end->port, ev->data, ev->size))
		abort();
	free(ev->data);
	sim->in_flight--;
}

static void run(struct sim *sim, uint32_t r)
{
	struct sim_router *router = &sim->router[r];
	uint64_t next;

	router->run_at = UINT64_MAX;
	if (!router->proto)
		return;
	next = proto_run(router->proto, sim->now);
	if (next != UINT64_MAX)
		run_at(sim, r, next > sim->now ? next : sim->now + 1);
}

/* With cores: all that has come is processed when one is free, and that takes time. */
static void work(struct sim *sim, uint32_t r)
{
	struct sim_router *router = &sim->router[r];

	sim->cost_left = COST_WAKE;
	for (size_t i = 0; i < router->inbox_count; i++) {
		sim->cost_left += COST_RECEIVE + COST_ENTRY * count_entries(router->inbox[i].data,
									    router->inbox[i].size);
		receive(sim, &router->inbox[i]);
	}
	router->inbox_count = 0;
	run(sim, r);
	push(sim, (struct sim_event){.at = sim->now + sim->cost_left, .kind = SIM_CORE});
	sim->work_ns += sim->cost_left;
	sim->cost_left = 0;
}

static void dispatch(struct sim *sim)
{
	while (sim->cores_idle && sim->queue_count) {
		uint32_t r = sim->queue[0];

		memmove(sim->queue, sim->queue + 1, --sim->queue_count * sizeof(*sim->queue));
		sim->router[r].ready = false;
		sim->cores_idle--;
		work(sim, r);
	}
}

static void make_ready(struct sim *sim, uint32_t r)
{
	if (!sim->router[r].ready) {
		sim->router[r].ready = true;
		sim->queue[sim->queue_count++] = r;
	}
	dispatch(sim);
}

static void deliver(struct sim *sim, struct sim_event *ev)
{
	uint32_t r = sim->link[ev->a].end[ev->b].router;
	struct sim_router *router = &sim->router[r];

	if (!sim->link[ev->a].carrier || !router->proto) {
		free(ev->data);
		sim->in_flight--;
	} else if (sim->cores) {
		router->inbox = sim_grow(router->inbox, router->inbox_count, &router->inbox_cap,
					 sizeof(*router->inbox));
		router->inbox[router->inbox_count++] = *ev;
		make_ready(sim, r);
	} else {
		receive(sim, ev);
		run_soon(sim, r);
	}
}

bool sim_step(struct sim *sim)
{
	struct sim_event ev;

	if (!sim->heap_count)
		return false;
	ev = pop(sim);
	sim->now = ev.at;
	sim->events++;
	switch (ev.kind) {
	case SIM_DELIVER:
		deliver(sim, &ev);
		return true;
	case SIM_RUN:
		if (sim->router[ev.a].run_at != ev.at)
			return true; /* put forward since */
		if (sim->cores)
			make_ready(sim, ev.a);
		else
			run(sim, ev.a);
		return true;
	case SIM_CORE:
		sim->cores_idle++;
		dispatch(sim);
		return true;
	case SIM_UP:
		end_up(sim, ev.a, ev.b);
		break;
	case SIM_DOWN:
		end_down(sim, ev.a, ev.b, ev.value);
		break;
	case SIM_WEIGHT:
		end_weight(sim, ev.a, ev.b, ev.value);
		break;
	case SIM_START:
		start_again(sim, ev.a, (uint64_t)ev.value * 1000);
		break;
	}
	sim->planned--;
	return true;
}

void sim_run_until(struct sim *sim, uint64_t until)
{
	while (sim->heap_count && sim->heap[0].at <= until)
		sim_step(sim);
	sim->now = until;
}
