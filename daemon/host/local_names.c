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
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "lib/nlk/ns.h"

#define PUBLIC_DIR "/run/netns"

#define TRIES 6 /* more, with pauses of 1, 2, 4 ... ms */

#define SOURCE "vlsp" /* of the tmpfs, by which it is known */

/* Whether the tmpfs that is seen at dir is one of ours. */
static bool is_ours(const char *dir)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char buf[3 * PATH_MAX];
	bool ours = false;

	if (!mounts)
		return false;
	while (getmntent_r(mounts, &entry, buf, sizeof(buf)))
		if (strcmp(entry.mnt_dir, dir) == 0) /* the last is on top */
			ours = strcmp(entry.mnt_type, "tmpfs") == 0 &&
			       strcmp(entry.mnt_fsname, SOURCE) == 0;
	endmntent(mounts);
	return ours;
}

int local_names_init(struct local_names *names, const char *runtime_dir, bool public)
{
	memset(names, 0, sizeof(*names));
	names->public = public;
	if (asprintf(&names->dir, "%s/netns", runtime_dir) < 0) {
		names->dir = NULL;
		return -ENOMEM;
	}
	names->mounted = is_ours(names->dir);
	return 0;
}

static void forget(const struct local_names *names, const char *kind, const char *path)
{
	if (names->journal)
		(void)local_journal_del(names->journal, kind, &path, 1); /* is looked at again */
}

static void remove_dir(const struct local_names *names, const char *path)
{
	if (!names->journal || !local_journal_has(names->journal, "file", path))
		return;
	/* Fails when somebody uses it, as it should; it is theirs then. */
	(void)rmdir(path);
	forget(names, "file", path);
}

void local_names_done(struct local_names *names, bool keep)
{
	if (!names->dir)
		return;
	if (!keep) {
		if (names->mounted)
			(void)local_names_drop(names); /* then it stands in the journal */
		if (names->journal)
			local_names_tidy(names);
		if (!names->mounted)
			remove_dir(names, names->dir);
		if (names->public)
			remove_dir(names, PUBLIC_DIR);
	}
	free(names->dir);
	names->dir = NULL;
}

static int make_dir(const struct local_names *names, const char *path, struct err *err)
{
	int r;

	if (access(path, F_OK) == 0)
		return 0;
	r = local_journal_add(names->journal, "file", &path, 1);
	if (r < 0)
		return err_errno(err, r, "journal");
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot make %s", path);
	return 0;
}

int local_names_prepare(struct local_names *names, struct err *err)
{
	const char *dir = names->dir;
	int r;

	if (names->public) {
		r = make_dir(names, PUBLIC_DIR, err);
		if (r < 0)
			return r;
	}
	if (names->mounted)
		return 0;
	r = make_dir(names, dir, err);
	if (r < 0)
		return r;
	r = local_journal_add(names->journal, "mount", &dir, 1);
	if (r < 0)
		return err_errno(err, r, "journal");
	if (mount(SOURCE, dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") < 0) {
		r = err_errno(err, errno, "cannot mount a tmpfs on %s", dir);
		forget(names, "mount", dir);
		return r;
	}
	if (mount(NULL, dir, NULL, MS_SHARED, NULL) < 0) {
		r = err_errno(err, errno, "cannot share %s", dir);
		umount2(dir, MNT_DETACH);
		forget(names, "mount", dir);
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

/* Their symbolic links, into the journal or out of it. */
static int put_links(const struct local_names *names, const char *const *list, size_t count,
		     int (*put)(struct local_journal *, const char *, const char *const *, size_t))
{
	char(*links)[PATH_MAX / 8] = NULL;
	const char **paths = NULL;
	int r;

	if (!names->public || count == 0)
		return 0;
	links = calloc(count, sizeof(*links));
	paths = calloc(count, sizeof(*paths));
	r = links && paths ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++) {
		snprintf(links[i], sizeof(links[i]), PUBLIC_DIR "/%s", list[i]);
		paths[i] = links[i];
	}
	if (r == 0)
		r = put(names->journal, "link", paths, count);
	free(links);
	free(paths);
	return r;
}

int local_names_note(const struct local_names *names, const char *const *list, size_t count)
{
	int r = local_journal_add(names->journal, "netns", list, count);

	return r < 0 ? r : put_links(names, list, count, local_journal_add);
}

static bool is_gone(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

/* Whether no symbolic link of ours is left at link; one to a name that has gone is removed. */
static bool link_goes(const struct local_names *names, const char *link)
{
	const char *name = strrchr(link, '/');
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", names->dir, name ? name : "");
	if (!points_to(link, path))
		return true; /* there is none, or it is somebody's */
	return is_gone(path) && (unlink(link) == 0 || errno == ENOENT);
}

int local_names_strike(const struct local_names *names, const char *const *list, size_t count)
{
	const char **gone = calloc(count + 1, sizeof(*gone));
	char path[PATH_MAX];
	size_t n = 0;
	int r;

	if (!gone)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", names->dir, list[i]);
		if (is_gone(path))
			gone[n++] = list[i];
	}
	r = local_journal_del(names->journal, "netns", gone, n);
	n = 0;
	for (size_t i = 0; names->public && i < count; i++) {
		public_path(list[i], path);
		if (link_goes(names, path))
			gone[n++] = list[i];
	}
	if (r == 0)
		r = put_links(names, gone, n, local_journal_del);
	free(gone);
	return r;
}

static bool is_own(const struct local_names *names, const char *name)
{
	return names->journal && local_journal_has(names->journal, "netns", name);
}

/* The kernel may be short of memory for a moment. */
static int again(int (*fn)(const char *path), const char *path)
{
	int r = fn(path);

	for (int i = 0; i < TRIES && r < 0 && r != -ENOENT; i++) {
		usleep(1000u << i);
		r = fn(path);
	}
	return r == -ENOENT ? 0 : r;
}

int local_names_del(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];

	if (!is_own(names, name))
		return 0;
	if (names->public)
		unpublish(names, name);
	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	return again(nlk_ns_unbind, path);
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

struct sieve {
	const struct local_names *names;
	bool foreign; /* something is not ours */
	int status;   /* of the last that failed */
};

static void look_one(void *arg, const char *name)
{
	struct sieve *sieve = arg;

	if (!is_own(sieve->names, name))
		sieve->foreign = true;
	else if (sieve->names->public)
		unpublish(sieve->names, name);
}

static void del_one(void *arg, const char *name)
{
	struct sieve *sieve = arg;
	int r = local_names_del(sieve->names, name);

	if (r < 0)
		sieve->status = r;
}

static int unmount(const char *path)
{
	return umount2(path, MNT_DETACH) < 0 ? -errno : 0;
}

int local_names_drop(struct local_names *names)
{
	struct sieve sieve = {.names = names};

	local_names_each(names, look_one, &sieve);
	if (sieve.foreign) {
		local_names_each(names, del_one, &sieve);
	} else if (names->mounted) {
		sieve.status = again(unmount, names->dir);
		names->mounted = sieve.status < 0;
		if (!names->mounted)
			forget(names, "mount", names->dir);
	}
	return sieve.status;
}

int local_names_path(const struct local_names *names, const char *name, char *buf, size_t size)
{
	if (snprintf(buf, size, "%s/%s", names->dir, name) >= (int)size)
		return -ENAMETOOLONG;
	return access(buf, F_OK) < 0 ? -ENOENT : 0;
}

bool local_names_exists(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	return access(path, F_OK) == 0;
}

bool local_names_unpublished(const struct local_names *names, const char *name)
{
	char link[PATH_MAX];
	struct stat st;

	public_path(name, link);
	return names->public && lstat(link, &st) < 0 && errno == ENOENT;
}

int local_names_publish(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];
	int r;

	if (!names->public)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	(void)mkdir(PUBLIC_DIR, 0755); /* symlink(2) says if it is not there */
	r = local_names_note(names, &name, 1);
	return r < 0 ? r : publish(name, path, NULL);
}

static void tidy_name(void *arg, const char *name)
{
	const struct local_names *names = arg;

	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	if (is_gone(path))
		forget(names, "netns", name);
}

static void tidy_link(void *arg, const char *link)
{
	const struct local_names *names = arg;

	if (link_goes(names, link))
		forget(names, "link", link);
}

void local_names_tidy(const struct local_names *names)
{
	local_journal_each(names->journal, "netns", tidy_name, (void *)names);
	local_journal_each(names->journal, "link", tidy_link, (void *)names);
	if (!names->mounted)
		forget(names, "mount", names->dir);
}

bool local_names_dangles(const struct local_names *names, const char *link)
{
	const char *name = strrchr(link, '/');
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", names->dir, name ? name : "");
	return points_to(link, path) && is_gone(path);
}

unsigned long local_names_inode(const struct local_names *names, const char *name)
{
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", names->dir, name);
	if (statfs(path, &fs) < 0 || fs.f_type != NSFS_MAGIC) /* the bind mount may have gone */
		return 0;
	return stat(path, &st) == 0 ? st.st_ino : 0;
}
