/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a shaped direction does to a datagram that is sent into it: draws its fate, loses, changes
 * or doubles it, and gives it to the relay where that has the timing. The meaning of each property
 * is in Documentation/link-emulation.md, the draws in include/shared/fate.h.
 */
#ifndef VLSP_BPF_INC_EMULATE_H
#define VLSP_BPF_INC_EMULATE_H

#include <stdbool.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include "bpf/inc/again.h"
#include "bpf/inc/count.h"
#include "bpf/inc/csum.h"
#include "bpf/inc/frame.h"
#include "bpf/inc/maps.h"

#define EMULATE_GO (-2) /* not a verdict: send it on as if nothing had been */

struct fate {
	__u64 n, base;
	__u64 busy_ns; /* it will not be transmitted before */
	bool lost, duplicate, corrupt, early;
};

/*
 * When the relay will have transmitted it, so that nobody is woken for what has to wait. Not exact:
 * the queue is the relay's, and what it drops is not known here. Lock held.
 */
static __always_inline __u64 busy_until(struct vlsp_fate *state, const struct vlsp_shape *shape,
					__u64 now, __u32 length)
{
	__u64 bits = ((__u64)length + shape->overhead) * 8, each, most;

	if (state->rate != shape->rate || state->busy_ns < now) {
		state->rate = shape->rate;
		state->busy_ns = now;
	}
	each = bits * 1000000000ULL / shape->rate;
	most = now + each * shape->limit;
	state->busy_ns += each;
	if (state->busy_ns > most)
		state->busy_ns = most;
	return state->busy_ns;
}

/* 0: it has drawn. */
static __always_inline int fate_next(const struct vlsp_shape *shape, __u32 port, __u32 length,
				     struct fate *fate)
{
	struct vlsp_fate *state = bpf_map_lookup_elem(&vlsp_fate, &port);

	__u64 now = bpf_ktime_get_ns();

	if (!state)
		return -1;
	bpf_spin_lock(&state->lock);
	if (state->epoch != shape->epoch) {
		state->epoch = shape->epoch;
		state->burst = 0;
		state->n = 0;
	}
	fate->n = state->n++;
	fate->base = fate_base(shape->key, fate->n);
	fate->lost = fate_lost(&shape->loss, fate->base, &state->burst);
	fate->duplicate = fate->corrupt = fate->early = false;
	if (!fate->lost) {
		fate->duplicate = fate_hit(fate_of(fate->base, FATE_DUPLICATE), shape->duplicate);
		fate->corrupt = fate_hit(fate_of(fate->base, FATE_CORRUPT), shape->corrupt);
		fate->early = fate_hit(fate_of(fate->base, FATE_REORDER), shape->reorder);
		state->duplicated += fate->duplicate;
		state->corrupted += fate->corrupt;
		state->reordered += fate->early;
	}
	fate->busy_ns = now;
	if (shape->rate && !fate->lost)
		fate->busy_ns = busy_until(state, shape, now, length);
	bpf_spin_unlock(&state->lock);
	return 0;
}

/*
 * One bit behind the network part, and behind options, becomes another. What the kernel has left of
 * a checksum is made complete before, and delivery is told to verify it: nobody's network card
 * will.
 */
static __noinline int corrupt(struct __sk_buff *skb, __u64 drawn)
{
	struct vdp_hdr *vdp = linear(skb, NET_END + 1);
	__u32 begin, length, at = 0, bit;
	__u16 field = 0, pseudo = 0;
	__u8 byte;
	bool left;

	if (!vdp)
		return 0;
	vdp = (void *)vdp + ETH_HLEN;
	begin = transport_at(vdp);
	if (skb->len <= begin)
		return 0;
	length = skb->len - begin;
	if (!(vdp->version_flags & VDP_FLAG_FRAGMENT)) {
		if (vdp->protocol == IPPROTO_UDP)
			at = begin + 6;
		else if (vdp->protocol == IPPROTO_TCP)
			at = begin + 16;
		pseudo = csum_fold64(
			csum_pseudo(vdp->src, vdp->dst, vdp->protocol, bpf_htons(length)));
	}
	if (at && bpf_skb_load_bytes(skb, at, &field, sizeof(field)))
		at = 0; /* it ends before */
	/* One that is to be verified is complete, though it may look otherwise by now. */
	left = at && field == pseudo && !(vdp->version_flags & VDP_FLAG_VERIFY);
	if (at)
		vdp->version_flags |= VDP_FLAG_VERIFY;
	if (left) {
		__s64 sum = csum_bytes(skb, begin, length, 0);

		if (sum < 0)
			return 0;
		field = ~csum_fold64(sum);
		if (!field)
			field = 0xffff;
		bpf_skb_store_bytes(skb, at, &field, sizeof(field), 0);
	}
	bit = (__u64)(__u32)drawn * (length * 8) >> 32;
	if (bpf_skb_load_bytes(skb, begin + bit / 8, &byte, 1))
		return 0;
	byte ^= 1 << (bit & 7);
	bpf_skb_store_bytes(skb, begin + bit / 8, &byte, 1, 0);
	if (at == begin + 6 && field) {
		__u16 now = 1;

		/* A checksum that becomes 0 would say that there is none. */
		bpf_skb_load_bytes(skb, at, &now, sizeof(now));
		if (!now) {
			field = ~field;
			bpf_skb_store_bytes(skb, at, &field, sizeof(field), 0);
		}
	}
	return 0;
}

#define WAKE_NS	    2000000ULL /* the ring is not left alone for longer while frames come */
#define JITTER_MOST 4	       /* in units of jitter_ns: hardly ever more below the mean */

/*
 * Whether the relay, which looks at the ring by itself at wake->at_ns, has to be woken for what
 * came now. It writes at_ns, then looks at the ring once more; here a place in the ring is reserved
 * before at_ns is read: one of both sees the other.
 */
static __always_inline __u64 ring_wake(const struct vlsp_shape *shape, __u64 now,
				       const struct fate *fate)
{
	__u32 zero = 0;
	struct vlsp_wake *wake = bpf_map_lookup_elem(&vlsp_wake, &zero);
	__u64 jitter = shape->jitter_ns * JITTER_MOST, spare = 0;

	if (!fate->early && shape->delay_ns > jitter)
		spare = shape->delay_ns - jitter;
	if (fate->busy_ns > now)
		spare += fate->busy_ns - now;
	if (spare > WAKE_NS)
		spare = WAKE_NS;
	if (wake && *(volatile __u64 *)&wake->at_ns <= now + spare)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/* 0: the relay has it. size: of the place in the ring, constant. */
static __always_inline int ring_put(void *ring, __u32 size, struct __sk_buff *skb, __u32 port,
				    const struct vlsp_port *to, const struct vlsp_shape *shape,
				    const struct fate *fate, __u32 flags)
{
	struct vlsp_frame *frame = bpf_ringbuf_reserve(ring, size, 0);
	__u64 length = skb->len; /* of 32 bits, clang would compare a copy */

	if (!frame)
		return -1;
	/* Compared one by one, and what is compared is what is used: for the verifier. */
	asm volatile("" : "+r"(length));
	if (length > size - sizeof(*frame))
		goto discard;
	asm volatile("" : "+r"(length));
	if (length < ETH_HLEN)
		goto discard;
	if (bpf_skb_load_bytes(skb, 0, frame->data, length))
		goto discard;
	frame->arrived_ns = bpf_ktime_get_ns();
	frame->n = fate->n;
	frame->shape = *shape;
	frame->port = port;
	frame->slot = to->slot;
	frame->length = length;
	frame->flags = flags;
	bpf_ringbuf_submit(frame, ring_wake(shape, frame->arrived_ns, fate));
	return 0;
discard:
	bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
	return -1;
}

static __always_inline int ring_give(struct __sk_buff *skb, __u32 port, const struct vlsp_port *to,
				     const struct vlsp_shape *shape, const struct fate *fate,
				     __u32 flags)
{
	__u32 zero = 0, room = skb->len + sizeof(struct vlsp_frame);
	void *ring = bpf_map_lookup_elem(&vlsp_ring, &zero);

	if (!ring)
		return -1;
	if (room <= 256)
		return ring_put(ring, 256, skb, port, to, shape, fate, flags);
	if (room <= 768)
		return ring_put(ring, 768, skb, port, to, shape, fate, flags);
	return ring_put(ring, sizeof(struct vlsp_frame) + VLSP_FRAME_MAX, skb, port, to, shape,
			fate, flags);
}

/*
 * What has been done, for taps, in the context: flags of struct vlsp_tap_frame, and the cause of a
 * drop, VLSP_DROP_CAUSES: none.
 */
#define EMULATED_FLAGS 1
#define EMULATED_CAUSE 2

/*
 * The datagram, already counted as sent into port, meets its shape. EMULATE_GO: send it; else it
 * has ended here, and that is the verdict.
 */
static __noinline int emulate(struct __sk_buff *skb, __u32 port)
{
	struct vlsp_shape *shape = bpf_map_lookup_elem(&vlsp_shape, &port);
	struct vlsp_port *to = bpf_map_lookup_elem(&vlsp_port, &port);
	enum vlsp_drop cause = VLSP_DROP_DOWN;
	struct vlsp_conf *conf;
	struct fate fate;
	__u32 zero = 0, early;

	skb->cb[EMULATED_FLAGS] = 0;
	skb->cb[EMULATED_CAUSE] = VLSP_DROP_CAUSES;
	conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	if (!conf)
		return TC_ACT_SHOT;
	if (skb->gso_size) { /* it was on its way when the network's first shape came */
		cause = VLSP_DROP_TOO_BIG;
		goto drop;
	}
	if (!shape) /* it has just been taken away: the port's flag goes before it */
		return EMULATE_GO;
	if (!to || fate_next(shape, port, skb->len, &fate))
		goto drop;
	cause = VLSP_DROP_LOSS;
	if (fate.lost)
		goto drop;
	if (fate.corrupt)
		corrupt(skb, fate_of(fate.base, FATE_BIT));
	skb->cb[EMULATED_FLAGS] = fate.corrupt * VLSP_TAP_CORRUPT |
				  fate.duplicate * VLSP_TAP_DUPLICATED;
	if (!(shape->flags & VLSP_SHAPE_RELAY)) {
		if (fate.duplicate)
			bpf_clone_redirect(skb, port, 0);
		return EMULATE_GO;
	}
	cause = VLSP_DROP_OVERRUN;
	early = fate.early ? VLSP_FRAME_EARLY : 0;
	if (ring_give(skb, port, to, shape, &fate, early))
		goto drop;
	if (fate.duplicate && ring_give(skb, port, to, shape, &fate, early | VLSP_FRAME_COPY))
		count_drop(count_row(conf, port), cause);
	skb->cb[EMULATED_FLAGS] |= VLSP_TAP_RELAYED;
	return steal(skb);
drop:
	count_drop(count_row(conf, port), cause);
	skb->cb[EMULATED_CAUSE] = cause;
	return TC_ACT_SHOT;
}

#endif
