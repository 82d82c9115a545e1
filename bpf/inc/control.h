/* SPDX-License-Identifier: GPL-2.0-only */
/* Control datagrams between neighbours: hellos end here, the rest is for the router's process. */
#ifndef VLSP_BPF_INC_CONTROL_H
#define VLSP_BPF_INC_CONTROL_H

#include <stdbool.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "bpf/inc/frame.h"
#include "bpf/inc/maps.h"

#define CONTROL_BAD (-4) /* not a verdict: it is too short */

static __always_inline int control(struct __sk_buff *skb, __u32 ifindex)
{
	struct vdp_hello hello;
	struct vlsp_hello *record = bpf_map_lookup_elem(&vlsp_hello, &ifindex);
	void *data = linear(skb, UDP_END);

	if (!data)
		return CONTROL_BAD;
	struct vdp_udp *udp = data + NET_END;

	if (udp->sport != bpf_htons(VDP_CTL_HELLO))
		return TC_ACT_OK;
	if (!record || bpf_skb_load_bytes(skb, UDP_END, &hello, sizeof(hello)))
		return CONTROL_BAD;
	__u64 now = bpf_ktime_get_ns();

	record->epoch = bpf_ntohl(hello.epoch);
	if (hello.flags & bpf_htonl(VDP_HELLO_HEARD))
		record->heard_ns = now;
	record->seen_ns = now;
	return TC_ACT_SHOT;
}

#endif
