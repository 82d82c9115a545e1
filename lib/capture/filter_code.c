// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filter as a BPF program. It loads the headers to the stack once, then each test jumps to where
 * its outcome leads (short circuit), all jumps going forward. Called by those who open captures.
 *
 *   r6 the context    r8 1: what is at VDP_AT is a datagram's network part    r9 1: PORTS_AT are
 * ports
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "include/shared/vdp.h"
#include "lib/base/cleanup.h"
#include "lib/capture/filter_priv.h"

/* On the stack. The datagram is aligned, as the verifier wants it; the frame begins before it. */
#define VDP_AT	 (-28)
#define FRAME_AT (VDP_AT - ETH_HLEN)
#define PORTS_AT (-4)
#define FIELD(f) ((short)(VDP_AT + offsetof(struct vdp_hdr, f)))

_Static_assert(VDP_AT + VDP_NET_HLEN <= PORTS_AT, "one behind the other");

#define FRAGMENT_OFFSET 0x1fff /* of IPv4's fragment word: where it belongs */

struct code {
	struct bpf_insn *insns;
	int *targets; /* of each: the label that it jumps to, 0: none */
	size_t count, room;
	size_t *labels; /* where each one is; index 0 is not used */
	int label_count;
	bool failed; /* out of memory */
};

static void emit(struct code *c, struct bpf_insn insn, int target)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct bpf_insn *insns = realloc(c->insns, room * sizeof(*insns));
		int *targets;

		if (insns)
			c->insns = insns;
		targets = realloc(c->targets, room * sizeof(*targets));
		if (targets)
			c->targets = targets;
		c->failed = c->failed || !insns || !targets;
		if (c->failed)
			return;
		c->room = room;
	}
	c->insns[c->count] = insn;
	c->targets[c->count++] = target;
}

#define LABELS_FIXED 16 /* of what goes before the tests, and of the ends */

/* At most two for each node of the tree besides. */
static int label_new(struct code *c)
{
	return ++c->label_count;
}

static void label_here(struct code *c, int label)
{
	c->labels[label] = c->count;
}

static void load(struct code *c, uint8_t size, uint8_t dst, short at)
{
	emit(c,
	     (struct bpf_insn){
		     .code = BPF_LDX | BPF_MEM | size, .dst_reg = dst, .src_reg = 10, .off = at},
	     0);
}

static void move(struct code *c, uint8_t dst, uint8_t src)
{
	emit(c,
	     (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = dst, .src_reg = src},
	     0);
}

static void set(struct code *c, uint8_t dst, int32_t value)
{
	emit(c,
	     (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = dst, .imm = value},
	     0);
}

static void alu(struct code *c, uint8_t op, uint8_t dst, uint32_t value)
{
	emit(c,
	     (struct bpf_insn){.code = BPF_ALU | op | BPF_K, .dst_reg = dst, .imm = (int32_t)value},
	     0);
}

/* 16 bits of dst from network byte order. */
static void to_host(struct code *c, uint8_t dst)
{
	emit(c, (struct bpf_insn){.code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = dst, .imm = 16},
	     0);
}

static void jump_if(struct code *c, uint8_t op, uint8_t reg, uint32_t value, int target)
{
	emit(c,
	     (struct bpf_insn){
		     .code = BPF_JMP32 | op | BPF_K, .dst_reg = reg, .imm = (int32_t)value},
	     target);
}

static void jump(struct code *c, int target)
{
	emit(c, (struct bpf_insn){.code = BPF_JMP | BPF_JA}, target);
}

static void store(struct code *c, short at, uint8_t src)
{
	emit(c,
	     (struct bpf_insn){
		     .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = 10, .src_reg = src, .off = at},
	     0);
}

static void load_from(struct code *c, uint8_t size, uint8_t dst, uint8_t base, size_t at)
{
	emit(c,
	     (struct bpf_insn){.code = BPF_LDX | BPF_MEM | size,
			       .dst_reg = dst,
			       .src_reg = base,
			       .off = (short)at},
	     0);
}

/*
 * Most frames have their headers in one piece: r5 is where the frame begins, if its first size
 * bytes are there; otherwise goes on at other. A helper's call would take longer than all the rest.
 */
static void look_at(struct code *c, int32_t size, int other)
{
	load_from(c, BPF_W, 5, 6, offsetof(struct __sk_buff, data));
	load_from(c, BPF_W, 3, 6, offsetof(struct __sk_buff, data_end));
	move(c, 2, 5);
	emit(c, (struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = size},
	     0);
	emit(c, (struct bpf_insn){.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 2, .src_reg = 3},
	     other);
}

/* size bytes of the frame, from r2 on, to the stack; r0 is not 0 if there are fewer. */
static void load_frame(struct code *c, short at, int32_t size)
{
	move(c, 1, 6);
	move(c, 3, 10);
	emit(c, (struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 3, .imm = at}, 0);
	set(c, 4, size);
	emit(c, (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_load_bytes}, 0);
}

/* r8: whether there is a datagram. Goes on behind, or to done. */
static void prepare(struct code *c, int done)
{
	int pieces = label_new(c), loaded = label_new(c);

	move(c, 6, 1);
	set(c, 8, 0);
	set(c, 9, 0);
	look_at(c, ETH_HLEN + VDP_NET_HLEN, pieces);
	load_from(c, BPF_H, 0, 5, offsetof(struct ethhdr, h_proto));
	jump_if(c, BPF_JNE, 0, htons(VDP_ETHERTYPE), done);
	for (short i = 0; i < VDP_NET_HLEN; i += 4) {
		load_from(c, BPF_W, 0, 5, (size_t)(ETH_HLEN + i));
		store(c, (short)(VDP_AT + i), 0);
	}
	jump(c, loaded);
	label_here(c, pieces);
	set(c, 2, 0);
	load_frame(c, FRAME_AT, ETH_HLEN + VDP_NET_HLEN);
	jump_if(c, BPF_JNE, 0, 0, done);
	load(c, BPF_H, 0, (short)(FRAME_AT + offsetof(struct ethhdr, h_proto)));
	jump_if(c, BPF_JNE, 0, htons(VDP_ETHERTYPE), done);
	label_here(c, loaded);
	set(c, 8, 1);
}

/* Ports behind the network part and size bytes more. */
static void load_ports(struct code *c, int32_t size, int loaded, int done)
{
	const int32_t at = ETH_HLEN + VDP_NET_HLEN + size;
	int pieces = label_new(c);

	look_at(c, at + 4, pieces);
	load_from(c, BPF_W, 0, 5, (size_t)at);
	store(c, PORTS_AT, 0);
	jump(c, loaded);
	label_here(c, pieces);
	set(c, 2, at);
	load_frame(c, PORTS_AT, 4);
	jump_if(c, BPF_JNE, 0, 0, done);
	jump(c, loaded);
}

/* r9: whether there are ports. Only the first fragment has them, as in pcap-filter(7). */
static void prepare_ports(struct code *c, int done)
{
	int has = label_new(c), whole = label_new(c), plain = label_new(c), loaded = label_new(c);

	load(c, BPF_B, 0, FIELD(protocol));
	jump_if(c, BPF_JEQ, 0, VDP_PROTO_UDP, has);
	jump_if(c, BPF_JEQ, 0, VDP_PROTO_TCP, has);
	jump_if(c, BPF_JNE, 0, FILTER_SCTP, done);
	label_here(c, has);
	load(c, BPF_B, 0, FIELD(version_flags));
	alu(c, BPF_AND, 0, VDP_FLAG_FRAGMENT);
	jump_if(c, BPF_JEQ, 0, 0, whole);
	load(c, BPF_H, 0, (short)(FIELD(stamp) + 2));
	to_host(c, 0);
	alu(c, BPF_AND, 0, FRAGMENT_OFFSET);
	jump_if(c, BPF_JNE, 0, 0, done);
	label_here(c, whole);
	load(c, BPF_B, 0, FIELD(version_flags));
	alu(c, BPF_AND, 0, VDP_FLAG_OPTIONS);
	jump_if(c, BPF_JEQ, 0, 0, plain);
	load_ports(c, VDP_META_LEN, loaded, done);
	label_here(c, plain);
	load_ports(c, 0, loaded, done);
	label_here(c, loaded);
	set(c, 9, 1);
}

/* --- tests -------------------------------------------------------------------------------------
 */

/* Where a test leads; next is the one of both that comes right behind it. */
struct outcome {
	int yes, no, next;
};

static const struct {
	uint8_t jump, inverse;
} relations[] = {
	[FILTER_EQ] = {BPF_JEQ, BPF_JNE}, [FILTER_NE] = {BPF_JNE, BPF_JEQ},
	[FILTER_LT] = {BPF_JLT, BPF_JGE}, [FILTER_LE] = {BPF_JLE, BPF_JGT},
	[FILTER_GT] = {BPF_JGT, BPF_JLE}, [FILTER_GE] = {BPF_JGE, BPF_JLT},
};

static void decide(struct code *c, enum filter_op op, uint8_t reg, uint32_t value,
		   const struct outcome *out)
{
	if (out->next == out->no)
		jump_if(c, relations[op].jump, reg, value, out->yes);
	else
		jump_if(c, relations[op].inverse, reg, value, out->no);
}

static void test_number(struct code *c, const struct filter_node *n, const struct outcome *out)
{
	uint32_t value = n->value;

	if (n->field == FILTER_LENGTH) {
		emit(c,
		     (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
				       .src_reg = 6,
				       .off = offsetof(struct __sk_buff, len)},
		     0);
		decide(c, n->op, 0, value, out);
		return;
	}
	jump_if(c, BPF_JEQ, 8, 0, out->no);
	switch (n->field) {
	case FILTER_PROTOCOL:
		load(c, BPF_B, 0, FIELD(protocol));
		break;
	case FILTER_TTL:
		load(c, BPF_B, 0, FIELD(ttl));
		break;
	case FILTER_FLOW:
		load(c, BPF_W, 0, FIELD(flow));
		value = htonl(value);
		break;
	case FILTER_FRAGMENT:
		load(c, BPF_B, 0, FIELD(version_flags));
		alu(c, BPF_AND, 0, VDP_FLAG_FRAGMENT);
		break;
	default:
		load(c, BPF_B, 0, FIELD(tclass));
		if (n->field == FILTER_DSCP)
			alu(c, BPF_RSH, 0, 2);
		break;
	}
	decide(c, n->op, 0, value, out);
}

static void test_address(struct code *c, const struct filter_node *n, bool dst,
			 const struct outcome *out)
{
	jump_if(c, BPF_JEQ, 8, 0, out->no);
	load(c, BPF_W, 0, dst ? FIELD(dst) : FIELD(src));
	if (n->mask != UINT32_MAX)
		alu(c, BPF_AND, 0, htonl(n->mask));
	decide(c, FILTER_EQ, 0, htonl(n->value), out);
}

static void test_port(struct code *c, const struct filter_node *n, bool dst,
		      const struct outcome *out)
{
	jump_if(c, BPF_JEQ, 9, 0, out->no);
	if (n->mask) {
		load(c, BPF_B, 0, FIELD(protocol));
		jump_if(c, BPF_JNE, 0, n->mask, out->no);
	}
	load(c, BPF_H, 0, dst ? PORTS_AT + 2 : PORTS_AT);
	to_host(c, 0);
	if (n->value == n->max) {
		decide(c, FILTER_EQ, 0, n->value, out);
		return;
	}
	jump_if(c, BPF_JLT, 0, n->value, out->no);
	decide(c, FILTER_LE, 0, n->max, out);
}

static void test(struct code *c, const struct filter_node *n, const struct outcome *out)
{
	void (*one)(struct code *, const struct filter_node *, bool, const struct outcome *);
	struct outcome first = *out;

	if (n->field != FILTER_ADDRESS && n->field != FILTER_PORT) {
		test_number(c, n, out);
		return;
	}
	one = n->field == FILTER_ADDRESS ? test_address : test_port;
	if (n->way == FILTER_SRC || n->way == FILTER_DST) {
		one(c, n, n->way == FILTER_DST, out);
		return;
	}
	first.next = label_new(c);
	*(n->way == FILTER_EITHER ? &first.no : &first.yes) = first.next;
	one(c, n, false, &first);
	label_here(c, first.next);
	one(c, n, true, out);
}

static void generate(struct code *c, const struct filter *filter, uint32_t node,
		     const struct outcome *out)
{
	const struct filter_node *n = &filter->nodes[node];
	struct outcome other = *out;

	switch (n->kind) {
	case FILTER_TEST:
		test(c, n, out);
		break;
	case FILTER_NOT:
		other.yes = out->no;
		other.no = out->yes;
		generate(c, filter, n->left, &other);
		break;
	default:
		other.next = label_new(c);
		*(n->kind == FILTER_AND ? &other.yes : &other.no) = other.next;
		generate(c, filter, n->left, &other);
		label_here(c, other.next);
		generate(c, filter, n->right, out);
		break;
	}
}

static bool has_ports(const struct filter *filter)
{
	for (uint32_t i = 0; i < filter->count; i++)
		if (filter->nodes[i].kind == FILTER_TEST && filter->nodes[i].field == FILTER_PORT)
			return true;
	return false;
}

static void answer(struct code *c, int32_t value)
{
	set(c, 0, value);
	emit(c, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT}, 0);
}

static void program(struct code *c, const struct filter *filter)
{
	struct outcome out = {.yes = label_new(c), .no = label_new(c)};
	int body = label_new(c);

	if (filter->empty) {
		answer(c, 1);
		return;
	}
	prepare(c, body);
	if (has_ports(filter))
		prepare_ports(c, body);
	label_here(c, body);
	out.next = out.no;
	generate(c, filter, filter->root, &out);
	label_here(c, out.no);
	answer(c, 0);
	label_here(c, out.yes);
	answer(c, 1);
}

int filter_compile(const struct filter *filter, struct bpf_insn **ret_insns, size_t *ret_count)
{
	struct code c = {0};

	c.labels = calloc(2 * (size_t)filter->count + LABELS_FIXED, sizeof(*c.labels));
	if (!c.labels)
		return -ENOMEM;
	program(&c, filter);
	for (size_t i = 0; !c.failed && i < c.count; i++)
		if (c.targets[i])
			c.insns[i].off = (short)(c.labels[c.targets[i]] - i - 1);
	free(c.labels);
	free(c.targets);
	if (c.failed) {
		free(c.insns);
		return -ENOMEM;
	}
	*ret_insns = c.insns;
	*ret_count = c.count;
	return 0;
}
