/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a forked router process does before it is one. */
#ifndef VLSP_DAEMON_ROUTER_CHILD_H
#define VLSP_DAEMON_ROUTER_CHILD_H

#include "lib/wire/spawn.h"

/* Enters the namespace, maps the maps, closes every descriptor above stderr and runs the router.
 * Returns the exit status: 0 after QUIT, 1 when something failed (and was logged). */
int child_run(const struct spawn_request *request, const int fds[SPAWN_FDS]);

#endif
