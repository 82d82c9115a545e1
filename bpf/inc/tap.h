/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taps: copies of what crosses a port, to rings that captures read (include/shared/function.h).
 * Called only where a port or router is marked, so that others pay nothing.
 */
#ifndef VLSP_BPF_INC_TAP_H
#define VLSP_BPF_INC_TAP_H

#include <linux/if_ether.h>

#include "bpf/inc/maps.h"

#define TAP_HEAD sizeof(struct vlsp_tap_frame)
#define TAP_MOST 66000 /* bytes of a place in the ring: a frame of 64 KB, its header, the head */

/*
 * Whether the tap's program wants the frame. The call of it returns to the caller of this function
 * if there is a program; without one nothing is wanted. What is returned passes through the
 * context, of which neither compiler nor verifier know what it holds: they would take the last line
 * for all that can be, and leave out the rest.
 */
static __noinline int tap_filter(struct __sk_buff *skb, __u32 index)
{
	skb->cb[0] = 0;
	bpf_tail_call(skb, &vlsp_tap_filter, index);
	return skb->cb[0];
}

/* 0: it is in the ring. size: of the place in it, constant. */
static __always_inline int tap_put(void *ring, __u32 size, struct __sk_buff *skb, __u32 port,
				   __u64 captured, __u32 what)
{
	struct vlsp_tap_frame *frame = bpf_ringbuf_reserve(ring, size, 0);

	if (!frame)
		return -1;
	/* For the verifier, see ring_put(); before 6.8 it learns nothing from "not 0". */
	captured--;
	asm volatile("" : "+r"(captured));
	if (captured >= size - TAP_HEAD)
		goto discard;
	captured++;
	if (bpf_skb_load_bytes(skb, 0, frame->data, captured))
		goto discard;
	frame->time_ns = bpf_ktime_get_ns();
	frame->port = port;
	frame->what = what;
	frame->cause = what >> 8;
	frame->flags = what >> 16;
	frame->length = skb->len;
	frame->captured = captured;
	bpf_ringbuf_submit(frame, 0);
	return 0;
discard:
	bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
	return -1;
}

static __always_inline int tap_give(struct __sk_buff *skb, __u32 port, __u32 index, __u32 snaplen,
				    __u32 what)
{
	void *ring = bpf_map_lookup_elem(&vlsp_tap_ring, &index);
	__u32 captured = skb->len;

	if (!ring)
		return -1;
	if (captured > snaplen)
		captured = snaplen;
	if (captured > TAP_MOST - TAP_HEAD)
		captured = TAP_MOST - TAP_HEAD;
	if (captured <= 128 - TAP_HEAD)
		return tap_put(ring, 128, skb, port, captured, what);
	if (captured <= 320 - TAP_HEAD)
		return tap_put(ring, 320, skb, port, captured, what);
	if (captured <= 1600 - TAP_HEAD)
		return tap_put(ring, 1600, skb, port, captured, what);
	return tap_put(ring, TAP_MOST, skb, port, captured, what);
}

struct tap_copy {
	struct __sk_buff *skb;
	__u32 port, what;
};

/* In the context: bits of those taps of the port that want the frame. */
#define TAP_WANTED 3

static long tap_copy(__u32 i, void *arg)
{
	const struct tap_copy *copy = arg;
	__u32 port = copy->port, zero = 0, index, row_at;
	struct vlsp_conf *conf = bpf_map_lookup_elem(&vlsp_conf, &zero);
	struct vlsp_taps *taps = bpf_map_lookup_elem(&vlsp_tap, &port);
	struct vlsp_tap_count *row;

	i &= VLSP_TAPS_MAX - 1;
	asm volatile("" : "+r"(i));
	if (!conf || !taps || !(copy->skb->cb[TAP_WANTED] >> i))
		return 1;
	if (!(copy->skb->cb[TAP_WANTED] & 1u << i))
		return 0;
	index = taps->tap[i].index;
	row_at = index * conf->ncpu + bpf_get_smp_processor_id();
	row = bpf_map_lookup_elem(&vlsp_tap_count, &row_at);
	if (!row)
		return 1;
	row->matched++;
	if (tap_give(copy->skb, port, index, taps->tap[i].snaplen, copy->what))
		row->lost++;
	return 0;
}

/*
 * what: enum vlsp_tap_what; detail: cause of a drop, else flags of struct vlsp_tap_frame. Filters
 * first, then copies: bpf_loop() cannot call a filter, and without it the verifier would look at
 * each copy by itself.
 */
static __noinline int tap(struct __sk_buff *skb, __u32 port, __u32 what, __u32 detail)
{
	struct vlsp_taps *taps = bpf_map_lookup_elem(&vlsp_tap, &port);
	__u32 asked = 1u << ((what - 1) & 7);
	struct tap_copy copy = {.skb = skb, .port = port};

	if (!taps)
		return 0;
	copy.what = what | detail << (what == VLSP_TAP_IS_DROP ? 8 : 16);
	skb->cb[TAP_WANTED] = 0;
	for (__u32 i = 0; i < VLSP_TAPS_MAX; i++) {
		__u32 flags;

		if (i >= taps->count)
			break;
		flags = taps->tap[i].flags;
		if (!(flags & asked))
			continue;
		if (!(flags & VLSP_TAP_FILTER) || tap_filter(skb, taps->tap[i].index) == 1)
			skb->cb[TAP_WANTED] |= 1u << i;
	}
	if (skb->cb[TAP_WANTED])
		bpf_loop(VLSP_TAPS_MAX, tap_copy, &copy, 0);
	return 0;
}

#endif
