// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the routing protocol costs: messages and entries for a start from nothing and for single
 * changes, with a model of two cores on which receiving and sending takes time. Printed; only
 * generous bounds on the numbers of messages are asserted. PROTO_LARGE=n adds a sparse network of n
 * routers.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/daemon/router/proto_sim.h"

struct cost {
	uint64_t start, messages, entries, bytes, work_ns;
};

static struct cost begin(struct sim *sim)
{
	sim->changed_at = sim->now;
	return (struct cost){sim->now, sim->messages, sim->entries, sim->bytes, sim->work_ns};
}

/* Runs to rest. Returns the number of messages. */
static uint64_t end(struct sim *sim, const char *what, struct cost c)
{
	uint64_t retransmitted = 0, requests = 0;

	assert_true(sim_settle(sim));
	assert_int_equal(sim->loops, 0);
	for (uint32_t r = 0; r < sim->routers; r++) {
		struct proto_stats stats;

		proto_stats(sim->router[r].proto, &stats);
		retransmitted += stats.retransmitted;
		requests += stats.requests;
	}
	print_message("%-34s %6" PRIu64 " messages %8" PRIu64 " entries %8" PRIu64
		      " bytes; routes final after %6.1f ms, at rest after %6.1f ms, work %6.1f ms; "
		      "in all %" PRIu64 " again, %" PRIu64 " requests\n",
		      what, sim->messages - c.messages, sim->entries - c.entries,
		      sim->bytes - c.bytes, (double)(sim->changed_at - c.start) / 1e6,
		      (double)(sim->now - c.start) / 1e6, (double)(sim->work_ns - c.work_ns) / 1e6,
		      retransmitted, requests);
	return sim->messages - c.messages;
}

static void two_cores(struct sim *sim)
{
	sim->cores = sim->cores_idle = 2;
	for (uint32_t l = 0; l < sim->links; l++)
		sim->link[l].delay = sim->link[l].jitter = 0;
}

static void grid_of_100_starts_and_loses_a_link_cheaply(void **state)
{
	struct sim sim;
	struct cost c;

	(void)state;
	sim_init(&sim, 1, 100);
	sim_grid(&sim, 10, 10, 1);
	two_cores(&sim);
	c = begin(&sim);
	assert_true(end(&sim, "grid 10x10: start", c) < 180 * 2 * 60);
	assert_int_equal(sim_compare(&sim), 0);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);

	c = begin(&sim);
	sim_link_down(&sim, 90, 1000);
	assert_true(end(&sim, "grid 10x10: link in the middle lost", c) < 180 * 2 * 30);
	assert_int_equal(sim_compare(&sim), 0);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);

	c = begin(&sim);
	sim_link_up(&sim, 90, 1000);
	assert_true(end(&sim, "grid 10x10: the link is back", c) < 180 * 2 * 30);
	assert_int_equal(sim_compare(&sim), 0);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);

	c = begin(&sim);
	sim_link_down(&sim, 0, 1000);
	assert_true(end(&sim, "grid 10x10: link at a corner lost", c) < 180 * 2 * 30);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);

	c = begin(&sim);
	sim_restart(&sim, 55, 150 * NSEC_PER_MSEC);
	assert_true(end(&sim, "grid 10x10: router starts again", c) < 180 * 2 * 60);
	assert_int_equal(sim_compare(&sim), 0);
	sim_done(&sim);
}

static void sparse_network_starts(void **state)
{
	const char *large = getenv("PROTO_LARGE");
	uint32_t routers = large ? (uint32_t)atoi(large) : 200;
	struct sim sim;
	struct cost c;

	(void)state;
	sim_init(&sim, 2, routers);
	for (uint32_t r = 0; r < routers; r++) {
		sim_add_router(&sim);
		if (r)
			sim_add_link(&sim, r - 1 - sim_random(&sim, r < 8 ? r : 8), r, 1);
	}
	for (uint32_t i = 0; i < routers / 5; i++) {
		uint32_t a = sim_random(&sim, routers - 20);

		sim_add_link(&sim, a, a + 1 + sim_random(&sim, 19), 1);
	}
	for (uint32_t l = 0; l < sim.links; l++)
		sim_link_up(&sim, l, 10 * NSEC_PER_MSEC);
	two_cores(&sim);
	c = begin(&sim);
	assert_true(end(&sim, "sparse network: start", c) < (uint64_t)sim.links * 2 * 200);
	if (!large)
		assert_int_equal(sim_compare(&sim), 0);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);

	c = begin(&sim);
	sim_link_down(&sim, sim.links / 2, 1000);
	assert_true(end(&sim, "sparse network: a link lost", c) < (uint64_t)sim.links * 2 * 100);
	sim_done(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grid_of_100_starts_and_loses_a_link_cheaply),
		cmocka_unit_test(sparse_network_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
