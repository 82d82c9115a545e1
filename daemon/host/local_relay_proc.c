// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay as a process: starting one, and finding or ending one that an earlier daemon started,
 * which is known by the path of its socket; and the sockets that it is given. Called by
 * local_relay.c and by clean-up.
 */
#include <fcntl.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/host/local_exec.h"
#include "daemon/host/local_helper.h"
#include "daemon/host/local_priv.h"

#define MEMORY_MIB   "256" /* of frames that the relay holds */
#define SPIN_PERCENT "15"
#define SOCKET_BYTES (16 << 20)

#define NAME "vlsp-relay"

static void socket_of(char path[128], const char *runtime_dir)
{
	snprintf(path, 128, "%.100s/relay.sock", runtime_dir);
}

int32_t local_relay_find(const char *runtime_dir)
{
	char path[128];

	socket_of(path, runtime_dir);
	return local_helper_find(NAME, path);
}

void local_relay_kill(const char *runtime_dir)
{
	char path[128];

	socket_of(path, runtime_dir);
	local_helper_kill(NAME, path);
}

int local_relay_spawn(const char *program, const char *path, uint32_t uid, enum log_level log_level,
		      pid_t *ret_pid)
{
	char name[] = NAME, memory[] = MEMORY_MIB, percent[] = SPIN_PERCENT, number[16];
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
