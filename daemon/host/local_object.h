/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications of kind TOPO_APP_BPF: eBPF objects as network functions. They have no process; what
 * becomes of them is told by the same events (host_app.h). In the loop's thread. Called by
 * local_app.c, local_batch.c, local.c.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_OBJECT_H
#define VLSP_DAEMON_HOST_LOCAL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/host/host_app.h"
#include "daemon/host/local_function.h"

struct local;
struct local_objects;

int local_objects_open(struct local *local, struct local_functions *functions,
		       struct local_objects **ret_objects);
/* After local_functions_adopt(): those of an earlier daemon go on; state is told of each. */
void local_objects_adopt(struct local_objects *objects);
/* After the workers have ended. keep: what runs goes on. NULL is fine. */
void local_objects_close(struct local_objects *objects, bool keep);

bool local_object_has(const struct local_objects *objects, uint32_t id);
/* As host_app_ops has them. */
int local_object_start(struct local_objects *objects, const struct host_app_start *start,
		       struct err *err);
int local_object_stop(struct local_objects *objects, uint32_t id);
void local_object_forget(struct local_objects *objects, uint32_t id);
/* The router has gone: its objects have ended. */
void local_object_router_gone(struct local_objects *objects, uint32_t slot);

#endif
