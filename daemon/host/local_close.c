// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Closing the local back end: either nothing of the instance is left, or only the daemon's own part
 * ends and what it made is left as it runs. Called through host_ops, and by local.c for one that
 * was opened by half.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_audit.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define STOP_PATIENCE_NS (2 * NSEC_PER_SEC)
#define STEP_MS		 5

static bool all_stopped(const struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot] && local->routers[slot]->state != LOCAL_STOPPED)
			return false;
	return true;
}

/* Of processes that were taken over nobody but their pidfd tells. false: there are none. */
static bool look_watched(struct local *local)
{
	bool any = false;

	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];
		struct pollfd p = {.events = POLLIN};

		if (!router || !router->watch)
			continue;
		any = true;
		p.fd = router->watch_fd;
		if (poll(&p, 1, 0) > 0)
			local_router_gone(router);
	}
	return any;
}

/* Without the loop: nobody else's callbacks may run now. */
static void wait_stopped(struct local *local)
{
	uint64_t deadline = clock_mono_ns() + STOP_PATIENCE_NS;

	while (!all_stopped(local) && clock_mono_ns() < deadline) {
		bool watched = look_watched(local);

		if (local_spawn_wait(local->spawn, STEP_MS) < 0) {
			if (!watched)
				return;
			usleep(STEP_MS * 1000);
		}
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

static void remove_run(void *arg)
{
	local_remove_run(arg);
}

static void remove_all(struct local *local)
{
	struct local_remove_task task = {.job = {.local = local}, .all = true};
	int r = 0;

	task.routers = calloc(local->router_count + 1, sizeof(*task.routers));
	task.inodes = calloc(local->router_count + 1, sizeof(*task.inodes));
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX && task.routers && task.inodes; slot++) {
		const struct local_router *router = local->routers[slot];

		if (!router)
			continue;
		memcpy(task.routers[task.router_count++].name, router->name, NAME_SIZE);
		if (router->netns)
			task.inodes[task.inode_count++] = router->netns;
	}
	if (task.router_count)
		r = local_work_aside(remove_run, &task);
	if (r < 0)
		task.status = err_errno(&task.err, r, "thread");
	if (task.status < 0)
		log_error("not everything is removed (vlspd clean does it): %s", task.err.text);
	free(task.routers);
	free(task.inodes);
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

/* Workers end what they are doing; what waits is forgotten. */
static void stop_work(struct local *local)
{
	if (local->run.phase == LOCAL_NS) {
		pthread_mutex_lock(&local->run.ns.lock);
		if (local->run.ns.status == 0)
			local->run.ns.status = -ECANCELED;
		pthread_mutex_unlock(&local->run.ns.lock);
	}
	__atomic_store_n(&local->run.link.cancel, true, __ATOMIC_RELAXED);
	local_tcx_close(local->tcx);
	local->tcx = NULL;
	local_apps_cancel(local->apps);
	local_work_free(local->work);
	batch_cancel(local);
	if (local->audit.audit)
		local_audit_finish(local, -ECANCELED, &(struct err){.code = ECANCELED});
	local_dump_cancel(local, NULL, -ECANCELED);
}

static void leave_all(struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		local_router_free(local->routers[slot]);
}

void local_close(struct host *host, bool keep)
{
	struct local *local = (struct local *)host;
	const char *socket = local->socket;

	local->closing = true;
	stop_work(local);
	local_apps_close(local->apps, keep);
	local->apps = NULL;
	local_objects_close(local->objects, keep);
	local_intercepts_close(local->intercepts);
	local_functions_close(local->functions);
	if (keep) {
		leave_all(local);
	} else {
		local_audit_nothing(local);
		if (local->spawn)
			stop_all(local);
		remove_all(local);
		if (local->left) {
			local->used = false;
			local_audit_nothing(local);
		}
	}
	if (local->emulation)
		local_relay_close(local->emulation->relay, keep);
	free(local->emulation);
	local->emulation = NULL;
	local_spawn_free(local->spawn);
	local_listen_free(local->listen);
	local_cgroup_close(local->cgroup, keep); /* of all routers, which have ended */
	if (local->journal)
		(void)local_journal_del(local->journal, "file", &socket, 1);
	bld_close(local->bld, keep);
	local_names_done(&local->names, keep);
	local_journal_close(local->journal, true); /* when nothing stands in it */
	loop_timer_free(local->run.timer);
	loop_timer_free(local->audit.timer);
	loop_timer_free(local->hang);
	pthread_mutex_destroy(&local->bld_lock);
	if (local->ifaces.home >= 0)
		close(local->ifaces.home);
	free(local->state_dir);
	free(local);
}
