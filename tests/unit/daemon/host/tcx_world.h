/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of programs attached by tcx, on the real kernel: being in a router's namespace, and
 * waiting until all programs of a grid are there. */
#ifndef VLSP_TESTS_UNIT_DAEMON_HOST_TCX_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_HOST_TCX_WORLD_H

#include "bpf/loader/tcx.h"
#include "lib/nlk/ns.h"
#include "tests/unit/daemon/host/local_world.h"

#define LO 1 /* ifindex */
/* Of a grid: edges, both sides, and link ends. */
#define ALL(side) (2 * (side) * (side) + 2 * 2 * (side) * ((side)-1))

/* The thread is in that router's namespace until leave(). */
static inline int enter(const char *router)
{
	char path[96];
	int home = nlk_ns_current(), ns;

	snprintf(path, sizeof(path), "/run/netns/%s", router);
	ns = nlk_ns_open(path);
	assert_true(home >= 0 && ns >= 0);
	assert_int_equal(nlk_ns_enter(ns), 0);
	close(ns);
	return home;
}

static inline void leave(int home)
{
	assert_int_equal(nlk_ns_enter(home), 0);
	close(home);
}

/* How many programs are at that device by tcx, 0 where the kernel has none; -errno: it is not
 * there. */
static inline int count_at(const char *router, uint32_t index, bool egress)
{
	uint32_t id;
	int home = enter(router), r = bld_tcx_query(index, egress, &id);

	leave(home);
	return r == -EINVAL && bld_tcx_probe(LO) == -EINVAL ? 0 : r;
}

/* Of a grid; nowhere more than one. */
static inline size_t count_all(uint32_t side)
{
	struct host_batch *batch = grid(side, false);
	size_t count = 0;

	for (size_t i = 0; i < 2 * batch->routers_add_count; i++) {
		int n = count_at(batch->routers_add[i / 2].name, LO, i % 2);

		assert_in_range(n, 0, 1);
		count += (size_t)n;
	}
	for (size_t i = 0; i < 2 * batch->links_add_count; i++) {
		const struct host_end *end = &batch->links_add[i / 2].end[i % 2];
		int n = count_at(end->router, end->port, false);

		assert_in_range(n, 0, 1);
		count += (size_t)n;
	}
	host_batch_free(batch);
	return count;
}

static inline void wait_for_all(struct world *world, uint32_t side)
{
	uint64_t end = clock_mono_ns() + WAIT_NS;

	while (count_all(side) < ALL(side)) {
		run_for(world, 20);
		if (clock_mono_ns() > end)
			fail_msg("only %zu of %u are there", count_all(side), ALL(side));
	}
}

#endif
