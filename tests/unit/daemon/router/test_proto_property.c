// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random networks, random events, at random moments, over links that lose, duplicate and reorder.
 * Never a cycle of next hops, at no moment (the simulator looks after each change of a route); and
 * Dijkstra's routes when it has come to rest. PROTO_SEED=n replays one run, PROTO_RUNS=n sets how
 * many.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/daemon/router/proto_sim.h"

#ifdef __SANITIZE_ADDRESS__
#define RUNS 2000
#else
#define RUNS 20000
#endif

static uint32_t random_weight(struct sim *sim, unsigned kind)
{
	return 1 + sim_random(sim, kind == 0 ? 1 : kind == 1 ? 5 : 1000);
}

static void build(struct sim *sim, unsigned weights)
{
	uint32_t routers = sim->router_cap, extra = sim_random(sim, 2 * routers);
	unsigned loss = sim_random(sim, 3) ? 0 : sim_random(sim, 31);
	unsigned duplicate = sim_random(sim, 3) ? 0 : sim_random(sim, 20);
	uint64_t jitter = sim_random(sim, 2) ? 50000 : sim_random_time(sim, 8000000);

	sim->lag = sim_random(sim, 2) ? 0 : sim_random_time(sim, 2000000);
	for (uint32_t r = 0; r < routers; r++) {
		sim_add_router(sim);
		if (r)
			sim_add_link(sim, sim_random(sim, r), r, random_weight(sim, weights));
	}
	for (uint32_t i = 0; i < extra; i++) {
		uint32_t a = sim_random(sim, routers);
		uint32_t b = (a + 1 + sim_random(sim, routers - 1)) % routers;

		sim_add_link(sim, a, b, random_weight(sim, weights));
	}
	for (uint32_t l = 0; l < sim->links; l++) {
		sim->link[l].loss = loss;
		sim->link[l].duplicate = duplicate;
		sim->link[l].delay = sim_random_time(sim, 3000000);
		sim->link[l].jitter = jitter;
		if (sim_random(sim, 10))
			sim_link_up(sim, l, 20000000);
	}
}

static void random_event(struct sim *sim, unsigned weights)
{
	uint32_t link = sim_random(sim, sim->links);
	uint64_t within = sim_random_time(sim, 150000000);

	switch (sim_random(sim, 10)) {
	case 0:
	case 1:
	case 2:
		if (sim->link[link].carrier)
			sim_link_down(sim, link, within);
		break;
	case 3:
	case 4:
	case 5:
		sim_link_up(sim, link, within);
		break;
	case 6:
	case 7:
		sim_link_weight(sim, link, random_weight(sim, weights), within);
		break;
	case 8:
		sim_link_flap(sim, link, (int)sim_random(sim, 2), within);
		break;
	default:
		sim_restart(sim, sim_random(sim, sim->routers), within);
		break;
	}
}

static bool one_run(uint64_t seed, uint64_t *events)
{
	struct sim sim;
	unsigned weights, count;
	bool ok = true;

	sim_init(&sim, seed, 3 + (uint32_t)(seed % 11));
	sim.trace = getenv("PROTO_TRACE") != NULL;
	weights = sim_random(&sim, 3);
	build(&sim, weights);
	if (sim_random(&sim, 2))
		sim_run_until(&sim, sim.now + sim_random_time(&sim, 500000000));
	count = 3 + sim_random(&sim, 25);
	while (ok && count--) {
		random_event(&sim, weights);
		if (sim_random(&sim, 3))
			sim_run_until(&sim, sim.now + sim_random_time(&sim, sim_random(&sim, 4)
										    ? 20000000
										    : 400000000));
		ok = !sim.loops;
	}
	while (ok && sim.planned)
		sim_step(&sim);
	sim_repair(&sim);
	ok = ok && sim_settle(&sim) && !sim_compare(&sim) && !sim.loops;
	*events += sim.events;
	sim_done(&sim);
	return ok;
}

static void no_event_sequence_makes_a_loop_and_rest_is_shortest(void **state)
{
	const char *one = getenv("PROTO_SEED"), *runs = getenv("PROTO_RUNS");
	uint64_t first = one ? strtoull(one, NULL, 0) : 1;
	uint64_t count = one ? 1 : runs ? strtoull(runs, NULL, 0) : RUNS;
	uint64_t events = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++) {
		if (!one_run(seed, &events))
			fail_msg("replay with PROTO_SEED=%" PRIu64, seed);
	}
	print_message("%" PRIu64 " runs, %" PRIu64 " events\n", count, events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_event_sequence_makes_a_loop_and_rest_is_shortest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
