/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a datagram through a router where somebody looks on: it has a chain, or a port of its
 * way has a tap or is silent. The fast path leaves such frames, untouched, to these functions,
 * which do what it would do (Documentation/wire.md, "What a hop does"), and what else is wanted.
 */
#ifndef VLSP_BPF_INC_CAREFUL_H
#define VLSP_BPF_INC_CAREFUL_H

#include "bpf/inc/again.h"
#include "bpf/inc/chain.h"
#include "bpf/inc/control.h"
#include "bpf/inc/deliver.h"
#include "bpf/inc/emulate.h"
#include "bpf/inc/tap.h"

#define CAREFUL (-3) /* not a verdict: leave it to these programs */
#define IS_HERE (-5) /* not a verdict: it is for this router */

/* Flags of a port for which the fast path has no time: by which a frame comes, or would leave. */
#define RARE_OUT (VLSP_PORT_SILENT | VLSP_PORT_TAP_OUT)

/* In tc_index, like CUT: has been here, and is for the router's process. */
#define UNDECIDED 0x5645

/* Dropped at a port, where its arrival, if it was one, is counted already. */
static __noinline int lost(struct __sk_buff *skb, __u32 port, __u32 cause)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (conf)
		count_drop_of(count_row(conf, port), cause);
	tap(skb, port, VLSP_TAP_IS_DROP, cause);
	return TC_ACT_SHOT;
}

/* The datagram is for this router. Below 0: it cannot be, because of cause -1 - what is returned.
 */
static __noinline int deliver(struct __sk_buff *skb, __u32 slot)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);
	void *data = linear(skb, NET_END);
	enum vlsp_drop cause;

	if (!conf || !router || !data)
		return TC_ACT_SHOT;
	cause = fault(skb, data + ETH_HLEN);
	if (cause != VLSP_DROP_CAUSES)
		return -1 - (int)cause;
	if (router->flags & VLSP_ROUTER_TAP)
		tap(skb, router->edge, VLSP_TAP_IS_TX, 0);
	return to_edge(skb, conf, router);
}

/*
 * For the router's process to answer. It is to see the device by which the datagram came, also when
 * a function has given it back on lo.
 */
static __always_inline int undecided(struct __sk_buff *skb, __u32 port, bool first,
				     enum vlsp_drop cause)
{
	lost(skb, port, cause);
	if (first)
		return bpf_redirect(EDGE_IFINDEX, BPF_F_INGRESS);
	if (skb->ifindex == port)
		return TC_ACT_OK;
	skb->tc_index = UNDECIDED;
	return bpf_redirect(port, BPF_F_INGRESS);
}

/* Into a link that has a shape, or somebody who looks on. EMULATE_GO, or the verdict. */
static __always_inline int send_out(struct __sk_buff *skb, __u32 out, __u32 flags)
{
	int verdict = EMULATE_GO;
	__u32 fate = 0, cause = VLSP_DROP_CAUSES;

	if (flags & VLSP_PORT_SHAPED) {
		verdict = emulate(skb, out);
		fate = skb->cb[EMULATED_FLAGS];
		cause = skb->cb[EMULATED_CAUSE];
	}
	if (flags & VLSP_PORT_TAP_OUT) {
		tap(skb, out, VLSP_TAP_IS_TX, fate);
		if (cause != VLSP_DROP_CAUSES)
			tap(skb, out, VLSP_TAP_IS_DROP, cause);
	}
	return verdict;
}

/* Nothing asks for it any more: where does it go? port: by which it came, a link end or the edge.
 */
static __noinline int send_on(struct __sk_buff *skb, __u32 slot, __u32 port)
{
	__u32 zero = 0, out, flags;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);
	struct vdp_hdr *vdp = linear(skb, NET_END);
	struct vlsp_port *to;
	int verdict;
	bool first;

	if (!conf || !router || !vdp)
		return TC_ACT_SHOT;
	vdp = (void *)vdp + ETH_HLEN;
	first = router->edge == port;
	if (vdp->dst == router->address)
		return IS_HERE;
	if (!first && vdp->ttl <= 1)
		return undecided(skb, port, first, VLSP_DROP_TTL);
	out = route(conf, slot, vdp->dst);
	if (!out)
		return undecided(skb, port, first, VLSP_DROP_NO_ROUTE);
	to = bpf_map_lookup_elem(&vlsp_port, &out);
	if (!to || !(to->flags & VLSP_PORT_VALID))
		return lost(skb, port, VLSP_DROP_DOWN);
	flags = to->flags;
	if (flags & VLSP_PORT_SILENT)
		return lost(skb, out, VLSP_DROP_SILENT);
	if (!first)
		vdp->ttl--;
	count_tx(count_row(conf, out), skb->len - ETH_HLEN);
	verdict = send_out(skb, out, flags);
	if (verdict != EMULATE_GO)
		return verdict;
	if (skb->ifindex != port || flags & VLSP_PORT_QUEUE)
		return bpf_redirect(out, 0);
	return bpf_redirect_peer(out, 0);
}

/* Behind functions: where it goes. */
static __always_inline int finish(struct __sk_buff *skb, __u32 slot, __u32 port)
{
	int verdict = send_on(skb, slot, port);

	if (verdict != IS_HERE)
		return verdict;
	verdict = deliver(skb, slot);
	return verdict < 0 ? lost(skb, port, -1 - verdict) : verdict;
}

/* In the context: what vlsp_go is to know. */
enum { GO_SLOT, GO_PORT, GO_AT };

/* A datagram that came by that port of that router, from position at of the chain on. */
static __always_inline int go_on(struct __sk_buff *skb, __u32 slot, __u32 port, __u32 at)
{
	skb->cb[GO_SLOT] = slot;
	skb->cb[GO_PORT] = port;
	skb->cb[GO_AT] = at;
	bpf_tail_call(skb, &vlsp_self, VLSP_SELF_GO);
	return TC_ACT_SHOT; /* the instance ends */
}

static __always_inline int go(struct __sk_buff *skb)
{
	__u32 slot = skb->cb[GO_SLOT], port = skb->cb[GO_PORT], at = skb->cb[GO_AT];
	int verdict = chain_run(skb, slot, port, at);

	if (verdict <= CHAIN_DROP)
		return lost(skb, port, CHAIN_DROP - verdict);
	if (verdict != CHAIN_GO)
		return verdict;
	return finish(skb, slot, port);
}

/* It came by that port of that router. chain: there is one. */
static __always_inline int enter(struct __sk_buff *skb, __u32 slot, __u32 port, bool chain)
{
	if (chain) {
		__u32 first = chain_first(skb, slot, port);

		if (first < VLSP_CHAIN_MAX)
			return go_on(skb, slot, port, first);
	}
	return finish(skb, slot, port);
}

/* A frame has come by a link end: all that vlsp_in does. */
static __always_inline int arrive(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex, zero = 0;
	struct vlsp_port *port = bpf_map_lookup_elem(&vlsp_port, &ifindex);
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	enum vlsp_drop cause = VLSP_DROP_SILENT;
	struct vdp_hdr *vdp;
	int verdict;

	if (!port || !conf)
		return TC_ACT_SHOT;
	if (skb->tc_index == UNDECIDED) {
		skb->tc_index = 0;
		return TC_ACT_OK;
	}
	if (port->flags & VLSP_PORT_SILENT)
		goto drop;
	if (skb->tc_index == left_at(ifindex)) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	if (port->flags & VLSP_PORT_TAP)
		tap(skb, ifindex, VLSP_TAP_IS_RX, 0);
	if (skb->protocol != bpf_htons(VDP_ETHERTYPE)) {
		skb->tc_index = left_at(ifindex);
		return TC_ACT_UNSPEC;
	}
	count_rx(count_row(conf, ifindex), skb->len - ETH_HLEN);
	cause = VLSP_DROP_DOWN;
	if (!(port->flags & VLSP_PORT_VALID))
		goto drop;
	cause = VLSP_DROP_LENGTH;
	vdp = linear(skb, NET_END);
	if (!vdp)
		goto drop;
	vdp = (void *)vdp + ETH_HLEN;
	cause = VLSP_DROP_VERSION;
	if (vdp->version_flags >> 4 != VDP_VERSION)
		goto drop;
	if (vdp->protocol != VDP_PROTO_CONTROL)
		return enter(skb, port->slot, ifindex, port->flags & VLSP_PORT_CHAIN);
	verdict = control(skb, ifindex);
	cause = VLSP_DROP_LENGTH;
	if (verdict != CONTROL_BAD)
		return verdict;
drop:
	return lost(skb, ifindex, cause);
}

/*
 * A datagram of the router's programs has become VDP, and is counted at the edge; or it is IPv4
 * that cannot.
 */
static __always_inline int depart(struct __sk_buff *skb)
{
	__u32 zero = 0, host, slot;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	struct ethhdr *eth = linear(skb, NET_END);
	struct vlsp_router *router;
	struct vlsp_addr *owner;
	struct meta meta;
	bool ipv4;

	if (!conf || !eth)
		return TC_ACT_SHOT;
	ipv4 = eth->h_proto == bpf_htons(ETH_P_IP);
	host = bpf_ntohl(
		(ipv4 ? ((struct iphdr *)(eth + 1))->saddr : ((struct vdp_hdr *)(eth + 1))->src) &
		~conf->mask);
	owner = bpf_map_lookup_elem(&vlsp_addr, &host);
	if (!owner || !owner->slot1)
		return TC_ACT_SHOT;
	slot = owner->slot1 - 1;
	router = bpf_map_lookup_elem(&vlsp_router, &slot);
	if (!router)
		return TC_ACT_SHOT;
	if (ipv4)
		return lost(skb, router->edge, unfit(skb, (void *)(eth + 1), &meta));
	if (router->flags & VLSP_ROUTER_TAP)
		tap(skb, router->edge, VLSP_TAP_IS_RX, 0);
	return enter(skb, slot, router->edge, router->flags & VLSP_ROUTER_CHAIN);
}

/* That port is one of that router's. */
static __always_inline bool is_port_of(const struct vlsp_router *router, __u32 slot, __u32 port)
{
	struct vlsp_port *record;

	if (router->edge == port)
		return true;
	record = bpf_map_lookup_elem(&vlsp_port, &port);
	return record && record->flags & VLSP_PORT_VALID && record->slot == slot;
}

/* VDP is sent into lo: a function gives it back, if its Ethernet header says so. */
static __always_inline int resume(struct __sk_buff *skb)
{
	struct ethhdr *eth = linear(skb, NET_END);
	struct vlsp_resume *head = (void *)eth;
	struct vdp_hdr *vdp = (void *)(eth + 1);
	struct vlsp_router *router;
	__u32 slot, port, at;

	if (!eth || head->magic != bpf_htons(VLSP_RESUME_MAGIC))
		return TC_ACT_UNSPEC;
	slot = bpf_ntohl(head->slot);
	port = bpf_ntohl(head->port);
	at = head->at;
	if (skb->mark != (VLSP_RESUME_MARK | slot))
		return TC_ACT_SHOT; /* not by a socket that was made for that router */
	skb->mark = 0;
	router = bpf_map_lookup_elem(&vlsp_router, &slot);
	if (!router || !router->address || !is_port_of(router, slot, port))
		return TC_ACT_SHOT; /* it is gone: nobody to count it for */
	__builtin_memset(eth, 0, 2 * ETH_ALEN);
	if (vdp->version_flags >> 4 != VDP_VERSION || vdp->protocol == VDP_PROTO_CONTROL)
		return lost(skb, port, VLSP_DROP_FUNCTION);
	if (at == VLSP_RESUME_DROP) { /* no failure of who sends it */
		lost(skb, port, VLSP_DROP_FUNCTION);
		return steal(skb);
	}
	if (skb->gso_size || skb->len > ETH_HLEN + VDP_MTU)
		return lost(skb, port, VLSP_DROP_TOO_BIG);
	return go_on(skb, slot, port, at);
}

#endif
