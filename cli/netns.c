// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entering a router's network namespace, and a private mount namespace in which router names
 * resolve. Used by router exec and shell, ping and trace. See setns(2), mount_namespaces(7),
 * ip-netns(8).
 */
#include "cli/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/name.h"
#include "lib/confine/hosts.h"

static int denied(struct err *err, const char *path)
{
	if (errno == EPERM || errno == EACCES)
		return err_set(err, EPERM, "entering a router's network needs root: use sudo");
	return err_errno(err, errno, "%s", path);
}

int netns_enter(const char *path, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return denied(err, path);
	return 0;
}

int netns_socket(const char *path, int domain, int type, int protocol, struct err *err)
{
	cleanup_close int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd, code, r;

	if (here < 0)
		return denied(err, "/proc/self/ns/net");
	r = netns_enter(path, err);
	if (r < 0)
		return r;
	fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	code = errno;
	if (setns(here, CLONE_NEWNET) < 0) {
		r = err_errno(err, errno, "returning to the own network");
		if (fd >= 0)
			close(fd);
		return r;
	}
	return fd < 0 ? err_errno(err, code, "socket") : fd;
}

char *netns_hosts(const char *old, const json_t *routers, size_t *ret_size)
{
	const json_t *list = json_object_get(routers, "detail");
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_size);

	if (!stream)
		return NULL;
	confine_hosts_begin(stream, old);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(r, "name"));
		const char *address = json_string_value(json_object_get(r, "address"));
		uint32_t number;

		/* each is a line of a file: nothing else may come in */
		if (name && address && name_check(name, "name", NULL) == 0 &&
		    addr_parse(address, &number) == 0)
			confine_hosts_add(stream, name, number);
	}
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A file that nobody finds: it is unlinked as soon as it is mounted, and goes with the mount. */
static int mount_hosts(const char *hosts, size_t size, struct err *err)
{
	char path[] = "/tmp/vlsp-hosts.XXXXXX";
	cleanup_close int fd = mkostemp(path, O_CLOEXEC), tree = -1;
	int r;

	if (fd < 0)
		return err_errno(err, errno, "%s", path);
	r = write_all(fd, hosts, size);
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (r < 0)
		err_errno(err, r, "%s", path);
	else
		r = tree = confine_hosts_open(path, err);
	if (r >= 0)
		r = confine_hosts_mount(tree, err);
	unlink(path); /* not before: what is not there any more cannot be mounted */
	return r;
}

/* What is mounted below /sys and has to stay visible. */
static const char *const sys_kept[] = {"/sys/fs/bpf", "/sys/fs/cgroup"};

static int mount_sys(struct err *err)
{
	int kept[ARRAY_SIZE(sys_kept)];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		kept[i] = open_tree(AT_FDCWD, sys_kept[i],
				    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		r = err_errno(err, errno, "/sys of the router's network");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (kept[i] < 0)
			continue; /* this machine has none */
		if (r == 0 &&
		    move_mount(kept[i], "", AT_FDCWD, sys_kept[i], MOVE_MOUNT_F_EMPTY_PATH) < 0)
			r = err_errno(err, errno, "%s", sys_kept[i]);
		close(kept[i]);
	}
	return r;
}

int netns_mounts(const char *hosts, size_t size, struct err *err)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return denied(err, "private mount namespace");
	/* what the machine mounts later appears here, nothing of this appears there */
	if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_errno(err, errno, "private mount namespace");
	r = mount_hosts(hosts, size, err);
	return r < 0 ? r : mount_sys(err);
}
