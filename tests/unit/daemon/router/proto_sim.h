/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of routing protocol instances in memory, in virtual time: links delay, lose, duplicate
 * and reorder; every event comes from one seed. At each change of a route it is checked that the
 * next hops form no cycle.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_ROUTER_PROTO_SIM_H
#define VLSP_TESTS_UNIT_DAEMON_ROUTER_PROTO_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/router/proto.h"
#include "lib/base/clock.h"

#define SIM_PORT_FIRST 16
#define SIM_NONE       UINT32_MAX

struct sim_end {
	uint32_t router, port;
	uint32_t weight; /* as this end knows it */
	bool up;	 /* as this end believes */
};

struct sim_link {
	struct sim_end end[2];
	bool carrier;
	uint64_t delay, jitter;	  /* ns */
	unsigned loss, duplicate; /* percent */
};

struct sim_event;

struct sim_router {
	struct proto *proto; /* NULL: dead; its routes stay as they were */
	struct sim *sim;
	uint32_t address, epoch, seqno;
	uint32_t *port; /* of the route, by number of the destination; 0: none */
	uint32_t *metric;
	uint64_t run_at;
	/* with cores: messages that wait, and whether it waits for a core */
	struct sim_event *inbox;
	size_t inbox_count, inbox_cap;
	bool ready;
};

struct sim {
	uint64_t now, order, random;
	uint32_t routers, links, links_cap, router_cap;
	struct sim_router *router;
	struct sim_link *link;
	struct sim_event *heap;
	size_t heap_count, heap_cap;
	size_t in_flight, planned; /* messages; changes of links and routers */
	uint64_t messages, entries, bytes, route_changes, events;
	uint64_t changed_at;	     /* the last change of a route */
	uint64_t loops;		     /* cycles seen: must stay 0 */
	uint32_t metric_max;	     /* largest of all finite metrics seen */
	size_t dst_max;		     /* for routers that are added; 0: enough */
	uint64_t lag;		     /* proto_run comes up to so much after its reason */
	unsigned cores, cores_idle;  /* 0: processing takes no time */
	uint64_t work_ns, cost_left; /* spent; of the piece of work at hand */
	uint32_t *queue;	     /* routers that wait for a core */
	size_t queue_count;
	bool trace;
};

void sim_init(struct sim *sim, uint64_t seed, uint32_t router_cap);
void sim_done(struct sim *sim);
uint32_t sim_random(struct sim *sim, uint32_t below);
uint64_t sim_random_time(struct sim *sim, uint64_t below);

uint32_t sim_add_router(struct sim *sim);
/* Down until sim_link_up(). */
uint32_t sim_add_link(struct sim *sim, uint32_t a, uint32_t b, uint32_t weight);

/* Both ends notice within the given time, each on its own. */
void sim_link_up(struct sim *sim, uint32_t link, uint64_t within);
void sim_link_down(struct sim *sim, uint32_t link, uint64_t within);
void sim_link_weight(struct sim *sim, uint32_t link, uint32_t weight, uint64_t within);
/* One end loses the link for a moment; the other does not know. */
void sim_link_flap(struct sim *sim, uint32_t link, int end, uint64_t within);
/* Dies now; is back, as a new incarnation, when all neighbours have noticed. */
void sim_restart(struct sim *sim, uint32_t router, uint64_t within);

/* A "down" that is noticed after the link is back leaves one end down: both ends are told again. */
void sim_repair(struct sim *sim);

bool sim_step(struct sim *sim); /* one event; false: none left */
void sim_run_until(struct sim *sim, uint64_t until);
void sim_grid(struct sim *sim, uint32_t rows, uint32_t columns, uint32_t weight);
/* Runs until nothing is pending. false: it did not come to rest within the limits. */
bool sim_settle(struct sim *sim);

/* Compares all routes, next hops and sums with Dijkstra's. Number of differences, printed. */
unsigned sim_compare(struct sim *sim);
uint32_t sim_metric(struct sim *sim, uint32_t router, uint32_t dst);
uint32_t sim_next_hop(struct sim *sim, uint32_t router, uint32_t dst); /* router or SIM_NONE */

#endif
