// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding and ending helper processes of an earlier daemon (local_helper.h). Called by
 * local_relay_proc.c, local_supervisor.c and clean-up.
 */
#include "daemon/host/local_helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/local_look.h"
#include "lib/base/cleanup.h"

struct search {
	const char *name, *socket;
	int32_t pid;
};

static bool is_it(int32_t pid, const struct search *search)
{
	char file[40], text[256] = "";
	cleanup_close int fd = -1;
	const char *name, *arg;
	ssize_t n;

	snprintf(file, sizeof(file), "/proc/%d/cmdline", pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	name = strrchr(text, '/');
	name = name ? name + 1 : text;
	arg = text + strlen(text) + 1;
	return strcmp(name, search->name) == 0 && arg < text + n &&
	       strcmp(arg, search->socket) == 0 && local_procs_sees_us(pid) &&
	       local_procs_is_beside_us(pid);
}

static void see(void *arg, int32_t pid, unsigned long inode)
{
	struct search *search = arg;

	(void)inode;
	if (!search->pid && is_it(pid, search))
		search->pid = pid;
}

int32_t local_helper_find(const char *name, const char *socket)
{
	struct search search = {.name = name, .socket = socket};

	(void)local_procs_each(see, &search);
	return search.pid;
}

void local_helper_kill(const char *name, const char *socket)
{
	int32_t pid = local_helper_find(name, socket);
	cleanup_close int fd = pid ? pidfd_open(pid, 0) : -1;

	if (fd < 0 || local_helper_find(name, socket) != pid)
		return;
	(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	for (int i = 0; i < 400 && local_helper_find(name, socket) == pid; i++) {
		(void)waitpid(pid, NULL, WNOHANG);
		usleep(5000);
	}
}
