// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an application sees of the file system: mount_namespaces(7), ip-netns(8). Everything is as
 * on the machine, but for what commands the network or other routers, and for places where a
 * program of nobody's could fill the disk. Used by app.c, as root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/confine/app_priv.h"
#include "lib/confine/hosts.h"

#define QUIET (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* File systems whose files are handles of the kernel's things: namespaces, programs, groups; or
 * that show other process, network and IPC namespaces, as in somebody's chroot directory. */
static const char *const handles[] = {"bpf",	 "cgroup",     "cgroup2",  "nsfs",   "debugfs",
				      "tracefs", "securityfs", "configfs", "mqueue", "sysfs"};

/* Counted in the memory limit of who writes there. */
const char *const app_scratch[] = {"/tmp", "/var/tmp", "/dev/shm", NULL};

const char *confine_app_place(const char *path)
{
	static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", "/run"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t n = strlen(places[i]);

		if (strncmp(path, places[i], n) == 0 && path[n] == '/')
			return places[i];
	}
	return NULL;
}

static bool is_handle(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
		if (strcmp(type, handles[i]) == 0)
			return true;
	return false;
}

/* At /proc it is covered by our own, if that is asked for. */
static bool is_another_proc(const char *type, const char *point)
{
	static const char *const ours[] = {"/proc", NULL};

	return strcmp(type, "proc") == 0 && !app_is_below(point, ours);
}

bool app_is_below(const char *path, const char *const *dirs)
{
	for (; dirs && *dirs; dirs++) {
		size_t n = strlen(*dirs);

		if (strncmp(path, *dirs, n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

bool app_is_own(const struct confine_app *app, const char *path)
{
	static const char *const run[] = {"/run", NULL};

	return app_is_below(path, app_scratch) || (app->rights && app_is_below(path, run));
}

/*
 * Takes away what is mounted there, rather than only covering it: a copy of a namespace's file
 * would keep a router's namespace for as long as the application runs. Names with blanks in them
 * are written with escapes that umount2() does not know; they are covered like the rest.
 */
static int detach(const char *const *hide, struct err *err)
{
	cleanup_fclose FILE *file = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	char point[PATH_MAX], type[32];
	size_t room = 0;

	if (!file)
		return err_errno(err, errno, "/proc/self/mountinfo");
	while (getline(&line, &room, file) >= 0) {
		const char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1 ||
		    sscanf(dash + 3, "%31s", type) != 1)
			continue;
		if (!is_handle(type) && !is_another_proc(type, point) && !app_is_below(point, hide))
			continue;
		/* EINVAL, ENOENT: it went with one above it */
		if (umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return err_errno(err, errno, "%s cannot be taken away", point);
	}
	return 0;
}

/* A program with capabilities of its own, such as ping, is refused to whoever cannot have them,
 * unless they are not looked at. */
static int deny_setuid(struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_errno(err, errno, "mounts cannot be made nosuid");
	return 0;
}

static int cover(const char *path, const char *options, unsigned long flags, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* nothing to hide */
	if (mount("vlsp", path, "tmpfs", flags, options) < 0)
		return err_errno(err, errno, "%s cannot be covered", path);
	return 0;
}

static int mount_sys(struct err *err)
{
	/* Read-only is this mount, not the file system, which others of this network may write. */
	if (mount("sysfs", "/sys", "sysfs", QUIET, NULL) < 0 ||
	    mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET, NULL) < 0)
		return err_errno(err, errno, "/sys of the router's network");
	return 0;
}

/* What is root's there can be written by root without a right; it changes the machine. */
static int mount_proc(const struct confine_app *app, struct err *err)
{
	static const char net[] = "/proc/sys/net";
	const unsigned long readonly = MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET;

	if (mount("proc", "/proc", "proc", QUIET, NULL) < 0 ||
	    (app->rights && mount(net, net, NULL, MS_BIND, NULL) < 0) ||
	    (app->uid == 0 && mount(NULL, "/proc", NULL, readonly, NULL) < 0))
		return err_errno(err, errno, "/proc of the application");
	return 0;
}

static int cover_all(const struct confine_app *app, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && app_scratch[i]; i++)
		r = cover(app_scratch[i], "mode=1777,size=64m,nr_inodes=16384",
			  MS_NOSUID | MS_NODEV, err);
	for (const char *const *dir = app->hide; r == 0 && dir && *dir; dir++)
		if (app_is_own(app, *dir)) /* as it would be after a reboot */
			r = cover(*dir, "mode=0755,size=16m,nr_inodes=1024", QUIET, err);
		else
			r = cover(*dir, "mode=0755,size=4k,nr_inodes=1", MS_RDONLY | QUIET, err);
	return r;
}

/* Where something of the machine's is covered that has to be seen. */
static int show(const char *path, int tree, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/", path);
	for (char *end = dir + 1; (end = strchr(end, '/')); *end++ = '/') {
		*end = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_errno(err, errno, "%s cannot be shown", path);
	}
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, errno, "%s cannot be shown", path);
	return 0;
}

/* Only where it would not be seen otherwise. -1: nothing; or a descriptor of the tree. */
static int show_open(const char *path)
{
	if (!path || !app_is_below(path, app_scratch))
		return -1;
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int change_mounts(const struct confine_app *app, int hosts, struct err *err)
{
	cleanup_close int shown = show_open(app->show);
	int r;

	/* What the machine takes away must go here, too; nothing of this appears there. */
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_errno(err, errno, "private mount namespace");
	/* One of this network may be there already, and would not be mounted a second time. */
	if (umount2("/sys", MNT_DETACH) < 0 && errno != EINVAL)
		return err_errno(err, errno, "/sys");
	r = detach(app->hide, err);
	if (r == 0)
		r = deny_setuid(err);
	if (r == 0)
		r = cover_all(app, err);
	if (r == 0 && shown >= 0)
		r = show(app->show, shown, err);
	if (r == 0)
		r = mount_sys(err);
	if (r == 0 && app->own_pids)
		r = mount_proc(app, err);
	if (r == 0 && hosts >= 0)
		r = confine_hosts_mount(hosts, err);
	return r;
}

int app_mounts(const struct confine_app *app, struct err *err)
{
	cleanup_free char *here = getcwd(NULL, 0);
	/* It may lie where nothing is seen afterwards. */
	cleanup_close int hosts = app->hosts ? confine_hosts_open(app->hosts, err) : -1;
	int r = app->hosts && hosts < 0 ? hosts : change_mounts(app, hosts, err);

	if (r < 0)
		return r;
	/* Where we are is what it was before, until we go there again. */
	if ((!here || chdir(here) < 0) && chdir("/") < 0)
		return err_errno(err, errno, "/");
	return 0;
}
