// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path of all virtual routers of an instance. vlsp_in runs at the clsact ingress of every
 * link end: what a hop does to a datagram. vlsp_out runs at the clsact egress of each router's
 * edge device (lo): IPv4 becomes VDP and takes its first link. What they cannot decide is passed
 * to the router process' packet socket. What is not theirs is left to filters behind them
 * (TC_ACT_UNSPEC; without any it goes its usual way). Documentation/kernel.md has the reasons,
 * wire.md the format.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/inc/count.h"
#include "bpf/inc/csum.h"
#include "bpf/inc/emulate.h"
#include "bpf/inc/frame.h"
#include "bpf/inc/maps.h"
#include "bpf/inc/translate.h"
#include "include/shared/vdp.h"

#define EDGE_IFINDEX 1 /* lo, in every namespace */

/*
 * In tc_index: a large segment in a network where some link needs real packets. No device can cut
 * a frame of VDP, so vlsp_out lets it go as IPv4; lo, whose gso_max_segs is 1, makes packets of it,
 * and they come back at lo's ingress.
 */
#define CUT 0x5644

/* Port number towards dst in slot's FIB, 0: none. */
static __always_inline __u32 route(const struct vlsp_conf *conf, __u32 slot, __be32 dst)
{
	__u32 host = bpf_ntohl(dst & ~conf->mask);

	if ((dst ^ conf->network) & conf->mask)
		return 0;
	struct vlsp_addr *owner = bpf_map_lookup_elem(&vlsp_addr, &host);

	if (!owner || !owner->slot1)
		return 0;
	void *fib = bpf_map_lookup_elem(&vlsp_fib, &slot);

	if (!fib)
		return 0;
	__u32 to = owner->slot1 - 1;
	struct vlsp_fib *entry = bpf_map_lookup_elem(fib, &to);

	return entry ? entry->port : 0;
}

/*
 * Everything that is not the ordinary course of a hop, out of its way: counts the frame as received
 * at its port, unless the port is silent, and why it is dropped. Returns verdict.
 */
static __noinline int refuse(struct __sk_buff *skb, enum vlsp_drop cause, int verdict)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (conf) {
		struct vlsp_count *row = count_row(conf, skb->ifindex);

		if (cause != VLSP_DROP_SILENT)
			count_rx(row, skb->len - ETH_HLEN);
		count_drop(row, cause);
	}
	return verdict;
}

/* The link out drops silently: that is counted there, not where the frame came from. */
static __noinline int refuse_at(struct __sk_buff *skb, __u32 out)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (conf) {
		count_rx(count_row(conf, skb->ifindex), skb->len - ETH_HLEN);
		count_drop(count_row(conf, out), VLSP_DROP_SILENT);
	}
	return TC_ACT_SHOT;
}

/* A control datagram between neighbours: hellos end here, the rest is for the router's process. */
static __always_inline int control(struct __sk_buff *skb, const struct vlsp_conf *conf,
				   __u32 ifindex)
{
	struct vdp_hello hello;
	struct vlsp_hello *record = bpf_map_lookup_elem(&vlsp_hello, &ifindex);
	void *data = linear(skb, UDP_END);

	if (!data)
		return refuse(skb, VLSP_DROP_LENGTH, TC_ACT_SHOT);
	struct vdp_udp *udp = data + NET_END;
	bool is_hello = udp->sport == bpf_htons(VDP_CTL_HELLO);

	if (is_hello) {
		if (!record || bpf_skb_load_bytes(skb, UDP_END, &hello, sizeof(hello)))
			return refuse(skb, VLSP_DROP_LENGTH, TC_ACT_SHOT);
		__u64 now = bpf_ktime_get_ns();

		record->epoch = bpf_ntohl(hello.epoch);
		if (hello.flags & bpf_htonl(VDP_HELLO_HEARD))
			record->heard_ns = now;
		record->seen_ns = now;
	}
	count_rx(count_row(conf, ifindex), skb->len - ETH_HLEN);
	return is_hello ? TC_ACT_SHOT : TC_ACT_OK;
}

/*
 * Is the UDP part of a whole datagram right? VLSP_DROP_CAUSES if so, else the cause. A field that
 * holds the folded sum of the pseudo header is a checksum that the kernel left to be completed
 * (CHECKSUM_PARTIAL), which the datagram's own stack vouches for: the usual case, and cheap.
 */
static __always_inline enum vlsp_drop udp_check(struct __sk_buff *skb)
{
	void *data = linear(skb, UDP_END);

	if (!data)
		return VLSP_DROP_LENGTH;
	struct vdp_hdr *vdp = data + ETH_HLEN;
	struct vdp_udp *udp = data + NET_END;
	__u32 length = skb->len - NET_END;

	if (bpf_ntohs(udp->length) != length)
		return VLSP_DROP_LENGTH;
	if (!udp->checksum)
		return VLSP_DROP_CAUSES;
	__u16 pseudo = csum_fold64(csum_pseudo(vdp->src, vdp->dst, IPPROTO_UDP, udp->length));

	if ((udp->checksum == pseudo && !(vdp->version_flags & VDP_FLAG_VERIFY)) ||
	    csum_valid(skb, NET_END, length, pseudo))
		return VLSP_DROP_CAUSES;
	return VLSP_DROP_CHECKSUM;
}

/* A TCP segment that a link has changed on its way. The stack itself would believe the sender's. */
static __always_inline bool tcp_valid(struct __sk_buff *skb, const struct vdp_hdr *vdp)
{
	__u32 length = skb->len - NET_END;

	return csum_valid(
		skb, NET_END, length,
		csum_fold64(csum_pseudo(vdp->src, vdp->dst, IPPROTO_TCP, bpf_htons(length))));
}

/* The datagram is for this router: give it to the router's own stack as IPv4. */
static __always_inline int deliver(struct __sk_buff *skb, const struct vlsp_conf *conf, __u32 slot,
				   const struct vdp_hdr *vdp)
{
	__u32 bytes = skb->len - ETH_HLEN;

	if (vdp->protocol == IPPROTO_UDP && !(vdp->version_flags & VDP_FLAG_FRAGMENT)) {
		enum vlsp_drop cause = udp_check(skb);

		if (cause != VLSP_DROP_CAUSES)
			return refuse(skb, cause, TC_ACT_SHOT);
	} else if (vdp->protocol == IPPROTO_TCP &&
		   (vdp->version_flags & (VDP_FLAG_VERIFY | VDP_FLAG_FRAGMENT)) ==
			   VDP_FLAG_VERIFY &&
		   !tcp_valid(skb, vdp)) {
		return refuse(skb, VLSP_DROP_CHECKSUM, TC_ACT_SHOT);
	}
	struct ethhdr *eth = linear(skb, NET_END);

	if (!eth)
		return TC_ACT_SHOT;
	translate_to_ipv4(eth + 1, bytes);
	/* lo's address is all zeros; any other would make the frame one for somebody else. */
	__builtin_memset(eth->h_dest, 0, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);

	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);

	count_rx(count_row(conf, skb->ifindex), bytes);
	if (router)
		count_rx(count_row(conf, router->edge), bytes);
	return bpf_redirect(EDGE_IFINDEX, BPF_F_INGRESS);
}

SEC("tc")
int vlsp_in(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex, zero = 0;
	struct vlsp_port *port = bpf_map_lookup_elem(&vlsp_port, &ifindex);

	if (!port)
		return TC_ACT_UNSPEC;
	if (port->flags & VLSP_PORT_SILENT)
		return refuse(skb, VLSP_DROP_SILENT, TC_ACT_SHOT);
	if (skb->protocol != bpf_htons(VDP_ETHERTYPE))
		return TC_ACT_UNSPEC;
	if (!(port->flags & VLSP_PORT_VALID))
		return refuse(skb, VLSP_DROP_DOWN, TC_ACT_SHOT);

	void *data = linear(skb, NET_END);

	if (!data)
		return refuse(skb, VLSP_DROP_LENGTH, TC_ACT_SHOT);
	struct vdp_hdr *vdp = data + ETH_HLEN;

	if (vdp->version_flags >> 4 != VDP_VERSION)
		return refuse(skb, VLSP_DROP_VERSION, TC_ACT_SHOT);

	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (!conf)
		return TC_ACT_SHOT;
	if (vdp->protocol == VDP_PROTO_CONTROL)
		return control(skb, conf, ifindex);

	__be32 dst = vdp->dst;

	if (dst == port->address)
		return deliver(skb, conf, port->slot, vdp);
	if (vdp->ttl <= 1)
		return refuse(skb, VLSP_DROP_TTL, TC_ACT_OK);

	__u32 out = route(conf, port->slot, dst);

	if (!out)
		return refuse(skb, VLSP_DROP_NO_ROUTE, TC_ACT_OK);
	struct vlsp_port *to = bpf_map_lookup_elem(&vlsp_port, &out);

	if (!to || !(to->flags & VLSP_PORT_VALID))
		return refuse(skb, VLSP_DROP_DOWN, TC_ACT_SHOT);
	__u32 flags = to->flags;

	if (flags & VLSP_PORT_SILENT)
		return refuse_at(skb, out);
	vdp->ttl--;

	__u32 bytes = skb->len - ETH_HLEN;

	count_rx(count_row(conf, ifindex), bytes);
	count_tx(count_row(conf, out), bytes);
	if (flags & VLSP_PORT_SHAPED) {
		int verdict = emulate(skb, out);

		if (verdict != EMULATE_GO)
			return verdict;
	}
	if (flags & VLSP_PORT_QUEUE)
		return bpf_redirect(out, 0);
	return bpf_redirect_peer(out, 0);
}

/* A datagram of the router has become VDP: sends it into its first link. */
static __always_inline int first_hop(struct __sk_buff *skb, const struct vlsp_conf *conf,
				     __u32 slot, __be32 dst, struct vlsp_count *row, __u32 bytes)
{
	__u32 out = route(conf, slot, dst);

	if (!out) {
		count_drop(row, VLSP_DROP_NO_ROUTE);
		return bpf_redirect(EDGE_IFINDEX, BPF_F_INGRESS);
	}
	struct vlsp_port *to = bpf_map_lookup_elem(&vlsp_port, &out);

	if (!to || !(to->flags & VLSP_PORT_VALID)) {
		count_drop(row, VLSP_DROP_DOWN);
		return TC_ACT_SHOT;
	}
	struct vlsp_count *out_row = count_row(conf, out);

	if (to->flags & VLSP_PORT_SILENT) {
		count_drop(out_row, VLSP_DROP_SILENT);
		return TC_ACT_SHOT;
	}
	count_tx(out_row, bytes);
	if (to->flags & VLSP_PORT_SHAPED) {
		int verdict = emulate(skb, out);

		if (verdict != EMULATE_GO)
			return verdict;
	}
	return bpf_redirect(out, 0);
}

/* IPv4 of the router's programs, on its edge device. */
static __always_inline int leave(struct __sk_buff *skb)
{
	__u32 zero = 0, bytes = skb->len - ETH_HLEN;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (!conf || skb->protocol != bpf_htons(ETH_P_IP) || skb->len < NET_END)
		return TC_ACT_UNSPEC;
	__be32 ports = 0;
	struct ethhdr *eth = linear(skb, UDP_END);
	struct iphdr *ip = (void *)(eth + 1);

	if (eth) {
		if (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP)
			ports = *(__be32 *)(ip + 1);
	} else {
		eth = linear(skb, NET_END);
		if (!eth)
			return TC_ACT_SHOT;
		ip = (void *)(eth + 1);
	}
	__be32 src = ip->saddr, dst = ip->daddr;

	/* Not ours: other networks, 127/8, and the router talking to itself. */
	if (((dst ^ conf->network) & conf->mask) || src == dst)
		return TC_ACT_UNSPEC;
	if ((src ^ conf->network) & conf->mask)
		return TC_ACT_UNSPEC;

	__u32 host = bpf_ntohl(src & ~conf->mask);
	struct vlsp_addr *owner = bpf_map_lookup_elem(&vlsp_addr, &host);

	if (!owner || !owner->slot1)
		return TC_ACT_SHOT; /* in the network, but no router's: nobody to count it for */
	__u32 slot = owner->slot1 - 1;
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);

	if (!router)
		return TC_ACT_SHOT;
	struct vlsp_count *row = count_row(conf, router->edge);

	/* What processes say to each other does not come from sockets that make IPv4. */
	if (*(__u8 *)ip != IPV4_PLAIN || ip->protocol == VDP_PROTO_CONTROL) {
		count_drop(row, VLSP_DROP_UNSUPPORTED);
		return TC_ACT_SHOT;
	}
	if (bytes > VDP_MTU && !skb->gso_size) {
		count_drop(row, VLSP_DROP_TOO_BIG);
		return TC_ACT_SHOT;
	}
	if (skb->gso_size && conf->real) {
		skb->tc_index = CUT;
		return TC_ACT_UNSPEC;
	}
	translate_to_vdp(ip, ports);
	eth->h_proto = bpf_htons(VDP_ETHERTYPE);
	count_tx(row, bytes);
	return first_hop(skb, conf, slot, dst, row, bytes);
}

SEC("tc")
int vlsp_out(struct __sk_buff *skb)
{
	return leave(skb);
}

/* At the ingress of the edge: segments of what vlsp_out has let go to be cut. */
SEC("tc")
int vlsp_back(struct __sk_buff *skb)
{
	if (skb->tc_index != CUT)
		return TC_ACT_UNSPEC;
	skb->tc_index = 0;
	return leave(skb);
}

char vlsp_license[] SEC("license") = "GPL";
