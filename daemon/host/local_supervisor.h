/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the process vlsp-supervisor (lib/wire/app.h): starting it with the first
 * application, again when it ends unasked, taking over one of an earlier daemon, and its
 * connection. What is said while there is none waits. In the loop's thread.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_SUPERVISOR_H
#define VLSP_DAEMON_HOST_LOCAL_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/wire/frame.h"

struct local;
struct local_supervisor;

struct local_supervisor_ops {
	/* It has connected, and tells all that there is, then APP_KNOWN. */
	void (*begun)(void *arg);
	void (*frame)(void *arg, uint16_t type, const void *body, uint32_t length);
	/* It has ended, and all that it had started. */
	void (*lost)(void *arg);
	/* It cannot be started: what was said to it is forgotten. */
	void (*unable)(void *arg, const char *why);
};

/* Listens at RUNTIME/supervisor.sock. program: vlsp-supervisor; logs: directory of output. One that
 * runs is taken over: it connects, and tells all that there is, soon after. */
int local_supervisor_open(struct local *local, const char *program, const char *logs,
			  const struct local_supervisor_ops *ops, void *arg,
			  struct local_supervisor **ret_supervisor, struct err *err);
/* keep: it goes on alone; otherwise it ends, with all that it has started. NULL is fine. */
void local_supervisor_close(struct local_supervisor *supervisor, bool keep);
/* There is a process, of this daemon or of an earlier one. */
bool local_supervisor_runs(const struct local_supervisor *supervisor);
/* Sends, now or when it is there; starts it if it is not. fd (-1: none) stays the caller's. 0 or
 * -errno. */
int local_supervisor_say(struct local_supervisor *supervisor, enum frame_type type,
			 const void *body, uint32_t length, int fd);
/* APP_START of that application waits to be sent. */
bool local_supervisor_will_start(const struct local_supervisor *supervisor, uint32_t id);
/* Nothing else helps. It is started again when it is needed. */
void local_supervisor_kill(struct local_supervisor *supervisor);
/* Without an object: ends one of this runtime directory. */
void local_supervisor_clean(const char *runtime_dir);

#endif
