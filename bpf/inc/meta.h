/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that a datagram may have: struct vdp_meta, or padding in its place, which is what
 * Linux leaves of it in all fragments but the first. Others never come onto a link, nor from one.
 */
#ifndef VLSP_BPF_INC_META_H
#define VLSP_BPF_INC_META_H

#include <stdbool.h>
#include <bpf/bpf_endian.h>

#include "bpf/inc/frame.h"

#define META_PADDING 0x01010101 /* four times IPOPT_NOP */

static __always_inline bool meta_is(const struct vdp_meta *meta)
{
	return meta->type == VDP_META_TYPE && meta->length == VDP_META_LEN &&
	       meta->pointer == VDP_META_LEN + 1 && meta->magic == bpf_htonl(VDP_META_MAGIC);
}

static __always_inline bool meta_is_padding(const void *meta)
{
	const __u32 *words = meta;

	return words[0] == META_PADDING && words[1] == META_PADDING && words[2] == META_PADDING &&
	       words[3] == META_PADDING;
}

struct meta {
	__be32 flow;  /* 0: not said */
	__be32 ports; /* of the header behind, as on the wire; 0: there is none */
};

/* Of an IPv4 header of nine words. Not 0: its options are others. */
static __noinline int meta_read(struct __sk_buff *skb, struct meta *ret)
{
	struct vdp_meta meta;

	ret->flow = ret->ports = 0;
	if (bpf_skb_load_bytes(skb, NET_END, &meta, sizeof(meta)))
		return -1;
	bpf_skb_load_bytes(skb, META_END, &ret->ports, sizeof(ret->ports));
	if (meta_is(&meta))
		ret->flow = meta.flow;
	else if (!meta_is_padding(&meta))
		return -1;
	return 0;
}

#endif
