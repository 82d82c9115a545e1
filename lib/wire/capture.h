/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between vlsp capture and the daemon, by frames (frame.h) over RUNTIME/capture.sock. A connection
 * is one capture; when it ends, however it does, the daemon takes the capture's taps away.
 *
 *   vlsp -> daemon   CAPTURE_ASK     struct capture_ask, then the filter's text
 *                    CAPTURE_COUNT   empty: asks for COUNTS
 *                    CAPTURE_STOP    empty: nothing is captured any more; COUNTS follow, then final
 *   daemon -> vlsp   CAPTURE_ERROR   text: why there is no capture, or why it ends
 *                    CAPTURE_ENDS    uint32_t n; descriptor of a sealed memfd with n struct
 * capture_end CAPTURE_RING    struct capture_given; descriptor of the ring, of struct
 *                                    vlsp_tap_frame. Both are the answer to ASK, and then it runs
 *                    CAPTURE_END     struct capture_end: it is so from now on
 *                    CAPTURE_GONE    uint32_t port: it, its link, or its router was deleted
 *                    CAPTURE_COUNTS  struct capture_counts
 */
#ifndef VLSP_LIB_WIRE_CAPTURE_H
#define VLSP_LIB_WIRE_CAPTURE_H

#include <stdint.h>

#include "lib/base/name.h"

#define CAPTURE_VERSION	    1
#define CAPTURE_SOCKET	    "capture.sock" /* in the runtime directory */
#define CAPTURE_OF_SIZE	    224		   /* L, R or R:PORT, with its NUL */
#define CAPTURE_SHAPE_SIZE  400
#define CAPTURE_RING_MIN    (64u << 10)
#define CAPTURE_RING_MAX    (64u << 20)
#define CAPTURE_SNAPLEN_MAX 65550 /* an Ethernet header and the largest datagram */

enum capture_flags {
	CAPTURE_A_TO_B = 1 << 0, /* of a link: this direction only */
	CAPTURE_B_TO_A = 1 << 1,
	CAPTURE_DROPS = 1 << 2,	     /* nothing but what is dropped */
	CAPTURE_NO_CONTROL = 1 << 3, /* without hellos and routing messages */
};

struct capture_ask {
	uint32_t version;
	uint32_t flags;	  /* enum capture_flags */
	uint32_t snaplen; /* bytes of a frame; 1 .. CAPTURE_SNAPLEN_MAX */
	uint32_t ring;	  /* bytes; a power of two */
	char of[CAPTURE_OF_SIZE];
};

struct capture_given {
	uint32_t ends;
	uint32_t reserved;
	char of[CAPTURE_OF_SIZE]; /* for people: "link a-b", "router r1" */
};

/* A port that is tapped: one end of a link, or a router's edge. */
struct capture_end {
	uint32_t port;
	uint32_t link; /* id; 0: an edge */
	uint32_t side; /* 0: end A, 1: end B */
	uint32_t reserved;
	char router[NAME_SIZE];
	char device[16]; /* "to-r2"; "edge" */
	char name[LINK_NAME_SIZE];
	char peer[NAME_SIZE];		  /* the router at the other end */
	char arrives[CAPTURE_SHAPE_SIZE]; /* shape of the direction that ends here; "": none */
	char leaves[CAPTURE_SHAPE_SIZE];  /* that begins here */
};

struct capture_counts {
	uint64_t matched;
	uint64_t lost;	/* of these: there was no room in the ring */
	uint64_t queue; /* datagrams that queues of the links dropped meanwhile: no frame is of
			   these */
	uint32_t final; /* answers STOP */
	uint32_t reserved;
};

#endif
