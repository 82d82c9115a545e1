/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet socket of a router: EtherType 0x88B5 on all devices of its namespace. It gets what the
 * BPF programs pass up: control datagrams other than hellos, and datagrams that they could not
 * decide.
 */
#ifndef VLSP_DAEMON_ROUTER_PACKET_H
#define VLSP_DAEMON_ROUTER_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/router/links.h"
#include "daemon/router/vdp.h"
#include "lib/loop/loop.h"

#define PACKET_PORT_LOCAL 1 /* ifindex of lo: what the router's own programs sent */

struct packet;

struct packet_ops {
	/* A control datagram that vdp_ctl_decode() accepted. Pointers are valid during the call. */
	void (*control)(void *arg, uint32_t port, const struct vdp_ctl *ctl);
	/* Any other datagram, from its network part on: size bytes are there, wire_size came. */
	void (*data)(void *arg, uint32_t port, const void *frame, size_t size, size_t wire_size);
	/* After each batch of the calls above. */
	void (*batch_end)(void *arg);
};

struct packet_stats {
	uint64_t bad;	   /* control datagrams that were refused */
	uint64_t overflow; /* datagrams that the socket had no room for */
	uint64_t unsent;   /* datagrams that the kernel did not take */
};

int packet_new(struct loop *loop, const struct packet_ops *ops, void *arg,
	       struct packet **ret_packet);
void packet_free(struct packet *packet); /* NULL is fine */

/* Our address, host byte order: the source of what is sent. */
void packet_address(struct packet *packet, uint32_t address);

/* Sends hellos or greetings (kind), as many as there are, with as few system calls as possible. */
void packet_hellos(struct packet *packet, uint16_t kind, const struct links_hello *hellos,
		   size_t count);
/* Sends one control datagram; what cannot be sent is counted and lost. */
void packet_send(struct packet *packet, uint32_t port, uint32_t peer, uint16_t kind,
		 const void *payload, size_t size);

const struct packet_stats *packet_stats(const struct packet *packet);

#endif
