/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of the host attached to routers. Part of ctl.h. */
#ifndef VLSP_DAEMON_CTL_INTERFACE_H
#define VLSP_DAEMON_CTL_INTERFACE_H

#include "daemon/ctl/ctl.h"

/*
 * Mutations as those of ctl.h. attach: -EEXIST (the router has one of that name), -EBUSY (another
 * router has the device, or the host needs it), -ENODEV (there is none), -EINVAL; texts start with
 * the field. detach: interface is its name on the router, or on the host; -ENOENT.
 */
int ctl_interface_attach(struct ctl *ctl, const char *router, const struct topo_iface *iface,
			 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err);
int ctl_interface_detach(struct ctl *ctl, const char *router, const char *interface,
			 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err);

/* For topology.c: whether the machine can attach what a plan attaches anew. */
struct plan;
int interface_check_plan(struct ctl *ctl, const struct plan *plan, struct err *err);

#endif
