// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs on routers: their limits, when they change in place or are taken over, and who they
 * are. Called by local_build.c, local_audit.c and through host_ops.
 */
#include <string.h>

#include "daemon/host/local_priv.h"
#include "lib/base/log.h"

/* What somebody gives up another may want. Until the whole of it is done it counts as failed. */
static int drop_interfaces(struct local *local, struct host_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->routers_set_count; i++) {
		struct host_router *item = &batch->routers_set[i];
		int r = local_iface_drop(&local->ifaces, item, err);

		if (r != 0)
			__atomic_store_n(&item->state, HOST_FAILED, __ATOMIC_RELEASE);
		if (r < 0)
			return err_wrap(err, "router %s", item->name);
	}
	return 0;
}

int local_limits_set(struct local *local, struct host_batch *batch, struct err *err)
{
	int dropped = drop_interfaces(local, batch, err);

	if (dropped < 0)
		return dropped;
	for (size_t i = 0; i < batch->routers_set_count; i++) {
		struct host_router *item = &batch->routers_set[i];
		int r = local_cgroup_set(local->cgroup, item->id, &item->limits, err);

		if (r == 0)
			r = local_iface_set(&local->ifaces, item, &batch->network, err);
		__atomic_store_n(&item->state, r < 0 ? HOST_FAILED : HOST_DONE, __ATOMIC_RELEASE);
		if (r < 0)
			return err_wrap(err, "router %s", item->name);
		local_batch_made(local);
	}
	return 0;
}

/* A change of limits that was cut short is set back; groups that were not wanted before are made.
 */
int local_limits_adopt(struct local *local, const struct host_audit *audit, struct err *err)
{
	for (size_t i = 0; i < audit->router_count; i++) {
		const struct host_router *item = &audit->routers[i];
		int r = 0;

		if (audit->router_found[i] == HOST_WELL)
			r = local_cgroup_add(local->cgroup, item->id, &item->limits, err);
		if (r == -EBUSY) /* its programs have more than that already, and go on */
			log_warn("router %s: %s", item->name, err->text);
		else if (r < 0)
			return err_wrap(err, "router %s", item->name);
	}
	return 0;
}

int local_application(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret)
{
	struct local *local = (struct local *)host;
	struct err err = {0};

	if (!local_router_get(local, slot))
		return -ENOENT;
	ret->uid = local->user_base ? local->user_base + 1 + slot : 0;
	ret->cgroups = local_cgroup_exec(local->cgroup, id, &err);
	/* without them its limits would not hold */
	return err.code ? -err.code : 0;
}
