/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The virtual datagram protocol (VDP), version 1: the wire format between virtual routers.
 * The specification is Documentation/wire.md; this header is the only place where its numbers
 * are written. Used by the BPF programs and by user space. Everything is in network byte order.
 */
#ifndef VLSP_SHARED_VDP_H
#define VLSP_SHARED_VDP_H

#include <linux/types.h>

#define VDP_ETHERTYPE	0x88B5
#define VDP_VERSION	1
#define VDP_TTL_DEFAULT 64
#define VDP_HLEN	28 /* network part and datagram (UDP) part */
#define VDP_NET_HLEN	20 /* network part alone: the size of an IPv4 header */
#define VDP_MTU		1500

#define VDP_PROTO_ICMP	  1
#define VDP_PROTO_TCP	  6
#define VDP_PROTO_UDP	  17
#define VDP_PROTO_CONTROL 253 /* RFC 3692: for experiments; ours: between neighbours only */

#define VDP_FLAG_FRAGMENT 0x1 /* the timestamp field holds IPv4's id and fragment word */

#define VDP_FLAG_VERIFY 0x2 /* the checksum is complete and has to be verified by delivery */

#define VDP_FLAG_OPTIONS 0x4 /* struct vdp_meta, or as many bytes of padding, follows */

/* The network part. Protocol 17 is followed by struct vdp_udp, others by their own header. */
struct vdp_hdr {
	__u8 version_flags; /* version << 4 | flags */
	__u8 ttl;
	__u8 protocol;
	__u8 tclass; /* DSCP and ECN, as in IPv4 */
	__be32 src;
	__be32 dst;
	__be32 flow;
	__be32 stamp; /* microseconds at the source; in a fragment: IPv4 id << 16 | frag_off */
};

struct vdp_udp {
	__be16 sport;
	__be16 dport;
	__be16 length;	  /* bytes from this header's start to the end */
	__sum16 checksum; /* UDP's: pseudo header (src, dst, protocol, length) and all from here */
};

/*
 * How a program that uses IPv4 gives its datagram a flow id, and how another one learns flow id and
 * timestamp: an option of the IPv4 header in the shape of a timestamp option (RFC 791, section 3.1)
 * that is full, so that no stack writes into it. With VDP_FLAG_OPTIONS it stands between network
 * part and transport header.
 */
struct vdp_meta {
	__u8 type;    /* VDP_META_TYPE */
	__u8 length;  /* sizeof(struct vdp_meta) */
	__u8 pointer; /* length + 1: full */
	__u8 flags;   /* VDP_META_FLAGS when sent; not looked at */
	__be32 magic; /* VDP_META_MAGIC */
	__be32 flow;  /* sent: the flow id, 0: the usual one. Received: the datagram's */
	__be32 stamp; /* sent: 0. Received: the datagram's timestamp, 0: it has none (fragments) */
};
#define VDP_META_TYPE  68
#define VDP_META_FLAGS 3
#define VDP_META_MAGIC 0x564c5350 /* "VLSP" */
#define VDP_META_LEN   16

/* Where the transport header begins, counted from the network part; of a datagram's first byte. */
static inline __attribute__((always_inline)) __u32 vdp_transport_at(__u8 version_flags)
{
	return VDP_NET_HLEN + (version_flags & VDP_FLAG_OPTIONS ? VDP_META_LEN : 0);
}

/* Control datagrams (protocol 253): struct vdp_udp follows the network part with sport = kind. */
#define VDP_CTL_HELLO  1 /* payload struct vdp_hello; consumed by the receiver's BPF program */
#define VDP_CTL_ROUTES 2 /* payload: daemon/router/proto messages */
#define VDP_CTL_GREET  3 /* payload struct vdp_hello; wakes the receiving process: links come up */

#define VDP_HELLO_HEARD 0x1 /* the sender hears the receiver: the link works both ways */

struct vdp_hello {
	__be32 epoch; /* changes with each incarnation of the sending router process; never 0 */
	__be32 flags; /* VDP_HELLO_* */
};

_Static_assert(sizeof(struct vdp_meta) == VDP_META_LEN, "four words of IPv4 options");
_Static_assert(sizeof(struct vdp_hdr) == VDP_NET_HLEN, "network part is 20 bytes");
_Static_assert(sizeof(struct vdp_hdr) + sizeof(struct vdp_udp) == VDP_HLEN, "header is 28 bytes");

#endif
