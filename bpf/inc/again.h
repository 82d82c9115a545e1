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
/* At the edge's ingress, for vlsp_back: ours, nothing is to be done; clsact is not asked. */
#define DELIVERED 0x5648

static __always_inline int steal(struct __sk_buff *skb)
{
	skb->tc_index = STOLEN;
	return TC_ACT_STOLEN;
}

#endif
