/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builders of messages about traffic control: clsact and BPF classifiers (tc-bpf(8)). */
#ifndef VLSP_LIB_NLK_TC_H
#define VLSP_LIB_NLK_TC_H

#include <stdint.h>

#include "lib/nlk/batch.h"

enum nlk_tc_side { NLK_TC_INGRESS, NLK_TC_EGRESS };

/* The clsact qdisc on the device. Refused with EEXIST when it has one. */
void nlk_tc_clsact(struct nlk_batch *batch, uint32_t index);

#define NLK_TC_PREFERENCE 100U /* room for people's own filters before ours */

/* A BPF program as classifier in direct-action mode, for all protocols, preference
 * NLK_TC_PREFERENCE, handle 1. The device must have clsact. prog is a program descriptor of this
 * process, used when the batch is sent; name is what `tc filter show` prints. Refused with EEXIST
 * when the place is taken. */
void nlk_tc_bpf(struct nlk_batch *batch, uint32_t index, enum nlk_tc_side side, int prog,
		const char *name);

/*
 * Queues of a device that sends (tc-tbf(8), tc-netem(8), tc-pfifo(8)). Each is made, or changed as
 * it runs if it is there with that handle; one with another handle in that place is replaced, with
 * what it holds. parent: NLK_TC_ROOT, or a handle and a class of it.
 */
#define NLK_TC_ROOT	     0xffffffffu
#define NLK_TC_HANDLE(major) ((uint32_t)(major) << 16)

struct nlk_tbf {
	uint64_t rate;	  /* bytes a second */
	uint32_t burst;	  /* bytes */
	int32_t overhead; /* bytes added to each frame's length; of a root only */
	uint32_t limit;	  /* of the queue inside: bytes when it is made, and the unit of whatever
			     is put in its place when it is changed */
};
void nlk_tc_tbf(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		const struct nlk_tbf *tbf);
void nlk_tc_pfifo(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		  uint32_t packets);

#define NLK_NETEM_TABLE 768 /* of a distribution; netem takes up to 16384 */

/* Probabilities in 1/2^32. The whole wanted state. */
struct nlk_netem {
	uint64_t delay_ns, jitter_ns;
	/* NLK_NETEM_TABLE quantiles in 1/8192 of the jitter. NULL: as it was, at first uniform */
	const int16_t *table;
	int32_t overhead; /* bytes that what is below it counts more for each frame */
	uint32_t loss, duplicate, corrupt, reorder;
	uint32_t burst_enter, burst_leave, burst_loss; /* enter 0: no bursts */
	uint32_t limit;				       /* packets that it holds */
};
void nlk_tc_netem(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		  const struct nlk_netem *netem);

/* handle: 0, or only if it is that one's place. Refused with ENOENT or EINVAL when there is none.
 */
void nlk_tc_del(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle);

#endif
