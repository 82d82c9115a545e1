/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to a frame's bytes, for the programs and what they include. */
#ifndef VLSP_BPF_INC_FRAME_H
#define VLSP_BPF_INC_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

#include "include/shared/vdp.h"

#define NET_END	  (ETH_HLEN + VDP_NET_HLEN)
#define UDP_END	  (ETH_HLEN + VDP_HLEN)
#define META_END  (NET_END + VDP_META_LEN)
#define HELLO_END (UDP_END + sizeof(struct vdp_hello))

/*
 * First byte of the frame, and the end of what is linear. By hand, because clang may truncate the
 * fields, which it believes to be 32-bit numbers, and the verifier refuses that for pointers.
 */
static __always_inline void *packet(const struct __sk_buff *skb)
{
	void *data;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(data)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data)));
	return data;
}

static __always_inline void *packet_end(const struct __sk_buff *skb)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(end)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data_end)));
	return end;
}

/* The frame, with its first size bytes linear and writable; NULL when it is shorter. */
static __always_inline void *linear(struct __sk_buff *skb, __u32 size)
{
	void *data = packet(skb);

	if (data + size <= packet_end(skb))
		return data;
	if (bpf_skb_pull_data(skb, size))
		return NULL;
	data = packet(skb);
	return data + size <= packet_end(skb) ? data : NULL;
}

/* Where the transport header begins. */
static __always_inline __u32 transport_at(const struct vdp_hdr *vdp)
{
	return vdp->version_flags & VDP_FLAG_OPTIONS ? META_END : NET_END;
}

#endif
