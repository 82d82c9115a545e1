// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay as a process: starting one, and finding or ending one that an earlier daemon started,
 * which is known by the path of its socket; and the sockets that it is given. Called by
 * local_relay.c and by clean-up.
 */
#include <fcntl.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/local_exec.h"
#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"

#define MEMORY_MIB   "256" /* of frames that the relay holds */
#define SPIN_PERCENT "15"
#define SOCKET_BYTES (16 << 20)

static bool is_relay(int32_t pid, const char *path)
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
	return strcmp(name, "vlsp-relay") == 0 && arg < text + n && strcmp(arg, path) == 0 &&
	       local_procs_sees_us(pid);
}

struct search {
	char path[128];
	int32_t pid;
};

static void see(void *arg, int32_t pid, unsigned long inode)
{
	struct search *search = arg;

	(void)inode;
	if (!search->pid && is_relay(pid, search->path))
		search->pid = pid;
}

int32_t local_relay_find(const char *runtime_dir)
{
	struct search search = {.pid = 0};

	snprintf(search.path, sizeof(search.path), "%.100s/relay.sock", runtime_dir);
	(void)local_procs_each(see, &search);
	return search.pid;
}

void local_relay_kill(const char *runtime_dir)
{
	int32_t pid = local_relay_find(runtime_dir);
	cleanup_close int fd = pid ? pidfd_open(pid, 0) : -1;

	if (fd < 0 || local_relay_find(runtime_dir) != pid)
		return;
	(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	for (int i = 0; i < 400 && local_relay_find(runtime_dir) == pid; i++) {
		(void)waitpid(pid, NULL, WNOHANG);
		usleep(5000);
	}
}

int local_relay_spawn(const char *program, const char *path, uint32_t uid, enum log_level log_level,
		      pid_t *ret_pid)
{
	char name[] = "vlsp-relay", memory[] = MEMORY_MIB, percent[] = SPIN_PERCENT, number[16];
	char level[8] = "info", socket[128];
	char *argv[] = {name, socket, number, memory, percent, level, NULL};

	snprintf(socket, sizeof(socket), "%s", path);
	snprintf(number, sizeof(number), "%u", uid);
	if (log_level == LOG_LEVEL_DEBUG)
		strcpy(level, "debug");
	return local_exec(program, argv, -1, ret_pid);
}

int local_relay_socket(const struct local_names *names, const char *router)
{
	struct local_ns_open open;
	int r = local_ns_open(names, router, &open), sock, on = 1, size = SOCKET_BYTES;

	if (r < 0)
		return r;
	sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	r = sock < 0 ? -errno : 0;
	close(open.ns);
	close(open.sock);
	if (r == 0 && setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		r = -errno;
	if (r == 0 && setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		r = -errno;
	if (r < 0 && sock >= 0)
		close(sock);
	return r < 0 ? r : sock;
}
