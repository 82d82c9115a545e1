/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a program of ours that outlives the daemon. */
#ifndef VLSP_DAEMON_HOST_LOCAL_EXEC_H
#define VLSP_DAEMON_HOST_LOCAL_EXEC_H

#include <sys/types.h>

#define LOCAL_EXEC_FD 3

/* With the signals of a new program, in a session of its own: what a terminal sends to the daemon
 * is not meant for it. fd becomes its LOCAL_EXEC_FD (-1: none); of ours it has 0 to 2 beside that.
 * 0 or -errno. */
int local_exec(const char *program, char *const argv[], int fd, pid_t *ret_pid);

#endif
