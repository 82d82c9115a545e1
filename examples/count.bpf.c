// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network function as an eBPF object: counts the datagrams of each protocol, and drops those to
 * UDP port 9. Documentation/functions.md, "eBPF objects", says how to build and start it.
 *
 * It gets frames from the Ethernet header on; behind that is VDP's network part, which has the
 * protocol at 2 and, for UDP, the destination port at 22 (Documentation/wire.md).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
	__u8 protocol;
	__u16 port;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + 2, &protocol, sizeof(protocol)))
		return TC_ACT_SHOT;
	__u32 key = protocol;
	__u64 *n = bpf_map_lookup_elem(&protocols, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
	if (protocol == IPPROTO_UDP &&
	    !bpf_skb_load_bytes(skb, ETH_HLEN + 22, &port, sizeof(port)) && port == bpf_htons(9))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char count_license[] SEC("license") = "GPL";
