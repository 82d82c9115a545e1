/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The records that BPF maps and user space share: one machine, one instance. Fixed-width types.
 *
 * A "slot" is the dense index of a router on this machine (0 .. VLSP_SLOT_MAX-1): index of its
 * FIB, and of it as a destination in every FIB. A "port" is an index that is unique in the
 * instance: for a link end it is the ifindex of the device (chosen by us at creation), for a
 * router's edge a number of the same range that no device has. Port 0 and 1 are never used
 * (1 is the ifindex of lo in every namespace).
 *
 *   vlsp_conf    ARRAY[1]              struct vlsp_conf
 *   vlsp_addr    ARRAY[65536] mmap     struct vlsp_addr by host part of an address
 *   vlsp_router  ARRAY[VLSP_SLOT_MAX]  struct vlsp_router by slot
 *   vlsp_port    ARRAY[VLSP_PORT_MAX]  struct vlsp_port by port
 *   vlsp_hello   ARRAY[VLSP_PORT_MAX] mmap  struct vlsp_hello by port: written by BPF, read by
 * routers vlsp_fib     ARRAY_OF_MAPS[VLSP_SLOT_MAX] -> ARRAY[capacity] mmap: struct vlsp_fib by
 * destination slot; the router process of that slot writes it through mmap, and no one else
 *   vlsp_shape   HASH[VLSP_PORT_MAX]   struct vlsp_shape by port of the sending end; each change
 * replaces the whole, so that a datagram meets all of it or nothing
 *   vlsp_fate    HASH[VLSP_PORT_MAX]   struct vlsp_fate by the same port: written by BPF
 *   vlsp_ring    ARRAY_OF_MAPS[1] -> RINGBUF: struct vlsp_frame, read by the relay
 *   vlsp_wake    ARRAY[1] mmap         struct vlsp_wake: written by the relay
 *   vlsp_count   ARRAY_OF_MAPS[VLSP_PORT_MAX / VLSP_COUNT_CHUNK] -> ARRAY[VLSP_COUNT_CHUNK * ncpu]
 * mmap: struct vlsp_count at index (port % VLSP_COUNT_CHUNK) * ncpu + cpu
 *   vlsp_self    PROG_ARRAY[VLSP_SELF_PROGRAMS]: programs in whose place others go on
 *
 * Records of those that follow are in function.h:
 *
 *   vlsp_chain      HASH[VLSP_SLOT_MAX]       struct vlsp_chain by slot
 *   vlsp_fn_ring    ARRAY_OF_MAPS[VLSP_FN_MAX] -> RINGBUF: struct vlsp_fn_frame, read by a program
 *   vlsp_fn_prog    PROG_ARRAY[VLSP_FN_MAX]
 *   vlsp_fn_count   ARRAY[VLSP_FN_MAX * ncpu] mmap   struct vlsp_fn_count at index * ncpu + cpu
 *   vlsp_cut        ARRAY[1]                  struct vlsp_cut
 *   vlsp_tap        HASH[VLSP_PORT_MAX]       struct vlsp_taps by port
 *   vlsp_tap_ring   ARRAY_OF_MAPS[VLSP_TAP_MAX] -> RINGBUF: struct vlsp_tap_frame, read by a
 * capture vlsp_tap_filter PROG_ARRAY[VLSP_TAP_MAX] vlsp_tap_count  ARRAY[VLSP_TAP_MAX * ncpu] mmap
 * struct vlsp_tap_count at index * ncpu + cpu
 */
#ifndef VLSP_SHARED_MAPS_H
#define VLSP_SHARED_MAPS_H

#include <linux/types.h>

#include "include/shared/emulate.h"
#include "include/shared/function.h"
#include "include/shared/hint.h"

#define VLSP_SLOT_MAX	 16384
#define VLSP_PORT_MAX	 65536
#define VLSP_PORT_FIRST	 16
#define VLSP_ADDR_MAX	 65536 /* the network's prefix is /16 or longer */
#define VLSP_COUNT_CHUNK 256
#define VLSP_FIB_MIN	 1024 /* smallest capacity of a FIB; capacities are powers of two */

/*
 * Pinned maps and attached programs outlive the daemon that made them; the next one takes them over
 * only if it knows their layout. To be increased with every change of the records here, of the set
 * of maps, and of what programs, router processes and daemon expect of one another by them.
 */
#define VLSP_LAYOUT 6

struct vlsp_conf {
	__be32 network; /* first address of the virtual network, network byte order */
	__be32 mask;
	__u32 ncpu;   /* possible CPUs: the stride of vlsp_count */
	__u32 layout; /* VLSP_LAYOUT of those who made this */
	__u32 real;   /* not 0: there are shaped links, so edges send no segments for later */
	__u32 cuts;   /* not 0: vlsp_cut says of which flows they send none */
};

struct vlsp_addr {   /* arrays are laid out by 8 bytes, which a mapping shows */
	__u32 slot1; /* slot + 1 of the router with that address, 0: nobody */
	__u32 reserved;
};

enum vlsp_router_flags {
	VLSP_ROUTER_CHAIN = 1 << 0, /* vlsp_chain has one for it */
	VLSP_ROUTER_TAP = 1 << 1,   /* vlsp_tap has something for its edge */
};

struct vlsp_router {
	__be32 address; /* 0: slot not in use; if edge is not 0, its FIB is being written */
	__u32 edge;	/* port number for the edge's counters */
	__u32 flags;	/* enum vlsp_router_flags */
	__u32 reserved;
	struct vlsp_hint hint; /* of its chain */
	struct vlsp_hint tap;  /* of the captures of its edge */
};

enum vlsp_port_flags {
	VLSP_PORT_VALID = 1 << 0,
	VLSP_PORT_SILENT = 1 << 1, /* drop every frame in both directions; carrier stays */
	VLSP_PORT_QUEUE = 1 << 2,  /* send by the device's queue (redirect), not by redirect_peer */
	VLSP_PORT_SHAPED = 1 << 3, /* vlsp_shape says what happens to what is sent */
	VLSP_PORT_CHAIN = 1 << 4,  /* the router has a chain */
	VLSP_PORT_TAP = 1 << 5,	   /* vlsp_tap has something for it */
	VLSP_PORT_TAP_OUT = 1 << 6, /* of what is sent into it; or it has a shape, which drops */
};

struct vlsp_port {
	__u32 slot;	      /* router that owns the end */
	__be32 address;	      /* that router's address, so that a hop needs one look-up less */
	__u32 flags;	      /* enum vlsp_port_flags */
	__u32 link;	      /* link id, for people and captures */
	struct vlsp_hint tap; /* of its captures */
};

struct vlsp_hello {
	__u64 heard_ns; /* CLOCK_MONOTONIC of the last hello with VDP_HELLO_HEARD */
	__u64 seen_ns;	/* CLOCK_MONOTONIC of the last hello */
	__u32 epoch;	/* of the neighbour, host byte order */
	__u32 reserved;
};

struct vlsp_fib {
	__u32 port; /* ifindex of the link end to send on; 0: no route. Written as one 64-bit store
		     */
	__u32 metric; /* distance to the destination, for people */
};

enum vlsp_self {
	VLSP_SELF_ARRIVE,
	VLSP_SELF_DEPART,
	VLSP_SELF_RESUME,
	VLSP_SELF_GO,
	VLSP_SELF_LEAVE,
	VLSP_SELF_PROGRAMS
};

/* Why a datagram was dropped. Names for people: bpf/loader/causes.c. */
enum vlsp_drop {
	VLSP_DROP_VERSION,
	VLSP_DROP_LENGTH,
	VLSP_DROP_CHECKSUM,
	VLSP_DROP_TTL,
	VLSP_DROP_NO_ROUTE,
	VLSP_DROP_DOWN,	       /* the link to go out by is down or gone */
	VLSP_DROP_SILENT,      /* the link drops frames silently */
	VLSP_DROP_UNSUPPORTED, /* IPv4 options, or not for this network */
	VLSP_DROP_TOO_BIG,
	VLSP_DROP_QUEUE,
	VLSP_DROP_LOSS,	    /* link emulation */
	VLSP_DROP_OVERRUN,  /* the relay did not keep up */
	VLSP_DROP_FUNCTION, /* a network function dropped it, or its policy did */
	VLSP_DROP_CAUSES
};

/*
 * Per port and CPU. For a link end: rx what arrived from the link, tx what was sent into it.
 * For an edge: rx what was delivered to the router's own stack, tx what its programs sent.
 * A drop is counted at the port by which the frame came in; SILENT and what emulation drops (LOSS,
 * QUEUE, OVERRUN) at the port that it would have left by, where tx has counted it, too.
 */
struct vlsp_count {
	__u64 rx_packets, rx_bytes; /* bytes: of the datagram, without the Ethernet header */
	__u64 tx_packets, tx_bytes;
	__u64 drop[VLSP_DROP_CAUSES];
	__u64 reserved[20 - VLSP_DROP_CAUSES];
};

_Static_assert(sizeof(struct vlsp_addr) == 8, "stride of a mapped array");
_Static_assert(sizeof(struct vlsp_fib) == 8, "one store");
_Static_assert(sizeof(struct vlsp_port) == 32, "shared layout");
_Static_assert(sizeof(struct vlsp_router) == 48, "shared layout");
_Static_assert(sizeof(struct vlsp_count) == 192, "three cache lines");

#endif
