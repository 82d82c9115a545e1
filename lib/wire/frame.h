/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames between vlspd's host role and the router processes, over a unix SEQPACKET socket
 * (RUNTIME/router.sock; the router connects, and connects again when the daemon has been away).
 * Same machine, so host byte order; one frame a packet, at most FRAME_MAX bytes; a list that does
 * not fit is sent as several frames. The receiver checks type and length of everything it gets.
 *
 *   router -> daemon  HELLO (first), READY (after CONFIG), RIB, LINK, ROUTES (answer to DUMP), PONG
 *   daemon -> router  CONFIG (answer to HELLO), LINKS, LINKS_END, FIB (central mode), DUMP, PING,
 *                     FIB_MAP, QUIT
 *
 * After HELLO and CONFIG the daemon names all links of the router by LINKS (as FRAME_LINK_ADD),
 * then says LINKS_END: links that were not named since the HELLO are dropped by the router, which
 * may have been running while the daemon was away. One that is named as it was goes on undisturbed.
 */
#ifndef VLSP_LIB_WIRE_FRAME_H
#define VLSP_LIB_WIRE_FRAME_H

#include <stdint.h>

#define FRAME_VERSION 2
#define FRAME_MAX     65536

enum frame_type {
	FRAME_HELLO = 1, /* struct frame_hello */
	FRAME_READY,	 /* empty */
	FRAME_RIB,	 /* struct frame_rib: when the table changed and came to rest for 1 ms */
	FRAME_LINK,	 /* struct frame_link_state */
	FRAME_ROUTES,	 /* struct frame_routes + count * struct frame_route */
	FRAME_PONG,	 /* uint32_t: that of the PING */

	FRAME_CONFIG = 64, /* struct frame_config; SCM_RIGHTS: none */
	FRAME_LINKS,	   /* count * struct frame_link */
	FRAME_FIB,	   /* count * struct frame_route, dst and port only (central mode) */
	FRAME_DUMP,	   /* uint32_t cookie */
	FRAME_FIB_MAP, /* uint32_t capacity; SCM_RIGHTS: the new, larger FIB map; the router copies,
			  then answers READY, then the daemon switches */
	FRAME_QUIT,    /* empty: leave at once */
	FRAME_LINKS_END, /* empty: all links have been named */
	FRAME_PING, /* uint32_t cookie: answered at once by PONG; a router that does not is hung */

	/* With the relay, over RUNTIME/relay.sock: lib/wire/relay.h. */
	FRAME_LINES = 128,
	FRAME_ACK,
	FRAME_RING = 192,
	FRAME_WAKE,
	FRAME_ROUTER,
	FRAME_ROUTER_GONE,
	FRAME_SYNC,
	FRAME_SHAPE,

	/* With the supervisor of applications, over RUNTIME/supervisor.sock: lib/wire/app.h. */
	FRAME_APP_STATE = 256,
	FRAME_APP_KNOWN,
	FRAME_APP_DATA,
	FRAME_APP_ASK,
	FRAME_APP_START = 320,
	FRAME_APP_STOP,
	FRAME_APP_SET,
	FRAME_APP_TELL,
	FRAME_APP_FD,
	FRAME_APP_FORGET,

	/* With vlsp capture, over RUNTIME/capture.sock: lib/wire/capture.h. */
	FRAME_CAPTURE_ASK = 448,
	FRAME_CAPTURE_COUNT,
	FRAME_CAPTURE_STOP,
	FRAME_CAPTURE_ERROR = 512,
	FRAME_CAPTURE_ENDS,
	FRAME_CAPTURE_RING,
	FRAME_CAPTURE_END,
	FRAME_CAPTURE_GONE,
	FRAME_CAPTURE_COUNTS,
};

struct frame_head {
	uint16_t type;
	uint16_t reserved;
	uint32_t length; /* of the whole frame, this head included */
};

struct frame_hello {
	uint32_t version;
	uint32_t slot;
	uint32_t pid;
	uint32_t fib; /* the kernel's id of the FIB map that it writes to; 0: not known. Another one
			 than bld_router_fib_id(): its daemon ended in the middle of FIB_MAP, which
			 has to be done again */
};

enum frame_mode { FRAME_MODE_DISTRIBUTED = 0, FRAME_MODE_CENTRAL = 1 };

struct frame_config {
	uint32_t address; /* host byte order */
	uint32_t network; /* host byte order */
	uint32_t prefix_len;
	uint32_t mode;	   /* enum frame_mode */
	uint32_t hello_us; /* interval between hellos */
	uint32_t dead_us;  /* silence after which a neighbour is gone */
};

enum frame_link_op { FRAME_LINK_ADD = 1, FRAME_LINK_SET = 2, FRAME_LINK_DEL = 3 };

struct frame_link {
	uint32_t op;	       /* enum frame_link_op */
	uint32_t port;	       /* ifindex of this router's end */
	uint32_t weight;       /* 1 .. 65535 */
	uint32_t peer_address; /* host byte order */
};

enum frame_link_cause { FRAME_CAUSE_HELLO = 1, FRAME_CAUSE_CARRIER = 2, FRAME_CAUSE_RESTART = 3 };

struct frame_link_state {
	uint32_t port;
	uint32_t up;	/* 1: both ways; 0: lost */
	uint32_t cause; /* enum frame_link_cause */
	uint32_t reserved;
};

struct frame_rib {
	uint64_t version;    /* grows with each change of a selected route */
	uint64_t metric_sum; /* over all reachable destinations */
	uint32_t reachable;  /* destinations with a route, itself not counted */
	uint32_t links_up;
	uint64_t ctl_rx, ctl_tx, ctl_bad; /* routing messages received, sent, refused */
};

struct frame_routes {
	uint32_t cookie;
	uint32_t more; /* 1: further frames with the same cookie follow */
};

struct frame_route {
	uint32_t dst;	  /* address, host byte order */
	uint32_t nexthop; /* address, host byte order */
	uint32_t port;	  /* ifindex; 0: none */
	uint32_t metric;
};

/*
 * Sends one frame: head, then body (may be NULL when length is 0), with at most one descriptor
 * (fd < 0: none). 0, -EAGAIN (the socket is full: nothing was sent), -EMSGSIZE or -errno.
 */
int frame_send(int sock, enum frame_type type, const void *body, uint32_t length, int fd);

/*
 * Receives one frame into buf (FRAME_MAX bytes). Returns the body's length, *ret_type, *ret_body
 * (inside buf) and *ret_fd (-1 or a descriptor that the caller owns). 0-length bodies are fine.
 * -EAGAIN: nothing there; -ECONNRESET: end of stream; -EPROTO: malformed.
 */
int frame_recv(int sock, void *buf, uint16_t *ret_type, const void **ret_body, int *ret_fd);

#endif
