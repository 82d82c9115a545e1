// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulator's judge: whether it is at rest, what the routes should be, by Dijkstra's algorithm,
 * and how they differ. Part of proto_sim.c.
 */
#include "tests/unit/daemon/router/proto_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_EVENTS 20000000
#define LIMIT_NS     (600 * NSEC_PER_SEC)

static bool at_rest(struct sim *sim)
{
	struct proto_stats stats;

	if (sim->in_flight || sim->planned)
		return false;
	for (uint32_t r = 0; r < sim->routers; r++) {
		if (!sim->router[r].proto)
			return false;
		proto_stats(sim->router[r].proto, &stats);
		if (stats.pending)
			return false;
	}
	return true;
}

bool sim_settle(struct sim *sim)
{
	uint64_t end = sim->now + LIMIT_NS, events = sim->events + LIMIT_EVENTS;

	while (!at_rest(sim)) {
		if (!sim_step(sim) || sim->now > end || sim->events > events) {
			printf("no rest: at %" PRIu64 " ns after %" PRIu64 " events\n", sim->now,
			       sim->events);
			return false;
		}
	}
	return true;
}

/* Does end e of the link carry traffic to the other end. */
static bool usable_end(const struct sim *sim, const struct sim_link *l, int e)
{
	return l->carrier && sim->router[l->end[e].router].proto &&
	       sim->router[l->end[!e].router].proto;
}

static void shortest(struct sim *sim, uint32_t dst, uint32_t *dist, bool *done)
{
	for (uint32_t r = 0; r < sim->routers; r++) {
		dist[r] = PROTO_INFINITY;
		done[r] = false;
	}
	dist[dst] = 0;
	for (;;) {
		uint32_t v = SIM_NONE;

		for (uint32_t r = 0; r < sim->routers; r++) {
			if (!done[r] && dist[r] != PROTO_INFINITY &&
			    (v == SIM_NONE || dist[r] < dist[v]))
				v = r;
		}
		if (v == SIM_NONE)
			return;
		done[v] = true;
		for (uint32_t i = 0; i < 2 * sim->links; i++) {
			const struct sim_link *l = &sim->link[i / 2];
			const struct sim_end *from = &l->end[i % 2];

			if (l->end[!(i % 2)].router == v && usable_end(sim, l, i % 2) &&
			    dist[v] + from->weight < dist[from->router])
				dist[from->router] = dist[v] + from->weight;
		}
	}
}

/* The lowest port of those on a shortest path. */
static uint32_t best_port(struct sim *sim, uint32_t router, const uint32_t *dist)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < 2 * sim->links; i++) {
		const struct sim_link *l = &sim->link[i / 2];
		const struct sim_end *end = &l->end[i % 2], *other = &l->end[!(i % 2)];

		if (end->router == router && usable_end(sim, l, i % 2) &&
		    dist[other->router] != PROTO_INFINITY &&
		    dist[other->router] + end->weight == dist[router] &&
		    (!best || end->port < best))
			best = end->port;
	}
	return best;
}

unsigned sim_compare(struct sim *sim)
{
	uint32_t *dist = calloc(sim->routers, sizeof(*dist));
	uint32_t *reachable = calloc(sim->routers, sizeof(*reachable));
	uint64_t *sum = calloc(sim->routers, sizeof(*sum));
	bool *done = calloc(sim->routers, sizeof(*done));
	unsigned wrong = 0;

	if (!dist || !reachable || !sum || !done)
		abort();
	for (uint32_t d = 0; d < sim->routers; d++) {
		shortest(sim, d, dist, done);
		for (uint32_t r = 0; r < sim->routers; r++) {
			uint32_t port;

			if (r == d || !sim->router[r].proto)
				continue;
			port = dist[r] == PROTO_INFINITY ? 0 : best_port(sim, r, dist);
			if (port) {
				reachable[r]++;
				sum[r] += dist[r];
			}
			if (sim->router[r].metric[d] == dist[r] && sim->router[r].port[d] == port)
				continue;
			wrong++;
			printf("router %u to %u: port %u metric %u, expected port %u metric %u\n",
			       r, d, sim->router[r].port[d], sim->router[r].metric[d], port,
			       dist[r]);
		}
	}
	for (uint32_t r = 0; r < sim->routers; r++) {
		struct proto_stats stats;

		if (!sim->router[r].proto)
			continue;
		proto_stats(sim->router[r].proto, &stats);
		if (stats.reachable == reachable[r] && stats.metric_sum == sum[r])
			continue;
		wrong++;
		printf("router %u: reachable %u, sum %" PRIu64 ", expected %u and %" PRIu64 "\n", r,
		       stats.reachable, stats.metric_sum, reachable[r], sum[r]);
	}
	free(dist);
	free(reachable);
	free(sum);
	free(done);
	return wrong;
}
