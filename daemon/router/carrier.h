/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrier of the devices in this namespace, as rtnetlink tells it (rtnetlink(7), RTM_NEWLINK). */
#ifndef VLSP_DAEMON_ROUTER_CARRIER_H
#define VLSP_DAEMON_ROUTER_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop/loop.h"

struct carrier;

/* Called for each message about a device, whether something changed or not. */
typedef void (*carrier_fn)(void *arg, uint32_t port, bool carrier);
/* After each batch of such calls. */
typedef void (*carrier_end_fn)(void *arg);

int carrier_new(struct loop *loop, carrier_fn fn, carrier_end_fn end, void *arg,
		struct carrier **ret_carrier);
void carrier_free(struct carrier *carrier); /* NULL is fine */

/* Calls fn for each link message among the size bytes; stops at what is malformed. Pure. */
void carrier_parse(const void *data, size_t size, carrier_fn fn, void *arg);

#endif
