// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path of all virtual routers of an instance. vlsp_in runs at the clsact ingress of every
 * link end: what a hop does to a datagram. vlsp_out runs at the clsact egress of each router's
 * edge device (lo): IPv4 becomes VDP and takes its first link. What they cannot decide is passed
 * to the router process' packet socket. What is not theirs is left to filters behind them
 * (TC_ACT_UNSPEC; without any it goes its usual way). Both may be at their devices by tcx as well
 * (bpf/inc/again.h). Documentation/kernel.md has the reasons,
 * wire.md the format.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/inc/again.h"
#include "bpf/inc/careful.h"
#include "bpf/inc/control.h"
#include "bpf/inc/count.h"
#include "bpf/inc/deliver.h"
#include "bpf/inc/emulate.h"
#include "bpf/inc/frame.h"
#include "bpf/inc/maps.h"
#include "bpf/inc/match.h"
#include "bpf/inc/meta.h"
#include "bpf/inc/route.h"
#include "bpf/inc/translate.h"
#include "include/shared/vdp.h"

/*
 * In tc_index: a large segment in a network where some link needs real packets. No device can cut
 * a frame of VDP, so vlsp_out lets it go as IPv4; lo, whose gso_max_segs is 1, makes packets of it,
 * and they come back at lo's ingress.
 */
#define CUT 0x5644

/*
 * Everything that is not the ordinary course of a hop, out of its way: counts the frame as received
 * at its port, and why it is dropped. Returns verdict.
 */
static __noinline int refuse(struct __sk_buff *skb, enum vlsp_drop cause, int verdict)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (skb->tc_index == UNDECIDED) { /* counted already */
		skb->tc_index = 0;
	} else if (conf) {
		struct vlsp_count *row = count_row(conf, skb->ifindex);

		count_rx(row, skb->len - ETH_HLEN);
		count_drop_of(row, cause);
	}
	return verdict;
}

/* Goes on by another program, in place of this one. Without it, all ends here: the instance does.
 */
static __always_inline int careful(struct __sk_buff *skb, __u32 program)
{
	bpf_tail_call(skb, &vlsp_self, program);
	return TC_ACT_SHOT;
}

/*
 * Whether what has such a hint may want it; true where there is no telling: hint_hit(), with as
 * little as it takes, because all the others pay for it.
 */
static __always_inline bool wanted(struct __sk_buff *skb, const struct vlsp_hint *hint,
				   const struct vdp_hdr *vdp)
{
	const void *end = packet_end(skb);
	const __be16 *ports = (const void *)(vdp + 1);

	if (!hint_net(hint, vdp))
		return false;
	if (!hint->port_max || vdp->version_flags & (VDP_FLAG_FRAGMENT | VDP_FLAG_OPTIONS) ||
	    (vdp->protocol != IPPROTO_UDP && vdp->protocol != IPPROTO_TCP) ||
	    (const void *)(ports + 2) > end)
		return true;
	return hint_ports(hint, bpf_ntohs(ports[0]), bpf_ntohs(ports[1]));
}

/* The datagram is for this router. CAREFUL as below. */
static __always_inline int here(struct __sk_buff *skb, const struct vlsp_conf *conf, __u32 slot,
				const struct vdp_hdr *vdp)
{
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);

	if (!router)
		return TC_ACT_SHOT;
	if (router->flags & VLSP_ROUTER_TAP && wanted(skb, &router->tap, vdp))
		return CAREFUL;
	enum vlsp_drop cause = fault(skb, vdp);

	if (cause != VLSP_DROP_CAUSES)
		return refuse(skb, cause, TC_ACT_SHOT);
	count_rx(count_row(conf, skb->ifindex), skb->len - ETH_HLEN);
	return to_edge(skb, conf, router);
}

/*
 * A port that has functions or captures: whether some of them may want the datagram that has come
 * by it.
 */
static __always_inline bool arrival_wanted(struct __sk_buff *skb, const struct vlsp_port *port,
					   __u32 flags, const struct vdp_hdr *vdp)
{
	__u32 slot = port->slot;

	if (flags & VLSP_PORT_TAP && wanted(skb, &port->tap, vdp))
		return true;
	if (!(flags & VLSP_PORT_CHAIN))
		return false;
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);

	return !router || wanted(skb, &router->hint, vdp);
}

/* No datagram, or by a port that takes none. Only captures can want what is no datagram. */
static __always_inline int misfit(struct __sk_buff *skb, __u32 flags)
{
	if (flags & (VLSP_PORT_SILENT | VLSP_PORT_TAP))
		return CAREFUL;
	if (skb->protocol != bpf_htons(VDP_ETHERTYPE))
		return TC_ACT_UNSPEC;
	return refuse(skb, VLSP_DROP_DOWN, TC_ACT_SHOT);
}

/* CAREFUL: nothing has been done yet, and vlsp_arrive is to do it. */
static __always_inline int hop(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex, zero = 0;
	struct vlsp_port *port = bpf_map_lookup_elem(&vlsp_port, &ifindex);

	if (!port)
		return TC_ACT_UNSPEC;
	__u32 in = port->flags;

	if ((in & (VLSP_PORT_VALID | VLSP_PORT_SILENT)) != VLSP_PORT_VALID ||
	    skb->protocol != bpf_htons(VDP_ETHERTYPE))
		return misfit(skb, in);

	void *data = linear(skb, NET_END);

	if (!data)
		return in & VLSP_PORT_TAP ? CAREFUL : refuse(skb, VLSP_DROP_LENGTH, TC_ACT_SHOT);
	struct vdp_hdr *vdp = data + ETH_HLEN;

	if (vdp->version_flags >> 4 != VDP_VERSION)
		return in & VLSP_PORT_TAP ? CAREFUL : refuse(skb, VLSP_DROP_VERSION, TC_ACT_SHOT);

	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	__u32 bytes = skb->len - ETH_HLEN;
	int verdict;

	if (!conf)
		return TC_ACT_SHOT;
	if (vdp->protocol == VDP_PROTO_CONTROL) {
		if (in & VLSP_PORT_TAP)
			return CAREFUL;
		verdict = control(skb, ifindex);
		if (verdict == CONTROL_BAD)
			return refuse(skb, VLSP_DROP_LENGTH, TC_ACT_SHOT);
		count_rx(count_row(conf, ifindex), bytes);
		return verdict;
	}
	if (in & (VLSP_PORT_TAP | VLSP_PORT_CHAIN) && arrival_wanted(skb, port, in, vdp))
		return CAREFUL;

	__be32 dst = vdp->dst;

	if (dst == port->address)
		return here(skb, conf, port->slot, vdp);
	if (vdp->ttl <= 1)
		return refuse(skb, VLSP_DROP_TTL, TC_ACT_OK);

	__u32 out = route(conf, port->slot, dst);

	if (!out)
		return refuse(skb, VLSP_DROP_NO_ROUTE, TC_ACT_OK);
	struct vlsp_port *to = bpf_map_lookup_elem(&vlsp_port, &out);

	if (!to || !(to->flags & VLSP_PORT_VALID))
		return refuse(skb, VLSP_DROP_DOWN, TC_ACT_SHOT);
	__u32 flags = to->flags;

	if (flags & RARE_OUT && (flags & VLSP_PORT_SILENT || wanted(skb, &to->tap, vdp)))
		return CAREFUL;
	vdp->ttl--;
	count_rx(count_row(conf, ifindex), bytes);
	count_tx(count_row(conf, out), bytes);
	if (flags & VLSP_PORT_SHAPED) {
		verdict = emulate(skb, out);
		if (verdict != EMULATE_GO)
			return verdict;
	}
	if (flags & VLSP_PORT_QUEUE)
		return bpf_redirect(out, 0);
	return bpf_redirect_peer(out, 0);
}

SEC("tc")
int vlsp_in(struct __sk_buff *skb)
{
	int verdict;

	if (skb->tc_index == STOLEN)
		return TC_ACT_STOLEN;
	verdict = hop(skb);
	return verdict == CAREFUL ? careful(skb, VLSP_SELF_ARRIVE) : verdict;
}

/* What the fast path has left as it was; see careful.h. */
SEC("tc")
int vlsp_arrive(struct __sk_buff *skb)
{
	return arrive(skb);
}

/*
 * A large segment of a flow that a function with a ring may want. lo can cut frames, but says that
 * it need not; of frames with a VLAN tag it says nothing, so the kernel cuts these.
 */
static __noinline int cut(struct __sk_buff *skb)
{
	if (skb->tc_index == CUT) /* at tcx; this is clsact */
		return TC_ACT_UNSPEC;
	skb->tc_index = CUT;
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 1) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

static __always_inline bool cut_it(const struct vlsp_conf *conf, const struct iphdr *ip,
				   __be32 ports, __be32 flow)
{
	struct match_fields fields = {.src = ip->saddr, .dst = ip->daddr, .protocol = ip->protocol};

	if (!conf->cuts)
		return false;
	if (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP)
		fields_ports(&fields, ports);
	fields.flow = flow ? flow : translate_flow(ip->saddr, ip->daddr, ip->protocol, ports);
	return cut_wanted(&fields);
}

/* As wanted(), of what the router's own programs send; ports 0: not known. */
static __always_inline bool wanted_of(const struct vlsp_hint *hint, const struct vdp_hdr *vdp,
				      __be32 ports)
{
	struct match_fields fields = {
		.src = vdp->src, .dst = vdp->dst, .flow = vdp->flow, .protocol = vdp->protocol};

	if (ports && !(vdp->version_flags & VDP_FLAG_FRAGMENT))
		fields_ports(&fields, ports);
	return hint_hit(hint, &fields);
}

static __always_inline bool leaver_wanted(const struct vlsp_router *router,
					  const struct vdp_hdr *vdp, __be32 ports)
{
	__u32 flags = router->flags;

	return (flags & VLSP_ROUTER_CHAIN && wanted_of(&router->hint, vdp, ports)) ||
	       (flags & VLSP_ROUTER_TAP && wanted_of(&router->tap, vdp, ports));
}

/*
 * A datagram of the router has become VDP: sends it into its first link. CAREFUL: vlsp_depart is
 * to do that.
 */
static __always_inline int first_hop(struct __sk_buff *skb, const struct vlsp_conf *conf,
				     __u32 slot, const struct vdp_hdr *vdp, __be32 ports,
				     struct vlsp_count *row, __u32 bytes)
{
	__u32 out = route(conf, slot, vdp->dst);

	if (!out) {
		count_drop(row, VLSP_DROP_NO_ROUTE);
		return bpf_redirect(EDGE_IFINDEX, BPF_F_INGRESS);
	}
	struct vlsp_port *to = bpf_map_lookup_elem(&vlsp_port, &out);

	if (!to || !(to->flags & VLSP_PORT_VALID)) {
		count_drop(row, VLSP_DROP_DOWN);
		return TC_ACT_SHOT;
	}
	if (to->flags & VLSP_PORT_SILENT)
		return CAREFUL;
	if (to->flags & VLSP_PORT_TAP_OUT && wanted_of(&to->tap, vdp, ports))
		return CAREFUL;
	count_tx(count_row(conf, out), bytes);
	if (to->flags & VLSP_PORT_SHAPED) {
		int verdict = emulate(skb, out);

		if (verdict != EMULATE_GO)
			return verdict;
	}
	return bpf_redirect(out, 0);
}

/* IPv4 of the router's programs, on its edge device. CAREFUL: it has become VDP or
 * cannot, and goes on by vlsp_depart. */
static __always_inline int leave(struct __sk_buff *skb)
{
	__u32 zero = 0, bytes = skb->len - ETH_HLEN;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (!conf || skb->protocol != bpf_htons(ETH_P_IP) || skb->len < NET_END)
		return TC_ACT_UNSPEC;
	struct meta meta = {0};
	struct ethhdr *eth = linear(skb, UDP_END);
	struct iphdr *ip = (void *)(eth + 1);

	if (eth) {
		if (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP)
			meta.ports = *(__be32 *)(ip + 1);
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
	enum vlsp_drop cause = unfit(skb, ip, &meta);

	if (cause != VLSP_DROP_CAUSES) {
		if (router->flags)
			return CAREFUL;
		count_drop_of(row, cause);
		return TC_ACT_SHOT;
	}
	if (skb->gso_size && conf->real) {
		skb->tc_index = CUT;
		return TC_ACT_UNSPEC;
	}
	if (skb->gso_size && cut_it(conf, ip, meta.ports, meta.flow))
		return cut(skb);
	translate_to_vdp(ip, meta.ports, meta.flow,
			 *(__u8 *)ip == IPV4_PLAIN ? 0 : VDP_FLAG_OPTIONS);
	eth->h_proto = bpf_htons(VDP_ETHERTYPE);
	count_tx(row, bytes);
	if (router->flags && leaver_wanted(router, (void *)ip, meta.ports))
		return CAREFUL;
	return first_hop(skb, conf, slot, (void *)ip, meta.ports, row, bytes);
}

SEC("tc")
int vlsp_out(struct __sk_buff *skb)
{
	int verdict;

	if (skb->tc_index == STOLEN)
		return TC_ACT_STOLEN;
	if (skb->protocol == bpf_htons(VDP_ETHERTYPE))
		return careful(skb, VLSP_SELF_RESUME);
	verdict = leave(skb);
	return verdict == CAREFUL ? careful(skb, VLSP_SELF_DEPART) : verdict;
}

SEC("tc")
int vlsp_depart(struct __sk_buff *skb)
{
	return depart(skb);
}

SEC("tc")
int vlsp_resume(struct __sk_buff *skb)
{
	return resume(skb);
}

/* In place of these three. */
SEC("tc")
int vlsp_go(struct __sk_buff *skb)
{
	return go(skb);
}

/* At the ingress of the edge: segments of what vlsp_out has let go to be cut. */
SEC("tc")
int vlsp_back(struct __sk_buff *skb)
{
	if (skb->tc_index == DELIVERED) {
		skb->tc_index = 0;
		return TC_ACT_OK;
	}
	if (skb->tc_index == STOLEN)
		return TC_ACT_STOLEN;
	if (skb->tc_index != CUT)
		return TC_ACT_UNSPEC;
	skb->tc_index = 0;
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return careful(skb, VLSP_SELF_LEAVE);
}

char vlsp_license[] SEC("license") = "GPL";
