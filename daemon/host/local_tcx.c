// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop picks one device, a thread of its own attaches there, and the loop pauses for as long as
 * that took, since the kernel's lock of all devices was held meanwhile. The thread gets copies, and
 * is in a router's namespace for one attach only. Called by local_batch.c and local_audit.c.
 */
#include "daemon/host/local_tcx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/loader/tcx.h"
#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/nlk/ns.h"

#define LO	 1		       /* ifindex */
#define FIRST_NS (100 * NSEC_PER_MSEC) /* after a batch: the next often follows at once */
#define PAUSE_NS NSEC_PER_MSEC	       /* at least */

struct local_tcx {
	struct local_job job; /* first */
	struct local *local;
	struct local_work *work;
	struct loop_timer *timer;
	bool running; /* the job; what follows is its own then */
	char path[PATH_MAX], router[NAME_SIZE];
	uint32_t index;
	bool egress;
	int prog, status;
	uint64_t took_ns;
};

/* A name that is going away meanwhile is unmounted lazily, so holding its file is no obstacle. */
static int attach(const struct local_tcx *tcx)
{
	int ns = nlk_ns_open(tcx->path), r;

	if (ns < 0)
		return ns;
	r = nlk_ns_enter(ns);
	close(ns);
	return r < 0 ? r : bld_tcx_attach(tcx->prog, tcx->index, tcx->egress);
}

static void attach_job(struct local_job *job)
{
	struct local_tcx *tcx = (struct local_tcx *)job;
	uint64_t start = clock_mono_ns();

	tcx->status = attach(tcx);
	tcx->took_ns = clock_mono_ns() - start;
}

static void attach_done(struct local_job *job)
{
	struct local_tcx *tcx = (struct local_tcx *)job;

	tcx->running = false;
	/* Whatever is the matter with that device, it has clsact. */
	if (tcx->status < 0 && tcx->status != -EEXIST)
		log_debug("router %s, device %u: no tcx: %s", tcx->router, tcx->index,
			  strerror(-tcx->status));
	loop_timer_set(tcx->timer,
		       clock_mono_ns() + (tcx->took_ns > PAUSE_NS ? tcx->took_ns : PAUSE_NS));
}

static size_t wanted(const struct local *local)
{
	size_t count = 2 * local->router_count;

	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			count += local->routers[slot]->end_count;
	return count;
}

/* The next side of a device that was not tried; it is then. */
static bool pick(struct local_tcx *tcx, struct local_router *router)
{
	if (router->tcx < 2) {
		tcx->egress = router->tcx++ == 0;
		tcx->index = LO;
		tcx->prog = tcx->egress ? bld_prog_out(tcx->local->bld)
					: bld_prog_back(tcx->local->bld);
		return true;
	}
	for (size_t i = 0; i < router->end_count; i++) {
		if (router->ends[i].tcx)
			continue;
		router->ends[i].tcx = true;
		tcx->egress = false;
		tcx->index = router->ends[i].port;
		tcx->prog = bld_prog_in(tcx->local->bld);
		return true;
	}
	return false;
}

static void next(void *arg)
{
	struct local_tcx *tcx = arg;
	struct local *local = tcx->local;

	if (tcx->running || local->run.batch || local->audit.audit || wanted(local) > LOCAL_TCX_MAX)
		return;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		if (!router || !pick(tcx, router))
			continue;
		memcpy(tcx->router, router->name, sizeof(tcx->router));
		tcx->status = local_names_path(&local->names, router->name, tcx->path,
					       sizeof(tcx->path));
		if (tcx->status < 0) { /* somebody has removed it: audits find that */
			attach_done(&tcx->job);
			return;
		}
		tcx->running = true;
		local_work_add(tcx->work, &tcx->job);
		return;
	}
}

int local_tcx_open(struct local *local, struct local_tcx **ret_tcx)
{
	struct local_tcx *tcx;
	int r;

	if (!local->emulation->tcx)
		return 0;
	tcx = calloc(1, sizeof(*tcx));
	if (!tcx)
		return -ENOMEM;
	tcx->local = local;
	tcx->job = (struct local_job){.run = attach_job, .done = attach_done};
	r = loop_timer_new(local->loop, next, tcx, &tcx->timer);
	if (r == 0)
		r = local_work_new(local->loop, 1, NULL, NULL, &tcx->work);
	if (r < 0) {
		local_tcx_close(tcx);
		return r;
	}
	*ret_tcx = tcx;
	return 0;
}

void local_tcx_close(struct local_tcx *tcx)
{
	if (!tcx)
		return;
	local_work_free(tcx->work);
	loop_timer_free(tcx->timer);
	free(tcx);
}

void local_tcx_go(struct local_tcx *tcx)
{
	if (tcx)
		loop_timer_set(tcx->timer, clock_mono_ns() + FIRST_NS);
}
