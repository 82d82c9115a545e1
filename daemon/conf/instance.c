// SPDX-License-Identifier: GPL-2.0-or-later
/* The runtime directory of an instance. Called by main_vlspd.c (open) and service.c (find). */
#include "daemon/conf/instance.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"

struct instance {
	char dir[1024];
	int fd; /* of the pid file; the only one, or closing another would drop the lock */
};

static void path_in(const char *dir, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.1000s/%s", dir, name);
}

int instance_make_dir(const char *path, mode_t mode, struct err *err)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "%s: too long", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) == 0) {
			if (chmod(part, mode) < 0)
				return err_errno(err, errno, "%s", part);
		} else if (errno != EEXIST) {
			return err_errno(err, errno, "%s", part);
		}
	}
	return 0;
}

/* Whoever can write in the directory could put another socket or token in the place of ours. */
static int check_dir(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s: is not a directory", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, EPERM, "%s: belongs to user %u", path, st.st_uid);
	if (st.st_mode & 022)
		return err_set(err, EPERM, "%s: others may write in it (mode %04o)", path,
			       st.st_mode & 07777);
	return 0;
}

/* Opens and locks, and makes sure that what is locked is what the name stands for: the holder
 * before may have removed it in between. */
static int open_locked(const char *path, struct err *err)
{
	for (int i = 0; i < 100; i++) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
		struct stat here, there;

		if (fd < 0)
			return err_errno(err, errno, "%s", path);
		if (fcntl(fd, F_SETLK, &lock) < 0) {
			int r = errno == EACCES || errno == EAGAIN ? -EEXIST : -errno;

			close(fd);
			return r == -EEXIST ? err_set(err, EEXIST, "already running (%s is locked)",
						      path)
					    : err_errno(err, r, "%s: lock", path);
		}
		if (fstat(fd, &here) == 0 && stat(path, &there) == 0 &&
		    here.st_ino == there.st_ino && here.st_dev == there.st_dev)
			return fd;
		close(fd);
	}
	return err_set(err, EBUSY, "%s: comes and goes", path);
}

int instance_open(const char *runtime_dir, struct instance **ret_instance, struct err *err)
{
	struct instance *in;
	char path[PATH_MAX], text[16];
	int r, n;

	r = instance_make_dir(runtime_dir, INSTANCE_DIR_MODE, err);
	if (r == 0)
		r = check_dir(runtime_dir, err);
	if (r < 0)
		return r;
	path_in(runtime_dir, "vlspd.pid", path);
	r = open_locked(path, err);
	if (r < 0)
		return r;
	in = calloc(1, sizeof(*in));
	if (!in) {
		close(r);
		return err_set(err, ENOMEM, "out of memory");
	}
	in->fd = r;
	snprintf(in->dir, sizeof(in->dir), "%s", runtime_dir);
	n = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(in->fd, 0) < 0 || pwrite(in->fd, text, (size_t)n, 0) != n) {
		r = err_errno(err, errno ? errno : EIO, "%s", path);
		instance_close(in, false, true);
		return r;
	}
	*ret_instance = in;
	return 0;
}

void instance_close(struct instance *in, bool clean, bool keep)
{
	static const char *const files[] = {"token",	     "token.readonly", "vlspd.sock",
					    "vlspd-ro.sock", "capture.sock",   "vlspd.pid"};
	char path[PATH_MAX];

	if (!in)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_in(in->dir, files[i], path);
		unlink(path);
	}
	path_in(in->dir, "state-dir", path);
	if (!keep)
		unlink(path);
	path_in(in->dir, "vlspd.log", path);
	if (clean)
		unlink(path);
	rmdir(in->dir); /* stays if something else is in it, or it is a mount */
	close(in->fd);
	free(in);
}

int instance_state_dir_set(struct instance *in, const char *state_dir, struct err *err)
{
	char path[PATH_MAX];
	cleanup_close int fd = -1;

	path_in(in->dir, "state-dir", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || dprintf(fd, "%s\n", state_dir) < 0)
		return err_errno(err, errno, "%s", path);
	return 0;
}

int instance_state_dir(const char *runtime_dir, char *buf, size_t size)
{
	char path[PATH_MAX];
	cleanup_close int fd = -1;
	ssize_t n;

	path_in(runtime_dir, "state-dir", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 2 || buf[n - 1] != '\n' || buf[0] != '/')
		return n < 0 ? -errno : -EBADMSG;
	buf[n - 1] = '\0';
	return 0;
}

/* A name for each router that was made and not removed. */
static bool has_routers(const char *runtime_dir)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	path_in(runtime_dir, "netns", path);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

static bool same_dir(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
				     x.st_ino == y.st_ino);
}

int instance_state_dir_check(const char *runtime_dir, const char *state_dir, struct err *err)
{
	char noted[PATH_MAX];

	if (!has_routers(runtime_dir) ||
	    instance_state_dir(runtime_dir, noted, sizeof(noted)) < 0 || same_dir(noted, state_dir))
		return 0;
	return err_set(err, EEXIST,
		       "state-dir: a network of %.95s runs whose state is in %.95s, not in %.95s; "
		       "give --state-dir %.95s, or remove it by vlspd clean --instance %.95s",
		       runtime_dir, noted, state_dir, noted, runtime_dir);
}

int instance_group(const char *setting, const char *name, bool must, gid_t *ret_gid,
		   struct err *err)
{
	struct group *g = getgrnam(name);

	if (!g && must)
		return err_set(err, ENOENT, "%s: there is no group '%s'", setting, name);
	/* an ordinary user gives files to groups it is in, if asked to */
	*ret_gid = g && (must || geteuid() == 0) ? g->gr_gid : INSTANCE_NO_GROUP;
	return 0;
}

int instance_share(struct instance *in, gid_t group, struct err *err)
{
	char path[PATH_MAX];

	if (group == INSTANCE_NO_GROUP)
		return 0;
	path_in(in->dir, "vlspd.log", path);
	if (lchown(path, (uid_t)-1, group) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s: give it to group %u", path, group);
	path_in(in->dir, "vlspd.pid", path);
	if (fchown(in->fd, (uid_t)-1, group) < 0)
		return err_errno(err, errno, "%s: give it to group %u", path, group);
	return 0;
}

int instance_searchable(struct instance *in, struct err *err)
{
	struct stat st;

	if (stat(in->dir, &st) < 0)
		return err_errno(err, errno, "%s", in->dir);
	if (st.st_mode & S_IXOTH)
		return 0;
	if (chmod(in->dir, (st.st_mode & 07777) | S_IXOTH) < 0)
		return err_errno(err, errno,
				 "%s: must be searchable (o+x) for router processes, which are not "
				 "root",
				 in->dir);
	log_info("%s: made searchable (o+x) for router processes", in->dir);
	return 0;
}

int instance_token(struct instance *in, const char *name, gid_t group,
		   char token[INSTANCE_TOKEN_SIZE], struct err *err)
{
	unsigned char raw[(INSTANCE_TOKEN_SIZE - 1) / 2];
	char path[PATH_MAX], text[INSTANCE_TOKEN_SIZE];
	cleanup_close int fd = -1;

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return err_errno(err, errno, "token");
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(text + 2 * i, 3, "%02x", raw[i]);
	path_in(in->dir, name, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, "%s", path);
	if ((group != INSTANCE_NO_GROUP && fchown(fd, (uid_t)-1, group) < 0) ||
	    fchmod(fd, 0640) < 0 || dprintf(fd, "%s\n", text) < 0)
		return err_errno(err, errno, "%s", path);
	memcpy(token, text, sizeof(text));
	return 0;
}

int instance_find(const char *runtime_dir, pid_t *ret_pid, struct err *err)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	cleanup_close int fd = -1;

	path_in(runtime_dir, "vlspd.pid", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == EACCES)
		return err_set(err, EACCES,
			       "no permission for %s: be root, or a member of the group vlsp",
			       path);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, errno, "%s", path);
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return err_errno(err, errno, "%s: lock", path);
	if (lock.l_type == F_UNLCK)
		return 0;
	if (lock.l_pid <= 0)
		return err_set(err, EPERM, "%s: held by a process of another PID namespace", path);
	*ret_pid = lock.l_pid;
	return 1;
}

/* Not the log: that of a daemon that failed stays. */
bool instance_crashed(const char *runtime_dir)
{
	static const char *const files[] = {"vlspd.pid", "vlspd.sock", "token",	   "router.sock",
					    "netns",	 "journal",    "state-dir"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_in(runtime_dir, files[i], path);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}
