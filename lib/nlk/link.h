/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builders of messages about network devices: veth pairs, setting, deleting (rtnetlink(7)). */
#ifndef VLSP_LIB_NLK_LINK_H
#define VLSP_LIB_NLK_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/nlk/batch.h"

struct nlk_veth_end {
	const char *name; /* at most 15 characters */
	uint32_t index;	  /* ifindex to be given; unique in its namespace */
	uint8_t mac[6];
};

/* Makes a veth pair, one queue each, down: end[0] in the namespace of the socket, end[1] in that
 * of peer_ns (a namespace descriptor, used when the batch is sent). Refused with EEXIST (name, or
 * EBUSY for an index that is taken in either namespace). mtu in bytes. */
void nlk_link_veth(struct nlk_batch *batch, const struct nlk_veth_end end[2], uint32_t mtu,
		   int peer_ns);

enum nlk_link_bit {
	NLK_LINK_UP = 1 << 0,	 /* flags: administratively up */
	NLK_LINK_DOWN = 1 << 1,	 /* flags: down; never with UP */
	NLK_LINK_MTU = 1 << 2,	 /* mtu */
	NLK_LINK_ALIAS = 1 << 3, /* alias */
	NLK_LINK_GROUP = 1 << 4, /* group */
	NLK_LINK_NO_LL = 1 << 5, /* no IPv6 link-local address by itself: before UP.
				   Refused with EAFNOSUPPORT by a kernel without IPv6 */
	NLK_LINK_GSO = 1 << 6,	 /* gso_segs: of the largest frame that sockets hand to it */
};

struct nlk_link_change {
	unsigned set; /* enum nlk_link_bit */
	uint32_t mtu, group, gso_segs;
	const char *alias; /* at most 255 bytes */
};

/* Changes the device of that index. Refused with ENODEV when there is none. */
void nlk_link_set(struct nlk_batch *batch, uint32_t index, const struct nlk_link_change *change);

/* Deletes the device (and a veth's other end); 15 to 25 ms of RCU grace periods each. */
void nlk_link_del(struct nlk_batch *batch, uint32_t index);
/* Deletes all devices of the group in the socket's namespace at the price of one. */
void nlk_link_del_group(struct nlk_batch *batch, uint32_t group);

/* Asks whether the device is there: refused with ENODEV when not. */
void nlk_link_get(struct nlk_batch *batch, uint32_t index);

#endif
