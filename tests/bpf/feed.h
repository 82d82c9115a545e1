/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds records to a ring buffer, as only BPF programs can. */
#ifndef VLSP_TESTS_BPF_FEED_H
#define VLSP_TESTS_BPF_FEED_H

#include <bpf/bpf.h>
#include <errno.h>

#include "lib/base/cleanup.h"

#define FRAME 480 /* bytes of a packet; fits on a program's stack */

/* The program's answers. */
enum { ADDED, FULL, BAD };

#define OP(c, d, s, o, i)                                                                          \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define LDX(size, d, s, o) OP(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define MOV_REG(d, s)	   OP(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)	   OP(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)	   OP(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define CALL(i)		   OP(BPF_JMP | BPF_CALL, 0, 0, 0, i)
#define EXIT		   OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LD_MAP(d, map)                                                                             \
	OP(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, map),                               \
	{                                                                                          \
		0                                                                                  \
	}

static inline int feed_load(const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "test", "GPL", insns, n, NULL);

	return fd < 0 ? -errno : fd;
}

/* A record of the packet's first bytes; how many they say themselves, in the first two. */
static inline int feed_new(int map)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(2, 0),
		MOV_REG(3, 10),
		ADD_IMM(3, -FRAME),
		MOV_IMM(4, FRAME),
		CALL(BPF_FUNC_skb_load_bytes),
		OP(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 11, 0),
		LDX(BPF_H, 3, 10, -FRAME),
		OP(BPF_JMP | BPF_JGT | BPF_K, 3, 0, 9, FRAME),
		LD_MAP(1, map),
		MOV_REG(2, 10),
		ADD_IMM(2, -FRAME),
		MOV_IMM(4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		OP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0),
		MOV_IMM(0, FULL),
		EXIT,
		MOV_IMM(0, BAD),
		EXIT,
	};

	return feed_load(insns, ARRAY_SIZE(insns));
}

#endif
