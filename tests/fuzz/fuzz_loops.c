/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routing protocol of a few routers that are neighbours of each other: the input makes the
 * network, what happens to its links and routers, and when. Messages are delayed, lost, doubled and
 * overtaken (tests/unit/daemon/router/proto_sim.h). Checked: next hops never form a loop, not for a
 * moment; at rest routes are the shortest.
 */
#include "tests/fuzz/fuzz.h"

/* The simulator is not what is being looked at: without instruments it is several times as fast. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage", "address", "undefined"))),     \
			     apply_to = function)
#include "tests/unit/daemon/router/proto_sim.c"
#include "tests/unit/daemon/router/proto_sim_check.c"
#pragma clang attribute pop

#define ROUTERS_MAX 5
#define EVENTS_MAX  16

/* 0 to 150 ms, finer near 0. */
static uint64_t time_of(struct input *in)
{
	uint64_t x = input_byte(in);

	return x * x * 2300;
}

static uint32_t weight_of(struct input *in)
{
	uint8_t x = input_byte(in);

	return x < 200 ? 1 + x % 8 : 1 + x * 10u;
}

static void build(struct sim *sim, struct input *in)
{
	uint8_t how = input_byte(in);
	unsigned extra = input_byte(in) % (2u * sim->router_cap);

	for (uint32_t r = 0; r < sim->router_cap; r++) {
		sim_add_router(sim);
		if (r)
			sim_add_link(sim, how & 1 ? r - 1 : input_byte(in) % r, r, weight_of(in));
	}
	while (extra--) {
		uint8_t ends = input_byte(in);
		uint32_t a = ends % sim->routers;

		sim_add_link(sim, a, (a + 1 + ends / 16 % (sim->routers - 1)) % sim->routers,
			     weight_of(in));
	}
	sim->lag = how & 2 ? time_of(in) / 64 : 0;
	for (uint32_t l = 0; l < sim->links; l++) {
		sim->link[l].loss = how & 4 ? 20 : 0;
		sim->link[l].duplicate = how & 8 ? 15 : 0;
		sim->link[l].jitter = how & 16 ? 8000000 : 50000;
		sim->link[l].delay = how & 32 ? time_of(in) / 16 : 1000000;
		sim_link_up(sim, l, 20000000);
	}
}

static void happen(struct sim *sim, struct input *in)
{
	uint8_t op = input_byte(in);
	uint32_t link = input_byte(in) % sim->links;
	uint64_t within = time_of(in);

	switch (op % 8) {
	case 0:
	case 1:
		if (sim->link[link].carrier)
			sim_link_down(sim, link, within);
		break;
	case 2:
	case 3:
		sim_link_up(sim, link, within);
		break;
	case 4:
		sim_link_weight(sim, link, weight_of(in), within);
		break;
	case 5:
		sim_link_flap(sim, link, op >> 7, within);
		break;
	case 6:
		sim_restart(sim, op / 8 % sim->routers, within);
		break;
	default:
		break;
	}
	if (op & 0x40)
		sim_run_until(sim, sim->now + time_of(in) * 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t seed = 1 + input_u16(&in);
	struct sim sim;

	sim_init(&sim, seed, 3 + input_byte(&in) % (ROUTERS_MAX - 2));
	build(&sim, &in);
	for (int i = 0; in.left && i < EVENTS_MAX; i++) {
		happen(&sim, &in);
		CHECK(!sim.loops);
	}
	while (sim.planned)
		sim_step(&sim);
	sim_repair(&sim);
	CHECK(sim_settle(&sim));
	CHECK(!sim.loops && sim_compare(&sim) == 0);
	sim_done(&sim);
	return 0;
}
