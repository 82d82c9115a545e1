/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between vlspd's host role and its relay process, by frames (frame.h) over RUNTIME/relay.sock. The
 * relay connects, and connects again when the daemon has been away; it goes on meanwhile.
 *
 *   relay -> daemon  HELLO  struct frame_hello: slot is RELAY_SLOT, fib has RELAY_* flags
 *                    LINES  descriptor: the memory with struct vlsp_line by port, and
 *                           struct relay_pace in its first page
 *                    ACK    uint32_t: that of the SYNC
 *   daemon -> relay  RING, WAKE  descriptor of the map; only those that come first count
 *                    ROUTER      struct relay_router; descriptor of a packet socket in its
 *                                namespace, by which frames leave that router
 *                    ROUTER_GONE struct relay_router
 *                    SHAPE       struct relay_shape: has changed, and frames may be waiting
 *                    SYNC        uint32_t cookie: answered by ACK, when all before it is done
 *                    QUIT        leave at once
 */
#ifndef VLSP_LIB_WIRE_RELAY_H
#define VLSP_LIB_WIRE_RELAY_H

#include <stdint.h>

#include "include/shared/maps.h"

#define RELAY_SLOT	 0xffffffffu
#define RELAY_REALTIME	 0x1 /* it has real-time priority */
#define RELAY_HAS_RING	 0x2 /* it has a ring: RING and WAKE need not be sent */
#define RELAY_LINES_SIZE (VLSP_PORT_MAX * sizeof(struct vlsp_line))

struct relay_router {
	uint32_t slot;
	uint32_t reserved;
};

struct relay_shape {
	uint32_t port;
	uint32_t reserved;
	struct vlsp_shape shape;
};

/* At the beginning of the lines' memory; ports that small are never used. */
struct relay_pace {
	uint64_t sent, late;
	uint64_t overruns;   /* no memory, no socket, or the kernel did not take it */
	uint64_t starved_ns; /* it could run and had no processor */
	uint64_t held, held_bytes;
	uint64_t wakes, spins_ns;
};

_Static_assert(sizeof(struct relay_pace) <= VLSP_PORT_FIRST * sizeof(struct vlsp_line), "fits");

#endif
