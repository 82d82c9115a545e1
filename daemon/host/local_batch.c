// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Batches, a phase after the other (enum local_phase): what blocks in the kernel is done by the
 * workers, what needs answers of processes waits in the loop. Called by daemon/ctl through
 * host_ops, driven by local_batch_step().
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define STOP_PATIENCE_NS (2 * NSEC_PER_SEC)

void local_batch_phase(struct local *local, enum local_phase phase)
{
	static const char *const name[] = {
		[LOCAL_IDLE] = "done",	 [LOCAL_STOP] = "stop",	    [LOCAL_REMOVE] = "remove",
		[LOCAL_ADAPT] = "adapt", [LOCAL_NS] = "namespaces", [LOCAL_LINK] = "links",
		[LOCAL_READY] = "ready",
	};
	struct local_run *run = &local->run;

	log_debug("batch: %s at %.1f ms", name[phase],
		  (double)(clock_mono_ns() - run->start_ns) / (double)NSEC_PER_MSEC);
	run->phase = phase;
	run->at = 0;
}

/* Routers hear of new links when all of the batch are there: then they find their routes in a few
 * rounds, where otherwise the first would fill the machine with news while others still start. */
static void links_tell(struct local *local)
{
	/* A connection that fails is seen by the loop, and a new one is told everything. */
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			(void)local_router_tell(local->routers[slot]);
}

/* What is still there is known again; links of routers that are not known any more go with what is
 * left of these. */
static void links_restore(struct local *local, struct host_batch *batch)
{
	for (size_t i = 0; i < batch->links_del_count; i++) {
		struct host_link *link = &batch->links_del[i];
		int r = 0;

		if (link->state == HOST_DONE)
			continue;
		if (!local_router_get(local, link->end[0].slot) ||
		    !local_router_get(local, link->end[1].slot))
			link->state = HOST_DONE;
		else
			r = local_ends_restore(local, link);
		if (r < 0)
			log_warn("link %s: its routers cannot be told that it is still there: %s",
				 link->name, strerror(-r));
	}
}

/* Every router that is there gets a process, however the batch ended. */
static void routers_revive(struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			local_router_revive(local->routers[slot]);
}

static void tell_revived(struct local *local)
{
	const struct host_events *events = &local->host.events;

	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		if (!router || !router->revived)
			continue;
		router->revived = false;
		if (events->router_died)
			events->router_died(events->arg, slot, -1);
	}
}

void local_batch_finish(struct local *local)
{
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	struct err err = run->err;

	loop_timer_set(run->timer, 0);
	for (size_t i = 0; i < batch->routers_add_count; i++) {
		struct host_router *item = &batch->routers_add[i];
		struct local_router *router = local_router_get(local, item->slot);

		if (item->state != HOST_DONE || !router)
			continue;
		local_router_leave_batch(router);
		item->pid = local_router_pid(router);
		item->away = item->pid == 0;
	}
	if (run->status < 0 && !local->closing) {
		if (run->begun)
			links_restore(local, batch);
		routers_revive(local);
	}
	links_tell(local);
	if (batch->routers_add_count || batch->routers_del_count)
		local_apps_routers(local->apps);
	free(run->remove.links);
	free(run->remove.inodes);
	free(run->removed);
	free((void *)(uintptr_t)run->link.emulate.routers); /* link_done is not called by a close */
	run->link.emulate.routers = NULL;
	run->removed = NULL;
	run->remove.links = NULL;
	run->remove.inodes = NULL;
	run->batch = NULL;
	local_batch_phase(local, LOCAL_IDLE);
	local_tcx_go(local->tcx);
	run->done(run->arg, batch, run->status, &err);
	if (!run->batch && !local->closing) /* else: who is then still there */
		tell_revived(local);
}

/* To be called in the loop where nothing of the batch is under way. */
void local_batch_refuse(struct local *local, int status)
{
	local->run.status = status;
	local_batch_finish(local);
}

void local_batch_fail(struct local *local, const struct err *err)
{
	struct local_run *run = &local->run;

	if (!run->batch || run->status < 0)
		return;
	run->status = -err->code;
	run->err = *err;
	/* With jobs under way it ends when they have. */
	if (run->phase == LOCAL_ADAPT || run->phase == LOCAL_READY)
		local_batch_finish(local);
}

void local_batch_progress(void *arg)
{
	struct local *local = arg;
	struct local_run *run = &local->run;
	size_t made = __atomic_load_n(&run->made, __ATOMIC_RELAXED);

	if (!run->batch)
		return;
	if (run->progress)
		run->progress(run->arg, made < run->total ? made : run->total, run->total);
}

void local_batch_made(void *arg)
{
	struct local *local = arg;

	__atomic_add_fetch(&local->run.made, 1, __ATOMIC_RELAXED);
	local_work_progress(local->work);
}

/* --- STOP and REMOVE ---------------------------------------------------------------------------
 */

static void remove_done(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	bool ok = run->remove.status == 0;

	for (size_t i = 0; i < batch->routers_del_count; i++) {
		struct host_router *item = &batch->routers_del[i];

		local_object_router_gone(local->objects, item->slot);
		local_function_router_gone(local->functions, item->slot);
		bld_router_del(local->bld, item->slot);
		local_router_free(local_router_get(local, item->slot));
		item->state = HOST_DONE;
	}
	for (size_t i = 0; i < batch->links_del_count; i++)
		if (batch->links_del[i].state == HOST_TODO && ok)
			batch->links_del[i].state = HOST_DONE;
	run->made += (uint32_t)(batch->routers_del_count + batch->links_del_count);
	if (!ok) {
		local->left = true;
		run->err = run->remove.err;
		local_batch_refuse(local, run->remove.status);
		return;
	}
	local_build_begin(local);
}

static void remove_job(struct local_job *job)
{
	local_remove_run((struct local_remove_task *)job);
}

static bool is_stopped(const struct local *local, uint32_t slot)
{
	const struct local_router *router = local_router_get(local, slot);

	return !router || router->state == LOCAL_STOPPED;
}

/* Sorts the links: between routers that stay, then those with one end at a router that goes. */
static int remove_sort(struct local *local)
{
	struct host_batch *batch = local->run.batch;
	struct local_remove_task *task = &local->run.remove;
	size_t half, known = 0;

	task->link_count = task->half_count = 0;
	task->links = calloc(2 * batch->links_del_count + 1, sizeof(struct host_link *));
	task->inodes = calloc(task->router_count + task->left_count + 1, sizeof(*task->inodes));
	if (!task->links || !task->inodes)
		return -ENOMEM;
	for (size_t i = 0; i < batch->routers_del_count; i++) {
		const struct local_router *router = local_router_get(local,
								     batch->routers_del[i].slot);

		known += router != NULL;
		if (router && router->netns)
			task->inodes[task->inode_count++] = router->netns;
	}
	task->all = known == local->router_count;
	half = batch->links_del_count;
	for (size_t i = 0; i < batch->links_del_count; i++) {
		struct host_link *link = &batch->links_del[i];
		int going = is_stopped(local, link->end[0].slot) +
			    is_stopped(local, link->end[1].slot);

		if (going == 0)
			task->links[task->link_count++] = link;
		else if (going == 1)
			task->links[half + task->half_count++] = link;
	}
	memmove(task->links + task->link_count, task->links + half,
		task->half_count * sizeof(struct host_link *));
	return 0;
}

/* Names that routers to be made want, and that are there although no router has them. */
static int find_left(struct local *local)
{
	struct local_run *run = &local->run;
	const struct host_batch *batch = run->batch;
	struct local_remove_task *task = &run->remove;
	size_t at = task->router_count, n = 0;

	for (size_t i = 0; local->names.mounted && i < batch->routers_add_count; i++)
		n += local_names_exists(&local->names, batch->routers_add[i].name);
	if (n == 0)
		return 0;
	run->removed = calloc(at + n, sizeof(*run->removed));
	if (!run->removed)
		return -ENOMEM;
	if (at)
		memcpy(run->removed, task->routers, at * sizeof(*run->removed));
	for (size_t i = 0; task->left_count < n && i < batch->routers_add_count; i++)
		if (local_names_exists(&local->names, batch->routers_add[i].name))
			run->removed[at + task->left_count++] = batch->routers_add[i];
	task->routers = run->removed;
	return 0;
}

static void remove_begin(struct local *local)
{
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	struct local_remove_task *task = &run->remove;

	loop_timer_set(run->timer, 0);
	*task = (struct local_remove_task){
		.job = {.job = {.run = remove_job, .done = remove_done}, .local = local},
		.routers = batch->routers_del,
		.router_count = batch->routers_del_count,
	};
	if (find_left(local) == 0 && task->left_count == 0 && batch->routers_del_count == 0 &&
	    batch->links_del_count == 0) {
		local_build_begin(local);
		return;
	}
	local_batch_phase(local, LOCAL_REMOVE);
	if (remove_sort(local) < 0) {
		local_batch_refuse(local, err_errno(&run->err, ENOMEM, "links to delete"));
		return;
	}
	local_work_add(local->work, &task->job.job);
}

/* Nothing of the batch is done before the whole of it has been looked at. */
static void batch_begin(struct local *local)
{
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	int r;

	r = local_check(local, batch, &run->err);
	if (r < 0) {
		local_batch_refuse(local, r);
		return;
	}
	run->begun = true;
	for (size_t i = 0; i < batch->links_del_count; i++) {
		local_ends_del(local, &batch->links_del[i]);
		bld_port_del(local->bld, batch->links_del[i].end[0].port);
		bld_port_del(local->bld, batch->links_del[i].end[1].port);
	}
	for (size_t i = 0; i < batch->routers_del_count; i++) {
		struct local_router *router = local_router_get(local, batch->routers_del[i].slot);

		if (router) /* one that was never made, or is gone, is done */
			local_router_stop(router);
	}
	local_batch_phase(local, LOCAL_STOP);
	loop_timer_set(run->timer, clock_mono_ns() + STOP_PATIENCE_NS);
	local_batch_step(local);
}

static void stop_late(struct local *local)
{
	struct local_run *run = &local->run;

	for (size_t i = 0; i < run->batch->routers_del_count; i++) {
		struct host_router *item = &run->batch->routers_del[i];
		struct local_router *router = local_router_get(local, item->slot);

		if (!router || router->state != LOCAL_STOPPING)
			continue;
		if (run->killed) {
			item->state = HOST_FAILED;
			local_batch_refuse(local, err_set(&run->err, ETIMEDOUT,
							  "router %s: its process %d does not end",
							  item->name, router->pid));
			return;
		}
		local_router_kill(router);
	}
	run->killed = true;
	loop_timer_set(run->timer, clock_mono_ns() + STOP_PATIENCE_NS);
}

/* --- all together ------------------------------------------------------------------------------
 */

void local_batch_step(struct local *local)
{
	struct local_run *run = &local->run;
	const struct host_batch *batch = run->batch;

	if (!batch)
		return;
	switch (run->phase) {
	case LOCAL_STOP:
		while (run->at < batch->routers_del_count &&
		       is_stopped(local, batch->routers_del[run->at].slot))
			run->at++;
		if (run->at == batch->routers_del_count)
			remove_begin(local);
		break;
	case LOCAL_ADAPT:
	case LOCAL_READY:
		local_build_step(local);
		break;
	case LOCAL_IDLE:   /* the timer begins */
	case LOCAL_REMOVE: /* jobs go on when they are done */
	case LOCAL_NS:
	case LOCAL_LINK:
		break;
	}
}

static void timer_expired(void *arg)
{
	struct local *local = arg;
	struct local_run *run = &local->run;

	if (!run->batch)
		return;
	if (run->phase == LOCAL_IDLE)
		batch_begin(local);
	else if (run->phase == LOCAL_STOP)
		stop_late(local);
	else
		local_build_late(local);
}

int local_batch_init(struct local *local)
{
	int r = loop_timer_new(local->loop, timer_expired, local, &local->run.timer);

	if (r == 0)
		r = loop_timer_new(local->loop, local_adopt_late, local, &local->audit.timer);
	return r < 0 ? r : loop_timer_new(local->loop, local_hang_tick, local, &local->hang);
}

int local_batch_submit(struct host *host, struct host_batch *batch, host_progress_fn progress,
		       host_done_fn done, void *arg)
{
	struct local *local = (struct local *)host;
	struct local_run *run = &local->run;
	struct loop_timer *timer = run->timer;

	if (run->batch || local->audit.audit || local->closing)
		return -EBUSY;
	if (batch->network.prefix_len < 16 || batch->network.prefix_len > 30 ||
	    batch->network.hello_us == 0 || batch->network.dead_us < batch->network.hello_us)
		return -EINVAL;
	*run = (struct local_run){
		.batch = batch,
		.progress = progress,
		.done = done,
		.arg = arg,
		.timer = timer,
		.start_ns = clock_mono_ns(),
		.total = batch->links_del_count + batch->routers_del_count +
			 batch->routers_set_count + batch->routers_add_count +
			 batch->links_add_count + batch->links_set_count,
	};
	local_audit_nothing(local);
	local_listen_go(local->listen);
	loop_timer_set(timer, 1); /* at once, but from the loop */
	return 0;
}
