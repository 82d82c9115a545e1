// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs on routers: their limits, when they change in place, and who they are. Called by
 * local_build.c and through host_ops.
 */
#include <string.h>

#include "daemon/host/local_priv.h"

int local_limits_set(struct local *local, struct host_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->routers_set_count; i++) {
		struct host_router *item = &batch->routers_set[i];
		int r = local_cgroup_set(local->cgroup, item->id, &item->limits, err);

		__atomic_store_n(&item->state, r < 0 ? HOST_FAILED : HOST_DONE, __ATOMIC_RELEASE);
		if (r < 0)
			return err_wrap(err, "router %s", item->name);
		local_batch_made(local);
	}
	return 0;
}

int local_application(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret)
{
	struct local *local = (struct local *)host;

	if (!local_router_get(local, slot))
		return -ENOENT;
	ret->uid = local->user_base ? local->user_base + 1 + slot : 0;
	ret->cgroups = local_cgroup_paths(local->cgroup, id);
	return 0;
}
