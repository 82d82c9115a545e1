/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation in JSON, for operation.c and events.c. */
#ifndef VLSP_DAEMON_API_OPERATION_H
#define VLSP_DAEMON_API_OPERATION_H

#include "daemon/api/api_priv.h"

json_t *api_encode_op(const struct ctl_op *op); /* NULL: out of memory */

#endif
