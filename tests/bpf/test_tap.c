// SPDX-License-Identifier: GPL-2.0-or-later
/* Taps: what is copied to whom, and what is lost for want of room. */
#include "tests/bpf/shaped.h"

#include "bpf/loader/functions.h"
#include "tests/bpf/record.h"

#define RING_BYTES 131072
#define TAP	   5 /* of most tests; TAP + 1 is another */

static struct bpfring *rings[VLSP_TAP_MAX];

static void make_ring(uint32_t index)
{
	int fd = bld_tap_ring(bld, index, RING_BYTES);

	assert_true(fd >= 0);
	assert_int_equal(bld_settle(bld), 0);
	bpfring_close(rings[index]);
	rings[index] = NULL;
	assert_int_equal(bpfring_open(fd, &rings[index]), 0);
}

static void tap(uint32_t number, uint16_t flags, uint32_t snaplen)
{
	if (!rings[TAP])
		make_ring(TAP);
	assert_int_equal(bld_tap_port(bld, number, TAP, flags, snaplen), 0);
}

/* The next record of that tap; valid until the next call. */
static const struct vlsp_tap_frame *next_of(uint32_t index)
{
	uint32_t size;
	const struct vlsp_tap_frame *frame = next_record(rings[index], sizeof(*frame), &size);

	assert_true(!frame || frame->captured <= size - sizeof(*frame));
	return frame;
}

/* The next one of TAP is that, and shows the bytes of f. */
static void expect(uint32_t number, uint8_t what, uint8_t cause, uint16_t flags,
		   const struct frame *f)
{
	const struct vlsp_tap_frame *frame = next_of(TAP);

	assert_non_null(frame);
	assert_int_equal(frame->port, number);
	assert_int_equal(frame->what, what);
	assert_int_equal(frame->cause, cause);
	assert_int_equal(frame->flags, flags);
	assert_int_equal(frame->length, f->size);
	assert_true(frame->time_ns > 0);
	assert_memory_equal(frame->data, f->bytes, frame->captured);
}

static struct vlsp_tap_count tap_count(uint32_t index)
{
	struct vlsp_tap_count c;

	assert_int_equal(bld_tap_count_read(bld, index, &c), 0);
	return c;
}

static int taps_reset(void **state)
{
	for (uint32_t i = 0; !why_not && i < VLSP_TAP_MAX; i++) {
		bld_tap_clear(bld, i);
		bpfring_close(rings[i]);
		rings[i] = NULL;
	}
	return shaped_reset(state);
}

/* --- links ------------------------------------------------------------------------------------ */

static void what_arrives_is_seen_as_it_came(void **state)
{
	(void)state;
	need_bpf();
	tap(IN, VLSP_TAP_RX, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	assert_int_equal(VDP(&out)->ttl, 63);
	vdp_frame(&in, ADDR(3), ADDR(1), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	UDP(&in)->sport = htons(VDP_CTL_HELLO);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	ETH(&in)->h_proto = htons(ETH_P_ARP);
	hop();
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	assert_null(next_of(TAP));
	assert_int_equal(count(IN).rx_packets, 3);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	assert_int_equal(tap_count(TAP).matched, 4);
	assert_int_equal(tap_count(TAP).lost, 0);
}

static void what_is_sent_is_seen_as_it_leaves(void **state)
{
	(void)state;
	need_bpf();
	tap(OUT, VLSP_TAP_TX, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(OUT, VLSP_TAP_IS_TX, 0, 0, &out);
	assert_int_equal(VDP(&out)->ttl, 63);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	expect(OUT, VLSP_TAP_IS_TX, 0, 0, &out);
	assert_int_equal(ETH(&out)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(VDP(&out)->ttl, 64);
	assert_null(next_of(TAP));
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 2);
	assert_int_equal(count(EDGE).tx_packets, 1);
}

static void only_what_is_asked_for_is_seen(void **state)
{
	(void)state;
	need_bpf();
	tap(IN, VLSP_TAP_TX | VLSP_TAP_DROPS, 65535);
	tap(OUT, VLSP_TAP_RX, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_null(next_of(TAP));
	assert_int_equal(bld_tap_port(bld, IN, TAP, VLSP_TAP_RX, 65535), 0); /* changes it */
	hop();
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	assert_null(next_of(TAP));
	assert_int_equal(bld_tap_port(bld, IN, TAP, 0, 0), 0);
	assert_int_equal(bld_tap_port(bld, OUT, TAP, 0, 0), 0);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_null(next_of(TAP));
}

static void large_segments_and_short_lengths_are_cut_to_the_snaplen(void **state)
{
	static const uint32_t lengths[] = {1,	33,   103,  104,  105,	 295,	  296,
					   297, 1575, 1576, 1577, 65535, 1u << 30};
	const struct vlsp_tap_frame *frame;

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t want = lengths[i];

		tap(IN, VLSP_TAP_RX, want);
		vdp_frame(&in, ADDR(3), ADDR(2), 2900);
		in.gso_size = 1440;
		hop();
		assert_int_equal(out.verdict, ROUTE);
		want = want < in.size ? want : in.size;
		frame = next_of(TAP);
		assert_non_null(frame);
		assert_int_equal(frame->length, in.size);
		assert_int_equal(frame->captured, want);
		assert_memory_equal(frame->data, in.bytes, want);
	}
}

/* --- drops ------------------------------------------------------------------------------------ */

static void ttl_1(void)
{
	VDP(&in)->ttl = 1;
}
static void version_2(void)
{
	VDP(&in)->version_flags = 2 << 4;
}
static void too_short(void)
{
	in.size = ETH_HLEN + VDP_NET_HLEN - 1;
}
static void no_route(void)
{
	VDP(&in)->dst = htonl(ADDR(3));
}
static void bad_checksum(void)
{
	vdp_frame(&in, ADDR(2), ADDR(1), 20);
	UDP(&in)->checksum ^= htons(1);
}
static void out_gone(void)
{
	bld_port_del(bld, OUT);
}
static void out_silent(void)
{
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
}
static void in_silent(void)
{
	port(IN, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
}
static void short_control(void)
{
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	in.size = ETH_HLEN + VDP_HLEN - 1;
}
static void lost(void)
{
	shape((struct vlsp_shape){.loss.loss = FATE_ALWAYS}, true);
}
static void overrun(void)
{
	shape((struct vlsp_shape){.flags = VLSP_SHAPE_RELAY}, true); /* there is no relay */
}
static void large(void)
{
	shape((struct vlsp_shape){0}, true);
	in.gso_size = 10;
}

static const struct {
	const char *what;
	void (*spoil)(void);
	uint32_t port;
	enum vlsp_drop cause;
	bool arrives, leaves;
} rows[] = {
	{"TTL 1", ttl_1, IN, VLSP_DROP_TTL, true, false},
	{"version 2", version_2, IN, VLSP_DROP_VERSION, true, false},
	{"19 bytes", too_short, IN, VLSP_DROP_LENGTH, true, false},
	{"no route", no_route, IN, VLSP_DROP_NO_ROUTE, true, false},
	{"bad checksum", bad_checksum, IN, VLSP_DROP_CHECKSUM, true, false},
	{"link out gone", out_gone, IN, VLSP_DROP_DOWN, true, false},
	{"link out silent", out_silent, OUT, VLSP_DROP_SILENT, true, false},
	{"link in silent", in_silent, IN, VLSP_DROP_SILENT, false, false},
	{"short control datagram", short_control, IN, VLSP_DROP_LENGTH, true, false},
	{"lost on the link", lost, OUT, VLSP_DROP_LOSS, true, true},
	{"no relay", overrun, OUT, VLSP_DROP_OVERRUN, true, true},
	{"large on a shaped link", large, OUT, VLSP_DROP_TOO_BIG, true, true},
};

static void each_drop_is_seen_with_its_cause(void **state)
{
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t all = VLSP_TAP_RX | VLSP_TAP_TX | VLSP_TAP_DROPS;

		print_message("         %s\n", rows[i].what);
		taps_reset(state);
		tap(IN, all, 65535);
		tap(OUT, all, 65535);
		vdp_frame(&in, ADDR(3), ADDR(2), 40);
		in.gso_size = 0;
		rows[i].spoil();
		hop();
		assert_dropped(rows[i].port, rows[i].cause);
		assert_int_equal(count(IN).rx_packets, rows[i].arrives);
		assert_int_equal(count(OUT).tx_packets, rows[i].leaves);
		if (rows[i].arrives)
			expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
		if (rows[i].leaves)
			expect(OUT, VLSP_TAP_IS_TX, 0, 0, &out);
		expect(rows[i].port, VLSP_TAP_IS_DROP, rows[i].cause, 0, &out);
		assert_null(next_of(TAP));
	}
}

static void what_a_link_does_to_it_is_said(void **state)
{
	(void)state;
	need_bpf();
	tap(OUT, VLSP_TAP_TX | VLSP_TAP_DROPS, 65535);
	shape((struct vlsp_shape){.duplicate = FATE_ALWAYS}, true);
	vdp_frame(&in, ADDR(3), ADDR(2), 40);
	in.gso_size = 0;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(OUT, VLSP_TAP_IS_TX, 0, VLSP_TAP_DUPLICATED, &out);
	shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
	hop();
	assert_memory_not_equal(out.bytes + ETH_HLEN + VDP_NET_HLEN,
				in.bytes + ETH_HLEN + VDP_NET_HLEN,
				in.size - ETH_HLEN - VDP_NET_HLEN);
	expect(OUT, VLSP_TAP_IS_TX, 0, VLSP_TAP_CORRUPT, &out);
	assert_true(bld_ring_need(bld) >= 0);
	shape((struct vlsp_shape){.flags = VLSP_SHAPE_RELAY}, true);
	hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	expect(OUT, VLSP_TAP_IS_TX, 0, VLSP_TAP_RELAYED, &out);
	assert_null(next_of(TAP));
}

/* --- edges ------------------------------------------------------------------------------------ */

static void at_an_edge_both_directions_are_seen_as_vdp(void **state)
{
	struct frame sent;

	(void)state;
	need_bpf();
	tap(EDGE, VLSP_TAP_RX | VLSP_TAP_TX, 65535);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	expect(EDGE, VLSP_TAP_IS_RX, 0, 0, &out);
	assert_int_equal(ETH(&out)->h_proto, htons(VDP_ETHERTYPE));
	vdp_frame(&in, ADDR(2), ADDR(1), 100);
	sent = in;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(EDGE, VLSP_TAP_IS_TX, 0, 0, &sent);
	assert_null(next_of(TAP));
	vdp_frame(&in, ADDR(3), ADDR(2), 100); /* not this edge's business */
	hop();
	assert_null(next_of(TAP));
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(count(EDGE).tx_packets, 1);
	assert_int_equal(count(IN).rx_packets, 2);
	assert_int_equal(count(OUT).tx_packets, 2);
}

static void at_an_edge_drops_are_seen(void **state)
{
	(void)state;
	need_bpf();
	tap(EDGE, VLSP_TAP_DROPS, 65535);
	ipv4_frame(&in, ADDR(1), ADDR(3), 100);
	leave();
	assert_int_equal(out.verdict, ROUTE); /* for the router's process to answer */
	expect(EDGE, VLSP_TAP_IS_DROP, VLSP_DROP_NO_ROUTE, 0, &out);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	IP(&in)->protocol = VDP_PROTO_CONTROL;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	expect(EDGE, VLSP_TAP_IS_DROP, VLSP_DROP_UNSUPPORTED, 0, &in); /* it stayed IPv4 */
	ipv4_frame(&in, ADDR(1), ADDR(2), 1473);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	expect(EDGE, VLSP_TAP_IS_DROP, VLSP_DROP_TOO_BIG, 0, &in);
	assert_null(next_of(TAP));
	assert_int_equal(count(EDGE).drop[VLSP_DROP_NO_ROUTE], 1);
	assert_int_equal(count(EDGE).drop[VLSP_DROP_UNSUPPORTED], 1);
	assert_int_equal(count(EDGE).drop[VLSP_DROP_TOO_BIG], 1);
	assert_int_equal(count(EDGE).tx_packets, 1);
}

/* --- filters ---------------------------------------------------------------------------------- */

/* Wants frames whose byte at offset is value. */
static int set_filter(uint32_t index, int32_t offset, int32_t value)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1},
		{.code = BPF_LD | BPF_ABS | BPF_B, .imm = offset},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 1, .off = 1, .imm = value},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct err err = {0};

	return bld_tap_filter(bld, index, insns, sizeof(insns) / sizeof(insns[0]), NULL, &err);
}

static void a_filter_says_which_are_seen(void **state)
{
	(void)state;
	need_bpf();
	assert_int_equal(set_filter(TAP, ETH_HLEN + 11, 2), 0); /* to 10.0.0.2 */
	tap(IN, VLSP_TAP_RX | VLSP_TAP_FILTER, 65535);
	vdp_frame(&in, ADDR(2), ADDR(1), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_null(next_of(TAP));
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	assert_int_equal(tap_count(TAP).matched, 1);
	assert_int_equal(set_filter(TAP, ETH_HLEN + 11, 1), 0); /* another in its place */
	hop();
	assert_null(next_of(TAP));
}

static void without_its_filter_nothing_is_seen(void **state)
{
	(void)state;
	need_bpf();
	tap(IN, VLSP_TAP_RX | VLSP_TAP_FILTER, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_null(next_of(TAP));
	assert_int_equal(tap_count(TAP).matched, 0);
}

static void a_bad_filter_is_refused_with_the_verifier_s_words(void **state)
{
	const struct bpf_insn bad[] = {{.code = BPF_JMP | BPF_EXIT}};
	struct err err = {0};

	(void)state;
	need_bpf();
	assert_true(bld_tap_filter(bld, TAP, bad, 1, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "R0"));
	assert_int_equal(bld_tap_filter(bld, VLSP_TAP_MAX, bad, 1, NULL, &err), -EINVAL);
}

static void eight_taps_of_a_port_each_see_what_is_theirs(void **state)
{
	(void)state;
	need_bpf();
	for (uint32_t i = 0; i < VLSP_TAPS_MAX; i++) {
		make_ring(i);
		assert_int_equal(set_filter(i, ETH_HLEN + 3, (int32_t)i), 0); /* the class */
		assert_int_equal(
			bld_tap_port(bld, IN, i, VLSP_TAP_RX | (i ? VLSP_TAP_FILTER : 0), 65535),
			0);
	}
	assert_int_equal(bld_tap_port(bld, IN, 60, VLSP_TAP_RX, 65535), -ENOSPC);
	for (uint32_t class = 1; class < VLSP_TAPS_MAX; class ++) {
		vdp_frame(&in, ADDR(3), ADDR(2), 100);
		VDP(&in)->tclass = (uint8_t) class;
		hop();
		assert_int_equal(out.verdict, ROUTE);
		for (uint32_t i = 0; i < VLSP_TAPS_MAX; i++) {
			const struct vlsp_tap_frame *frame = next_of(i);

			assert_int_equal(frame != NULL, i == 0 || i == class);
			assert_null(next_of(i));
		}
	}
}

/* --- room, and the end ------------------------------------------------------------------------ */

static void without_room_it_is_counted_and_nothing_else_happens(void **state)
{
	unsigned seen = 0;

	(void)state;
	need_bpf();
	tap(IN, VLSP_TAP_RX, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 1000);
	for (unsigned i = 0; i < 200; i++) {
		hop();
		assert_int_equal(out.verdict, ROUTE);
	}
	while (next_of(TAP))
		seen++;
	assert_int_equal(tap_count(TAP).matched, 200);
	assert_int_equal(tap_count(TAP).lost, 200 - seen);
	assert_in_range(seen, 50, 130);
	assert_int_equal(count(OUT).tx_packets, 200);
	bld_tap_clear(bld, TAP);
	assert_int_equal(tap_count(TAP).matched, 0);
}

static void a_tap_goes_with_its_port_and_comes_not_back(void **state)
{
	struct err err = {0};

	(void)state;
	need_bpf();
	tap(IN, VLSP_TAP_RX, 65535);
	tap(EDGE, VLSP_TAP_RX, 65535);
	port(IN, 1, VLSP_PORT_VALID | VLSP_PORT_QUEUE); /* a change is none of its business */
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_non_null(next_of(TAP));
	bld_port_del(bld, IN);
	port(IN, 1, VLSP_PORT_VALID);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_null(next_of(TAP));
	bld_router_del(bld, 1);
	assert_int_equal(bld_router_add(bld, 1, ADDR(1), EDGE, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_settle(bld), 0);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	leave();
	assert_null(next_of(TAP));
	assert_int_equal(bld_tap_port(bld, 4711, TAP, VLSP_TAP_RX, 1), -ENOENT);
	assert_int_equal(bld_tap_port(bld, IN, VLSP_TAP_MAX, VLSP_TAP_RX, 1), -EINVAL);
}

static void functions_and_taps_go_together(void **state)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = TC_ACT_SHOT},
		{.code = BPF_JMP | BPF_EXIT}};
	struct vlsp_chain chain = {.count = 1, .fn[0] = {.index = 9, .kind = VLSP_FN_PROG}};
	int fd;

	(void)state;
	need_bpf();
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "test", "GPL", insns, 2, NULL);
	assert_true(fd >= 0);
	assert_int_equal(bld_fn_prog(bld, 9, fd), 0);
	close(fd);
	assert_int_equal(bld_chain_set(bld, 1, &chain), 0);
	tap(IN, VLSP_TAP_RX | VLSP_TAP_DROPS, 65535);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	expect(IN, VLSP_TAP_IS_RX, 0, 0, &in);
	expect(IN, VLSP_TAP_IS_DROP, VLSP_DROP_FUNCTION, 0, &in);
	bld_fn_clear(bld, 9);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, taps_reset)
	const struct CMUnitTest tests[] = {
		T(what_arrives_is_seen_as_it_came),
		T(what_is_sent_is_seen_as_it_leaves),
		T(only_what_is_asked_for_is_seen),
		T(large_segments_and_short_lengths_are_cut_to_the_snaplen),
		T(each_drop_is_seen_with_its_cause),
		T(what_a_link_does_to_it_is_said),
		T(at_an_edge_both_directions_are_seen_as_vdp),
		T(at_an_edge_drops_are_seen),
		T(a_filter_says_which_are_seen),
		T(without_its_filter_nothing_is_seen),
		T(a_bad_filter_is_refused_with_the_verifier_s_words),
		T(eight_taps_of_a_port_each_see_what_is_theirs),
		T(without_room_it_is_counted_and_nothing_else_happens),
		T(a_tap_goes_with_its_port_and_comes_not_back),
		T(functions_and_taps_go_together),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
