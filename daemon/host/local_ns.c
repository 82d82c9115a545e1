// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making the namespaces of routers. The edge is lo itself: a device a router more would cost up to
 * 0.8 ms, and lo has what is needed (MTU, clsact, no ARP). Everything about lo goes out in one
 * sendmsg(). Run by the workers of the local back end, in parallel.
 */
#include "daemon/host/local_ns.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_tag.h"
#include "include/shared/vdp.h"
#include "lib/nlk/addr.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"
#include "lib/nlk/tc.h"

#define LO 1 /* ifindex */

enum step { STEP_UP, STEP_ADDRESS, STEP_ROUTE, STEP_CLSACT, STEP_FILTER };

static const char *const step_name[] = {
	[STEP_UP] = "cannot bring lo up",
	[STEP_ADDRESS] = "cannot give lo its address",
	[STEP_ROUTE] = "cannot route the virtual network over lo",
	[STEP_CLSACT] = "cannot put clsact on lo",
	[STEP_FILTER] = "cannot attach vlsp_out to lo",
};

struct maker { /* one thread's */
	struct local_ns_task *task;
	const struct host_router *router;
	struct nlk_batch batch;
	bool checked, rp_filter; /* inherited values were looked at; they have to be changed */
	struct err err;		 /* of the router in hand */
};

static int sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static bool sysctl_is_zero(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (fd < 0)
		return true;
	if (read(fd, &value, 1) < 0)
		value = '0';
	close(fd);
	return value == '0';
}

#define CONF "/proc/sys/net/ipv4/conf/"

/*
 * rp_filter's effective value is the larger of all's and the device's; both come from the first
 * namespace of the machine, so they are the same in every new one. Files below /proc/sys/net are
 * avoided in general: finding one takes longer the more namespaces there are.
 */
static int set_sysctls(struct maker *maker)
{
	int r;

	if (!maker->checked) {
		maker->rp_filter = !sysctl_is_zero(CONF "all/rp_filter") ||
				   !sysctl_is_zero(CONF "lo/rp_filter");
		maker->checked = true;
	}
	if (maker->rp_filter) {
		r = sysctl_write(CONF "all/rp_filter", "0");
		if (r == 0)
			r = sysctl_write(CONF "lo/rp_filter", "0");
		if (r < 0)
			return err_errno(&maker->err, r, "router %s: cannot switch rp_filter off",
					 maker->router->name);
	}
	return 0;
}

static void lo_refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct maker *maker = arg;

	if (!maker->err.code)
		err_errno(&maker->err, code, "router %s: %s%s%s", maker->router->name,
			  step_name[tag], *text ? ": " : "", text);
}

static int set_lo(struct maker *maker)
{
	const struct local_ns_task *task = maker->task;
	char tag[LOCAL_TAG_SIZE];
	const struct nlk_link_change up = {
		.set = NLK_LINK_UP | NLK_LINK_MTU | NLK_LINK_ALIAS, .mtu = VDP_MTU, .alias = tag};
	struct nlk_link_change real = {.set = NLK_LINK_GSO, .gso_segs = 1};
	struct nlk_batch *batch = &maker->batch;
	int sock, r;

	local_tag_router(tag, task->instance, maker->router->name);
	sock = nlk_open();
	if (sock < 0)
		return err_errno(&maker->err, sock, "router %s: netlink", maker->router->name);
	batch->tag = STEP_UP;
	nlk_link_set(batch, LO, &up);
	if (bld_real(task->bld))
		nlk_link_set(batch, LO, &real);
	batch->tag = STEP_ADDRESS;
	nlk_addr_add(batch, LO, maker->router->address, 32, "lo");
	batch->tag = STEP_ROUTE;
	nlk_route_add(batch, LO, task->network, task->prefix_len, maker->router->address);
	batch->tag = STEP_CLSACT;
	nlk_tc_clsact(batch, LO);
	batch->tag = STEP_FILTER;
	nlk_tc_bpf(batch, LO, NLK_TC_EGRESS, bld_prog_out(task->bld), "vlsp_out");
	nlk_tc_bpf(batch, LO, NLK_TC_INGRESS, bld_prog_back(task->bld), "vlsp_back");
	r = nlk_batch_send(batch, sock, lo_refused, maker);
	close(sock);
	if (r < 0 && !maker->err.code)
		err_errno(&maker->err, r, "router %s: netlink", maker->router->name);
	return r;
}

/* The namespace and what is in it. */
static int make_ns(struct maker *maker)
{
	const struct local_ns_task *task = maker->task;
	const struct host_router *router = maker->router;
	int ns, r;

	ns = nlk_ns_new();
	if (ns < 0)
		return err_errno(&maker->err, ns, "router %s: cannot make a network namespace",
				 router->name);
	close(ns);
	r = set_sysctls(maker);
	if (r == 0)
		r = set_lo(maker);
	if (r == 0)
		r = bld_router_add(task->bld, router->slot, router->address, router->edge_port,
				   task->capacity, &maker->err);
	if (r < 0)
		return r;
	r = local_names_add(task->names, router->name, &maker->err);
	if (r < 0)
		bld_router_del(task->bld, router->slot);
	return r;
}

/* Returns with the thread in the new namespace, which lives on by its name only. */
static int make_one(struct maker *maker)
{
	const struct local_ns_task *task = maker->task;
	const struct host_router *router = maker->router;
	int r = local_cgroup_add(task->cgroup, router->id, &router->limits, &maker->err);

	if (r < 0)
		return err_wrap(&maker->err, "router %s", router->name);
	r = make_ns(maker);
	if (r < 0)
		(void)local_cgroup_del(task->cgroup, router->id); /* the first error is told */
	return r;
}

static struct host_router *task_next(struct local_ns_task *task)
{
	struct host_router *router = NULL;

	pthread_mutex_lock(&task->lock);
	if (task->status == 0 && task->next < task->count)
		router = &task->routers[task->next++];
	pthread_mutex_unlock(&task->lock);
	return router;
}

static void task_fail(struct local_ns_task *task, int status, const struct err *err)
{
	pthread_mutex_lock(&task->lock);
	if (task->status == 0) {
		task->status = status;
		task->err = *err;
	}
	pthread_mutex_unlock(&task->lock);
}

void local_ns_make(struct local_ns_task *task)
{
	struct maker maker = {.task = task};
	struct host_router *router;

	nlk_batch_init(&maker.batch);
	while ((router = task_next(task))) {
		int r;

		maker.router = router;
		r = make_one(&maker);
		if (r < 0)
			task_fail(task, r, &maker.err);
		__atomic_store_n(&router->state, r < 0 ? HOST_FAILED : HOST_DONE, __ATOMIC_RELEASE);
		task->progress(task->arg);
	}
	nlk_batch_done(&maker.batch);
}

int local_ns_open(const struct local_names *names, const char *router,
		  struct local_ns_open *ret_open)
{
	struct local_ns_open open = {.ns = -1};
	char path[PATH_MAX];
	int r;

	r = local_names_path(names, router, path, sizeof(path));
	if (r == 0)
		r = open.ns = nlk_ns_open(path);
	if (r >= 0)
		r = nlk_ns_enter(open.ns);
	if (r == 0)
		r = open.sock = nlk_open();
	if (r < 0) {
		if (open.ns >= 0)
			close(open.ns);
		return r;
	}
	*ret_open = open;
	return 0;
}
