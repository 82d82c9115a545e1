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
#include "bpf/inc/maps.h"
#include "bpf/inc/meta.h"
#include "include/shared/flow.h"
#include "include/shared/vdp.h"

#define IPV4_DF	    0x4000
#define IPV4_MF	    0x2000
#define IPV4_OFFSET 0x1fff
#define IPV4_PLAIN  0x45 /* version 4, five words: no options */
#define IPV4_META   0x49 /* nine words: struct vdp_meta may follow */

/* ports: the first 32 bits of the transport header, as on the wire; 0 where there are none. */
static __always_inline __be32 translate_flow(__be32 src, __be32 dst, __u8 protocol, __be32 ports)
{
	return bpf_htonl(flow_id(bpf_ntohl(src), bpf_ntohl(dst), protocol, bpf_ntohl(ports)));
}

/*
 * Why IPv4 of a router's programs cannot become VDP (VLSP_DROP_CAUSES: it can). Control is what
 * processes say to each other, which does not come from sockets that make IPv4. meta: of options.
 */
static __always_inline enum vlsp_drop unfit(struct __sk_buff *skb, const struct iphdr *ip,
					    struct meta *meta)
{
	__u8 kind = *(const __u8 *)ip;

	if (ip->protocol == VDP_PROTO_CONTROL)
		return VLSP_DROP_UNSUPPORTED;
	if (kind != IPV4_PLAIN && (kind != IPV4_META || meta_read(skb, meta)))
		return VLSP_DROP_UNSUPPORTED;
	if (skb->len > ETH_HLEN + VDP_MTU && !skb->gso_size)
		return VLSP_DROP_TOO_BIG;
	return VLSP_DROP_CAUSES;
}

/*
 * ip and vdp are the same bytes; all fields are read before one is written. flow 0: the usual one.
 * flags: VDP_FLAG_OPTIONS or 0.
 */
static __always_inline void translate_to_vdp(void *bytes, __be32 ports, __be32 flow, __u8 flags)
{
	struct iphdr *ip = bytes;
	struct vdp_hdr *vdp = bytes;
	__be32 src = ip->saddr, dst = ip->daddr;
	__u8 ttl = ip->ttl, protocol = ip->protocol, tos = ip->tos;
	__be16 id = ip->id, frag = ip->frag_off;
	__u32 stamp;

	if (frag & bpf_htons(IPV4_MF | IPV4_OFFSET)) {
		flags |= VDP_FLAG_FRAGMENT;
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
	vdp->flow = flow ? flow : translate_flow(src, dst, protocol, ports);
	vdp->stamp = bpf_htonl(stamp);
}

/*
 * length: of the datagram with its network part; 0 stands for more than IPv4 can say. meta: the
 * options behind the network part, NULL: none.
 */
static __always_inline void translate_to_ipv4(void *bytes, __u32 length, void *meta)
{
	struct vdp_hdr *vdp = bytes;
	union {
		struct iphdr ip;
		__u32 word[5];
	} h;
	__u32 fragment = IPV4_DF, *words = meta;
	__u64 sum;

	if (vdp->version_flags & VDP_FLAG_FRAGMENT)
		fragment = bpf_ntohl(vdp->stamp);
	h.ip.version = 4;
	h.ip.ihl = meta ? 9 : 5;
	h.ip.tos = vdp->tclass;
	h.ip.tot_len = bpf_htons(length);
	h.word[1] = bpf_htonl(fragment);
	h.ip.ttl = vdp->ttl;
	h.ip.protocol = vdp->protocol;
	h.ip.check = 0;
	h.ip.saddr = vdp->src;
	h.ip.daddr = vdp->dst;
	sum = (__u64)h.word[0] + h.word[1] + h.word[2] + h.word[3] + h.word[4];
	if (meta)
		sum += (__u64)words[0] + words[1] + words[2] + words[3];
	h.ip.check = ~csum_fold64(sum);
	__builtin_memcpy(bytes, &h, sizeof(h));
}

#endif
