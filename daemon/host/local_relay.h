/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the relay (lib/wire/relay.h): its process, its connection, the sockets that
 * it has in routers' namespaces, and what it counts. It is started when the first link needs it,
 * again when it ends unasked, and outlives a daemon that leaves its network.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_RELAY_H
#define VLSP_DAEMON_HOST_LOCAL_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/host/host_ops.h"
#include "daemon/host/local_names.h"
#include "include/shared/maps.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/wire/relay.h"

struct local;
struct local_relay;

/* --- in the loop --- */

/* Listens at RUNTIME/relay.sock. program: vlsp-relay. */
int local_relay_open(struct local *local, const char *program, struct local_relay **ret_relay,
		     struct err *err);
/* A relay of an earlier daemon is taken over, and given the sockets of these slots again. */
void local_relay_adopt(struct local_relay *relay);
/* keep: it goes on alone. NULL is fine. */
void local_relay_close(struct local_relay *relay, bool keep);
void local_relay_router_gone(struct local_relay *relay, uint32_t slot);
void local_relay_pace(const struct local_relay *relay, struct host_pace *ret_pace);
/* Zeros for a port of another link. */
void local_relay_line(const struct local_relay *relay, uint32_t port, uint32_t link,
		      struct vlsp_line *ret_line);
/* The process of a relay of this runtime directory, whoever started it; 0: there is none. */
int32_t local_relay_find(const char *runtime_dir);
/* Ends it, waiting up to 2 s. */
void local_relay_kill(const char *runtime_dir);

/* Starts program; it becomes user uid (0: stays root). 0 or -errno. */
int local_relay_spawn(const char *program, const char *path, uint32_t uid, enum log_level log_level,
		      pid_t *ret_pid);

/* --- in a worker --- */

struct local_relay_need {
	uint32_t slot;
	char router[NAME_SIZE]; /* its name */
};

/*
 * Returns when a relay runs that has the ring and a socket in each of these namespaces. The thread
 * ends in any of them. *cancel is looked at while waiting (-ECANCELED). 0 or -errno.
 */
int local_relay_need(struct local_relay *relay, int ring, int wake, const struct local_names *names,
		     const struct local_relay_need *needs, size_t count, const bool *cancel,
		     struct err *err);
/* A packet socket in the router's namespace that only sends; the thread is there then. -errno. */
int local_relay_socket(const struct local_names *names, const char *router);
/* The port's shape is another now: the relay applies it to what waits. */
void local_relay_shape(struct local_relay *relay, uint32_t port, const struct vlsp_shape *shape);

#endif
