// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routing protocol, told as stories on small networks in the simulator of proto_sim.h: what
 * happens when links fail, come back, lose messages, when routers start again, when parts separate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/daemon/router/proto_sim.h"

#define SOON (20 * NSEC_PER_MSEC)

static void rest(struct sim *sim)
{
	assert_true(sim_settle(sim));
	assert_int_equal(sim_compare(sim), 0);
	assert_int_equal(sim->loops, 0);
}

static void line(struct sim *sim, uint64_t seed, uint32_t routers)
{
	sim_init(sim, seed, routers);
	for (uint32_t r = 0; r < routers; r++) {
		sim_add_router(sim);
		if (r)
			sim_link_up(sim, sim_add_link(sim, r - 1, r, 2), SOON);
	}
}

static void ring(struct sim *sim, uint64_t seed, uint32_t routers)
{
	line(sim, seed, routers);
	sim_link_up(sim, sim_add_link(sim, routers - 1, 0, 2), SOON);
}

/*
 *    1
 *  /   \      0 reaches 3 over 1 (the lower port) or 2, at equal cost
 * 0     3
 *  \   /
 *    2
 */
static void diamond(struct sim *sim)
{
	sim_init(sim, 1, 4);
	for (int i = 0; i < 4; i++)
		sim_add_router(sim);
	sim_link_up(sim, sim_add_link(sim, 0, 1, 1), SOON);
	sim_link_up(sim, sim_add_link(sim, 0, 2, 1), SOON);
	sim_link_up(sim, sim_add_link(sim, 1, 3, 1), SOON);
	sim_link_up(sim, sim_add_link(sim, 2, 3, 1), SOON);
	rest(sim);
}

static void line_ring_and_grid_find_shortest_paths(void **state)
{
	struct sim sim;

	(void)state;
	line(&sim, 1, 12);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 11), 22);
	sim_done(&sim);
	ring(&sim, 2, 12);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 11), 2);
	assert_int_equal(sim_metric(&sim, 0, 6), 12);
	sim_done(&sim);
	sim_init(&sim, 3, 64);
	sim_grid(&sim, 8, 8, 3);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 63), 42);
	sim_done(&sim);
}

static void feasible_alternative_takes_over_at_once_without_a_message(void **state)
{
	struct sim sim;
	uint64_t messages;

	(void)state;
	diamond(&sim);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 1);
	messages = sim.messages;
	proto_neighbour_down(sim.router[0].proto, sim.now, sim.link[0].end[0].port);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 2);
	assert_int_equal(sim_metric(&sim, 0, 3), 2);
	assert_int_equal(sim.messages, messages);
	sim_done(&sim);
}

static void route_without_feasible_alternative_is_found_by_a_request(void **state)
{
	struct proto_stats stats;
	struct sim sim;

	(void)state;
	ring(&sim, 4, 9);
	rest(&sim);
	sim_link_down(&sim, 0, 0); /* 0-1: from 0 to 1 all the way around */
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 1), 16);
	assert_int_equal(sim_next_hop(&sim, 0, 1), 8);
	proto_stats(sim.router[0].proto, &stats);
	assert_true(stats.requests > 0);
	assert_false(stats.pending);
	sim_done(&sim);
}

static void weight_moves_traffic_away_and_back(void **state)
{
	struct sim sim;

	(void)state;
	diamond(&sim);
	sim_link_weight(&sim, 2, 10, SOON);
	rest(&sim);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 2);
	sim_link_weight(&sim, 3, 65535, SOON);
	rest(&sim);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 1);
	assert_int_equal(sim_metric(&sim, 0, 3), 11);
	sim_link_weight(&sim, 3, 1, SOON);
	rest(&sim);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 2);
	sim_link_weight(&sim, 2, 1, SOON);
	rest(&sim);
	assert_int_equal(sim_next_hop(&sim, 0, 3), 1);
	sim_done(&sim);
}

static void partition_does_not_count_up_and_merge_heals(void **state)
{
	struct sim sim;
	uint64_t messages;

	(void)state;
	ring(&sim, 5, 12);
	rest(&sim);
	messages = sim.messages;
	sim_link_down(&sim, 2, SOON);
	sim_link_down(&sim, 8, SOON);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 5), PROTO_INFINITY);
	assert_int_equal(sim_next_hop(&sim, 0, 5), SIM_NONE);
	/* No distance was ever larger than the longest path without a cycle. */
	assert_true(sim.metric_max <= 22);
	assert_true(sim.messages - messages < 12 * 2 * 20);
	sim_run_until(&sim, sim.now + NSEC_PER_SEC);
	messages = sim.messages;
	sim_run_until(&sim, sim.now + 100 * NSEC_PER_SEC);
	assert_int_equal(sim.messages, messages); /* and silence */
	sim_link_up(&sim, 2, SOON);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 5), 10);
	sim_link_up(&sim, 8, SOON);
	rest(&sim);
	sim_done(&sim);
}

static void parallel_links_are_neighbours_of_their_own(void **state)
{
	struct sim sim;

	(void)state;
	sim_init(&sim, 6, 3);
	for (int i = 0; i < 3; i++)
		sim_add_router(&sim);
	sim_add_link(&sim, 0, 1, 5);
	sim_add_link(&sim, 0, 1, 3);
	sim_add_link(&sim, 1, 0, 3);
	sim_add_link(&sim, 1, 2, 1);
	for (uint32_t l = 0; l < 4; l++)
		sim_link_up(&sim, l, SOON);
	rest(&sim);
	assert_int_equal(sim.router[0].port[2], sim.link[1].end[0].port);
	sim_link_down(&sim, 1, SOON);
	rest(&sim);
	assert_int_equal(sim.router[0].port[2], sim.link[2].end[1].port);
	sim_link_down(&sim, 2, SOON);
	rest(&sim);
	assert_int_equal(sim.router[0].port[2], sim.link[0].end[0].port);
	assert_int_equal(sim_metric(&sim, 0, 2), 6);
	sim_link_up(&sim, 1, SOON);
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 2), 4);
	sim_done(&sim);
}

static void router_that_starts_again_is_found_again(void **state)
{
	struct sim sim;

	(void)state;
	sim_init(&sim, 7, 25);
	sim_grid(&sim, 5, 5, 1);
	rest(&sim);
	for (uint32_t r = 0; r < 25; r += 6) {
		sim_restart(&sim, r, 150 * NSEC_PER_MSEC);
		rest(&sim);
	}
	sim_done(&sim);
}

static void router_with_an_old_sequence_number_outruns_it(void **state)
{
	struct sim sim;

	(void)state;
	ring(&sim, 8, 6);
	rest(&sim);
	sim_restart(&sim, 3, 150 * NSEC_PER_MSEC);
	sim.router[3].seqno -= 50000; /* against the contract: smaller than before */
	rest(&sim);
	assert_int_equal(sim_metric(&sim, 0, 3), 6);
	sim_done(&sim);
}

static void one_end_that_lost_the_link_for_a_moment_is_told_everything_again(void **state)
{
	struct sim sim;

	(void)state;
	line(&sim, 9, 6);
	rest(&sim);
	for (int end = 0; end < 2; end++) {
		sim_link_flap(&sim, 2, end, SOON);
		rest(&sim);
		assert_int_equal(sim_metric(&sim, 0, 5), 10);
		assert_int_equal(sim_metric(&sim, 5, 0), 10);
	}
	sim_done(&sim);
}

static void message_losses_of_30_percent_delay_but_do_not_prevent(void **state)
{
	struct proto_stats stats;
	struct sim sim;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_init(&sim, seed, 36);
		sim_grid(&sim, 6, 6, 1);
		for (uint32_t l = 0; l < sim.links; l++) {
			sim.link[l].loss = 30;
			sim.link[l].duplicate = 20;
			sim.link[l].jitter = 10 * NSEC_PER_MSEC;
		}
		rest(&sim);
		proto_stats(sim.router[14].proto, &stats);
		assert_true(stats.retransmitted > 0);
		sim_link_down(&sim, 30, SOON);
		sim_link_weight(&sim, 20, 7, SOON);
		rest(&sim);
		sim_done(&sim);
	}
}

static void equal_cost_choice_does_not_depend_on_the_order_of_events(void **state)
{
	uint32_t hop[16][16];
	struct sim sim;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		sim_init(&sim, seed, 16);
		sim_grid(&sim, 4, 4, 1);
		/* Another history for each seed, with the same end. */
		for (uint32_t i = 0; i < seed % 5; i++) {
			uint32_t link = sim_random(&sim, sim.links);

			sim_run_until(&sim, sim.now + 30 * NSEC_PER_MSEC);
			sim_link_down(&sim, link, 1);
			sim_run_until(&sim, sim.now + 10 * NSEC_PER_MSEC);
			sim_link_up(&sim, link, 1);
		}
		rest(&sim);
		for (uint32_t r = 0; r < 16; r++) {
			for (uint32_t d = 0; d < 16; d++) {
				if (seed == 1)
					hop[r][d] = sim_next_hop(&sim, r, d);
				assert_int_equal(hop[r][d], sim_next_hop(&sim, r, d));
			}
		}
		sim_done(&sim);
	}
}

static void more_destinations_than_allowed_are_refused_and_counted(void **state)
{
	struct proto_stats stats;
	uint64_t refused = 0;
	struct sim sim;

	(void)state;
	sim_init(&sim, 10, 6);
	sim.dst_max = 4;
	for (uint32_t r = 0; r < 6; r++) {
		sim_add_router(&sim);
		if (r)
			sim_link_up(&sim, sim_add_link(&sim, r - 1, r, 2), SOON);
	}
	assert_true(sim_settle(&sim));
	for (uint32_t r = 0; r < 6; r++) {
		proto_stats(sim.router[r].proto, &stats);
		assert_int_equal(stats.reachable, 3);
		refused += stats.refused;
		if (r)
			assert_int_equal(sim_metric(&sim, r - 1, r), 2);
	}
	assert_true(refused > 0);
	assert_int_equal(sim.loops, 0);
	sim_done(&sim);
}

static void destination_that_is_long_gone_makes_room(void **state)
{
	struct proto_stats stats;
	struct sim sim;

	(void)state;
	/* 0 may know two besides itself: 1, and first 2, then 3. */
	sim_init(&sim, 11, 4);
	for (int i = 0; i < 4; i++) {
		sim.dst_max = i ? 0 : 3;
		sim_add_router(&sim);
	}
	sim_link_up(&sim, sim_add_link(&sim, 0, 1, 1), SOON);
	sim_link_up(&sim, sim_add_link(&sim, 1, 2, 1), SOON);
	sim_add_link(&sim, 1, 3, 1);
	rest(&sim);
	sim_link_down(&sim, 1, SOON);
	rest(&sim);
	sim_run_until(&sim, sim.now + 400 * NSEC_PER_SEC);
	sim_link_up(&sim, 2, SOON);
	assert_true(sim_settle(&sim));
	assert_int_equal(sim_metric(&sim, 0, 3), 2);
	proto_stats(sim.router[0].proto, &stats);
	assert_int_equal(stats.refused, 0);
	sim_done(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ring_and_grid_find_shortest_paths),
		cmocka_unit_test(feasible_alternative_takes_over_at_once_without_a_message),
		cmocka_unit_test(route_without_feasible_alternative_is_found_by_a_request),
		cmocka_unit_test(weight_moves_traffic_away_and_back),
		cmocka_unit_test(partition_does_not_count_up_and_merge_heals),
		cmocka_unit_test(parallel_links_are_neighbours_of_their_own),
		cmocka_unit_test(router_that_starts_again_is_found_again),
		cmocka_unit_test(router_with_an_old_sequence_number_outruns_it),
		cmocka_unit_test(one_end_that_lost_the_link_for_a_moment_is_told_everything_again),
		cmocka_unit_test(message_losses_of_30_percent_delay_but_do_not_prevent),
		cmocka_unit_test(equal_cost_choice_does_not_depend_on_the_order_of_events),
		cmocka_unit_test(more_destinations_than_allowed_are_refused_and_counted),
		cmocka_unit_test(destination_that_is_long_gone_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
