// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Becoming an application on a router. Called by vlsp router exec and shell with --app, and by the
 * supervisor of applications. The order matters: control groups are joined while their directories
 * are in sight, namespaces are made, mounts done and files put in while we are root, and nothing
 * comes after no_new_privs and the filter but exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/confine/app_priv.h"
#include "lib/confine/cgroup_usage.h"

static int groups_join(const char *const *dirs, struct err *err)
{
	char path[4096];

	for (; dirs && *dirs; dirs++) {
		cleanup_close int fd = -1;

		snprintf(path, sizeof(path), "%s/cgroup.procs", *dirs);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) < 0)
			return err_errno(err, errno, "control group %s", *dirs);
	}
	return 0;
}

static int limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return -errno;
	if (now.rlim_max > hard)
		now.rlim_max = hard;
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &now) < 0 ? -errno : 0;
}

/* What no control group counts, and the number of processes, for a machine without those. */
static int limits_set(uint32_t pids, struct err *err)
{
	int r;

	if (!pids)
		pids = CONFINE_PIDS_DEFAULT;
	r = limit(RLIMIT_CORE, 0, 0);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, 1024, 4096);
	if (r == 0)
		r = limit(RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
	if (r == 0)
		r = limit(RLIMIT_NICE, 0, 0);
	if (r == 0)
		r = limit(RLIMIT_RTPRIO, 0, 0);
	if (r == 0)
		r = limit(RLIMIT_NPROC, pids, pids);
	return r < 0 ? err_errno(err, r, "resource limits") : 0;
}

static int give_up(const struct confine_app *app, struct err *err)
{
	uint32_t gid = app->gid ? app->gid : app->uid;
	int r = app->uid || app->caps
			? confine_user_groups(app->uid, gid, app->gids, app->gid_count,
					      app->uid ? 0 : app->caps)
			: confine_caps(0);

	if (r < 0)
		return err_errno(err, r, "giving up root's rights");
	r = confine_no_new_privs();
	if (r == 0)
		r = app_filter();
	return r < 0 ? err_errno(err, r, "filter of system calls") : 0;
}

/* Out of the caller's process namespace, into process 1 of a new one. */
static int enter_pids(struct err *err)
{
	int r;

	if (unshare(CLONE_NEWPID | CLONE_NEWIPC) < 0)
		return err_errno(err, errno, "own process namespace");
	r = app_fork();
	return r < 0 ? err_errno(err, r, "application") : 0;
}

/* pids_full: the limit of its groups that leaves no room for one more; 0: none. */
static int fork_within(uint64_t pids_full, struct err *err)
{
	int r = app_fork();

	if (r == -EAGAIN && pids_full)
		return err_set(err, EAGAIN, "application: %s (limit of processes: %" PRIu64 ")",
			       strerror(EAGAIN), pids_full);
	return r < 0 ? err_errno(err, r, "application") : 0;
}

int confine_app_become(const struct confine_app *app, struct err *err)
{
	int r = groups_join(app->cgroups, err);

	if (r == 0 && app->own_mounts)
		r = app_mounts(app, err);
	if (r == 0 && app->own_mounts)
		r = app_files(app, err);
	if (r == 0)
		r = limits_set(app->pids, err);
	if (r < 0)
		return r;
	if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return err_errno(err, errno, "descriptors");
	umask(022);
	return give_up(app, err);
}

int confine_app_enter(const struct confine_app *app, struct err *err)
{
	uint64_t pids_full = 0;
	int r = app->own_pids ? enter_pids(err) : 0;

	/* While they can be seen, and before this one counts. */
	if (r == 0 && app->own_pids)
		pids_full = confine_cgroup_pids_full(app->cgroups);
	if (r == 0)
		r = confine_app_become(app, err);
	if (r < 0 || !app->own_pids)
		return r;
	/* Changing the user has cleared it, so only now. Who waits for us has no number here. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_errno(err, errno, "application");
	return fork_within(pids_full, err);
}
