// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are put in before an application starts: below its own empty places as files of its
 * own, elsewhere over a file of the machine, for this mount namespace only. Used by app.c, as root,
 * when nobody else has been in that namespace yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/confine/app_priv.h"

static int fill(int fd, const struct confine_file *file, uint32_t uid, uint32_t gid)
{
	const char *at = file->content;
	size_t left = file->size;

	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0)
			return -errno;
		at += n;
		left -= (size_t)n;
	}
	/* In this order: who is not the owner any more may not, without CAP_FOWNER. */
	return fchmod(fd, file->mode & 0777) < 0 || fchown(fd, uid, gid) < 0 ? -errno : 0;
}

/* Those above path that are not there. */
static int make_dirs(const char *path, uint32_t uid, uint32_t gid)
{
	char dir[PATH_MAX];

	for (const char *end = path + 1; (end = strchr(end, '/')); end++) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(end - path), path);
		if (mkdir(dir, 0755) == 0) {
			if (chown(dir, uid, gid) < 0)
				return -errno;
		} else if (errno != EEXIST) {
			return -errno;
		}
	}
	return 0;
}

static int make_file(const struct confine_app *app, const struct confine_file *file,
		     struct err *err)
{
	uint32_t gid = app->gid ? app->gid : app->uid;
	cleanup_close int fd = -1;
	int r = strlen(file->path) < PATH_MAX ? make_dirs(file->path, app->uid, gid)
					      : -ENAMETOOLONG;

	if (r == 0) {
		fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : fill(fd, file, app->uid, gid);
	}
	return r < 0 ? err_errno(err, r, "file %s", file->path) : 0;
}

/* A file that nobody finds: it loses its name as soon as it is mounted, and goes with the mount. */
static int lay_over(const struct confine_file *file, struct err *err)
{
	static const unsigned long readonly = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID |
					      MS_NODEV;
	char path[] = "/tmp/.vlsp-file.XXXXXX";
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	if (stat(file->path, &st) < 0)
		return err_errno(err, errno,
				 "file %s can only be put over one that is there (but for /tmp, "
				 "/var/tmp and /dev/shm)",
				 file->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EISDIR, "file %s: what is there is no file", file->path);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "file %s", file->path);
	r = fill(fd, file, 0, 0);
	if (r == 0 && (mount(path, file->path, NULL, MS_BIND, NULL) < 0 ||
		       mount(NULL, file->path, NULL, readonly, NULL) < 0))
		r = -errno;
	unlink(path);
	return r < 0 ? err_errno(err, r, "file %s", file->path) : 0;
}

int app_files(const struct confine_app *app, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < app->file_count; i++)
		r = app_is_own(app, app->files[i].path) ? make_file(app, &app->files[i], err)
							: lay_over(&app->files[i], err);
	return r;
}
