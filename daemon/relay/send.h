/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending frames into links: one packet socket a router, many frames a system call. */
#ifndef VLSP_DAEMON_RELAY_SEND_H
#define VLSP_DAEMON_RELAY_SEND_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/relay/hold.h"

#define SEND_MAX 64 /* packets of one send_packets() */

struct sender;

int sender_new(struct sender **ret_sender); /* 0 or -ENOMEM */
void sender_free(struct sender *sender);    /* closes sockets; NULL is fine */

/* sock: an AF_PACKET, SOCK_RAW socket in the router's namespace with PACKET_VNET_HDR; becomes the
 * sender's. -1: the router has gone. 0 or -EINVAL (then sock is still the caller's). */
int sender_router(struct sender *sender, uint32_t slot, int sock);

enum send_lost {
	SEND_OVERRUN = 1, /* the kernel takes no more at the moment */
	SEND_GONE,	  /* the router, or the device, is gone or down */
};

/* Sends all; sets lost[i], enum send_lost, of those that the kernel did not take. Those of one slot
 * leave in order. */
void send_packets(struct sender *sender, struct packet *const *packets, const uint32_t *slots,
		  const uint32_t *ports, size_t count, uint8_t *lost);

#endif
