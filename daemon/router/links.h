/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The links of this router: which neighbour is on which port, hellos and greetings, who is up. Time
 * and the outside are given (links_ops), so it runs without sockets in tests.
 */
#ifndef VLSP_DAEMON_ROUTER_LINKS_H
#define VLSP_DAEMON_ROUTER_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/router/live.h"
#include "include/shared/maps.h"
#include "include/shared/vdp.h"
#include "lib/wire/frame.h"

struct links;

struct link {
	uint32_t port;	  /* ifindex of our end */
	uint32_t weight;  /* 1 .. 65535 */
	uint32_t peer;	  /* address, host byte order */
	uint32_t greeted; /* epoch to which we said that we hear it; 0: none */
	bool named;	  /* since links_unname() */
	uint64_t wary_ns; /* when hellos fell silent: only a later hello is believed; 0: not so */
	struct live live;
};

struct links_hello { /* one hello or greeting to be sent */
	uint32_t port, peer;
	struct vdp_hello payload;
};

/* Called by the functions below; must not call back into links. */
struct links_ops {
	/* kind: VDP_CTL_HELLO or VDP_CTL_GREET. What cannot be sent is lost. */
	void (*send)(void *arg, uint16_t kind, const struct links_hello *hellos, size_t count);
	/* cause: enum frame_link_cause */
	void (*up)(void *arg, const struct link *link, uint32_t cause);
	void (*down)(void *arg, const struct link *link, uint32_t cause);
	/* How long a process of this machine may have to wait for a processor now; 0: not worth
	 * mentioning. Asked only when a neighbour is about to be declared lost. */
	uint64_t (*wait_ns)(void *arg, uint64_t now_ns);
};

/* records: the mapped vlsp_hello, VLSP_PORT_MAX entries, or NULL; epoch: ours, not 0. */
int links_new(const struct vlsp_hello *records, uint32_t epoch, const struct links_ops *ops,
	      void *arg, struct links **ret_links);
void links_free(struct links *links); /* NULL is fine */

/* hello_ns: interval, > 0; dead_ns: silence that makes a link lost, > hello_ns. Takes effect at the
 * next links_run(). */
void links_timing(struct links *links, uint64_t now_ns, uint64_t hello_ns, uint64_t dead_ns);

/* Adds a link and greets at once. A known port: only the weight changes, unless the peer is another
 * one: then it is a new link. 0, -EINVAL (port, weight), -ENOMEM. */
int links_add(struct links *links, uint64_t now_ns, uint32_t port, uint32_t weight, uint32_t peer);
/* 0, -ENOENT, -EINVAL. *ret_changed: the link is up and its weight is another now. */
int links_weight(struct links *links, uint32_t port, uint32_t weight, bool *ret_changed);
/* down() is called if the link was up. 0 or -ENOENT. */
int links_del(struct links *links, uint32_t port);

/* Forgets which links were named by links_add() and links_weight(). */
void links_unname(struct links *links);
/* The last link that was not named since; NULL: all were. */
const struct link *links_unnamed(const struct links *links);

/* From now on this is another incarnation, as after a restart: all neighbours are greeted, and
 * begin anew with us. Our view of them stays. epoch: not 0, not the one before. */
void links_renew(struct links *links, uint64_t now_ns, uint32_t epoch);

/* A greeting came in by port. */
void links_greeted(struct links *links, uint64_t now_ns, uint32_t port,
		   const struct vdp_hello *greeting);
/* The neighbour on port sent something that it sends only while it hears us. */
void links_heard(struct links *links, uint64_t now_ns, uint32_t port);
/* The kernel says whether the port has carrier. Ports that are not ours are ignored. */
void links_carrier(struct links *links, uint64_t now_ns, uint32_t port, bool carrier);

/* Sends hellos when due and judges all links; returns the absolute time of the next call. */
uint64_t links_run(struct links *links, uint64_t now_ns);

const struct link *links_find(const struct links *links, uint32_t port); /* NULL: none */
size_t links_count(const struct links *links);
const struct link *links_at(const struct links *links, size_t index); /* in order of port */
uint32_t links_up(const struct links *links);			      /* number of links up */

#endif
