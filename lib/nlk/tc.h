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

#endif
