/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For fuzz_bpf: who looks on. Router 1 may have a function that passes, drops or takes what a match
 * says, and IN, OUT and the edge may have taps, which must see as much as the counters do.
 */
#ifndef VLSP_TESTS_BPF_ONLOOKERS_H
#define VLSP_TESTS_BPF_ONLOOKERS_H

#include "bpf/loader/functions.h"
#include "include/shared/flow.h"
#include "include/shared/match.h"
#include "lib/base/bpfring.h"
#include "tests/bpf/generate.h"

#define FN  1
#define TAP 2

enum look_kind { LOOK_NONE, LOOK_PASS, LOOK_DROP, LOOK_RING };

static struct {
	enum look_kind kind;
	struct vlsp_match match;
	struct bpfring *ring;
	bool taken;		/* by the ring: it has to be given back */
	bool back;		/* in is what is given back */
	uint64_t seen, dropped; /* what taps and function are to count */
} look;

static inline int look_program(int verdict)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fuzz", "GPL", insns, 2, NULL), r;

	if (fd < 0)
		return fd;
	r = bld_fn_prog(bld, FN, fd);
	close(fd);
	return r;
}

/* Something that hits as often as not. */
static inline void look_match(struct vlsp_match *m)
{
	memset(m, 0, sizeof(*m));
	m->flags = draw(0x200) & ~(VLSP_MATCH_FROM | VLSP_MATCH_TO | VLSP_MATCH_FLOW);
	if (one_in(2))
		m->flags &= VLSP_MATCH_EITHER | 1u << draw(8);
	m->src = htonl(address());
	m->dst = htonl(address());
	m->src_mask = htonl(one_in(2) ? ~0u : 0xffff0000u);
	m->dst_mask = htonl(one_in(2) ? ~0u : 0xffff0000u);
	m->sport_min = one_in(2) ? 0 : (uint16_t)draw(2000);
	m->sport_max = m->sport_min + (uint16_t)draw(2000);
	m->dport_min = one_in(2) ? 0 : (uint16_t)draw(10);
	m->dport_max = m->dport_min + (uint16_t)draw(10);
	m->protocol = one_in(3) ? VDP_PROTO_TCP : VDP_PROTO_UDP;
}

/* 0 or -errno. */
static inline int look_open(void)
{
	int fd = bld_fn_ring(bld, FN, 65536), r;

	r = fd < 0 ? fd : bld_tap_ring(bld, TAP, 4096); /* never read: only counted */
	if (r >= 0)
		r = bld_settle(bld);
	return r < 0 ? r : bpfring_open(fd, &look.ring);
}

static inline int look_change(void)
{
	struct vlsp_chain chain = {.count = 1, .fn[0] = {.index = FN, .kind = VLSP_FN_PROG}};
	int r;

	look.kind = (enum look_kind)draw(4);
	look_match(&look.match);
	chain.fn[0].match = look.match;
	chain.count = look.kind != LOOK_NONE;
	if (look.kind == LOOK_RING)
		chain.fn[0].kind = VLSP_FN_RING;
	r = look_program(look.kind == LOOK_DROP ? TC_ACT_SHOT : TC_ACT_OK);
	return r < 0 ? r : bld_chain_set(bld, 1, &chain);
}

/* Whether the function wants the datagram of in, whose network part is IPv4 or VDP. */
static inline bool look_hit(bool ip, uint32_t at, bool fragment)
{
	struct match_fields f = {
		.src = ip ? IP(&in)->saddr : VDP(&in)->src,
		.dst = ip ? IP(&in)->daddr : VDP(&in)->dst,
		.protocol = ip ? IP(&in)->protocol : VDP(&in)->protocol,
	};

	if (look.kind == LOOK_NONE)
		return false;
	f.has_ports = (f.protocol == VDP_PROTO_UDP || f.protocol == VDP_PROTO_TCP) && !fragment &&
		      in.size >= at + 4;
	if (f.has_ports) {
		f.sport = (uint16_t)(in.bytes[at] << 8 | in.bytes[at + 1]);
		f.dport = (uint16_t)(in.bytes[at + 2] << 8 | in.bytes[at + 3]);
	}
	return match_hit(&look.match, &f);
}

/*
 * What the function makes of it: VLSP_DROP_CAUSES: it passes, or has been taken (look.taken); else
 * the cause of its drop.
 */
static inline enum vlsp_drop look_meet(bool ip, uint32_t at, bool fragment)
{
	if (look.back || !look_hit(ip, at, fragment))
		return VLSP_DROP_CAUSES;
	if (look.kind == LOOK_RING && !in.gso_size && in.size <= VLSP_FRAME_MAX) {
		look.taken = true;
		return VLSP_DROP_CAUSES;
	}
	if (look.kind == LOOK_PASS && (in.gso_size || in.size <= ETH_HLEN + VDP_MTU))
		return VLSP_DROP_CAUSES;
	look.dropped++;
	return look.kind == LOOK_RING ? VLSP_DROP_TOO_BIG : VLSP_DROP_FUNCTION;
}

#endif
