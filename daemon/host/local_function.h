/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network functions of routers: the chains of the fast path. The chains themselves, in pinned maps,
 * are the book: they name the application of each function, so that a later daemon knows all.
 *
 * In the loop's thread, but for local_function_resolve(). Called by local_intercept.c (functions of
 * programs), local_object.c (eBPF objects), local_app.c, local_batch.c and local.c.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_FUNCTION_H
#define VLSP_DAEMON_HOST_LOCAL_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/host/host_app.h"
#include "include/shared/function.h"
#include "lib/base/err.h"
#include "lib/topo/match.h"

struct local;
struct local_functions;

int local_functions_open(struct local *local, struct local_functions **ret_functions);
/* Chains of an earlier daemon are taken over: those of routers that are known. */
int local_functions_adopt(struct local_functions *functions);
/* Functions stay where they are. NULL is fine. */
void local_functions_close(struct local_functions *functions);

/* A free index, taken for app; count bytes of memory for its queue. -ENOSPC. */
int local_function_take(struct local_functions *functions, uint32_t app, uint32_t slot,
			size_t bytes, uint32_t *ret_index, struct err *err);
/* Takes the function out of its chain, if it is in, and gives the index back. */
void local_function_leave(struct local_functions *functions, uint32_t index);
/* Whether index is that application's. */
bool local_function_owns(const struct local_functions *functions, uint32_t app, uint32_t index);

/*
 * Enters fn into the chain of its index' router: by order, by the places of their applications
 * (host_app_events.place), and behind those that the same application has opened since it was
 * started. from and to of its match are ports, 0 for the edge where the flag is set and the name is
 * "". One of the same application with the same match and order is taken out. -ENOSPC.
 */
int local_function_enter(struct local_functions *functions, const struct vlsp_fn *fn,
			 struct err *err);
/* What is said of the router's edge in answers. -ENOENT. */
int local_function_edge(const struct local_functions *functions, uint32_t slot, uint32_t *ret_edge);
/* Makes fn of what was parsed: names of link ends become ports. By any thread; sock: any socket in
 * the router's namespace. -ENOENT: no link end of that name. */
int local_function_resolve(int sock, const struct topo_match *match, struct vlsp_fn *fn,
			   struct err *err);

enum local_function_why {
	LOCAL_FUNCTION_DIED,	/* a run of it has ended by itself: its functions' policy applies */
	LOCAL_FUNCTION_STOPPED, /* it was stopped, is forgotten, or its router: they are taken away
				 */
};
void local_function_gone(struct local_functions *functions, uint32_t app,
			 enum local_function_why why);
/* As host_app_ops.hand_over. */
void local_function_hand_over(struct local_functions *functions, uint32_t app, uint32_t heir,
			      bool changed);
/* As host_app_ops.reorder. */
void local_function_reorder(struct local_functions *functions, uint32_t slot);
/* It serves: what it was handed over, and has changed, and not opened by now, is taken out. */
void local_function_ready(struct local_functions *functions, uint32_t app);
/* Before the router's entry goes, or after. */
void local_function_router_gone(struct local_functions *functions, uint32_t slot);
/* After a take-over: applications for which this is false have died, as far as somebody wants them
 * (host_app_events.place); functions of others are taken away. What is left is in order. */
void local_function_known(struct local_functions *functions,
			  bool (*is_known)(void *arg, uint32_t app), void *arg);

/* As host_app_ops.functions; 0: it has none. */
int local_function_list(const struct local_functions *functions, uint32_t app,
			struct host_app_function *ret, size_t max);

/* Calls fn for each function that there is. */
void local_function_each(const struct local_functions *functions,
			 void (*fn)(void *arg, uint32_t slot, const struct vlsp_fn *function),
			 void *arg);

#endif
