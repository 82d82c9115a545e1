// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp_out, what the edge does to IPv4: frame in, verdict, frame out and counters; and both ways.
 */
#include "tests/bpf/frames.h"

static struct frame in, out;

static void leave(void)
{
	run(bld_prog_out(bld), 1, &in, &out);
}

static void ipv4_becomes_vdp_and_its_payload_stays(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.size, in.size);
	assert_int_equal(ETH(&out)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(VDP(&out)->version_flags, VDP_VERSION << 4);
	assert_int_equal(VDP(&out)->ttl, 64);
	assert_int_equal(VDP(&out)->protocol, VDP_PROTO_UDP);
	assert_int_equal(VDP(&out)->tclass, 0xb8);
	assert_int_equal(VDP(&out)->src, htonl(ADDR(1)));
	assert_int_equal(VDP(&out)->dst, htonl(ADDR(2)));
	assert_true(VDP(&out)->flow != 0);
	assert_memory_equal(UDP(&out), UDP(&in), 108);
	assert_int_equal(count(EDGE).tx_packets, 1);
	assert_int_equal(count(EDGE).tx_bytes, 128);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_int_equal(count(OUT).tx_bytes, 128);
	assert_dropped(EDGE, VLSP_DROP_CAUSES);
}

/* Documentation/wire.md, "Example". */
static void the_documented_example_is_what_happens(void **state)
{
	static const uint8_t ipv4[] = {0x45, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
				       0x26, 0xcc, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x03,
				       0x04, 0xd2, 0x00, 0x07, 0x00, 0x0a, 0x7e, 0x94, 0x68, 0x69};
	static const uint8_t vdp[] = {0x10, 0x40, 0x11, 0x00, 0x0a, 0x00, 0x00, 0x01,
				      0x0a, 0x00, 0x00, 0x03, 0x23, 0xdb, 0x62, 0xd6};
	static const uint8_t back[] = {0x45, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x40, 0x00, 0x3f, 0x11,
				       0x27, 0xcc, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x03};

	(void)state;
	need_bpf();
	route(1, 3, OUT);
	ipv4_frame(&in, ADDR(1), ADDR(3), 2);
	memcpy(IP(&in), ipv4, sizeof(ipv4));
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_memory_equal(VDP(&out), vdp, sizeof(vdp));
	assert_memory_equal(UDP(&out), ipv4 + 20, 10);
	in = out;
	port(IN, 3, VLSP_PORT_VALID);
	VDP(&in)->ttl--;
	run(bld_prog_in(bld), IN, &in, &out);
	assert_memory_equal(IP(&out), back, sizeof(back));
	assert_memory_equal(UDP(&out), ipv4 + 20, 10);
}

static void a_flow_id_belongs_to_a_conversation(void **state)
{
	uint32_t flow;

	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 10);
	leave();
	flow = VDP(&out)->flow;
	ipv4_frame(&in, ADDR(1), ADDR(2), 900);
	leave();
	assert_int_equal(VDP(&out)->flow, flow);
	UDP(&in)->sport = htons(1235);
	leave();
	assert_int_not_equal(VDP(&out)->flow, flow);
}

static void to_router_2(void)
{
	struct frame vdp = out;

	port(IN, 2, VLSP_PORT_VALID);
	run(bld_prog_in(bld), IN, &vdp, &out);
	assert_int_equal(out.verdict, ROUTE);
}

static void there_and_back_gives_the_same_datagram(void **state)
{
	static const uint8_t protocols[] = {1, 6, 17, 47, 132};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(protocols); i++) {
		ipv4_frame(&in, ADDR(1), ADDR(2), 333);
		IP(&in)->protocol = protocols[i];
		set_ip_check(&in);
		leave();
		assert_int_equal(out.verdict, ROUTE);
		to_router_2();
		assert_int_equal(out.size, in.size);
		assert_memory_equal(out.bytes, in.bytes, in.size);
	}
}

static void there_and_back_gives_the_same_fragments(void **state)
{
	static const uint16_t words[] = {0x2000, 0x20b9, 0x0172, 0x0001, 0x3fff};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ipv4_frame(&in, ADDR(1), ADDR(2), 333);
		IP(&in)->id = htons(0xa55a);
		IP(&in)->frag_off = htons(words[i]);
		set_ip_check(&in);
		leave();
		assert_int_equal(out.verdict, ROUTE);
		assert_int_equal(VDP(&out)->version_flags, VDP_VERSION << 4 | VDP_FLAG_FRAGMENT);
		to_router_2();
		assert_memory_equal(out.bytes, in.bytes, in.size);
	}
}

static void a_datagram_that_may_be_fragmented_comes_back_atomic(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 8);
	IP(&in)->id = htons(99);
	IP(&in)->frag_off = 0;
	set_ip_check(&in);
	leave();
	to_router_2();
	assert_int_equal(IP(&out)->id, 0);
	assert_int_equal(IP(&out)->frag_off, htons(0x4000));
	assert_int_equal(sum16(0, IP(&out), sizeof(struct iphdr)), 0xffff);
}

static void a_header_without_payload_is_translated(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 0);
	in.size = ETH_HLEN + sizeof(struct iphdr);
	IP(&in)->protocol = 99;
	IP(&in)->tot_len = htons(20);
	set_ip_check(&in);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	to_router_2();
	assert_memory_equal(out.bytes, in.bytes, in.size);
}

struct row {
	const char *what;
	uint32_t src, dst;
};

static void what_is_not_of_the_network_passes_untouched(void **state)
{
	static const struct row rows[] = {
		{"to itself", ADDR(1), ADDR(1)},
		{"loopback", 0x7f000001, 0x7f000001},
		{"from loopback to itself", 0x7f000001, ADDR(1)},
		{"outside", ADDR(1), 0x08080808},
		{"multicast", ADDR(1), 0xe0000001},
		{"both outside", 0x08080808, 0x0b000002},
	};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("         %s\n", rows[i].what);
		ipv4_frame(&in, rows[i].src, rows[i].dst, 30);
		leave();
		assert_int_equal(out.verdict, TC_ACT_UNSPEC);
		assert_memory_equal(out.bytes, in.bytes, in.size);
	}
	ipv4_frame(&in, ADDR(1), ADDR(2), 30);
	ETH(&in)->h_proto = htons(ETH_P_IPV6);
	leave();
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_int_equal(count(EDGE).tx_packets, 0);
	assert_int_equal(count(OUT).tx_packets, 0);
}

static void a_source_that_is_nobodys_is_dropped(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(0x55), ADDR(2), 30);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(OUT).tx_packets, 0);
}

static void without_a_route_the_process_sees_the_datagram_as_vdp_on_lo(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(3), 30);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(ETH(&out)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(VDP(&out)->dst, htonl(ADDR(3)));
	assert_dropped(EDGE, VLSP_DROP_NO_ROUTE);
}

static void options_are_counted_as_unsupported(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 30);
	IP(&in)->ihl = 6;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(EDGE, VLSP_DROP_UNSUPPORTED);
	assert_int_equal(count(OUT).tx_packets, 0);
}

static void control_is_not_made_from_ipv4(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 30);
	IP(&in)->protocol = VDP_PROTO_CONTROL;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(EDGE, VLSP_DROP_UNSUPPORTED);
	assert_int_equal(count(OUT).tx_packets, 0);
}

static void what_is_larger_than_the_mtu_is_dropped_unless_it_is_segmented_later(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), VDP_MTU - VDP_HLEN);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	ipv4_frame(&in, ADDR(1), ADDR(2), VDP_MTU - VDP_HLEN + 1);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(EDGE, VLSP_DROP_TOO_BIG);
	in.gso_size = 1000;
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_dropped(EDGE, VLSP_DROP_TOO_BIG);
}

static void a_link_that_is_gone_or_silent_counts_the_drop(void **state)
{
	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 30);
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(OUT, VLSP_DROP_SILENT);
	assert_int_equal(count(OUT).tx_packets, 0);
	bld_port_del(bld, OUT);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(EDGE, VLSP_DROP_DOWN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, harness_reset)
	const struct CMUnitTest tests[] = {
		T(ipv4_becomes_vdp_and_its_payload_stays),
		T(the_documented_example_is_what_happens),
		T(a_flow_id_belongs_to_a_conversation),
		T(there_and_back_gives_the_same_datagram),
		T(there_and_back_gives_the_same_fragments),
		T(a_datagram_that_may_be_fragmented_comes_back_atomic),
		T(a_header_without_payload_is_translated),
		T(what_is_not_of_the_network_passes_untouched),
		T(a_source_that_is_nobodys_is_dropped),
		T(without_a_route_the_process_sees_the_datagram_as_vdp_on_lo),
		T(options_are_counted_as_unsupported),
		T(control_is_not_made_from_ipv4),
		T(what_is_larger_than_the_mtu_is_dropped_unless_it_is_segmented_later),
		T(a_link_that_is_gone_or_silent_counts_the_drop),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
