/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST /topology/reconcile, and what a comparison with the machine found, for other answers. */
#ifndef VLSP_DAEMON_API_RECONCILE_H
#define VLSP_DAEMON_API_RECONCILE_H

#include "daemon/api/api_priv.h"
#include "daemon/ctl/reconcile.h"

json_t *api_encode_reconcile(const struct ctl_reconcile *result); /* NULL: out of memory */
void api_reconcile_post(struct api_call *call);
extern const struct api_param api_reconcile_params[];
extern const struct api_field api_reconcile_fields[];

#endif
