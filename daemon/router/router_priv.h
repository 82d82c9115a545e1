/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The router's state, shared by router.c, router_frame.c and report.c. */
#ifndef VLSP_DAEMON_ROUTER_ROUTER_PRIV_H
#define VLSP_DAEMON_ROUTER_ROUTER_PRIV_H

#include <stdbool.h>

#include "daemon/router/carrier.h"
#include "lib/wire/chan.h"
#include "daemon/router/fib.h"
#include "daemon/router/icmp.h"
#include "daemon/router/links.h"
#include "daemon/router/packet.h"
#include "daemon/router/proto.h"
#include "daemon/router/router.h"

struct report {
	struct frame_rib seen; /* the table when it last changed */
	struct frame_rib told; /* what the daemon was told last */
	uint64_t changed_ns;   /* last change of seen */
	uint64_t first_ns;     /* first change that the daemon was not told of; 0: none */
	uint64_t told_ns;
	bool must; /* to be told even if nothing changed */
};

struct router {
	struct spawn_request request;
	struct router_maps maps;
	uint32_t capacity; /* of maps.fib */
	uint32_t epoch;
	struct frame_config config;
	bool configured;

	struct loop *loop;
	struct chan *chan;
	struct links *links;
	struct packet *packet;
	struct carrier *carrier;
	struct fib *fib;
	struct proto *proto; /* NULL in central mode */
	struct loop_timer *links_timer, *proto_timer, *report_timer, *retry_timer;

	bool links_changed; /* since the last router_settle() */
	struct report report;
	uint64_t central_version;     /* FRAME_FIB frames taken */
	uint64_t load_ns, load_at_ns; /* what load_wait_ns() said, and when */
	struct icmp_limit icmp_limit;
	int icmp_sock;
	uint64_t icmp_suppressed, undecided;
};

/* router_frame.c: what the daemon says. */
extern const struct chan_ops router_chan_ops;

/* router.c: runs the protocol once after a batch of events, and looks what is to be reported. */
void router_settle(struct router *router);
/* Starts the protocol (distributed) or ends it (central). 0 or -errno: nothing changed. */
int router_set_mode(struct router *router, enum frame_mode mode);
/* Runs the links' hellos and judgement now. */
void router_links_run(struct router *router);

/* report.c: what the daemon is told. */
void report_update(struct router *router, uint64_t now_ns);
void report_timer(void *arg); /* struct router */
void report_link(struct router *router, const struct link *link, uint32_t cause);
void report_all(struct router *router); /* links and table, to a daemon that came back */
void report_routes(struct router *router, uint32_t cookie);

#endif
