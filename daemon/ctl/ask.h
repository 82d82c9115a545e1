/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the machine about what runs, passed through to the host back end. Part of ctl.h. */
#ifndef VLSP_DAEMON_CTL_ASK_H
#define VLSP_DAEMON_CTL_ASK_H

#include "daemon/host/host_ops.h"
#include "daemon/model/model.h"

struct ctl;

int ctl_routes_dump(struct ctl *ctl, const char *router, host_routes_fn fn, void *arg,
		    struct err *err);
int ctl_counts_read(struct ctl *ctl, const uint32_t *ports, size_t count, struct host_counts *ret);
int ctl_lines_read(struct ctl *ctl, const uint32_t *ports, size_t count, struct host_line *ret);
/* What emulates such a direction, in words; "": nothing, or nothing can any more. */
void ctl_backends(struct ctl *ctl, const struct topo_shape *shape, char ret[HOST_BACKENDS_SIZE]);
/* What the machine was found to be able to do. */
const struct host_capability *ctl_capabilities(struct ctl *ctl, size_t *ret_count);
int ctl_netns_path(struct ctl *ctl, const char *router, char *buf, size_t size);
int ctl_application(struct ctl *ctl, const struct model_router *router, struct host_app *ret);

/* Whether every router's table has the distances that the topology has; counts routers that do. */
struct ctl_health {
	bool converged;
	uint32_t routers, routers_running, routers_converged;
	uint32_t links, links_up;
	uint32_t operations_pending;
	const char *store_trouble; /* why the last write of state failed: changes are refused; "" :
				      it did not */
};
void ctl_health(struct ctl *ctl, struct ctl_health *ret_health);

#endif
