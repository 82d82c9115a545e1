/* SPDX-License-Identifier: GPL-2.0-only */
/* What functions and cuts ask of datagrams. */
#ifndef VLSP_BPF_INC_MATCH_H
#define VLSP_BPF_INC_MATCH_H

#include <stdbool.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "bpf/inc/frame.h"
#include "bpf/inc/maps.h"
#include "include/shared/match.h"

static __always_inline void fields_ports(struct match_fields *fields, __be32 ports)
{
	__u32 both = bpf_ntohl(ports);

	fields->sport = both >> 16;
	fields->dport = both;
	fields->has_ports = 1;
}

/* Of a frame of VDP. Not 0: it is none. */
static __noinline int fields_of(struct __sk_buff *skb, struct match_fields *fields)
{
	void *data = packet(skb);
	struct vdp_hdr *vdp = data + ETH_HLEN, copy;
	__be32 ports;
	bool has;

	if (data + META_END + sizeof(ports) <= packet_end(skb)) {
		has = true;
		ports = *(__be32 *)(data + transport_at(vdp));
	} else {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &copy, sizeof(copy)))
			return -1;
		vdp = &copy;
		has = !bpf_skb_load_bytes(skb, transport_at(vdp), &ports, sizeof(ports));
	}
	fields->src = vdp->src;
	fields->dst = vdp->dst;
	fields->flow = vdp->flow;
	fields->protocol = vdp->protocol;
	fields->sport = fields->dport = 0;
	fields->has_ports = 0;
	if (has && (vdp->protocol == IPPROTO_UDP || vdp->protocol == IPPROTO_TCP) &&
	    !(vdp->version_flags & VDP_FLAG_FRAGMENT))
		fields_ports(fields, ports);
	return 0;
}

static __noinline int match(const struct vlsp_match *m, const struct match_fields *fields)
{
	return match_hit(m, fields);
}

struct cut_look {
	struct match_fields fields;
	bool found;
};

static long cut_look(__u32 i, void *arg)
{
	struct cut_look *look = arg;
	__u32 zero = 0;
	struct vlsp_cut *cut = bpf_map_lookup_elem(&vlsp_cut, &zero);

	__u64 at = i; /* what is compared is what is used: for the verifier */

	asm volatile("" : "+r"(at));
	if (!cut || at >= VLSP_CUT_MAX || at >= cut->count)
		return 1;
	if (match(&cut->match[at], &look->fields))
		look->found = true;
	return look->found;
}

/* Whether segments of that flow are wanted one by one. */
static __noinline int cut_wanted(const struct match_fields *fields)
{
	__u32 zero = 0;
	struct vlsp_cut *cut = bpf_map_lookup_elem(&vlsp_cut, &zero);
	struct cut_look look = {.fields = *fields};

	if (!cut)
		return 0;
	if (cut->count > VLSP_CUT_MAX)
		return 1;
	bpf_loop(VLSP_CUT_MAX, cut_look, &look, 0);
	return look.found;
}

#endif
