/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of network functions: chains of router 1, rings that are read, and BPF programs that do
 * one thing, made of instructions.
 */
#ifndef VLSP_TESTS_BPF_FUNCTIONS_H
#define VLSP_TESTS_BPF_FUNCTIONS_H

#include "tests/bpf/frames.h"

#include <errno.h>
#include <linux/bpf.h>

#include "bpf/loader/functions.h"
#include "lib/base/bpfring.h"
/* behind what has cmocka */
#include "tests/bpf/record.h"

#define RING_BYTES 65536

static struct frame in, out;
static struct vlsp_chain chain;
static struct bpfring *rings[4]; /* of functions 0 to 3 */

static inline void hop(void)
{
	run(bld_prog_in(bld), IN, &in, &out);
}

/* What a router's program sends, or a function gives back. */
static inline void leave(void)
{
	run(bld_prog_out(bld), 1, &in, &out);
}

/* What instructions of this kind of program do is all the tests want of them. */
static inline int load_program(const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "test", "GPL", insns, n, NULL);

	assert_true(fd >= 0);
	return fd;
}

#define MOV(reg, value)                                                                            \
	((struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (value)})
#define COPY(to, from)                                                                             \
	((struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)})
#define ADD(reg, value)                                                                            \
	((struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (reg), .imm = (value)})
#define PUT(offset, value) /* 4 bytes on the stack */                                              \
	((struct bpf_insn){.code = BPF_ST | BPF_MEM | BPF_W,                                       \
			   .dst_reg = BPF_REG_10,                                                  \
			   .off = (offset),                                                        \
			   .imm = (int32_t)(value)})
#define CALL(helper) ((struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = (helper)})
#define EXIT	     ((struct bpf_insn){.code = BPF_JMP | BPF_EXIT})

/* Function index is a program that returns that. */
static inline void prog_returns(uint32_t index, int verdict)
{
	const struct bpf_insn insns[] = {MOV(BPF_REG_0, verdict), EXIT};
	int fd = load_program(insns, 2);

	assert_int_equal(bld_fn_prog(bld, index, fd), 0);
	close(fd);
}

/* Function index writes size bytes (at most 4) of value at offset into each frame, and passes it.
 */
static inline void prog_writes(uint32_t index, uint32_t offset, uint32_t value, uint32_t size)
{
	const struct bpf_insn insns[] = {PUT(-4, value),
					 MOV(BPF_REG_2, (int)offset),
					 COPY(BPF_REG_3, BPF_REG_10),
					 ADD(BPF_REG_3, -4),
					 MOV(BPF_REG_4, (int)size),
					 MOV(BPF_REG_5, 0),
					 CALL(BPF_FUNC_skb_store_bytes),
					 MOV(BPF_REG_0, 0),
					 EXIT};
	int fd = load_program(insns, sizeof(insns) / sizeof(insns[0]));

	assert_int_equal(bld_fn_prog(bld, index, fd), 0);
	close(fd);
}

static inline struct vlsp_match *add_fn(uint32_t index, uint16_t kind, uint16_t flags)
{
	struct vlsp_fn *fn = &chain.fn[chain.count++];

	*fn = (struct vlsp_fn){.index = index, .kind = kind, .flags = flags};
	return &fn->match;
}

static inline void set_chain(void)
{
	assert_int_equal(bld_chain_set(bld, 1, &chain), 0);
}

static inline void make_ring(uint32_t index)
{
	int fd = bld_fn_ring(bld, index, RING_BYTES);

	assert_true(fd >= 0);
	assert_int_equal(bld_settle(bld), 0);
	bpfring_close(rings[index]);
	rings[index] = NULL;
	assert_int_equal(bpfring_open(fd, &rings[index]), 0);
}

/* The next frame in the ring of that function, or NULL; valid until the next call. */
static inline const struct vlsp_fn_frame *got(uint32_t index)
{
	uint32_t size;
	const struct vlsp_fn_frame *frame = next_record(rings[index], sizeof(*frame), &size);

	assert_true(!frame || frame->length <= size - sizeof(*frame));
	return frame;
}

/* in becomes what a function gives back. */
static inline void give_back(const struct vlsp_fn_frame *frame)
{
	assert_non_null(frame);
	memset(&in, 0, sizeof(in));
	in.size = frame->length;
	in.mark = VLSP_RESUME_MARK | frame->slot;
	memcpy(in.bytes, frame->data, frame->length);
}

static inline struct vlsp_fn_count fn_count(uint32_t index)
{
	struct vlsp_fn_count c;

	assert_int_equal(bld_fn_count_read(bld, index, &c), 0);
	return c;
}

/* cmocka's test setup. */
static inline int functions_reset(void **state)
{
	if (!why_not) {
		for (uint32_t i = 0; i < 4; i++) {
			bld_fn_clear(bld, i);
			bpfring_close(rings[i]);
			rings[i] = NULL;
		}
		bld_cut_set(bld, NULL, 0);
	}
	memset(&chain, 0, sizeof(chain));
	return harness_reset(state);
}

#endif
