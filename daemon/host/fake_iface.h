/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of the fake machine's host, on its routers. For fake.c and fake_machine.c. */
#ifndef VLSP_DAEMON_HOST_FAKE_IFACE_H
#define VLSP_DAEMON_HOST_FAKE_IFACE_H

#include "daemon/host/host_ops.h"

struct fake_machine;
struct fake_router;

#define FAKE_DEVICES_MAX 8
struct fake_devices {
	char name[FAKE_DEVICES_MAX][TOPO_IFACE_NAME_SIZE]; /* "": none */
	char needed[TOPO_IFACE_NAME_SIZE];		   /* carries the default route */
};

int fake_interface_check(struct host *host, const struct topo_iface *iface, struct err *err);
/* What the item does not want any more goes, so that others may have it; it counts as failed then,
 * until it has been done. */
void fake_detach(struct fake_machine *machine, struct host_router *item);
/* The router has these interfaces and no others. */
int fake_attach(struct fake_machine *machine, struct fake_router *router,
		struct topo_ifaces *interfaces, struct err *err);

#endif
