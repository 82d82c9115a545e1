// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions with rings: what is in the ring, how it comes back, and what is cut to fit into it. */
#include "tests/bpf/functions.h"

#include <netinet/udp.h>

#define RESUME(f) ((struct vlsp_resume *)(f)->bytes)

/* --- rings ------------------------------------------------------------------------------------ */

static void a_ring_has_the_frame_with_the_way_back(void **state)
{
	static const uint32_t sizes[] = {0, 1, 61, 62, 63, 300, 317, 318, 319, 1471, 1472};

	(void)state;
	need_bpf();
	make_ring(3);
	add_fn(3, VLSP_FN_RING, 0);
	set_chain();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct vlsp_fn_frame *frame;
		const struct vlsp_resume *head;

		vdp_frame(&in, ADDR(3), ADDR(2), sizes[i]);
		hop();
		assert_int_equal(out.verdict, TC_ACT_STOLEN);
		frame = got(3);
		assert_non_null(frame);
		assert_int_equal(frame->length, in.size);
		assert_int_equal(frame->port, IN);
		assert_int_equal(frame->slot, 1);
		assert_int_equal(frame->place, 0);
		assert_int_equal(frame->flags, 0);
		assert_true(frame->arrived_ns > 0);
		head = (const void *)frame->data;
		assert_int_equal(head->magic, htons(VLSP_RESUME_MAGIC));
		assert_int_equal(head->at, 1);
		assert_int_equal(head->port, htonl(IN));
		assert_int_equal(head->slot, htonl(1));
		assert_int_equal(head->ethertype, htons(VDP_ETHERTYPE));
		assert_memory_equal(frame->data + ETH_HLEN, in.bytes + ETH_HLEN,
				    in.size - ETH_HLEN);
		assert_null(got(3));
		assert_int_equal(count(IN).rx_packets, i + 1);
	}
	assert_int_equal(count(OUT).tx_packets, 0);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	ipv4_frame(&in, ADDR(1), ADDR(2), 20);
	leave();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	give_back(got(3));
	assert_int_equal(RESUME(&in)->port, htonl(EDGE));
	assert_int_equal(VDP(&in)->version_flags >> 4, VDP_VERSION);
	assert_int_equal(count(EDGE).tx_packets, 1);
}

static void a_large_segment_is_too_big_for_a_ring_and_no_trouble_for_a_program(void **state)
{
	(void)state;
	need_bpf();
	make_ring(0);
	prog_returns(1, TC_ACT_OK);
	add_fn(1, VLSP_FN_PROG, 0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 2900);
	in.gso_size = 1440;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	add_fn(0, VLSP_FN_RING, 0);
	set_chain();
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_TOO_BIG);
	assert_int_equal(fn_count(0).dropped, 1);
	assert_null(got(0));
}

/* --- the way back ----------------------------------------------------------------------------- */

/* A function has the datagram of in, by IN or from the edge; in becomes what it gives back. */
static void through_ring(bool edge)
{
	make_ring(0);
	add_fn(0, VLSP_FN_RING, 0);
	set_chain();
	if (edge)
		leave();
	else
		hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	give_back(got(0));
}

static void what_comes_back_goes_on_as_if_nothing_had_been(void **state)
{
	static const uint8_t none[2 * ETH_ALEN];
	struct frame was;

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	was = in;
	through_ring(false);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.size, was.size);
	assert_memory_equal(out.bytes, none, sizeof(none));
	VDP(&was)->ttl--; /* once */
	assert_memory_equal(out.bytes + 2 * ETH_ALEN, was.bytes + 2 * ETH_ALEN,
			    was.size - 2 * ETH_ALEN);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_int_equal(count(OUT).tx_bytes, 48);
	assert_dropped(IN, VLSP_DROP_CAUSES);
}

static void what_comes_back_to_the_edge_has_its_whole_ttl(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 20);
	through_ring(true);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(VDP(&out)->ttl, 64);
	assert_int_equal(count(EDGE).tx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 1);
}

static void what_comes_back_for_the_router_is_delivered(void **state)
{
	static const uint8_t none[2 * ETH_ALEN];
	struct frame want;

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(2), ADDR(1), 33);
	ipv4_frame(&want, ADDR(2), ADDR(1), 33);
	through_ring(false);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_memory_equal(out.bytes, none, sizeof(none));
	assert_int_equal(out.size, want.size);
	assert_memory_equal(out.bytes, want.bytes, want.size);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(count(EDGE).rx_bytes, 61);
	/* with a checksum that is wrong by now it is not */
	in.bytes[in.size - 1] ^= 1;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_CHECKSUM);
}

static void what_comes_back_meets_the_functions_behind(void **state)
{
	(void)state;
	need_bpf();
	prog_returns(1, TC_ACT_OK);
	prog_returns(2, TC_ACT_OK);
	add_fn(1, VLSP_FN_PROG, 0);
	add_fn(0, VLSP_FN_RING, 0);
	add_fn(2, VLSP_FN_PROG, 0);
	make_ring(0);
	set_chain();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	hop();
	give_back(got(0));
	assert_int_equal(RESUME(&in)->at, 2);
	for (unsigned at = 0; at < 258; at++) {
		struct vlsp_fn_count first, last;

		bld_fn_count_reset(bld, 1);
		bld_fn_count_reset(bld, 2);
		RESUME(&in)->at = (uint8_t)at;
		leave();
		first = fn_count(1);
		last = fn_count(2);
		if ((at & 255) <= 1) { /* the ring has it once more */
			assert_int_equal(out.verdict, TC_ACT_STOLEN);
			assert_non_null(got(0));
			assert_int_equal(first.packets, (at & 255) == 0);
			assert_int_equal(last.packets, 0);
			continue;
		}
		assert_int_equal(first.packets, 0);
		assert_int_equal(last.packets, at == 2);
		assert_int_equal(out.verdict, at == VLSP_RESUME_DROP ? TC_ACT_STOLEN : ROUTE);
	}
}

static void what_a_function_drops_is_counted_where_it_came_in(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	through_ring(false);
	RESUME(&in)->at = VLSP_RESUME_DROP;
	leave();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	assert_dropped(IN, VLSP_DROP_FUNCTION);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 0);
	assert_dropped(EDGE, VLSP_DROP_CAUSES);
	RESUME(&in)->port = htonl(EDGE);
	leave();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	assert_dropped(EDGE, VLSP_DROP_FUNCTION);
}

static void what_comes_back_without_ttl_or_route_goes_to_the_router_s_process(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	VDP(&in)->ttl = 1;
	through_ring(false);
	leave();
	assert_int_equal(out.verdict, ROUTE); /* to the ingress of IN */
	assert_int_equal(VDP(&out)->ttl, 1);
	assert_dropped(IN, VLSP_DROP_TTL);
	VDP(&in)->ttl = 9;
	VDP(&in)->dst = htonl(ADDR(3));
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(IN).drop[VLSP_DROP_NO_ROUTE], 1);
	assert_int_equal(count(IN).rx_packets, 1);
	RESUME(&in)->port = htonl(EDGE);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_dropped(EDGE, VLSP_DROP_NO_ROUTE);
}

static void what_comes_back_meets_the_link(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	through_ring(false);
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(OUT, VLSP_DROP_SILENT);
	port(OUT, 1, 0);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_DOWN);
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SHAPED);
	assert_int_equal(bld_shape_set(bld, OUT, &(struct vlsp_shape){.loss.loss = ~0u}, true), 0);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(OUT, VLSP_DROP_LOSS);
	assert_int_equal(count(OUT).tx_packets, 1);
}

static void nothing_else_comes_back(void **state)
{
	struct frame good;

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	through_ring(false);
	good = in;
	RESUME(&in)->magic ^= 1;
	leave();
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_memory_equal(out.bytes, in.bytes, in.size);
	in = good;
	RESUME(&in)->port = htonl(777); /* nobody's */
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	in = good;
	RESUME(&in)->slot = htonl(2); /* not that router's */
	in.mark = VLSP_RESUME_MARK | 2;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	RESUME(&in)->slot = htonl(70000);
	in.mark = VLSP_RESUME_MARK | 70000;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	in = good;
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_FUNCTION);
	in = good;
	in.gso_size = 10;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(IN).drop[VLSP_DROP_TOO_BIG], 1);
	assert_int_equal(count(OUT).tx_packets, 0);
}

/* Who has a socket of one router's function does not send by another router. */
static void only_the_router_s_own_functions_give_back(void **state)
{
	static const uint32_t marks[] = {0, 1, VLSP_RESUME_MARK, VLSP_RESUME_MARK | 2,
					 VLSP_RESUME_MARK | 0x10001};

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	through_ring(false);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.mark, 0);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		in.mark = marks[i];
		leave();
		assert_int_equal(out.verdict, TC_ACT_SHOT);
	}
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_dropped(IN, VLSP_DROP_CAUSES);
}

/* --- cuts ------------------------------------------------------------------------------------- */

static int leaves_large(uint16_t dport)
{
	ipv4_frame(&in, ADDR(1), ADDR(2), 2900);
	((struct udphdr *)(IP(&in) + 1))->dest = htons(dport);
	in.gso_size = 1440;
	leave();
	return out.verdict;
}

static void only_flows_that_rings_want_are_cut(void **state)
{
	struct vlsp_match matches[VLSP_CUT_MAX] = {{0}};

	(void)state;
	need_bpf();
	assert_int_equal(leaves_large(7), ROUTE);
	for (uint32_t i = 0; i < VLSP_CUT_MAX; i++)
		matches[i] = (struct vlsp_match){.flags = VLSP_MATCH_DPORT | VLSP_MATCH_FROM,
						 .dport_min = (uint16_t)(100 + i),
						 .dport_max = (uint16_t)(100 + i)};
	assert_int_equal(bld_cut_set(bld, matches, VLSP_CUT_MAX), 0);
	assert_int_equal(leaves_large(7), ROUTE);
	assert_int_equal(count(OUT).tx_packets, 2);
	for (uint16_t i = 0; i < VLSP_CUT_MAX; i++) {
		assert_int_equal(leaves_large(100 + i), TC_ACT_UNSPEC);
		assert_int_equal(ETH(&out)->h_proto, htons(ETH_P_IP)); /* the tag is beside it */
	}
	assert_int_equal(leaves_large(100 + VLSP_CUT_MAX), ROUTE);
	assert_int_equal(bld_cut_set(bld, NULL, VLSP_CUT_MAX + 1), 0);
	assert_int_equal(leaves_large(7), TC_ACT_UNSPEC);
	in.gso_size = 0;
	in.size = ETH_HLEN + VDP_MTU;
	leave();
	assert_int_equal(out.verdict, ROUTE); /* there is nothing to cut */
	assert_int_equal(bld_cut_set(bld, NULL, 0), 0);
	assert_int_equal(leaves_large(7), ROUTE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, functions_reset)
	const struct CMUnitTest tests[] = {
		T(a_ring_has_the_frame_with_the_way_back),
		T(a_large_segment_is_too_big_for_a_ring_and_no_trouble_for_a_program),
		T(what_comes_back_goes_on_as_if_nothing_had_been),
		T(what_comes_back_to_the_edge_has_its_whole_ttl),
		T(what_comes_back_for_the_router_is_delivered),
		T(what_comes_back_meets_the_functions_behind),
		T(what_a_function_drops_is_counted_where_it_came_in),
		T(what_comes_back_without_ttl_or_route_goes_to_the_router_s_process),
		T(what_comes_back_meets_the_link),
		T(nothing_else_comes_back),
		T(only_the_router_s_own_functions_give_back),
		T(only_flows_that_rings_want_are_cut),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
