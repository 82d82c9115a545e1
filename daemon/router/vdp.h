/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VDP control datagrams (include/shared/vdp.h, Documentation/wire.md): encoding and checking. Pure.
 */
#ifndef VLSP_DAEMON_ROUTER_VDP_H
#define VLSP_DAEMON_ROUTER_VDP_H

#include <stddef.h>
#include <stdint.h>

#include "include/shared/vdp.h"

struct vdp_ctl_head {
	struct vdp_hdr net;
	struct vdp_udp dgram;
};

/* A checked control datagram. payload points into the frame. */
struct vdp_ctl {
	uint32_t src, dst; /* host byte order */
	uint16_t kind;	   /* VDP_CTL_* */
	const void *payload;
	size_t size;
};

/* Fills head for a payload of size bytes (at most VDP_MTU - VDP_HLEN) that is sent right behind it;
 * ttl 1, checksum included. Addresses in host byte order; stamp_us: the timestamp field. */
void vdp_ctl_encode(struct vdp_ctl_head *head, uint32_t src, uint32_t dst, uint16_t kind,
		    uint32_t stamp_us, const void *payload, size_t size);

/*
 * Checks a frame that starts at the network part: version, no fragment, ttl 1, protocol, lengths
 * and checksum; bytes behind the datagram's length are ignored. 0 or -EBADMSG.
 */
int vdp_ctl_decode(const void *frame, size_t size, struct vdp_ctl *ret_ctl);

#endif
