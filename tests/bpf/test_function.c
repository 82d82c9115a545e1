// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains of functions: which datagrams they get, and what programs and policies do with them. */
#include "tests/bpf/functions.h"

/* --- what they get ---------------------------------------------------------------------------- */

struct row {
	const char *what;
	struct vlsp_match match;
	bool hit;
};

#define M(...)                                                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
/* The datagram is from 10.0.0.3:1234 to 10.0.0.2:7, UDP, flow 0x01020304, by IN, to OUT. */
static const struct row rows[] = {
	{"all", M(0), true},
	{"from this link", M(.flags = VLSP_MATCH_FROM, .from = IN), true},
	{"from another", M(.flags = VLSP_MATCH_FROM, .from = OUT), false},
	{"from the programs", M(.flags = VLSP_MATCH_FROM, .from = EDGE), false},
	{"to the link", M(.flags = VLSP_MATCH_TO, .to = OUT), true},
	{"to another", M(.flags = VLSP_MATCH_TO, .to = IN), false},
	{"to the programs", M(.flags = VLSP_MATCH_TO, .to = EDGE), false},
	{"source", M(.flags = VLSP_MATCH_SRC, .src = ADDR(3), .src_mask = ~0u), true},
	{"another source", M(.flags = VLSP_MATCH_SRC, .src = ADDR(2), .src_mask = ~0u), false},
	{"source's network", M(.flags = VLSP_MATCH_SRC, .src = ADDR(0), .src_mask = 0xffffff00),
	 true},
	{"destination", M(.flags = VLSP_MATCH_DST, .dst = ADDR(2), .dst_mask = ~0u), true},
	{"another destination", M(.flags = VLSP_MATCH_DST, .dst = ADDR(3), .dst_mask = ~0u), false},
	{"protocol", M(.flags = VLSP_MATCH_PROTOCOL, .protocol = 17), true},
	{"another protocol", M(.flags = VLSP_MATCH_PROTOCOL, .protocol = 6), false},
	{"source port", M(.flags = VLSP_MATCH_SPORT, .sport_min = 1234, .sport_max = 1234), true},
	{"below", M(.flags = VLSP_MATCH_SPORT, .sport_min = 1235, .sport_max = 2000), false},
	{"above", M(.flags = VLSP_MATCH_SPORT, .sport_min = 0, .sport_max = 1233), false},
	{"destination port", M(.flags = VLSP_MATCH_DPORT, .dport_min = 1, .dport_max = 7), true},
	{"another port", M(.flags = VLSP_MATCH_DPORT, .dport_min = 8, .dport_max = 9), false},
	{"flow", M(.flags = VLSP_MATCH_FLOW, .flow = 0x01020304), true},
	{"another flow", M(.flags = VLSP_MATCH_FLOW, .flow = 0x04030201), false},
	{"both of two",
	 M(.flags = VLSP_MATCH_FROM | VLSP_MATCH_PROTOCOL, .from = IN, .protocol = 17), true},
	{"one of two", M(.flags = VLSP_MATCH_FROM | VLSP_MATCH_PROTOCOL, .from = IN, .protocol = 6),
	 false},
	{"the other way round",
	 M(.flags = VLSP_MATCH_DST | VLSP_MATCH_SPORT | VLSP_MATCH_EITHER, .dst = ADDR(3),
	   .dst_mask = ~0u, .sport_min = 7, .sport_max = 7),
	 true},
	{"half of it",
	 M(.flags = VLSP_MATCH_DST | VLSP_MATCH_SPORT | VLSP_MATCH_EITHER, .dst = ADDR(3),
	   .dst_mask = ~0u, .sport_min = 1234, .sport_max = 1234),
	 false},
};

static void each_field_says_whether_a_function_gets_it(void **state)
{
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vlsp_match *m;

		print_message("         %s\n", rows[i].what);
		functions_reset(state);
		prog_returns(0, TC_ACT_SHOT);
		m = add_fn(0, VLSP_FN_PROG, 0);
		*m = rows[i].match;
		m->src = htonl(m->src);
		m->src_mask = htonl(m->src_mask);
		m->dst = htonl(m->dst);
		m->dst_mask = htonl(m->dst_mask);
		m->flow = htonl(m->flow);
		set_chain();
		vdp_frame(&in, ADDR(3), ADDR(2), 20);
		hop();
		assert_int_equal(out.verdict, rows[i].hit ? TC_ACT_SHOT : ROUTE);
		assert_int_equal(fn_count(0).packets, rows[i].hit);
		assert_int_equal(count(IN).rx_packets, 1);
		assert_dropped(IN, rows[i].hit ? VLSP_DROP_FUNCTION : VLSP_DROP_CAUSES);
		assert_int_equal(count(OUT).tx_packets, !rows[i].hit);
	}
}

static void ports_of_fragments_and_other_protocols_match_nothing(void **state)
{
	(void)state;
	need_bpf();
	prog_returns(0, TC_ACT_SHOT);
	*add_fn(0, VLSP_FN_PROG, 0) = (struct vlsp_match){
		.flags = VLSP_MATCH_DPORT, .dport_min = 0, .dport_max = 65535};
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	VDP(&in)->version_flags &= ~VDP_FLAG_FRAGMENT;
	VDP(&in)->protocol = VDP_PROTO_ICMP;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	VDP(&in)->protocol = VDP_PROTO_TCP;
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
}

static void what_is_for_the_router_and_what_it_sends_matches_its_edge(void **state)
{
	(void)state;
	need_bpf();
	prog_returns(0, TC_ACT_SHOT);
	*add_fn(0, VLSP_FN_PROG, 0) = (struct vlsp_match){.flags = VLSP_MATCH_TO, .to = EDGE};
	set_chain();
	vdp_frame(&in, ADDR(2), ADDR(1), 20);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(EDGE).rx_packets, 0);
	ipv4_frame(&in, ADDR(1), ADDR(2), 20);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	chain.fn[0].match = (struct vlsp_match){.flags = VLSP_MATCH_FROM, .from = EDGE};
	set_chain();
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(EDGE, VLSP_DROP_FUNCTION);
	assert_int_equal(count(EDGE).tx_packets, 2);
	assert_int_equal(count(OUT).tx_packets, 1);
	vdp_frame(&in, ADDR(2), ADDR(1), 20);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(EDGE).rx_packets, 1);
}

static void control_datagrams_go_past_all_functions(void **state)
{
	(void)state;
	need_bpf();
	prog_returns(0, TC_ACT_SHOT);
	add_fn(0, VLSP_FN_PROG, 0);
	set_chain();
	vdp_frame(&in, ADDR(2), ADDR(1), 20);
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	UDP(&in)->sport = htons(VDP_CTL_ROUTES);
	hop();
	assert_int_equal(out.verdict, TC_ACT_OK);
	assert_int_equal(fn_count(0).packets, 0);
	assert_int_equal(count(IN).rx_packets, 1);
}

/* --- programs --------------------------------------------------------------------------------- */

static void functions_have_it_in_their_order(void **state)
{
	const struct vlsp_fn_frame *frame;

	(void)state;
	need_bpf();
	make_ring(2);
	prog_writes(0, ETH_HLEN + 3, 0x11, 1); /* the class */
	prog_writes(1, ETH_HLEN + 3, 0x22, 1);
	add_fn(0, VLSP_FN_PROG, 0);
	add_fn(1, VLSP_FN_PROG, 0);
	add_fn(2, VLSP_FN_RING, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	frame = got(2);
	assert_non_null(frame);
	assert_int_equal(frame->place, 2);
	assert_int_equal(frame->data[ETH_HLEN + 3], 0x22);
	chain.fn[0].index = 1;
	chain.fn[1].index = 0;
	set_chain();
	hop();
	frame = got(2);
	assert_non_null(frame);
	assert_int_equal(frame->data[ETH_HLEN + 3], 0x11);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(fn_count(i).packets, 2);
		assert_int_equal(fn_count(i).bytes, 2 * 48);
	}
}

static void a_full_chain_is_run_to_its_end(void **state)
{
	(void)state;
	need_bpf();
	prog_returns(0, TC_ACT_OK);
	prog_returns(1, TC_ACT_SHOT);
	for (int i = 0; i < VLSP_CHAIN_MAX; i++)
		add_fn(0, VLSP_FN_PROG, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(fn_count(0).packets, VLSP_CHAIN_MAX);
	chain.fn[VLSP_CHAIN_MAX - 1].index = 1;
	set_chain();
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
}

static void a_program_passes_by_0_and_unspec_and_drops_by_all_else(void **state)
{
	static const struct {
		int says;
		bool passes;
	} verdicts[] = {{TC_ACT_OK, true},	  {TC_ACT_UNSPEC, true},
			{TC_ACT_SHOT, false},	  {TC_ACT_STOLEN, false},
			{TC_ACT_REDIRECT, false}, {-77, false},
			{0x7fffffff, false},	  {1, false}};

	need_bpf();
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		functions_reset(state);
		prog_returns(0, verdicts[i].says);
		add_fn(0, VLSP_FN_PROG, 0);
		set_chain();
		vdp_frame(&in, ADDR(3), ADDR(2), 20);
		hop();
		assert_int_equal(out.verdict, verdicts[i].passes ? ROUTE : TC_ACT_SHOT);
		assert_int_equal(fn_count(0).packets, 1);
		assert_int_equal(fn_count(0).dropped, !verdicts[i].passes);
		assert_dropped(IN, verdicts[i].passes ? VLSP_DROP_CAUSES : VLSP_DROP_FUNCTION);
	}
}

static void what_a_program_changes_decides_about_the_way(void **state)
{
	(void)state;
	need_bpf();
	prog_writes(0, ETH_HLEN + 8, htonl(ADDR(1)), 4);
	add_fn(0, VLSP_FN_PROG, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	UDP(&in)->checksum = 0;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(ETH(&out)->h_proto, htons(ETH_P_IP));
	assert_int_equal(IP(&out)->daddr, htonl(ADDR(1)));
	prog_writes(0, ETH_HLEN + 8, htonl(ADDR(3)), 4);
	hop();
	assert_int_equal(out.verdict, TC_ACT_OK); /* for the router's process */
	assert_dropped(IN, VLSP_DROP_NO_ROUTE);
	prog_writes(0, ETH_HLEN + 8, htonl(ADDR(2)), 4);
	VDP(&in)->dst = htonl(ADDR(1));
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(VDP(&out)->ttl, 63);
	assert_int_equal(count(OUT).tx_packets, 1);
}

static void what_the_next_function_matches_is_what_the_one_before_left(void **state)
{
	(void)state;
	need_bpf();
	prog_writes(0, ETH_HLEN + 8, htonl(ADDR(1)), 4);
	prog_returns(1, TC_ACT_SHOT);
	add_fn(0, VLSP_FN_PROG, 0);
	*add_fn(1, VLSP_FN_PROG, 0) = (struct vlsp_match){.flags = VLSP_MATCH_TO, .to = EDGE};
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(fn_count(1).dropped, 1);
}

static void a_program_that_leaves_no_datagram_has_dropped_it(void **state)
{
	static const struct {
		uint32_t offset, value, size;
	} spoils[] = {{ETH_HLEN, 0x20, 1}, {ETH_HLEN + 2, VDP_PROTO_CONTROL, 1}, {12, 0x0008, 2}};

	need_bpf();
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		functions_reset(state);
		prog_writes(0, spoils[i].offset, spoils[i].value, spoils[i].size);
		add_fn(0, VLSP_FN_PROG, 0);
		set_chain();
		vdp_frame(&in, ADDR(3), ADDR(2), 20);
		hop();
		assert_int_equal(out.verdict, TC_ACT_SHOT);
		assert_dropped(IN, VLSP_DROP_FUNCTION);
		assert_int_equal(fn_count(0).dropped, 1);
	}
}

/* --- policy ----------------------------------------------------------------------------------- */

static void policy_row(void **state, uint16_t kind, uint16_t flags, bool there)
{
	bool closed = flags & VLSP_FN_CLOSED;

	functions_reset(state);
	if (there && kind == VLSP_FN_PROG)
		prog_returns(0, TC_ACT_SHOT);
	else if (there)
		make_ring(0);
	prog_returns(1, TC_ACT_OK);
	add_fn(0, kind, flags);
	add_fn(1, VLSP_FN_PROG, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	assert_int_equal(out.verdict, closed ? TC_ACT_SHOT : ROUTE);
	assert_dropped(IN, closed ? VLSP_DROP_FUNCTION : VLSP_DROP_CAUSES);
	assert_int_equal(fn_count(0).packets, 0);
	assert_int_equal(fn_count(0).dropped, closed);
	assert_int_equal(fn_count(0).skipped, !closed);
	assert_int_equal(fn_count(1).packets, !closed);
	if (there && kind == VLSP_FN_RING)
		assert_null(got(0));
}

static void a_function_that_is_not_there_or_dead_has_its_policy(void **state)
{
	need_bpf();
	for (int closed = 0; closed < 2; closed++) {
		uint16_t policy = closed ? VLSP_FN_CLOSED : 0;

		policy_row(state, VLSP_FN_PROG, policy, false);
		policy_row(state, VLSP_FN_RING, policy, false);
		policy_row(state, VLSP_FN_PROG, policy | VLSP_FN_DEAD, true);
		policy_row(state, VLSP_FN_RING, policy | VLSP_FN_DEAD, true);
	}
}

static void a_ring_without_room_has_its_policy(void **state)
{
	unsigned given = 0;

	(void)state;
	need_bpf();
	make_ring(0);
	add_fn(0, VLSP_FN_RING, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 1000);
	for (;;) {
		hop();
		if (out.verdict != TC_ACT_STOLEN)
			break;
		given++;
	}
	assert_in_range(given, 10, RING_BYTES / 1000);
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(fn_count(0).packets, given);
	assert_int_equal(fn_count(0).skipped, 1);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	chain.fn[0].flags = VLSP_FN_CLOSED;
	set_chain();
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_FUNCTION);
	assert_int_equal(count(IN).rx_packets, given + 2);
	while (given-- > 0)
		assert_non_null(got(0));
	assert_null(got(0));
	hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, functions_reset)
	const struct CMUnitTest tests[] = {
		T(each_field_says_whether_a_function_gets_it),
		T(ports_of_fragments_and_other_protocols_match_nothing),
		T(what_is_for_the_router_and_what_it_sends_matches_its_edge),
		T(control_datagrams_go_past_all_functions),
		T(functions_have_it_in_their_order),
		T(a_full_chain_is_run_to_its_end),
		T(a_program_passes_by_0_and_unspec_and_drops_by_all_else),
		T(what_a_program_changes_decides_about_the_way),
		T(what_the_next_function_matches_is_what_the_one_before_left),
		T(a_program_that_leaves_no_datagram_has_dropped_it),
		T(a_function_that_is_not_there_or_dead_has_its_policy),
		T(a_ring_without_room_has_its_policy),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
