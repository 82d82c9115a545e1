/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Central routing: the tables that were set in each router, and setting what differs. */
#ifndef VLSP_DAEMON_CTL_CENTRAL_H
#define VLSP_DAEMON_CTL_CENTRAL_H

#include <stdint.h>

#include "daemon/host/host_ops.h"
#include "daemon/model/model.h"
#include "daemon/model/paths.h"

struct central;

int central_new(struct central **ret_central);
void central_free(struct central *central); /* NULL is fine */

/* Sets what differs between the router's table and result. 0 or -errno: then all is set again the
 * next time. */
int central_install(struct central *central, struct host *host, const struct model *model,
		    const struct model_router *router, const struct paths_result *result);
/* The table of the router in slot is not known. */
void central_forget(struct central *central, uint32_t slot);
/* The destination in slot is a new one, or gone: its entry in every table is not known. */
void central_forget_destination(struct central *central, uint32_t slot);
/* No table is known; frees the memory. */
void central_reset(struct central *central);

#endif
