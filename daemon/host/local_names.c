// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that name namespaces. The tmpfs is shared (mount_namespaces(7)), as ip-netns(8) does it:
 * otherwise a mount namespace that somebody makes meanwhile would keep copies of the mounts, and
 * with them the namespaces, for ever. Used by local.c and the jobs beside it.
 */
#include "daemon/host/local_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/nlk/ns.h"

#define PUBLIC_DIR "/run/netns"

static bool is_mount(const char *path)
{
	struct stat here, parent;
	char up[PATH_MAX];

	snprintf(up, sizeof(up), "%s/..", path);
	return stat(path, &here) == 0 && stat(up, &parent) == 0 && here.st_dev != parent.st_dev;
}

int local_names_init(struct local_names *names, const char *runtime_dir, bool public)
{
	memset(names, 0, sizeof(*names));
	names->public = public;
	if (asprintf(&names->dir, "%s/netns", runtime_dir) < 0) {
		names->dir = NULL;
		return -ENOMEM;
	}
	names->mounted = is_mount(names->dir);
	/* Left by a run that crashed: nobody else makes them. */
	names->made_dir = access(names->dir, F_OK) == 0;
	names->made_public = public && names->mounted;
	return 0;
}

void local_names_done(struct local_names *names)
{
	if (!names->dir)
		return;
	if (names->mounted)
		local_names_drop(names);
	if (names->made_dir)
		rmdir(names->dir);
	if (names->made_public)
		rmdir(PUBLIC_DIR); /* fails when somebody uses it, as it should */
	free(names->dir);
	names->dir = NULL;
}

static int make_dir(const char *path, bool *ret_made, struct err *err)
{
	if (mkdir(path, 0755) == 0)
		*ret_made = true;
	else if (errno != EEXIST)
		return err_errno(err, errno, "cannot make %s", path);
	return 0;
}

int local_names_prepare(struct local_names *names, struct err *err)
{
	int r;

	if (names->mounted)
		return 0;
	r = make_dir(names->dir, &names->made_dir, err);
	if (r == 0 && names->public)
		r = make_dir(PUBLIC_DIR, &names->made_public, err);
	if (r < 0)
		return r;
	if (mount("vlsp", names->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0)
		return err_errno(err, errno, "cannot mount a tmpfs on %s", names->dir);
	if (mount(NULL, names->dir, NULL, MS_SHARED, NULL) < 0) {
		r = err_errno(err, errno, "cannot share %s", names->dir);
		umount2(names->dir, MNT_DETACH);
		return r;
	}
	names->mounted = true;
	return 0;
}

static void public_path(const char *name, char buf[PATH_MAX])
{
	snprintf(buf, PATH_MAX, PUBLIC_DIR "/%s", name);
}

/* Whether link is a symbolic link to target. */
static bool points_to(const char *link, const char *target)
{
	char buf[PATH_MAX];
	ssize_t n = readlink(link, buf, sizeof(buf) - 1);

	if (n < 0)
		return false;
	buf[n] = '\0';
	return strcmp(buf, target) == 0;
}

static int publish(const char *name, const char *path, struct err *err)
{
	char link[PATH_MAX];
	int r;

	public_path(name, link);
	if (symlink(path, link) == 0)
		return 0;
	r = -errno;
	/* One that points here is left from a run that crashed. */
	if (r == -EEXIST && points_to(link, path))
		return 0;
	if (r == -EEXIST)
		return err_set(err, EEXIST,
			       "router %s: %s exists already and is not a router of this instance",
			       name, link);
	return err_errno(err, r, "router %s: cannot make %s", name, link);
}

int local_names_add(const struct local_names *names, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	r = nlk_ns_bind(path);
	if (r < 0)
		return err_errno(err, r, "router %s: cannot bind its namespace to %s", name, path);
	r = names->public ? publish(name, path, err) : 0;
	if (r < 0)
		nlk_ns_unbind(path);
	return r;
}

static void unpublish(const struct local_names *names, const char *name)
{
	char path[PATH_MAX], link[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	public_path(name, link);
	if (points_to(link, path))
		unlink(link);
}

void local_names_del(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];

	if (names->public)
		unpublish(names, name);
	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	nlk_ns_unbind(path);
}

void local_names_each(const struct local_names *names, void (*fn)(void *arg, const char *name),
		      void *arg)
{
	struct dirent *entry;
	DIR *dir;

	if (!names->mounted)
		return;
	dir = opendir(names->dir);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fn(arg, entry->d_name);
	closedir(dir);
}

static void unpublish_one(void *arg, const char *name)
{
	unpublish(arg, name);
}

void local_names_drop(struct local_names *names)
{
	if (names->public)
		local_names_each(names, unpublish_one, names);
	if (names->mounted && umount2(names->dir, MNT_DETACH) == 0)
		names->mounted = false;
}

int local_names_path(const struct local_names *names, const char *name, char *buf, size_t size)
{
	if (snprintf(buf, size, "%s/%s", names->dir, name) >= (int)size)
		return -ENAMETOOLONG;
	return access(buf, F_OK) < 0 ? -ENOENT : 0;
}

unsigned long local_names_inode(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}
