// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that is being got (tftp_file.h). Called by tftp.c. */
#include "apps/tftp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE ".tftp-XXXXXX" /* not the name with something behind: that may be too long */

static int open_as_it_is(struct tftp_file *file, const char *name)
{
	file->beside[0] = '\0';
	file->fd = open(name, O_WRONLY | O_CLOEXEC);
	return file->fd < 0 ? -errno : 0;
}

static int name_beside(struct tftp_file *file)
{
	const char *slash = strrchr(file->name, '/');
	int dir = slash ? (int)(slash - file->name) + 1 : 0;
	int n = snprintf(file->beside, sizeof(file->beside), "%.*s%s", dir, file->name, BESIDE);

	return n < (int)sizeof(file->beside) ? 0 : -ENAMETOOLONG;
}

int tftp_file_begin(struct tftp_file *file, const char *name)
{
	mode_t mask = umask(0), mode = 0644 & ~mask;
	struct stat st;
	int r;

	umask(mask);
	if (stat(name, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISREG(st.st_mode))
			return open_as_it_is(file, name);
		if (access(name, W_OK) < 0 || !realpath(name, file->name))
			return -errno;
		mode = st.st_mode & 0777;
	} else if (errno != ENOENT ||
		   snprintf(file->name, sizeof(file->name), "%s", name) >= PATH_MAX) {
		return errno == ENOENT ? -ENAMETOOLONG : -errno;
	}
	r = name_beside(file);
	if (r < 0)
		return r;
	file->fd = mkostemp(file->beside, O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	if (fchmod(file->fd, mode) == 0)
		return 0;
	r = -errno;
	(void)tftp_file_end(file, false);
	return r;
}

int tftp_file_end(struct tftp_file *file, bool whole)
{
	int r = close(file->fd) < 0 ? -errno : 0;

	file->fd = -1;
	if (!file->beside[0])
		return r;
	if (r == 0 && whole && rename(file->beside, file->name) < 0)
		r = -errno;
	if (r < 0 || !whole)
		unlink(file->beside);
	return r;
}
