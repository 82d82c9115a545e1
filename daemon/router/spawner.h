/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that forks routers (lib/wire/spawn.h). */
#ifndef VLSP_DAEMON_ROUTER_SPAWNER_H
#define VLSP_DAEMON_ROUTER_SPAWNER_H

#include "lib/wire/spawn.h"

/* What a forked process runs; returns its exit status. */
typedef int (*spawner_child_fn)(const struct spawn_request *request, const int fds[SPAWN_FDS]);

/* Serves requests from sock until its end. Returns the exit status in the spawner (0, or 1 when
 * something failed and was logged) and, in each forked process, child's. */
int spawner_run(int sock, spawner_child_fn child);

#endif
