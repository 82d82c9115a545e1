// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking routers and links out of the kernel, and waiting until it has really done it. A namespace
 * goes with everything in it when nothing holds it any more: its name is taken away, and programs
 * that still run inside are ended, as the programs of a machine that is switched off. Run by a
 * worker for a batch, and by close.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_look.h"
#include "daemon/host/local_priv.h"
#include "lib/nlk/ns.h"

/* --- programs inside ---------------------------------------------------------------------------
 */

/*
 * Namespaces whose names were taken away, or given to others: they live on only if a program runs
 * inside. Otherwise the kernel has given their number to the next one that somebody has made.
 */
struct doubts {
	const struct local *local;
	unsigned long *inodes; /* sorted */
	bool *ours;
	size_t count;
};

static void see_process(void *arg, int32_t pid, unsigned long inode)
{
	struct doubts *doubts = arg;
	const unsigned long *at = bsearch(&inode, doubts->inodes, doubts->count, sizeof(inode),
					  local_ns_compare);
	char router[NAME_SIZE];

	if (!at || doubts->ours[at - doubts->inodes])
		return;
	if (local_procs_tagged(pid, doubts->local->instance, router) &&
	    local_names_inode(&doubts->local->names, router) != inode) /* one that stays */
		doubts->ours[at - doubts->inodes] = true;
}

/* The inodes that are bound to the names of what goes come first in the task: how many. */
static size_t sort_held(struct local_remove_task *task)
{
	const struct local_names *names = &task->job.local->names;
	unsigned long *bound = calloc(task->router_count + 1, sizeof(*bound));
	size_t held = 0, count = 0;

	for (size_t i = 0; bound && i < task->router_count; i++) {
		bound[count] = local_names_inode(names, task->routers[i].name);
		count += bound[count] != 0;
	}
	if (count)
		qsort(bound, count, sizeof(*bound), local_ns_compare);
	for (size_t i = 0; bound && i < task->inode_count; i++) {
		unsigned long inode = task->inodes[i];

		if (!bsearch(&inode, bound, count, sizeof(*bound), local_ns_compare))
			continue;
		task->inodes[i] = task->inodes[held];
		task->inodes[held++] = inode;
	}
	free(bound);
	return held;
}

/* Leaves out of the task what is somebody else's by now. */
static int settle_doubts(struct local_remove_task *task, size_t held)
{
	struct doubts doubts = {.local = task->job.local,
				.inodes = task->inodes + held,
				.count = task->inode_count - held};
	int home = nlk_ns_current(), r;

	if (home < 0)
		return home;
	doubts.ours = calloc(doubts.count, sizeof(*doubts.ours));
	qsort(doubts.inodes, doubts.count, sizeof(*doubts.inodes), local_ns_compare);
	r = doubts.ours ? local_procs_each(see_process, &doubts) : -ENOMEM;
	for (size_t i = 0; doubts.ours && i < doubts.count; i++)
		if (doubts.ours[i])
			task->inodes[held++] = doubts.inodes[i];
	task->inode_count = held;
	free(doubts.ours);
	if (nlk_ns_enter(home) < 0)
		abort(); /* cannot happen: we hold it, and have the right to enter it */
	close(home);
	return r;
}

static int kill_inside(struct local_remove_task *task)
{
	size_t held = task->inode_count ? sort_held(task) : 0;
	int r = held < task->inode_count ? settle_doubts(task, held) : 0;

	if (r < 0 || task->inode_count == 0)
		return r;
	qsort(task->inodes, task->inode_count, sizeof(*task->inodes), local_ns_compare);
	return local_ns_kill(task->inodes, task->inode_count);
}

/* ------------------------------------------------------------------------------------------------
 */

/* What cannot be struck out is looked at again by the next run. */
static void strike_out(const struct local_remove_task *task)
{
	const char **names = calloc(task->router_count, sizeof(*names));

	for (size_t i = 0; names && i < task->router_count; i++)
		names[i] = task->routers[i].name;
	if (names)
		(void)local_names_strike(&task->job.local->names, names, task->router_count);
	free(names);
}

/* A removal that failed leaves names behind, with what was in there. */
static int take_left(struct local_remove_task *task)
{
	const struct local *local = task->job.local;

	for (size_t i = 0; i < task->left_count; i++) {
		const struct host_router *left = &task->routers[task->router_count + i];
		const char *name = left->name;
		unsigned long inode = local_names_inode(&local->names, name);
		int r;

		if (inode ? !local_look_tagged(&local->names, local->instance, name)
			  : !local_journal_has(local->journal, "netns", name))
			continue; /* somebody's: making the router will say so */
		r = local_names_note(&local->names, &name, 1);
		if (r < 0)
			return err_errno(&task->err, r, "%s/journal", local->runtime_dir);
		if (inode)
			task->inodes[task->inode_count++] = inode;
		task->routers[task->router_count++] = *left;
	}
	return 0;
}

static int remove_names(struct local_remove_task *task)
{
	struct local_names *names = &task->job.local->names;
	int r = 0;

	if (task->all) {
		r = local_names_drop(names);
		return r < 0 ? err_errno(&task->err, r, "names in %s cannot be removed", names->dir)
			     : 0;
	}
	for (size_t i = 0; i < task->router_count; i++) {
		int one = local_names_del(names, task->routers[i].name);

		if (one < 0)
			r = err_errno(&task->err, one,
				      "router %s: its name in %s cannot be removed",
				      task->routers[i].name, names->dir);
	}
	return r;
}

static int remove_groups(struct local_remove_task *task)
{
	int r = 0;

	for (size_t i = 0; i < task->router_count; i++) {
		const struct host_router *router = &task->routers[i];
		int one = 0;

		if (router->id) /* closing takes all groups together */
			one = local_cgroup_del(task->job.local->cgroup, router->id);
		if (one < 0)
			r = err_errno(&task->err, one, "router %s: control group", router->name);
	}
	return r;
}

/* What came from the host goes back there, before the namespace would take it along. */
static int release_interfaces(struct local_remove_task *task)
{
	const char **names = calloc(task->router_count + 1, sizeof(*names));
	int r;

	if (!names)
		return err_errno(&task->err, ENOMEM, "interfaces");
	for (size_t i = 0; i < task->router_count; i++)
		names[i] = task->routers[i].name;
	r = local_iface_release_many(&task->job.local->ifaces, names, task->router_count, false,
				     &task->err);
	free(names);
	return r;
}

static int remove_routers(struct local_remove_task *task)
{
	struct local_gone gone;
	int r;

	r = local_gone_prepare(&gone);
	if (r < 0)
		return err_errno(&task->err, r, "cannot watch namespaces go");
	r = kill_inside(task);
	if (r < 0)
		err_errno(&task->err, r, "cannot look for programs on routers");
	else
		r = release_interfaces(task);
	if (r >= 0)
		r = remove_names(task);
	strike_out(task);
	if (r >= 0)
		r = remove_groups(task);
	if (local_gone_wait(&gone) < 0 && r >= 0)
		r = err_set(&task->err, ETIMEDOUT,
			    "the kernel has not removed the network namespaces in 30 s");
	return r < 0 ? r : 0;
}

/* They would be started again while their routers go. */
static int end_applications(struct local_remove_task *task)
{
	int r = local_apps_end(task->job.local->apps, task);

	return r < 0 ? err_errno(&task->err, r, "applications on routers") : 0;
}

void local_remove_run(struct local_remove_task *task)
{
	const struct local_names *names = &task->job.local->names;
	const char *instance = task->job.local->instance;
	struct host_link **half = task->links + task->link_count;
	int r = take_left(task);

	if (r == 0 && task->router_count)
		r = end_applications(task);
	if (r == 0 && task->router_count)
		r = remove_routers(task);
	if (r == 0)
		r = local_link_delete(names, instance, task->links, task->link_count, &task->err);
	/* Gone with the other end's namespace, unless somebody holds that: then this ends it. */
	if (r == 0)
		r = local_link_delete(names, instance, half, task->half_count, &task->err);
	task->status = r;
}
