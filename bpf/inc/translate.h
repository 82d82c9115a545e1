/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPv4 header to VDP network part and back, in place: both have 20 bytes and what follows them is
 * not touched. The rules are in Documentation/wire.md, "Translation".
 */
#ifndef VLSP_BPF_INC_TRANSLATE_H
#define VLSP_BPF_INC_TRANSLATE_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/inc/csum.h"
#include "include/shared/flow.h"
#include "include/shared/vdp.h"

#define IPV4_DF	    0x4000
#define IPV4_MF	    0x2000
#define IPV4_OFFSET 0x1fff
#define IPV4_PLAIN  0x45 /* version 4, five words: no options */

/* ports: the first 32 bits of the transport header, as on the wire; 0 where there are none. */
static __always_inline __be32 translate_flow(__be32 src, __be32 dst, __u8 protocol, __be32 ports)
{
	return bpf_htonl(flow_id(bpf_ntohl(src), bpf_ntohl(dst), protocol, bpf_ntohl(ports)));
}

/* ip and vdp are the same bytes; all fields are read before one is written. */
static __always_inline void translate_to_vdp(void *bytes, __be32 ports)
{
	struct iphdr *ip = bytes;
	struct vdp_hdr *vdp = bytes;
	__be32 src = ip->saddr, dst = ip->daddr;
	__u8 ttl = ip->ttl, protocol = ip->protocol, tos = ip->tos;
	__be16 id = ip->id, frag = ip->frag_off;
	__u8 flags = 0;
	__u32 stamp;

	if (frag & bpf_htons(IPV4_MF | IPV4_OFFSET)) {
		flags = VDP_FLAG_FRAGMENT;
		stamp = (__u32)bpf_ntohs(id) << 16 | bpf_ntohs(frag);
		ports = 0; /* only the first fragment has them: one flow for all */
	} else {
		stamp = bpf_ktime_get_ns() / 1000;
	}
	vdp->version_flags = VDP_VERSION << 4 | flags;
	vdp->ttl = ttl;
	vdp->protocol = protocol;
	vdp->tclass = tos;
	vdp->src = src;
	vdp->dst = dst;
	vdp->flow = translate_flow(src, dst, protocol, ports);
	vdp->stamp = bpf_htonl(stamp);
}

/* length: of the datagram with its network part; 0 stands for more than IPv4 can say. */
static __always_inline void translate_to_ipv4(void *bytes, __u32 length)
{
	struct vdp_hdr *vdp = bytes;
	union {
		struct iphdr ip;
		__u32 word[5];
	} h;
	__u32 fragment = IPV4_DF;

	if (vdp->version_flags & VDP_FLAG_FRAGMENT)
		fragment = bpf_ntohl(vdp->stamp);
	h.ip.version = 4;
	h.ip.ihl = 5;
	h.ip.tos = vdp->tclass;
	h.ip.tot_len = bpf_htons(length);
	h.word[1] = bpf_htonl(fragment);
	h.ip.ttl = vdp->ttl;
	h.ip.protocol = vdp->protocol;
	h.ip.check = 0;
	h.ip.saddr = vdp->src;
	h.ip.daddr = vdp->dst;
	h.ip.check = ~csum_fold64((__u64)h.word[0] + h.word[1] + h.word[2] + h.word[3] + h.word[4]);
	__builtin_memcpy(bytes, &h, sizeof(h));
}

#endif
