/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's side of the spawner (lib/wire/spawn.h): starting it, asking it, hearing from it. */
#ifndef VLSP_DAEMON_HOST_LOCAL_SPAWN_H
#define VLSP_DAEMON_HOST_LOCAL_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/wire/spawn.h"

struct local_spawn;

struct local_spawn_ops {
	/* Fills in what a request for that slot needs now; fds of which NETNS is closed afterwards.
	 * 0, or -errno: not wanted any more, or impossible; failed is called then. */
	int (*request)(void *arg, uint32_t slot, struct spawn_request *request, int fds[SPAWN_FDS]);
	void (*started)(void *arg, uint32_t slot, int32_t pid);
	void (*failed)(void *arg, uint32_t slot, int error); /* -errno */
	void (*exited)(void *arg, uint32_t slot, int32_t pid, int status);
	/* The spawner itself ended; a new one has been started (status 0) or not (-errno). What was
	 * asked for and not answered has failed; exits of earlier processes are not heard of. */
	void (*lost)(void *arg, int status);
};

/* Starts program --spawner FD. */
int local_spawn_new(struct loop *loop, const char *program, const struct local_spawn_ops *ops,
		    void *arg, struct local_spawn **ret_spawn, struct err *err);
/* Ends the spawner (routers stay) and waits for it. NULL is fine. */
void local_spawn_free(struct local_spawn *spawn);

/* Its process; 0: there is none. */
pid_t local_spawn_pid(const struct local_spawn *spawn);

/* Asks for the process of that slot. 0 or -ENOMEM, -EPIPE (no spawner). */
int local_spawn_ask(struct local_spawn *spawn, uint32_t slot);

/* Outside of the loop, for closing: waits up to timeout_ms for an answer and gives it to ops. 1:
 * some came, 0: none, -ECONNRESET: the spawner has ended. */
int local_spawn_wait(struct local_spawn *spawn, int timeout_ms);

#endif
