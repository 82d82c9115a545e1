/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chain of a router: functions that get its datagrams before it is decided where they go
 * (include/shared/function.h; Documentation/wire.md, "Network functions").
 */
#ifndef VLSP_BPF_INC_CHAIN_H
#define VLSP_BPF_INC_CHAIN_H

#include <linux/pkt_cls.h>

#include "bpf/inc/again.h"
#include "bpf/inc/count.h"
#include "bpf/inc/match.h"
#include "bpf/inc/route.h"

#define CHAIN_GO (-2) /* not a verdict: it has passed */
#define CHAIN_DROP                                                                                 \
	(-16) /* not a verdict: dropped, because of cause CHAIN_DROP - what is returned */
#define FN_NONE 0x4e4f4e45
#define FN_HEAD sizeof(struct vlsp_fn_frame)

/* What the function's program returns; FN_NONE: there is none. See tap_filter(). */
static __noinline int fn_prog(struct __sk_buff *skb, __u32 index)
{
	skb->cb[0] = FN_NONE;
	bpf_tail_call(skb, &vlsp_fn_prog, index);
	return skb->cb[0];
}

/* 0: it is in the ring. size: of the place in it, constant. */
static __always_inline int fn_put(void *ring, __u32 size, struct __sk_buff *skb, __u32 slot,
				  __u32 port, __u32 place)
{
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);
	struct vlsp_fn_frame *frame = bpf_ringbuf_reserve(ring, size, 0);
	__u64 length = skb->len;
	struct vlsp_resume *head;

	if (!frame)
		return -1;
	/* For the verifier, see ring_put(). */
	asm volatile("" : "+r"(length));
	if (length > size - FN_HEAD)
		goto discard;
	asm volatile("" : "+r"(length));
	if (length < ETH_HLEN)
		goto discard;
	if (bpf_skb_load_bytes(skb, 0, frame->data, length))
		goto discard;
	head = (void *)frame->data;
	head->magic = bpf_htons(VLSP_RESUME_MAGIC);
	head->at = place + 1;
	head->reserved = 0;
	head->port = bpf_htonl(port);
	head->slot = bpf_htonl(slot);
	head->ethertype = bpf_htons(VDP_ETHERTYPE);
	frame->arrived_ns = bpf_ktime_get_ns();
	frame->port = port;
	frame->place = place;
	frame->slot = slot;
	frame->length = length;
	frame->flags = router && router->edge == port;
	bpf_ringbuf_submit(frame, 0);
	return 0;
discard:
	bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
	return -1;
}

static __noinline int fn_give(struct __sk_buff *skb, __u32 index, __u32 slot, __u32 port,
			      __u32 place)
{
	void *ring = bpf_map_lookup_elem(&vlsp_fn_ring, &index);

	if (!ring)
		return -1;
	if (skb->len <= 128 - FN_HEAD)
		return fn_put(ring, 128, skb, slot, port, place);
	if (skb->len <= 384 - FN_HEAD)
		return fn_put(ring, 384, skb, slot, port, place);
	return fn_put(ring, FN_HEAD + VLSP_FRAME_MAX, skb, slot, port, place);
}

static __always_inline struct vlsp_fn_count *fn_row(__u32 index)
{
	__u32 zero = 0;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (!conf)
		return NULL;
	index = index * conf->ncpu + bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&vlsp_fn_count, &index);
}

/* What a program has left is a datagram still. */
static __always_inline bool is_datagram(struct __sk_buff *skb)
{
	struct vdp_hdr *vdp;
	struct ethhdr *eth;

	if (skb->len > ETH_HLEN + VDP_MTU && !skb->gso_size)
		return false;
	eth = linear(skb, NET_END);
	if (!eth || eth->h_proto != bpf_htons(VDP_ETHERTYPE))
		return false;
	vdp = (void *)(eth + 1);
	return vdp->version_flags >> 4 == VDP_VERSION && vdp->protocol != VDP_PROTO_CONTROL;
}

/* One function has it: CHAIN_GO if it goes on from here, CHAIN_DROP - cause, else the verdict. */
static __noinline int fn_meet(struct __sk_buff *skb, const struct vlsp_fn *fn, __u32 slot,
			      __u32 port, __u32 place)
{
	__u32 index = fn->index, bytes = skb->len - ETH_HLEN;
	struct vlsp_fn_count *row = fn_row(index);
	enum vlsp_drop cause = VLSP_DROP_FUNCTION;
	int verdict = FN_NONE;

	if (!row)
		return TC_ACT_SHOT;
	if (fn->flags & VLSP_FN_DEAD)
		goto policy;
	if (fn->kind == VLSP_FN_PROG) {
		verdict = fn_prog(skb, index);
		if (verdict == FN_NONE)
			goto policy;
		row->packets++;
		row->bytes += bytes;
		if ((verdict == TC_ACT_OK || verdict == TC_ACT_UNSPEC) && is_datagram(skb))
			return CHAIN_GO;
		goto drop;
	}
	if (skb->gso_size || skb->len > VLSP_FRAME_MAX) {
		cause = VLSP_DROP_TOO_BIG; /* it was on its way when the function came */
		goto drop;
	}
	if (fn_give(skb, index, slot, port, place) == 0) {
		row->packets++;
		row->bytes += bytes;
		return steal(skb);
	}
policy:
	if (!(fn->flags & VLSP_FN_CLOSED)) {
		row->skipped++;
		return CHAIN_GO;
	}
drop:
	row->dropped++;
	return CHAIN_DROP - (int)cause;
}

/* The port by which the router would send it: of its edge, if it is for itself; 0: none. */
static __noinline __u32 way_out(__u32 slot, __be32 dst)
{
	__u32 zero = 0;
	struct vlsp_router *router = bpf_map_lookup_elem(&vlsp_router, &slot);
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);

	if (!router || !conf)
		return 0;
	return dst == router->address ? router->edge : route(conf, slot, dst);
}

/* Whether function fn wants a datagram that came by that port. */
static __always_inline bool fn_wants(const struct vlsp_fn *fn, __u32 slot, __u32 port,
				     const struct match_fields *fields)
{
	const struct vlsp_match *m = &fn->match;
	__u32 want = m->flags;

	if (want & VLSP_MATCH_FROM && m->from != port)
		return false;
	if (!match(m, fields))
		return false;
	return !(want & VLSP_MATCH_TO) || m->to == way_out(slot, fields->dst);
}

/* Looks for the next function that wants a datagram. */
struct chain_look {
	const struct vlsp_chain *chain;
	struct match_fields fields;
	__u32 slot, port;
	__u32 at;    /* not before */
	__u32 found; /* its position, VLSP_CHAIN_MAX: none */
};

static long chain_look(__u32 i, void *arg)
{
	struct chain_look *look = arg;
	const struct vlsp_chain *chain = look->chain;
	__u64 at = i; /* what is compared is what is used: for the verifier */

	asm volatile("" : "+r"(at));
	if (at >= VLSP_CHAIN_MAX || at >= chain->count)
		return 1;
	if (at < look->at || !fn_wants(&chain->fn[at], look->slot, look->port, &look->fields))
		return 0;
	look->found = at;
	return 1;
}

/*
 * Position of the first function that wants the datagram, VLSP_CHAIN_MAX: none does. Most datagrams
 * of a router are nobody's: this is for them.
 */
static __noinline __u32 chain_first(struct __sk_buff *skb, __u32 slot, __u32 port)
{
	struct chain_look look = {.slot = slot, .port = port, .found = VLSP_CHAIN_MAX};

	look.chain = bpf_map_lookup_elem(&vlsp_chain, &slot);
	if (look.chain && fields_of(skb, &look.fields) == 0)
		bpf_loop(VLSP_CHAIN_MAX, chain_look, &look, 0);
	return look.found;
}

/*
 * The functions from position at on. CHAIN_GO: it has passed them all, and may be changed;
 * CHAIN_DROP - cause; else the verdict. The search is a loop of its own, which the verifier looks
 * at once; what functions do, which may call other programs, cannot be in such a one.
 */
static __noinline int chain_run(struct __sk_buff *skb, __u32 slot, __u32 port, __u32 at)
{
	struct chain_look look = {.slot = slot, .port = port, .at = at};
	const struct vlsp_chain *chain = bpf_map_lookup_elem(&vlsp_chain, &slot);

	if (!chain)
		return CHAIN_GO;
	look.chain = chain;
	for (__u32 n = 0; n < VLSP_CHAIN_MAX; n++) {
		int verdict;

		if (fields_of(skb, &look.fields))
			return CHAIN_GO;
		look.found = VLSP_CHAIN_MAX;
		bpf_loop(VLSP_CHAIN_MAX, chain_look, &look, 0);
		__u64 found = look.found;

		asm volatile("" : "+r"(found));
		if (found >= VLSP_CHAIN_MAX)
			return CHAIN_GO;
		verdict = fn_meet(skb, &chain->fn[found], slot, port, found);
		if (verdict != CHAIN_GO)
			return verdict;
		look.at = found + 1;
	}
	return CHAIN_GO;
}

#endif
