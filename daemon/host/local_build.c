// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The second half of a batch: routers that run adapt (ADAPT), namespaces are made (NS), then links
 * (LINK), then processes start and become READY. Starting them earlier, beside the making of links,
 * was measured to take longer in sum: their sockets hear of each device, and they contend for
 * the same locks (100 routers, 180 links on 2 cores: 290 ms instead of 190). Called by
 * local_batch.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define DEADLINE_NS	 (30 * NSEC_PER_SEC)
#define DEADLINE_ITEM_NS (20 * NSEC_PER_MSEC)

/* --- ADAPT -------------------------------------------------------------------------------------
 */

static void deadline_start(struct local *local)
{
	struct local_run *run = &local->run;

	loop_timer_set(run->timer, clock_mono_ns() + DEADLINE_NS + run->total * DEADLINE_ITEM_NS);
}

static uint32_t capacity_for(uint32_t slots)
{
	uint32_t capacity = VLSP_FIB_MIN;

	while (capacity < slots)
		capacity *= 2;
	return capacity;
}

static int adapt_router(struct local_router *router, uint32_t capacity, struct err *err)
{
	int r = local_router_config(router);

	if (r == 0 && bld_router_capacity(router->local->bld, router->slot) < capacity)
		r = local_router_grow(router, capacity);
	if (r < 0)
		return err_errno(err, r, "router %s: cannot be given its configuration",
				 router->name);
	return 0;
}

void local_build_begin(struct local *local)
{
	struct local_run *run = &local->run;
	const struct host_network *want = &run->batch->network;
	struct host_network *have = &local->network;
	uint32_t capacity = capacity_for(want->slots_needed);
	int r = 0;

	local_batch_phase(local, LOCAL_ADAPT);
	if (have->network != want->network || have->prefix_len != want->prefix_len)
		r = bld_network_set(local->bld, want->network, want->prefix_len);
	if (r < 0) {
		local_batch_refuse(local, err_errno(&run->err, r, "network: cannot be changed"));
		return;
	}
	*have = *want;
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			r = adapt_router(local->routers[slot], capacity, &run->err);
	if (r < 0) {
		local_batch_refuse(local, r);
		return;
	}
	deadline_start(local);
	local_batch_step(local);
}

static bool adapt_is_done(const struct local *local)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot] && local->routers[slot]->awaited_count)
			return false;
	return true;
}

/* --- NS ----------------------------------------------------------------------------------------
 */

static void link_begin(struct local *local);

static void ns_job(struct local_job *job)
{
	local_ns_make(&((struct local_run_job *)job)->local->run.ns);
}

static int note_routers(struct local *local, const struct host_batch *batch, bool there)
{
	const char **names = calloc(batch->routers_add_count + 1, sizeof(*names));
	size_t count = 0;
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < batch->routers_add_count; i++)
		if (there || batch->routers_add[i].state != HOST_DONE)
			names[count++] = batch->routers_add[i].name;
	r = there ? local_names_note(&local->names, names, count)
		  : local_names_strike(&local->names, names, count);
	free(names);
	return r;
}

static void routers_made(struct local *local, const struct host_batch *batch)
{
	bool all = true;

	for (size_t i = 0; i < batch->routers_add_count; i++) {
		const struct host_router *item = &batch->routers_add[i];
		struct local_router *router = local_router_get(local, item->slot);

		if (item->state == HOST_DONE) {
			router->netns = local_names_inode(&local->names, item->name);
			continue;
		}
		local_router_free(router);
		all = false;
	}
	if (!all) /* what cannot be struck out is looked at again by the next run */
		(void)note_routers(local, batch, false);
}

static void ns_done(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;

	if (--run->ns_running > 0)
		return;
	pthread_mutex_destroy(&run->ns.lock);
	local_batch_progress(local);
	routers_made(local, batch);
	if (run->ns.status < 0 && run->status == 0) {
		run->status = run->ns.status;
		run->err = run->ns.err;
	}
	if (run->status < 0)
		local_batch_finish(local);
	else
		link_begin(local);
}

static int routers_new(struct local *local, struct host_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->routers_add_count; i++) {
		int r = local_router_new(local, &batch->routers_add[i]);

		if (r == 0)
			continue;
		while (i-- > 0)
			local_router_free(local_router_get(local, batch->routers_add[i].slot));
		return err_errno(err, r, "routers");
	}
	return 0;
}

static void ns_begin(struct local *local)
{
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	int r;

	local_batch_phase(local, LOCAL_NS);
	loop_timer_set(run->timer, 0);
	if (batch->routers_add_count == 0) {
		link_begin(local);
		return;
	}
	r = local_names_prepare(&local->names, &run->err);
	if (r == 0) {
		r = note_routers(local, batch, true);
		if (r < 0)
			err_errno(&run->err, r, "%s/journal", local->runtime_dir);
	}
	if (r == 0)
		r = routers_new(local, batch, &run->err);
	if (r < 0) {
		(void)note_routers(local, batch, false); /* they are looked at again */
		local_batch_refuse(local, r);
		return;
	}
	run->ns = (struct local_ns_task){
		.bld = local->bld,
		.names = &local->names,
		.cgroup = local->cgroup,
		.instance = local->instance,
		.network = batch->network.network,
		.prefix_len = batch->network.prefix_len,
		.capacity = capacity_for(batch->network.slots_needed),
		.routers = batch->routers_add,
		.count = batch->routers_add_count,
		.progress = local_batch_made,
		.arg = local,
	};
	pthread_mutex_init(&run->ns.lock, NULL);
	run->ns_running = ARRAY_SIZE(run->ns_job);
	for (size_t i = 0; i < ARRAY_SIZE(run->ns_job); i++) {
		run->ns_job[i] = (struct local_run_job){.job = {.run = ns_job, .done = ns_done},
							.local = local};
		local_work_add(local->work, &run->ns_job[i].job);
	}
}

/* --- LINK --------------------------------------------------------------------------------------
 */

static void link_job(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_link_task *task = &local->run.link;
	int r = 0;

	if (local->run.batch->routers_set_count)
		task->status = local_limits_set(local, local->run.batch, &task->err);
	if (task->status < 0)
		return;
	if (task->add_count || task->set_count)
		local_link_run(task);
	if (task->status == 0)
		local_emulate_end(&task->emulate);
	if (local->run.batch->routers_add_count || local->run.batch->routers_del_count ||
	    task->add_count)
		r = bld_settle(local->bld);
	if (task->status == 0 && r < 0)
		task->status = err_errno(&task->err, r, "maps of routers");
}

/* What was made is known, also when something else failed: it will be deleted. */
static int links_know(struct local *local, const struct host_batch *batch)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < batch->links_add_count; i++)
		if (batch->links_add[i].state == HOST_DONE)
			r = local_ends_set(local, &batch->links_add[i]);
	for (size_t i = 0; r == 0 && i < batch->links_set_count; i++)
		if (batch->links_set[i].state == HOST_DONE)
			r = local_ends_set(local, &batch->links_set[i]);
	return r;
}

static void link_done(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_run *run = &local->run;
	const struct host_batch *batch = run->batch;
	int r;

	local_batch_progress(local);
	r = links_know(local, batch);
	if (run->link.status < 0 && run->status == 0) {
		run->status = run->link.status;
		run->err = run->link.err;
	}
	if (r < 0 && run->status == 0)
		run->status = err_errno(&run->err, r, "links");
	if (run->status < 0) {
		local_batch_finish(local);
		return;
	}
	local_batch_phase(local, LOCAL_READY);
	for (size_t i = 0; run->batch == batch && i < batch->routers_add_count; i++)
		local_router_start(local_router_get(local, batch->routers_add[i].slot));
	if (run->batch != batch) /* one could not be started; the next may be under way */
		return;
	deadline_start(local);
	local_batch_step(local);
}

/* All routers by name: for the worker, which must not look at the loop's. NULL: out of memory. */
static const char (*router_names(const struct local *local, size_t *ret_count))[NAME_SIZE]
{
	char(*names)[NAME_SIZE] = calloc(local->router_count + 1, sizeof(*names));

	*ret_count = 0;
	for (uint32_t slot = 0; names && slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			memcpy(names[(*ret_count)++], local->routers[slot]->name, NAME_SIZE);
	return (const char(*)[NAME_SIZE])names;
}

static void link_begin(struct local *local)
{
	struct local_run *run = &local->run;
	struct host_batch *batch = run->batch;
	size_t count;
	const char(*names)[NAME_SIZE] = router_names(local, &count);

	if (!names) {
		local_batch_refuse(local, err_errno(&run->err, ENOMEM, "links"));
		return;
	}
	local_batch_phase(local, LOCAL_LINK);
	run->link = (struct local_link_task){
		.bld = local->bld,
		.bld_lock = &local->bld_lock,
		.names = &local->names,
		.instance = local->instance,
		.emulate = {.emulation = local->emulation,
			    .bld = local->bld,
			    .bld_lock = &local->bld_lock,
			    .names = &local->names,
			    .routers = names,
			    .router_count = count,
			    .cancel = &run->link.cancel},
		.add = batch->links_add,
		.add_count = batch->links_add_count,
		.set = batch->links_set,
		.set_count = batch->links_set_count,
		.progress = local_batch_made,
		.arg = local,
	};
	run->link_job = (struct local_run_job){.job = {.run = link_job, .done = link_done},
					       .local = local};
	local_work_add(local->work, &run->link_job.job);
}

/* --- READY -------------------------------------------------------------------------------------
 */

void local_build_step(struct local *local)
{
	struct local_run *run = &local->run;
	const struct host_batch *batch = run->batch;

	if (run->phase == LOCAL_ADAPT) {
		if (adapt_is_done(local))
			ns_begin(local);
		return;
	}
	while (run->at < batch->routers_add_count &&
	       local_router_get(local, batch->routers_add[run->at].slot)->state == LOCAL_RUNNING)
		run->at++;
	if (run->at == batch->routers_add_count)
		local_batch_finish(local);
}

void local_build_late(struct local *local)
{
	struct local_run *run = &local->run;
	const char *first = NULL;
	size_t count = 0;

	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		const struct local_router *router = local->routers[slot];

		if (!router || (run->phase == LOCAL_ADAPT
					? router->awaited_count == 0
					: !router->in_batch || router->state == LOCAL_RUNNING))
			continue;
		if (!first)
			first = router->name;
		count++;
	}
	local_batch_refuse(local, err_set(&run->err, ETIMEDOUT,
					  "router %s and %zu others did not get ready in time",
					  first ? first : "?", count ? count - 1 : 0));
}
