// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removing what an audit has found wrong or unwanted. By a worker; nothing else works on the
 * machine meanwhile. What is not this instance's is never touched, even where it is in the way.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/host/local_audit.h"
#include "daemon/host/local_tag.h"
#include "lib/nlk/dump.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"

static void add_router(struct local_remove_task *task, const char *name, uint32_t id,
		       unsigned long inode)
{
	task->routers[task->router_count].id = id;
	memcpy(task->routers[task->router_count++].name, name, NAME_SIZE);
	if (inode)
		task->inodes[task->inode_count++] = inode;
}

/* --- strays ------------------------------------------------------------------------------------
 */

static int delete_device(const struct local *local, const struct local_stray *stray,
			 struct err *err)
{
	struct nlk_device device;
	struct local_ns_open ns;
	struct nlk_batch batch;
	int r = local_ns_open(&local->names, stray->name, &ns);

	if (r == -ENOENT || r == -EINVAL)
		return 0;
	if (r == 0) {
		r = nlk_device_get(ns.sock, stray->index, &device);
		if (r == 0 && local_tag_is_link(&device, local->instance, NULL)) {
			nlk_batch_init(&batch);
			nlk_link_del(&batch, stray->index);
			r = nlk_batch_send(&batch, ns.sock, NULL, NULL);
			nlk_batch_done(&batch);
		}
		close(ns.sock);
		close(ns.ns);
	}
	if (r == -ENODEV)
		return 0;
	return r < 0 ? err_errno(err, r, "router %s: cannot delete device %u", stray->name,
				 stray->index)
		     : 0;
}

static void kill_process(const struct local_stray *stray)
{
	int fd = pidfd_open(stray->pid, 0);

	if (fd < 0)
		return; /* gone by itself */
	/* Now the number cannot become another's; is it still that one? */
	if (local_procs_inode(stray->pid) == stray->inode)
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	close(fd);
}

/* What does not go as part of the task. */
static int clear_stray(struct local *local, const struct local_stray *stray, struct err *err)
{
	switch (stray->kind) {
	case LOCAL_STRAY_DEVICE:
		return delete_device(local, stray, err);
	case LOCAL_STRAY_PROCESS:
		kill_process(stray);
		break;
	case LOCAL_STRAY_PORT:
		bld_port_del(local->bld, stray->index);
		break;
	case LOCAL_STRAY_SLOT:
		bld_router_del(local->bld, stray->index);
		break;
	case LOCAL_STRAY_NETNS:
	case LOCAL_STRAY_ORPHANS:
	case LOCAL_STRAY_LINK: /* local_names_tidy() */
		break;
	}
	return 0;
}

static void add_strays(const struct local_look *look, struct local_remove_task *task)
{
	for (size_t i = 0; i < look->stray_count; i++) {
		const struct local_stray *stray = &look->strays[i];

		if (stray->kind == LOCAL_STRAY_NETNS)
			add_router(task, stray->name, 0, stray->inode);
		else if (stray->kind == LOCAL_STRAY_ORPHANS)
			task->inodes[task->inode_count++] = stray->inode;
	}
}

/* --- what is wrong -----------------------------------------------------------------------------
 */

static void clear_records(struct local *local, struct host_audit *audit)
{
	for (size_t i = 0; i < audit->router_count; i++)
		if (audit->router_found[i] != HOST_WELL)
			bld_router_del(local->bld, audit->routers[i].slot);
	for (size_t i = 0; i < audit->link_count; i++) {
		enum host_finding found = audit->link_found[i];

		if (found != HOST_ABSENT && found != HOST_WRONG)
			continue;
		bld_port_del(local->bld, audit->links[i].end[0].port);
		bld_port_del(local->bld, audit->links[i].end[1].port);
	}
}

/* Links of routers that go are absent when those have gone; *wells: by slot. */
static void add_links(struct host_audit *audit, const bool *well, struct local_remove_task *task,
		      struct host_link **half)
{
	for (size_t i = 0; i < audit->link_count; i++) {
		struct host_link *link = &audit->links[i];
		int stays = well[link->end[0].slot] + well[link->end[1].slot];

		if (stays == 2 && audit->link_found[i] == HOST_WRONG)
			task->links[task->link_count++] = link;
		if (stays == 1 && audit->link_found[i] != HOST_ABSENT)
			half[task->half_count++] = link;
		if (stays < 2)
			audit->link_found[i] = HOST_ABSENT;
	}
	memmove(task->links + task->link_count, half, task->half_count * sizeof(*half));
}

static void add_wrong(const struct local_look *look, bool *well, struct local_remove_task *task)
{
	const struct host_audit *audit = look->audit;

	for (size_t i = 0; i < audit->router_count; i++) {
		const struct local_seen *seen = &look->routers[i];

		well[audit->routers[i].slot] = audit->router_found[i] == HOST_WELL;
		if (audit->router_found[i] == HOST_WRONG && seen->ours)
			add_router(task, audit->routers[i].name, audit->routers[i].id, seen->inode);
	}
}

/* What has our tag goes, whether or not the journal survived. */
static int note(const struct local *local, const struct local_remove_task *task)
{
	const char **names = calloc(task->router_count + 1, sizeof(*names));
	int r = names ? 0 : -ENOMEM;

	for (size_t i = 0; names && i < task->router_count; i++)
		names[i] = task->routers[i].name;
	if (names)
		r = local_names_note(&local->names, names, task->router_count);
	free(names);
	return r;
}

static int run_task(struct local *local, struct local_look *look, bool wrong,
		    struct local_remove_task *task, bool *well)
{
	struct host_link **half = calloc(look->audit->link_count + 1, sizeof(*half));
	int r;

	if (!half)
		return err_errno(&look->err, ENOMEM, "clearing");
	if (wrong) {
		add_wrong(look, well, task);
		add_links(look->audit, well, task, half);
	}
	add_strays(look, task);
	free(half);
	r = note(local, task);
	if (r < 0)
		return err_errno(&look->err, r, "%s/journal", local->runtime_dir);
	if (task->router_count || task->link_count || task->half_count || task->inode_count)
		local_remove_run(task);
	if (task->status < 0)
		look->err = task->err;
	return task->status;
}

struct groups {
	struct local *local;
	const struct host_audit *audit;
	int status;
};

/* Groups are numbered by their routers: that of one that nobody wants goes. */
static void clear_group(void *arg, const char *path)
{
	struct groups *groups = arg;
	const char *last = strrchr(path, '/');
	unsigned long id = last ? strtoul(last + 1, NULL, 10) : 0;
	int r;

	if (id == 0 || id > UINT32_MAX)
		return;
	for (size_t i = 0; i < groups->audit->router_count; i++)
		if (groups->audit->routers[i].id == id)
			return;
	r = local_cgroup_del(groups->local->cgroup, (uint32_t)id);
	if (r < 0)
		groups->status = r;
}

static int clear_groups(struct local *local, struct local_look *look)
{
	struct groups groups = {.local = local, .audit = look->audit};

	local_journal_each(local->journal, "cgroup", clear_group, &groups);
	return groups.status < 0
		       ? err_errno(&look->err, groups.status, "control groups nobody wants")
		       : 0;
}

int local_clear_run(struct local *local, struct local_look *look, bool wrong)
{
	size_t n = look->audit->router_count + look->stray_count + 1;
	struct local_remove_task task = {.job = {.local = local}};
	bool *well = calloc(VLSP_SLOT_MAX, sizeof(*well));
	int r;

	task.routers = calloc(n, sizeof(*task.routers));
	task.inodes = calloc(n, sizeof(*task.inodes));
	task.links = calloc(look->audit->link_count + 1, sizeof(struct host_link *));
	if (well && task.routers && task.inodes && task.links)
		r = run_task(local, look, wrong, &task, well);
	else
		r = err_errno(&look->err, ENOMEM, "clearing");
	for (size_t i = 0; r == 0 && i < look->stray_count; i++)
		r = clear_stray(local, &look->strays[i], &look->err);
	if (r == 0 && wrong)
		clear_records(local, look->audit);
	if (r == 0)
		r = clear_groups(local, look);
	free(well);
	free(task.routers);
	free(task.inodes);
	free(task.links);
	return r;
}
