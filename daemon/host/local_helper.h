/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of an instance beside its routers, the relay and the supervisor of applications, which
 * outlive a daemon: known by their program's name and the path of the socket that they connect to.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_HELPER_H
#define VLSP_DAEMON_HOST_LOCAL_HELPER_H

#include <stdint.h>

/* The process, whoever started it; 0: there is none. */
int32_t local_helper_find(const char *name, const char *socket);
/* Ends it, waiting up to 2 s. */
void local_helper_kill(const char *name, const char *socket);

#endif
