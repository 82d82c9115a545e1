// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local back end as a whole: opening, the small operations, closing. Made by the daemon's main;
 * daemon/ctl drives it through host_ops.
 */
#include "daemon/host/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"

#define WORKERS		 2
#define STOP_PATIENCE_NS (2 * NSEC_PER_SEC)

_Static_assert(sizeof(((struct host_counts *)0)->drop) == VLSP_DROP_CAUSES * sizeof(uint64_t),
	       "a counter for every cause");

static int fib_set(struct host *host, uint32_t slot, const struct frame_route *routes, size_t count)
{
	const struct local_router *router = local_router_get((struct local *)host, slot);
	size_t room = (FRAME_MAX - sizeof(struct frame_head)) / sizeof(*routes);

	if (!router)
		return -ENOENT;
	if (!router->chan)
		return -EAGAIN;
	while (count > 0) {
		size_t n = count < room ? count : room;
		int r = local_chan_send(router->chan, FRAME_FIB, routes,
					(uint32_t)(n * sizeof(*routes)), -1);

		if (r < 0)
			return r;
		routes += n;
		count -= n;
	}
	return 0;
}

static int counts_read(struct host *host, const uint32_t *ports, size_t count,
		       struct host_counts *ret)
{
	struct local *local = (struct local *)host;

	pthread_mutex_lock(&local->bld_lock);
	for (size_t i = 0; i < count; i++) {
		struct vlsp_count from;

		bld_count_read(local->bld, ports[i], &from);
		ret[i].rx_packets = from.rx_packets;
		ret[i].rx_bytes = from.rx_bytes;
		ret[i].tx_packets = from.tx_packets;
		ret[i].tx_bytes = from.tx_bytes;
		for (int cause = 0; cause < VLSP_DROP_CAUSES; cause++)
			ret[i].drop[cause] = from.drop[cause];
	}
	pthread_mutex_unlock(&local->bld_lock);
	return 0;
}

static int netns_path(struct host *host, const char *router, char *buf, size_t size)
{
	return local_names_path(&((struct local *)host)->names, router, buf, size);
}

/* --- closing -----------------------------------------------------------------------------------
 */

static bool all_stopped(const struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot] && local->routers[slot]->state != LOCAL_STOPPED)
			return false;
	return true;
}

/* Without the loop: nobody else's callbacks may run now. */
static void wait_stopped(struct local *local)
{
	uint64_t deadline = clock_mono_ns() + STOP_PATIENCE_NS;

	while (!all_stopped(local)) {
		uint64_t now = clock_mono_ns();

		if (now >= deadline ||
		    local_spawn_wait(local->spawn, (int)((deadline - now) / NSEC_PER_MSEC) + 1) < 0)
			return;
	}
}

static void stop_all(struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			local_router_stop(local->routers[slot]);
	wait_stopped(local);
	if (all_stopped(local))
		return;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			local_router_kill(local->routers[slot]);
	wait_stopped(local); /* what is left then is found by its namespace */
}

static void remove_all(struct local *local)
{
	struct local_remove_task task = {.job = {.local = local}, .all = true};

	task.routers = calloc(local->router_count + 1, sizeof(*task.routers));
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX && task.routers; slot++)
		if (local->routers[slot])
			memcpy(task.routers[task.router_count++].name, local->routers[slot]->name,
			       NAME_SIZE);
	if (task.router_count)
		local_remove_run(&task); /* there is nobody to tell what did not go */
	free(task.routers);
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		local_router_free(local->routers[slot]);
}

static void batch_cancel(struct local *local)
{
	struct local_run *run = &local->run;

	if (!run->batch)
		return;
	if (run->status == 0)
		run->status = err_errno(&run->err, ECANCELED, "batch");
	local_batch_finish(local);
}

/* Also for one that was opened by half. */
static void local_close(struct host *host, bool keep)
{
	struct local *local = (struct local *)host;

	(void)keep;
	local->closing = true;
	if (local->run.phase == LOCAL_NS) {
		pthread_mutex_lock(&local->run.ns.lock);
		if (local->run.ns.status == 0)
			local->run.ns.status = -ECANCELED;
		pthread_mutex_unlock(&local->run.ns.lock);
	}
	__atomic_store_n(&local->run.link.cancel, true, __ATOMIC_RELAXED);
	local_work_free(local->work);
	batch_cancel(local);
	local_dump_cancel(local, NULL, -ECANCELED);
	if (local->spawn)
		stop_all(local);
	remove_all(local);
	local_spawn_free(local->spawn);
	local_listen_free(local->listen);
	bld_close(local->bld, false);
	local_names_done(&local->names);
	loop_timer_free(local->run.timer);
	pthread_mutex_destroy(&local->bld_lock);
	free(local);
}

static const struct host_ops ops = {
	.size = sizeof(ops),
	.name = "local",
	.submit = local_batch_submit,
	.fib_set = fib_set,
	.routes_dump = local_dump_start,
	.counts_read = counts_read,
	.netns_path = netns_path,
	.close = local_close,
};

/* --- opening -----------------------------------------------------------------------------------
 */

/* A router costs two descriptors, its connection and its FIB. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer routers then */
	}
}

static int take_config(struct local *local, const struct host_local_config *config, struct err *err)
{
	local->loop = config->loop;
	local->log_level = config->log_level;
	local->network.network = config->network;
	local->network.prefix_len = config->prefix_len;
	if (geteuid() != 0)
		return err_set(err, EPERM, "virtual routers on this machine need root");
	if (strlen(config->instance) >= sizeof(local->instance))
		return err_set(err, ENAMETOOLONG, "instance name %s is too long", config->instance);
	strcpy(local->instance, config->instance);
	if (snprintf(local->socket, sizeof(local->socket), "%s/router.sock", config->runtime_dir) >=
	    (int)sizeof(local->socket))
		return err_set(err, ENAMETOOLONG, "runtime directory %s: its path is too long",
			       config->runtime_dir);
	if (local_names_init(&local->names, config->runtime_dir,
			     strcmp(config->instance, "default") == 0) < 0)
		return err_errno(err, ENOMEM, "host");
	return 0;
}

int host_local_clean(const struct host_local_config *config, struct err *err)
{
	struct local *local = calloc(1, sizeof(*local));
	int r;

	if (!local)
		return err_errno(err, ENOMEM, "host");
	raise_limits();
	r = take_config(local, config, err);
	if (r == 0)
		r = local_stale_remove(local, config->runtime_dir, err);
	if (r == 0)
		unlink(local->socket);
	local_names_done(&local->names);
	free(local);
	return r;
}

int host_local_open(const struct host_local_config *config, struct host **ret_host, struct err *err)
{
	struct local *local = calloc(1, sizeof(*local));
	int r;

	if (!local)
		return err_errno(err, ENOMEM, "host");
	local->host.ops = &ops;
	list_init(&local->dumps);
	pthread_mutex_init(&local->bld_lock, NULL);
	r = take_config(local, config, err);
	if (r < 0)
		goto fail;
	raise_limits();
	r = local_stale_remove(local, config->runtime_dir, err);
	if (r < 0) {
		local->names.mounted = false; /* not ours to remove */
		goto fail;
	}
	r = local_batch_init(local);
	if (r < 0) {
		err_errno(err, r, "host");
		goto fail;
	}
	r = local_spawn_new(local->loop, config->router_path, &local_router_spawn_ops, local,
			    &local->spawn, err);
	if (r < 0)
		goto fail;
	r = bld_open(config->instance, config->network, config->prefix_len, NULL, &local->bld, err);
	if (r < 0)
		goto fail;
	r = local_listen_new(local->loop, local->socket, &local_router_chan_ops, local,
			     &local->listen, err);
	if (r < 0)
		goto fail;
	r = local_work_new(local->loop, WORKERS, local_batch_progress, local, &local->work);
	if (r < 0) {
		err_errno(err, r, "worker threads");
		goto fail;
	}
	*ret_host = &local->host;
	return 0;

fail:
	local_close(&local->host, false);
	return r;
}
