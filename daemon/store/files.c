// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state directory: making it, the lock in it, the reserve of disk space, and taking away what
 * is ours. Called by sqlite.c and write.c. Files of a store: vlsp.db, SQLite's -wal, -shm and
 * -journal beside it, vlsp.db.vN (copies from before a migration), vlsp.db.new, reserve, lock.
 */
#include "daemon/store/store_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"

int store_path(const char *dir, const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int store_dir_error(const char *dir, int error, const char *what, struct err *err)
{
	error = abs(error);
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return err_set(err, ENOSPC, "%.*s: no space left: free at least %u MiB",
			       STORE_DIR_MAX, dir, (STORE_RESERVE_MIN >> 20) + 1);
	case EROFS:
		return err_set(err, EROFS,
			       "%.*s: the file system is read-only: make it writable, or give "
			       "another --state-dir",
			       STORE_DIR_MAX, dir);
	case EACCES:
	case EPERM:
		return err_set(err, EACCES,
			       "%.*s: %s: not allowed: run as root, or give another --state-dir",
			       STORE_DIR_MAX, dir, what);
	default:
		return err_errno(err, error, "%.*s: %s", STORE_DIR_MAX, dir, what);
	}
}

int store_dir_sync(const char *dir)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int store_dir_make(const char *dir, char ret_dir[PATH_MAX], struct err *err)
{
	size_t n = strlen(dir), made = 0;
	char part[PATH_MAX];
	struct stat st;

	/* Room for the longest name of ours behind it. */
	if (n == 0 || n + 32 >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "%.*s...: not a usable state directory",
			       STORE_DIR_MAX, dir);
	for (size_t i = 1; i <= n; i++) {
		if (dir[i] != '/' && dir[i])
			continue;
		memcpy(part, dir, i);
		part[i] = '\0';
		if (mkdir(part, i == n ? 0750 : 0755) == 0)
			made = i;
		else if (errno != EEXIST)
			return store_dir_error(dir, errno, "directory", err);
	}
	/* Names are in the directories above: they have to outlive a power failure as well. */
	for (size_t i = made; i > 0; i--) {
		if (dir[i] != '/' && dir[i])
			continue;
		snprintf(part, sizeof(part), "%.*s/..", (int)i, dir);
		store_dir_sync(part);
	}
	if (!realpath(dir, part))
		return store_dir_error(dir, errno, "directory", err);
	if (strlen(part) + 32 >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "%.*s...: too long", STORE_DIR_MAX, part);
	if (stat(part, &st) < 0)
		return store_dir_error(dir, errno, "directory", err);
	/* They could put another database, and so another network, in the place of ours. */
	if (st.st_mode & S_IWOTH)
		return err_set(err, EPERM, "%.*s: everybody may write in it (mode %04o)",
			       STORE_DIR_MAX, part, st.st_mode & 07777);
	strcpy(ret_dir, part);
	return 0;
}

/*
 * How many changes were acknowledged, written into the lock's file after each one, never synced:
 * what stands there was durable in the database before. A log that was damaged ends, for SQLite,
 * where the damage is; that changes are missing is seen here.
 */
void store_count_write(int lock_fd, int64_t count)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%020lld\n", (long long)count);

	/* On a full disk the older number stays, and less is noticed. */
	if (pwrite(lock_fd, text, (size_t)n, 0) != n)
		log_debug("state: the number of changes was not noted: %s", strerror(errno));
}

int64_t store_count_read(int lock_fd)
{
	char text[24] = "";

	if (pread(lock_fd, text, 21, 0) != 21 || text[20] != '\n' ||
	    strspn(text, "0123456789") != 20)
		return 0;
	return strtoll(text, NULL, 10);
}

/*
 * Opens and locks, and makes sure that what is locked is what the name stands for: the holder
 * before may have removed the file while we waited for nothing but its name.
 */
int store_lock(const char *dir, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];

	if (store_path(dir, "lock", path) < 0)
		return store_dir_error(dir, ENAMETOOLONG, "lock", err);
	for (int i = 0; i < 100; i++) {
		struct stat here, there;
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

		if (fd < 0)
			return store_dir_error(dir, errno, "lock", err);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int error = errno;

			close(fd);
			if (error != EWOULDBLOCK)
				return store_dir_error(dir, error, "lock", err);
			return err_set(err, EBUSY,
				       "%.*s: another vlspd has this state directory: stop it, or "
				       "give another --state-dir",
				       STORE_DIR_MAX, dir);
		}
		if (fstat(fd, &here) == 0 && lstat(path, &there) == 0 &&
		    here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
	}
	return err_set(err, EBUSY, "%.*s: lock: comes and goes", STORE_DIR_MAX, dir);
}

int store_reserve_make(const char *dir, uint64_t bytes)
{
	cleanup_close int fd = -1;
	char path[PATH_MAX];
	int r = store_path(dir, "reserve", path);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	r = -posix_fallocate(fd, 0, (off_t)bytes);
	if (r == 0 && ftruncate(fd, (off_t)bytes) < 0)
		r = -errno;
	if (r < 0)
		unlink(path); /* part of a reserve is only in the way */
	return r == -EDQUOT ? -ENOSPC : r;
}

void store_reserve_drop(const char *dir)
{
	char path[PATH_MAX];

	if (store_path(dir, "reserve", path) == 0)
		unlink(path);
}

int store_files_remove(const char *dir, struct err *err)
{
	static const char *const names[] = {"vlsp.db-wal",  "vlsp.db-shm", "vlsp.db-journal",
					    "vlsp.db",	    "vlsp.db.new", "vlsp.db.new-journal",
					    "vlsp.db.copy", "reserve"};
	char path[PATH_MAX], name[32];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (store_path(dir, names[i], path) == 0 && unlink(path) < 0 && errno != ENOENT)
			r = store_dir_error(dir, errno, names[i], err);
	}
	for (int version = 1; version <= STORE_COPIES_MAX; version++) {
		snprintf(name, sizeof(name), "vlsp.db.v%d", version);
		if (store_path(dir, name, path) == 0 && unlink(path) < 0 && errno != ENOENT)
			r = store_dir_error(dir, errno, name, err);
	}
	return r;
}

void store_unlock(const char *dir, int lock_fd, bool remove)
{
	char path[PATH_MAX];

	/* While it is locked: whoever opened it before finds that it is not what the name stands
	 * for, and tries again. */
	if (remove && store_path(dir, "lock", path) == 0)
		unlink(path);
	close(lock_fd);
	if (remove)
		rmdir(dir); /* stays if it holds what is not ours */
}

int store_remove(const char *dir, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int lock_fd, r;

	if (!realpath(dir, path))
		return errno == ENOENT ? 0 : store_dir_error(dir, errno, "directory", err);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return store_dir_error(dir, ENOTDIR, "directory", err);
	r = store_lock(path, &lock_fd, err);
	if (r < 0)
		return r;
	r = store_files_remove(path, err);
	store_unlock(path, lock_fd, r == 0);
	return r;
}
