/* SPDX-License-Identifier: GPL-2.0-only */
/* A datagram is for this router: what is verified, and how it gets to the router's own stack. */
#ifndef VLSP_BPF_INC_DELIVER_H
#define VLSP_BPF_INC_DELIVER_H

#include <stdbool.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include "bpf/inc/again.h"
#include "bpf/inc/count.h"
#include "bpf/inc/csum.h"
#include "bpf/inc/frame.h"
#include "bpf/inc/meta.h"
#include "bpf/inc/translate.h"

#define EDGE_IFINDEX 1 /* lo, in every namespace */

/*
 * Is the UDP part of a whole datagram right? VLSP_DROP_CAUSES if so, else the cause. A field that
 * holds the folded sum of the pseudo header is a checksum that the kernel left to be completed
 * (CHECKSUM_PARTIAL), which the datagram's own stack vouches for: the usual case, and cheap.
 */
static __always_inline enum vlsp_drop udp_check(struct __sk_buff *skb, bool options)
{
	void *data = options ? linear(skb, META_END + sizeof(struct vdp_udp))
			     : linear(skb, UDP_END);
	__u32 at = options ? META_END : NET_END, length = skb->len - at;
	struct vdp_hdr *vdp = data + ETH_HLEN;
	struct vdp_udp *udp = data + at;

	if (!data || bpf_ntohs(udp->length) != length)
		return VLSP_DROP_LENGTH;
	if (!udp->checksum)
		return VLSP_DROP_CAUSES;
	__u16 pseudo = csum_fold64(csum_pseudo(vdp->src, vdp->dst, IPPROTO_UDP, udp->length));

	if ((udp->checksum == pseudo && !(vdp->version_flags & VDP_FLAG_VERIFY)) ||
	    csum_valid(skb, at, length, pseudo))
		return VLSP_DROP_CAUSES;
	return VLSP_DROP_CHECKSUM;
}

/* A TCP segment that a link has changed on its way. The stack itself would believe the sender's. */
static __always_inline bool tcp_valid(struct __sk_buff *skb, const struct vdp_hdr *vdp, __u32 at)
{
	__u32 length = skb->len - at;

	return csum_valid(
		skb, at, length,
		csum_fold64(csum_pseudo(vdp->src, vdp->dst, IPPROTO_TCP, bpf_htons(length))));
}

/* Why it cannot be delivered; VLSP_DROP_CAUSES: it can. */
static __always_inline enum vlsp_drop fault(struct __sk_buff *skb, const struct vdp_hdr *vdp)
{
	enum vlsp_drop cause = VLSP_DROP_CAUSES;
	__u8 flags = vdp->version_flags, protocol = vdp->protocol;
	__u32 at = transport_at(vdp);
	struct meta meta;

	if (flags & VDP_FLAG_OPTIONS && skb->len < META_END)
		return VLSP_DROP_LENGTH;
	if (!(flags & VDP_FLAG_FRAGMENT)) {
		if (protocol == IPPROTO_UDP)
			cause = udp_check(skb, flags & VDP_FLAG_OPTIONS);
		else if (protocol == IPPROTO_TCP && flags & VDP_FLAG_VERIFY &&
			 !tcp_valid(skb, vdp, at))
			cause = VLSP_DROP_CHECKSUM;
	}
	if (cause == VLSP_DROP_CAUSES && flags & VDP_FLAG_OPTIONS && meta_read(skb, &meta))
		cause = VLSP_DROP_UNSUPPORTED;
	return cause;
}

/* The options of a datagram, which fault() has looked at, get what is known of it. */
static __always_inline void meta_write(struct vdp_meta *meta, const struct vdp_hdr *vdp)
{
	if (!meta_is(meta))
		return; /* padding */
	meta->flow = vdp->flow;
	meta->stamp = vdp->version_flags & VDP_FLAG_FRAGMENT ? 0 : vdp->stamp;
}

/*
 * Makes it IPv4 and gives it to the router's stack; counts it at the edge. To be called after
 * fault().
 */
static __always_inline int to_edge(struct __sk_buff *skb, const struct vlsp_conf *conf,
				   const struct vlsp_router *router)
{
	__u32 bytes = skb->len - ETH_HLEN;
	struct ethhdr *eth = linear(skb, NET_END);
	struct vdp_hdr *vdp = (void *)(eth + 1);
	void *meta = NULL;

	if (!eth)
		return TC_ACT_SHOT;
	if (vdp->version_flags & VDP_FLAG_OPTIONS) {
		eth = linear(skb, META_END);
		if (!eth)
			return TC_ACT_SHOT;
		vdp = (void *)(eth + 1);
		meta = vdp + 1;
		meta_write(meta, vdp);
	}
	translate_to_ipv4(vdp, bytes, meta);
	/* lo's address is all zeros; any other would make the frame one for somebody else. */
	__builtin_memset(eth->h_dest, 0, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	count_rx(count_row(conf, router->edge), bytes);
	skb->tc_index = DELIVERED;
	return bpf_redirect(EDGE_IFINDEX, BPF_F_INGRESS);
}

#endif
