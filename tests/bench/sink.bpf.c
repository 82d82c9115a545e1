// SPDX-License-Identifier: GPL-2.0-only
/* The end of a forwarding benchmark: drops UDP datagrams, IPv4 or VDP, where they arrive. For
 * forward.sh. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "include/shared/vdp.h"

SEC("tc")
int sink(struct __sk_buff *skb)
{
	__u8 protocol = 0;

	if (skb->protocol == bpf_htons(VDP_ETHERTYPE))
		bpf_skb_load_bytes(skb, ETH_HLEN + 2, &protocol, 1);
	else if (skb->protocol == bpf_htons(ETH_P_IP))
		bpf_skb_load_bytes(skb, ETH_HLEN + 9, &protocol, 1);
	return protocol == VDP_PROTO_UDP ? TC_ACT_SHOT : TC_ACT_UNSPEC; /* on to the next filter */
}

char sink_license[] SEC("license") = "GPL";
