// SPDX-License-Identifier: GPL-2.0-or-later
/* Making, entering and naming network namespaces, as ip-netns(8) does. Used by daemon/host. */
#include "lib/nlk/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <linux/nsfs.h>

#define OWN_NS "/proc/thread-self/ns/net"

int nlk_ns_current(void)
{
	int fd = open(OWN_NS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int nlk_ns_new(void)
{
	int before, fd;

	before = nlk_ns_current();
	if (before < 0)
		return before;
	if (unshare(CLONE_NEWNET) < 0) {
		fd = -errno;
		goto out;
	}
	fd = nlk_ns_current();
	if (fd < 0 && setns(before, CLONE_NEWNET) < 0)
		fd = -errno;
out:
	close(before);
	return fd;
}

int nlk_ns_enter(int ns)
{
	return setns(ns, CLONE_NEWNET) < 0 ? -errno : 0;
}

int nlk_ns_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

int nlk_ns_bind(const char *path)
{
	int fd, r;

	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	close(fd);
	if (mount(OWN_NS, path, NULL, MS_BIND, NULL) < 0) {
		r = -errno;
		unlink(path);
		return r;
	}
	return 0;
}

int nlk_ns_unbind(const char *path)
{
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL)
		return -errno;
	return unlink(path) < 0 ? -errno : 0;
}
