// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes by their network namespaces: router processes of an earlier daemon, which bear the
 * title that daemon/router/child.c gives, and whatever runs in a namespace of ours that has lost
 * its name. Called by audits and by clean-up, in a worker.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_look.h"
#include "daemon/host/local_tag.h"
#include "lib/base/cleanup.h"
#include "lib/nlk/ns.h"

#define TITLE "vlsp-router: "

static bool has_title(int pid)
{
	char path[40], text[sizeof(TITLE)] = "";
	cleanup_close int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(TITLE) - 1) != sizeof(TITLE) - 1)
		return false;
	return memcmp(text, TITLE, sizeof(TITLE) - 1) == 0;
}

static bool shares(int32_t pid, const char *kind)
{
	char path[40];
	struct stat own, other;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &own) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	return stat(path, &other) == 0 && own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

unsigned long local_procs_inode(int32_t pid)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) < 0 ? 0 : st.st_ino; /* ended, or a zombie */
}

int local_procs_each(void (*fn)(void *arg, int32_t pid, unsigned long inode), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int pid = atoi(entry->d_name);
		unsigned long inode = pid > 0 ? local_procs_inode(pid) : 0;

		if (inode)
			fn(arg, pid, inode);
	}
	closedir(dir);
	return 0;
}

/* Anybody can give himself that title; applications have process namespaces of their own. */
bool local_procs_is_router(int32_t pid)
{
	return has_title(pid) && shares(pid, "pid");
}

static void see_lo(void *arg, const struct nlk_device *device)
{
	struct nlk_device *lo = arg;

	if (device->index == 1)
		*lo = *device;
}

/* The tag names the instance by its runtime directory, which means something in one mount namespace
 * only: a container may have an instance of the same name. */
bool local_procs_sees_us(int32_t pid)
{
	return shares(pid, "mnt");
}

bool local_procs_is_beside_us(int32_t pid)
{
	return shares(pid, "pid");
}

bool local_procs_tagged(int32_t pid, const char *instance, char *ret_router)
{
	struct nlk_device lo = {.index = 0};
	char path[40], tag[LOCAL_TAG_SIZE];
	int ns, sock = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	ns = nlk_ns_open(path);
	if (ns < 0)
		return false;
	if (nlk_ns_enter(ns) == 0)
		sock = nlk_open();
	if (sock >= 0 && nlk_dump_devices(sock, &(struct nlk_dump){.arg = &lo}, see_lo) < 0)
		lo.index = 0;
	if (sock >= 0)
		close(sock);
	close(ns);
	local_tag_router(tag, instance, "");
	if (lo.index != 1 || strncmp(lo.alias, tag, strlen(tag)) != 0)
		return false;
	if (ret_router)
		snprintf(ret_router, NAME_SIZE, "%.*s", NAME_SIZE - 1, lo.alias + strlen(tag));
	return true;
}
