// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking routers and links out of the kernel, and waiting until it has really done it. A namespace
 * goes with everything in it when nothing holds it any more: its name is taken away, and programs
 * that still run inside are ended, as the programs of a machine that is switched off. Run by a
 * worker for a batch, and by close.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_priv.h"

/* By the namespaces themselves: their names may be gone, or somebody else's. */
static int kill_inside(const struct local_remove_task *task)
{
	if (task->inode_count == 0)
		return 0;
	qsort(task->inodes, task->inode_count, sizeof(*task->inodes), local_ns_compare);
	return local_ns_kill(task->inodes, task->inode_count);
}

/* What cannot be struck out is looked at again by the next run. */
static void strike_out(const struct local_remove_task *task)
{
	const char **names = calloc(task->router_count, sizeof(*names));

	for (size_t i = 0; names && i < task->router_count; i++)
		names[i] = task->routers[i].name;
	if (names)
		(void)local_names_note(&task->job.local->names, names, task->router_count, false);
	free(names);
}

static int remove_routers(struct local_remove_task *task)
{
	struct local_names *names = &task->job.local->names;
	struct local_gone gone;
	int r;

	r = local_gone_prepare(&gone);
	if (r < 0)
		return err_errno(&task->err, r, "cannot watch namespaces go");
	r = kill_inside(task);
	if (r < 0)
		err_errno(&task->err, r, "cannot look for programs on routers");
	if (task->all)
		local_names_drop(names);
	for (size_t i = 0; !task->all && i < task->router_count; i++)
		local_names_del(names, task->routers[i].name);
	strike_out(task);
	for (size_t i = 0; r >= 0 && i < task->router_count; i++) {
		const struct host_router *router = &task->routers[i];
		int one = 0;

		if (router->id) /* closing takes all groups together */
			one = local_cgroup_del(task->job.local->cgroup, router->id);

		if (one < 0)
			r = err_errno(&task->err, one, "router %s: control group", router->name);
	}
	if (local_gone_wait(&gone) < 0 && r >= 0)
		r = err_set(&task->err, ETIMEDOUT,
			    "the kernel has not removed the network namespaces in 30 s");
	return r < 0 ? r : 0;
}

void local_remove_run(struct local_remove_task *task)
{
	const struct local_names *names = &task->job.local->names;
	const char *instance = task->job.local->instance;
	struct host_link **half = task->links + task->link_count;
	int r = 0;

	if (task->router_count)
		r = remove_routers(task);
	if (r == 0)
		r = local_link_delete(names, instance, task->links, task->link_count, &task->err);
	/* Gone with the other end's namespace, unless somebody holds that: then this ends it. */
	if (r == 0)
		r = local_link_delete(names, instance, half, task->half_count, &task->err);
	task->status = r;
}
