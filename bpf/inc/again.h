/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device may have the same program twice: by tcx, which comes first, and by clsact. tcx knows the
 * verdicts "unspecified", OK, SHOT and REDIRECT only, and after any other goes on to clsact as
 * after the first. So a frame that was stolen, or looked at and left, carries that in tc_index.
 */
#ifndef VLSP_BPF_INC_AGAIN_H
#define VLSP_BPF_INC_AGAIN_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#define STOLEN 0x5646
#define LEFT   0x5647
#define MARKS  0x5640 /* and 15 more: where these, CUT and UNDECIDED are */
/* At the edge's ingress, for vlsp_back: ours, nothing is to be done; clsact is not asked. */
#define DELIVERED 0x5648

static __always_inline int steal(struct __sk_buff *skb)
{
	skb->tc_index = STOLEN;
	return TC_ACT_STOLEN;
}

/*
 * That it was looked at and left at that port. Without tcx nobody takes the mark away, and the
 * router's kernel may send the frame on, by a port that has not looked at it. LEFT: such a number
 * is another mark.
 */
static __always_inline __u16 left_at(__u32 port)
{
	return (port & ~15u) == MARKS ? LEFT : port;
}

#endif
