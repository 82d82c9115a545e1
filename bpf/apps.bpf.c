// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the sockets of applications send and receive, attached once to the control group of an
 * instance (unified hierarchy), above those of its applications. Only counts: everything passes.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "include/shared/apps.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, VLSP_APPS_COUNTED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct vlsp_app_count);
} vlsp_app_count SEC(".maps");

static __always_inline struct vlsp_app_count *count_of(struct __sk_buff *skb)
{
	__u64 id = bpf_skb_cgroup_id(skb);
	struct vlsp_app_count *count = bpf_map_lookup_elem(&vlsp_app_count, &id);
	struct vlsp_app_count none = {};

	if (count)
		return count;
	bpf_map_update_elem(&vlsp_app_count, &id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vlsp_app_count, &id);
}

static __always_inline __u64 packets_in(const struct __sk_buff *skb)
{
	return skb->gso_segs ? skb->gso_segs : 1;
}

SEC("cgroup_skb/ingress")
int vlsp_app_in(struct __sk_buff *skb)
{
	struct vlsp_app_count *count;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return 1;
	count = count_of(skb);
	if (count) {
		count->rx_packets += packets_in(skb);
		count->rx_bytes += skb->len;
	}
	return 1;
}

SEC("cgroup_skb/egress")
int vlsp_app_out(struct __sk_buff *skb)
{
	struct vlsp_app_count *count;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return 1;
	count = count_of(skb);
	if (count) {
		count->tx_packets += packets_in(skb);
		count->tx_bytes += skb->len;
	}
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
