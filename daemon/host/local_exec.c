// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting programs, by posix_spawn(3). Called by local_spawn.c and local_relay_proc.c. */
#include "daemon/host/local_exec.h"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int local_exec(const char *program, char *const argv[], int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid;
	int r = 0;

	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	if (fd >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, LOCAL_EXEC_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, LOCAL_EXEC_FD + (fd >= 0));
	if (r == 0)
		r = posix_spawn(&pid, program, &actions, &attr, argv, environ);
	if (r == 0)
		*ret_pid = pid;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -r;
}
