/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Records of network functions and captures that BPF programs, the daemon, libvlsp and vlsp capture
 * share; the maps that hold them are listed in maps.h.
 *
 * A chain is what a router does with datagrams before it decides where they go: up to
 * VLSP_CHAIN_MAX functions in order. Each takes what matches: out to a program (a ring; it comes
 * back by a packet socket on lo, see vlsp_resume), or through a BPF program (vlsp_fn_prog). Routers
 * without a chain pay nothing; ports of a router with one have VLSP_PORT_CHAIN.
 *
 * A tap copies what crosses a port to a ring. Ports with one have VLSP_PORT_TAP.
 *
 * A BPF program (of a function, or a tap's filter) is of type BPF_PROG_TYPE_SCHED_CLS and gets the
 * frame from its Ethernet header on. A function's returns 0 (TC_ACT_OK) or -1: pass; all else
 * drops.
 */
#ifndef VLSP_SHARED_FUNCTION_H
#define VLSP_SHARED_FUNCTION_H

#include <linux/types.h>

#define VLSP_CHAIN_MAX 16   /* functions of one router */
#define VLSP_FN_MAX    1024 /* functions of one instance: index of ring, program, counters */
#define VLSP_TAP_MAX   64   /* captures of one instance */
#define VLSP_TAPS_MAX  8    /* captures of one port */
#define VLSP_CUT_MAX   64   /* matches of struct vlsp_cut */

enum vlsp_match_flags { /* which fields count */
			VLSP_MATCH_FROM = 1 << 0,
			VLSP_MATCH_TO = 1 << 1,
			VLSP_MATCH_SRC = 1 << 2,
			VLSP_MATCH_DST = 1 << 3,
			VLSP_MATCH_PROTOCOL = 1 << 4,
			VLSP_MATCH_SPORT = 1 << 5,
			VLSP_MATCH_DPORT = 1 << 6,
			VLSP_MATCH_FLOW = 1 << 7,
			VLSP_MATCH_EITHER =
				1 << 8, /* SRC and DST (and ports) may be the other way round */
};

/* Addresses, ports and flow as on the wire. from, to: port of a link end, or of the router's edge
 * (its own programs). Control datagrams never match. Fragments match no ports. */
struct vlsp_match {
	__u32 flags; /* enum vlsp_match_flags */
	__u32 from, to;
	__be32 src, src_mask, dst, dst_mask;
	__u16 sport_min, sport_max, dport_min, dport_max; /* host byte order; ranges */
	__be32 flow;
	__u8 protocol;
	__u8 reserved[3];
};

enum vlsp_fn_kind { VLSP_FN_RING = 1, VLSP_FN_PROG = 2 };
enum vlsp_fn_flags { VLSP_FN_CLOSED = 1 << 0, VLSP_FN_DEAD = 1 << 1 /* policy applies to all */ };

struct vlsp_fn {
	__u32 index; /* below VLSP_FN_MAX */
	__u16 kind, flags;
	struct vlsp_match match;
	/* Not for the programs: */
	__u32 app;	       /* the application that it belongs to */
	__u16 order;	       /* where it wants to be in the chain */
	__u16 queue;	       /* bytes of its ring: 1 << queue; 0: none */
	char from[16], to[16]; /* names of the link ends in match; "": the edge, or not there */
};

struct vlsp_chain { /* HASH by slot; replaced as a whole */
	__u32 count;
	__u32 reserved;
	struct vlsp_fn fn[VLSP_CHAIN_MAX];
};

/* Counters of a function, ARRAY by index * ncpu + cpu, mmap. */
struct vlsp_fn_count {
	__u64 packets, bytes; /* given to it */
	__u64 dropped;	      /* by the BPF program, or for a closed policy */
	__u64 skipped;	      /* went on without it: no room, or dead, and open */
};

/*
 * In a function's ring: a datagram for it. In place of its Ethernet header it has the struct
 * vlsp_resume by which it goes on behind this function: to pass it, send data as it is.
 */
struct vlsp_fn_frame {
	__u64 arrived_ns; /* CLOCK_MONOTONIC */
	__u32 port;	  /* by which it came; of the edge: the edge's port */
	__u16 place;	  /* of this function in the chain; behind it: place + 1 */
	__u16 slot;	  /* of the router */
	__u32 length;	  /* of data */
	__u32 flags;	  /* 1: came from the router's own programs */
	__u8 data[];	  /* struct vlsp_resume, then VDP's network part */
};

/*
 * The Ethernet header of a frame that a function gives back, sent by a packet socket to lo: where
 * it goes on. In place of the two MAC addresses. Most checksums of UDP and TCP are the pseudo
 * header's sum alone (Documentation/wire.md, "Checksum"): who changes nothing that they cover says
 * so by PACKET_VNET_HDR, as daemon/relay/send.c does, else they have to be complete. The daemon
 * marks the socket when it makes it: whoever has it cannot do that, and so is heard for its router
 * only.
 */
#define VLSP_RESUME_MAGIC 0x564c
#define VLSP_RESUME_MARK  0x564c0000 /* | slot: SO_MARK of the socket, which says whose it is */
#define VLSP_RESUME_DROP  254	     /* at: nowhere, the function has dropped it */
#define VLSP_RESUME_END	  255	     /* at: behind all */
struct vlsp_resume {
	__be16 magic;
	__u8 at; /* position in the chain from which it goes on, or one of the above */
	__u8 reserved;
	__be32 port;	  /* by which it came: a link end of that router, or its edge */
	__be32 slot;	  /* of the router */
	__be16 ethertype; /* VDP_ETHERTYPE */
} __attribute__((packed));

/*
 * Large segments that edges cut into packets although no link is shaped: what functions with rings
 * match, as a frame of many segments cannot be given back. Without VLSP_MATCH_FROM and _TO, which
 * the edge cannot know for later routers. ARRAY[1]; vlsp_conf.cuts says whether it is looked at.
 */
struct vlsp_cut {
	__u32 count; /* above VLSP_CUT_MAX: all */
	__u32 reserved;
	struct vlsp_match match[VLSP_CUT_MAX];
};

/* What a port has of taps: HASH by port. */
enum vlsp_tap_flags {
	VLSP_TAP_RX = 1 << 0,	  /* what arrives by it (edge: what the router's programs send) */
	VLSP_TAP_TX = 1 << 1,	  /* what is sent into it (edge: what is delivered to them) */
	VLSP_TAP_DROPS = 1 << 2,  /* what is dropped at it */
	VLSP_TAP_FILTER = 1 << 3, /* vlsp_tap_filter has a program for it */
};
struct vlsp_taps {
	__u32 count;
	__u32 reserved;
	struct {
		__u16 index; /* below VLSP_TAP_MAX */
		__u16 flags; /* enum vlsp_tap_flags */
		__u32 snaplen;
	} tap[VLSP_TAPS_MAX];
};

/* In a tap's ring. */
enum vlsp_tap_fate {				/* of what is sent into a shaped link */
		     VLSP_TAP_CORRUPT = 1 << 0, /* a bit has been changed: data shows it */
		     VLSP_TAP_DUPLICATED = 1 << 1,
		     VLSP_TAP_RELAYED = 1 << 2, /* the relay has it, and sends it later */
};
enum vlsp_tap_what { VLSP_TAP_IS_RX = 1, VLSP_TAP_IS_TX, VLSP_TAP_IS_DROP };
struct vlsp_tap_frame {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 port;
	__u8 what;	/* enum vlsp_tap_what */
	__u8 cause;	/* of a drop: enum vlsp_drop */
	__u16 flags;	/* enum vlsp_tap_fate */
	__u32 length;	/* of the frame */
	__u32 captured; /* of data */
	__u8 data[];
};

/* Counters of a tap, ARRAY[VLSP_TAP_MAX * ncpu], mmap: index * ncpu + cpu. */
struct vlsp_tap_count {
	__u64 matched; /* the filter, or there is none */
	__u64 lost;    /* of these: no room in the ring */
};

_Static_assert(sizeof(struct vlsp_match) == 44, "shared layout");
_Static_assert(sizeof(struct vlsp_fn) == 92, "shared layout");
_Static_assert(sizeof(struct vlsp_fn_frame) == 24, "shared layout");
_Static_assert(sizeof(struct vlsp_resume) == 14, "in place of the Ethernet header");
_Static_assert(sizeof(struct vlsp_tap_frame) == 24, "shared layout");

#endif
