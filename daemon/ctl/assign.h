/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of routers that were not given one: the lowest free, in the file's order. Explicit
 * addresses are reserved first, then routers that run keep theirs, so that the same file on an
 * empty instance gives the same addresses and a running router does not change.
 */
#ifndef VLSP_DAEMON_CTL_ASSIGN_H
#define VLSP_DAEMON_CTL_ASSIGN_H

#include "daemon/model/edit.h"

/* Whether a router may have the address; field names its place for the message. */
int assign_check(const struct model_topology *topology, uint32_t address, const char *field,
		 struct err *err);
/* The lowest address that no router of the model has. 0 or -ENOSPC. */
int assign_one(const struct model *model, uint32_t *ret_address, struct err *err);
/* addresses[i]: in: what router i of doc has now (0: does not run); out: what it shall have. */
int assign_doc(const struct topo_doc *doc, uint32_t *addresses, struct err *err);

#endif
