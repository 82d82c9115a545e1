/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of filters: random frames and filters, what a filter says of a frame by a plain reading
 * of its tree, and a BPF interpreter as small as compiled filters need it. Nothing here is shared
 * with what is tested but the tree.
 */
#ifndef VLSP_TESTS_UNIT_LIB_CAPTURE_EVALUATE_H
#define VLSP_TESTS_UNIT_LIB_CAPTURE_EVALUATE_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/shared/vdp.h"
#include "lib/capture/filter_priv.h"

#define EVAL_FRAME_MAX 128
#define EVAL_NODES_MAX 64

struct eval_frame {
	uint8_t bytes[EVAL_FRAME_MAX];
	uint32_t size;	 /* that are there */
	uint32_t linear; /* of these, in one piece */
};

struct eval_rng {
	uint64_t state;
};

static inline uint32_t eval_random(struct eval_rng *rng, uint32_t below)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

/* --- what a filter says, read from its tree ----------------------------------------------------
 */

struct eval_fields {
	bool datagram, ports;
	uint32_t version_flags, ttl, protocol, tclass, src, dst, flow, sport, dport;
};

static inline uint32_t eval_get(const uint8_t *at, size_t n)
{
	uint32_t value = 0;

	while (n--)
		value = value << 8 | *at++;
	return value;
}

static inline void eval_fields(const struct eval_frame *frame, struct eval_fields *f)
{
	const uint8_t *at = frame->bytes + 14;
	bool options;
	size_t transport;

	memset(f, 0, sizeof(*f));
	if (frame->size < 34 || eval_get(frame->bytes + 12, 2) != 0x88b5)
		return;
	f->datagram = true;
	f->version_flags = at[0];
	f->ttl = at[1];
	f->protocol = at[2];
	f->tclass = at[3];
	f->src = eval_get(at + 4, 4);
	f->dst = eval_get(at + 8, 4);
	f->flow = eval_get(at + 12, 4);
	options = at[0] & 4;
	transport = options ? 50 : 34;
	if ((f->protocol != 6 && f->protocol != 17 && f->protocol != 132) ||
	    frame->size < transport + 4 || ((at[0] & 1) && (eval_get(at + 18, 2) & 0x1fff)))
		return;
	f->ports = true;
	f->sport = eval_get(frame->bytes + transport, 2);
	f->dport = eval_get(frame->bytes + transport + 2, 2);
}

static inline bool eval_relation(enum filter_op op, uint32_t a, uint32_t b)
{
	switch (op) {
	case FILTER_EQ:
		return a == b;
	case FILTER_NE:
		return a != b;
	case FILTER_LT:
		return a < b;
	case FILTER_LE:
		return a <= b;
	case FILTER_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static inline bool eval_way(enum filter_way way, bool src, bool dst)
{
	return way == FILTER_SRC    ? src
	       : way == FILTER_DST  ? dst
	       : way == FILTER_BOTH ? src && dst
				    : src || dst;
}

static inline bool eval_test(const struct filter_node *n, const struct eval_frame *frame)
{
	struct eval_fields f;

	eval_fields(frame, &f);
	if (n->field == FILTER_LENGTH)
		return eval_relation(n->op, frame->size, n->value);
	if (!f.datagram)
		return false;
	switch (n->field) {
	case FILTER_PROTOCOL:
		return eval_relation(n->op, f.protocol, n->value);
	case FILTER_TTL:
		return eval_relation(n->op, f.ttl, n->value);
	case FILTER_TCLASS:
		return eval_relation(n->op, f.tclass, n->value);
	case FILTER_DSCP:
		return eval_relation(n->op, f.tclass / 4, n->value);
	case FILTER_FLOW:
		return eval_relation(n->op, f.flow, n->value);
	case FILTER_FRAGMENT:
		return f.version_flags % 2 == 1;
	case FILTER_ADDRESS:
		return eval_way(n->way, (f.src & n->mask) == n->value,
				(f.dst & n->mask) == n->value);
	default:
		if (!f.ports || (n->mask && n->mask != f.protocol))
			return false;
		return eval_way(n->way, f.sport >= n->value && f.sport <= n->max,
				f.dport >= n->value && f.dport <= n->max);
	}
}

static inline bool eval_node(const struct filter_node *nodes, uint32_t at,
			     const struct eval_frame *frame)
{
	const struct filter_node *n = &nodes[at];

	switch (n->kind) {
	case FILTER_NOT:
		return !eval_node(nodes, n->left, frame);
	case FILTER_AND:
		return eval_node(nodes, n->left, frame) && eval_node(nodes, n->right, frame);
	case FILTER_OR:
		return eval_node(nodes, n->left, frame) || eval_node(nodes, n->right, frame);
	default:
		return eval_test(n, frame);
	}
}

static inline bool eval_filter(const struct filter *filter, const struct eval_frame *frame)
{
	return filter->empty || eval_node(filter->nodes, filter->root, frame);
}

/* --- the interpreter ---------------------------------------------------------------------------
 */

struct eval_machine {
	uint64_t r[11];
	uint8_t stack[512];
	const struct eval_frame *frame;
	bool bad; /* did what the verifier would not have let it do */
};

#define EVAL_CTX   0x1000000ULL
#define EVAL_STACK 0x2000000ULL /* its end, r10 */
#define EVAL_DATA  0x3000000ULL /* the frame */

static inline uint8_t *eval_stack(struct eval_machine *m, uint64_t address, uint64_t size)
{
	uint64_t low = EVAL_STACK - sizeof(m->stack);

	if (address < low || address + size > EVAL_STACK) {
		m->bad = true;
		return m->stack;
	}
	return m->stack + (address - low);
}

static inline void eval_load(struct eval_machine *m, const struct bpf_insn *i)
{
	unsigned size = BPF_SIZE(i->code) == BPF_W ? 4 : BPF_SIZE(i->code) == BPF_H ? 2 : 1;
	uint64_t address = m->r[i->src_reg] + (uint64_t)(int64_t)i->off;
	uint64_t *dst = &m->r[i->dst_reg];
	uint32_t word = 0;

	if (address == EVAL_CTX + offsetof(struct __sk_buff, len) && size == 4) {
		*dst = m->frame->size;
	} else if (address == EVAL_CTX + offsetof(struct __sk_buff, data) && size == 4) {
		*dst = EVAL_DATA;
	} else if (address == EVAL_CTX + offsetof(struct __sk_buff, data_end) && size == 4) {
		*dst = EVAL_DATA + m->frame->linear;
	} else if (address >= EVAL_DATA && address + size <= EVAL_DATA + m->frame->linear) {
		memcpy(&word, m->frame->bytes + (address - EVAL_DATA), size);
		*dst = word;
	} else {
		if (address % size)
			m->bad = true;
		memcpy(&word, eval_stack(m, address, size), size);
		*dst = word;
	}
}

static inline void eval_store(struct eval_machine *m, const struct bpf_insn *i)
{
	uint64_t address = m->r[i->dst_reg] + (uint64_t)(int64_t)i->off;
	uint32_t word = (uint32_t)m->r[i->src_reg];

	if (i->code != (BPF_STX | BPF_MEM | BPF_W) || address % 4)
		m->bad = true;
	memcpy(eval_stack(m, address, 4), &word, 4);
}

static inline void eval_alu(struct eval_machine *m, const struct bpf_insn *i)
{
	uint64_t *dst = &m->r[i->dst_reg];
	bool wide = BPF_CLASS(i->code) == BPF_ALU64;
	uint64_t other = BPF_SRC(i->code) == BPF_X ? m->r[i->src_reg] : (uint64_t)(int64_t)i->imm;

	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		*dst = other;
		break;
	case BPF_ADD:
		*dst += other;
		break;
	case BPF_AND:
		*dst &= other;
		break;
	case BPF_RSH:
		*dst = (wide ? *dst : (uint32_t)*dst) >> other;
		break;
	case BPF_END:
		if (BPF_SRC(i->code) != BPF_TO_BE || i->imm != 16)
			m->bad = true;
		*dst = htons((uint16_t)*dst);
		return;
	default:
		m->bad = true;
	}
	if (!wide)
		*dst = (uint32_t)*dst;
}

static inline bool eval_jump(struct eval_machine *m, const struct bpf_insn *i)
{
	uint32_t a = (uint32_t)m->r[i->dst_reg], b = (uint32_t)i->imm;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		m->bad = true;
		return false;
	}
}

/* bpf_skb_load_bytes(): all or nothing, then zeros. */
static inline void eval_call(struct eval_machine *m, const struct bpf_insn *i)
{
	uint64_t offset = m->r[2], size = m->r[4];
	uint8_t *to = eval_stack(m, m->r[3], size);

	if (i->imm != BPF_FUNC_skb_load_bytes || m->r[1] != EVAL_CTX || m->bad) {
		m->bad = true;
		return;
	}
	if (offset + size <= m->frame->size) {
		memcpy(to, m->frame->bytes + offset, size);
		m->r[0] = 0;
	} else {
		memset(to, 0, size);
		m->r[0] = (uint64_t)-14;
	}
	for (int r = 1; r <= 5; r++)
		m->r[r] = 0xdead;
}

/* 0 or 1; -1: no program that could be loaded. */
static inline int eval_run(const struct bpf_insn *insns, size_t count,
			   const struct eval_frame *frame)
{
	struct eval_machine m = {.r = {[1] = EVAL_CTX, [10] = EVAL_STACK}, .frame = frame};

	for (size_t at = 0, steps = 0; at < count && steps <= count && !m.bad; at++, steps++) {
		const struct bpf_insn *i = &insns[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			eval_load(&m, i);
			break;
		case BPF_STX:
			eval_store(&m, i);
			break;
		case BPF_ALU:
		case BPF_ALU64:
			eval_alu(&m, i);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_EXIT)
				return m.r[0] <= 1 ? (int)m.r[0] : -1;
			if (i->off < 0)
				return -1;
			if (BPF_OP(i->code) == BPF_CALL)
				eval_call(&m, i);
			else if (i->code != (BPF_JMP | BPF_JGT | BPF_X) ||
				 m.r[i->dst_reg] > m.r[i->src_reg])
				at += (size_t)i->off;
			break;
		case BPF_JMP32:
			if (i->off < 0)
				return -1;
			if (eval_jump(&m, i))
				at += (size_t)i->off;
			break;
		default:
			return -1;
		}
	}
	return -1;
}

/* --- at random ---------------------------------------------------------------------------------
 */

static const uint32_t eval_addresses[] = {0x0a000001, 0x0a000002, 0x0a000103, 0x0a010001,
					  0xc0a80001, 0xffffffff, 0x80000000};
static const uint32_t eval_ports[] = {0, 1, 7, 53, 80, 5000, 5001, 5010, 32768, 65535};
static const uint32_t eval_protocols[] = {1, 6, 17, 132, 253, 0, 255};
static const uint32_t eval_flows[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 12345};

#define EVAL_ONE_OF(rng, array) (array)[eval_random(rng, sizeof(array) / sizeof((array)[0]))]

static inline void eval_put(uint8_t *at, size_t n, uint32_t value)
{
	while (n--) {
		at[n] = (uint8_t)value;
		value >>= 8;
	}
}

/* Mostly datagrams of values that filters ask for. */
static inline void eval_frame_random(struct eval_rng *rng, struct eval_frame *frame)
{
	uint8_t *at = frame->bytes + 14;
	size_t transport;

	memset(frame, 0, sizeof(*frame));
	for (size_t i = 0; i < sizeof(frame->bytes); i++)
		frame->bytes[i] = (uint8_t)eval_random(rng, 256);
	frame->size = 15 + eval_random(rng, eval_random(rng, 4) ? EVAL_FRAME_MAX - 14 : 50);
	frame->linear = eval_random(rng, 3) ? frame->size : eval_random(rng, frame->size + 1);
	eval_put(frame->bytes + 12, 2, eval_random(rng, 20) ? 0x88b5 : 0x0806);
	at[0] = (uint8_t)(0x10 | (eval_random(rng, 3) ? 0 : eval_random(rng, 8)));
	at[1] = (uint8_t)(eval_random(rng, 2) ? 64 : eval_random(rng, 256));
	at[2] = (uint8_t)EVAL_ONE_OF(rng, eval_protocols);
	at[3] = (uint8_t)(eval_random(rng, 2) ? 0xb8 : eval_random(rng, 256));
	eval_put(at + 4, 4, EVAL_ONE_OF(rng, eval_addresses));
	eval_put(at + 8, 4, EVAL_ONE_OF(rng, eval_addresses));
	eval_put(at + 12, 4, EVAL_ONE_OF(rng, eval_flows));
	if (eval_random(rng, 2))
		eval_put(at + 18, 2, eval_random(rng, 3) ? 0x2000 : 1);
	transport = at[0] & 4 ? 50 : 34;
	eval_put(frame->bytes + transport, 2, EVAL_ONE_OF(rng, eval_ports));
	eval_put(frame->bytes + transport + 2, 2, EVAL_ONE_OF(rng, eval_ports));
}

static inline void eval_test_random(struct eval_rng *rng, struct filter_node *n)
{
	*n = (struct filter_node){.kind = FILTER_TEST,
				  .field = (enum filter_field)eval_random(rng, FILTER_PORT + 1),
				  .op = (enum filter_op)eval_random(rng, FILTER_GE + 1),
				  .way = (enum filter_way)eval_random(rng, FILTER_BOTH + 1)};
	switch (n->field) {
	case FILTER_LENGTH:
		n->value = eval_random(rng, 130);
		break;
	case FILTER_PROTOCOL:
		n->op = FILTER_EQ;
		n->value = EVAL_ONE_OF(rng, eval_protocols);
		break;
	case FILTER_TTL:
		n->value = eval_random(rng, 2) ? 64 : eval_random(rng, 256);
		break;
	case FILTER_TCLASS:
		n->value = eval_random(rng, 2) ? 0xb8 : eval_random(rng, 256);
		break;
	case FILTER_DSCP:
		n->value = eval_random(rng, 2) ? 46 : eval_random(rng, 64);
		break;
	case FILTER_FLOW:
		n->op = FILTER_EQ;
		n->value = EVAL_ONE_OF(rng, eval_flows);
		break;
	case FILTER_ADDRESS:
		n->mask = eval_random(rng, 2) ? UINT32_MAX : UINT32_MAX << eval_random(rng, 32);
		n->value = EVAL_ONE_OF(rng, eval_addresses) & n->mask;
		break;
	case FILTER_PORT:
		n->mask = eval_random(rng, 3) * 11 + 6; /* 6, 17, or any: */
		if (n->mask > 17)
			n->mask = 0;
		n->value = EVAL_ONE_OF(rng, eval_ports);
		n->max = eval_random(rng, 2) ? n->value : EVAL_ONE_OF(rng, eval_ports);
		if (n->max < n->value)
			n->max = n->value;
		break;
	default:
		n->op = FILTER_EQ;
		n->value = 1;
		break;
	}
}

/* A tree in nodes, of at most depth; the index of its root. */
static inline uint32_t eval_tree_random(struct eval_rng *rng, struct filter_node *nodes,
					uint32_t *count, unsigned depth)
{
	uint32_t kind = depth ? eval_random(rng, 5) : 0, left = 0, right = 0, at;

	if (kind > FILTER_OR)
		kind = FILTER_TEST;
	if (kind != FILTER_TEST)
		left = eval_tree_random(rng, nodes, count, depth - 1);
	if (kind == FILTER_AND || kind == FILTER_OR)
		right = eval_tree_random(rng, nodes, count, depth - 1);
	at = (*count)++;
	if (kind == FILTER_TEST)
		eval_test_random(rng, &nodes[at]);
	else
		nodes[at] = (struct filter_node){
			.kind = (enum filter_kind)kind, .left = left, .right = right};
	return at;
}

static inline void eval_test_print(const struct filter_node *n, FILE *out)
{
	static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
	static const char *const ways[] = {"", "src ", "dst ", "src and dst "};
	struct in_addr address = {htonl(n->value)}, mask = {htonl(n->mask)};
	char text[2][INET_ADDRSTRLEN];

	switch (n->field) {
	case FILTER_LENGTH:
		fprintf(out, "len %s %u", ops[n->op], n->value);
		break;
	case FILTER_PROTOCOL:
		fprintf(out, "proto %u", n->value);
		break;
	case FILTER_TTL:
		fprintf(out, "ttl%s%u", ops[n->op], n->value);
		break;
	case FILTER_TCLASS:
		fprintf(out, "tclass %s 0x%x", ops[n->op], n->value);
		break;
	case FILTER_DSCP:
		fprintf(out, "dscp %s %u", ops[n->op], n->value);
		break;
	case FILTER_FLOW:
		fprintf(out, "flow 0x%08X", n->value);
		break;
	case FILTER_FRAGMENT:
		fprintf(out, "fragment");
		break;
	case FILTER_ADDRESS:
		inet_ntop(AF_INET, &address, text[0], sizeof(text[0]));
		inet_ntop(AF_INET, &mask, text[1], sizeof(text[1]));
		if (n->mask == UINT32_MAX)
			fprintf(out, "%shost %s", ways[n->way], text[0]);
		else
			fprintf(out, "%snet %s mask %s", ways[n->way], text[0], text[1]);
		break;
	default:
		fprintf(out, "%s%s",
			n->mask == 6	? "tcp "
			: n->mask == 17 ? "udp "
					: "",
			ways[n->way]);
		if (n->value == n->max)
			fprintf(out, "port %u", n->value);
		else
			fprintf(out, "portrange %u-%u", n->value, n->max);
		break;
	}
}

static inline void eval_print(const struct filter_node *nodes, uint32_t at, FILE *out)
{
	const struct filter_node *n = &nodes[at];

	if (n->kind == FILTER_TEST) {
		eval_test_print(n, out);
	} else if (n->kind == FILTER_NOT) {
		fprintf(out, "not (");
		eval_print(nodes, n->left, out);
		fprintf(out, ")");
	} else {
		fprintf(out, n->kind == FILTER_AND ? "(" : "((");
		eval_print(nodes, n->left, out);
		fprintf(out, n->kind == FILTER_AND ? " && " : ") or (");
		eval_print(nodes, n->right, out);
		fprintf(out, n->kind == FILTER_AND ? ")" : "))");
	}
}

#endif
