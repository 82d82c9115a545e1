/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the local back end in which one daemon follows another. */
#ifndef VLSP_TESTS_UNIT_DAEMON_HOST_AUDIT_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_HOST_AUDIT_WORLD_H

#include "tests/unit/daemon/host/local_world.h"

struct seen {
	struct world *world;
	struct host_audit *audit;
	bool done;
	int status;
	struct err err;
};

static inline void audited(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	struct seen *seen = arg;

	assert_ptr_equal(audit, seen->audit);
	seen->done = true;
	seen->status = status;
	seen->err = *err;
}

/* A grid is wanted. To be freed by host_audit_free(). */
static inline struct host_audit *audit_new(uint32_t side)
{
	struct host_batch *batch = grid(side, false);
	struct host_audit *audit = host_audit_new(batch->routers_add_count, batch->links_add_count);

	assert_non_null(audit);
	audit->network = batch->network;
	memcpy(audit->routers, batch->routers_add,
	       batch->routers_add_count * sizeof(*audit->routers));
	memcpy(audit->links, batch->links_add, batch->links_add_count * sizeof(*audit->links));
	host_batch_free(batch);
	return audit;
}

static inline void run_audit(struct world *world, struct host_audit *audit, bool adopt)
{
	struct seen seen = {.audit = audit};
	uint64_t begin = clock_mono_ns();

	assert_int_equal(world->host->ops->audit(world->host, audit, adopt, audited, &seen), 0);
	assert_int_equal(world->host->ops->audit(world->host, audit, false, audited, &seen),
			 -EBUSY);
	run_until(world, &seen.done);
	if (seen.status < 0)
		fail_msg("%s", seen.err.text);
	print_message("audit of %zu routers%s: %.1f ms\n", audit->router_count,
		      adopt ? ", taking over" : "", (double)(clock_mono_ns() - begin) / 1e6);
}

static inline void open_again(struct world *world)
{
	struct err err = {0};

	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
}

#endif
