// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp_in, what a hop does to a frame: frame in, verdict, frame out and counters. */
#include "tests/bpf/frames.h"

static struct frame in, out;

static void hop(void)
{
	run(bld_prog_in(bld), IN, &in, &out);
}

static void a_transit_datagram_loses_one_of_its_ttl_and_nothing_else_changes(void **state)
{
	struct frame want;

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	want = in;
	VDP(&want)->ttl = 63;
	assert_int_equal(out.size, want.size);
	assert_memory_equal(out.bytes, want.bytes, want.size);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(IN).rx_bytes, 128);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_int_equal(count(OUT).tx_bytes, 128);
	assert_int_equal(count(EDGE).rx_packets, 0);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	assert_dropped(OUT, VLSP_DROP_CAUSES);
}

static void a_shaped_link_is_sent_into_as_well(void **state)
{
	(void)state;
	need_bpf();
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_QUEUE);
	vdp_frame(&in, ADDR(3), ADDR(2), 0);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(OUT).tx_packets, 1);
}

static void a_datagram_for_the_router_becomes_ipv4(void **state)
{
	struct frame want;

	(void)state;
	need_bpf();
	ipv4_frame(&want, ADDR(2), ADDR(1), 33);
	IP(&want)->ttl = 9;
	set_ip_check(&want);
	vdp_frame(&in, ADDR(2), ADDR(1), 33);
	VDP(&in)->ttl = 9;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.size, want.size);
	memset(ETH(&want)->h_source, 0x44, ETH_ALEN);
	assert_memory_equal(out.bytes, want.bytes, want.size);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(count(EDGE).rx_bytes, 61);
	assert_int_equal(count(IN).rx_packets, 1);
}

static void a_datagram_with_ttl_1_is_still_delivered(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(2), ADDR(1), 1);
	VDP(&in)->ttl = 1;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(EDGE).rx_packets, 1);
}

static void a_fragment_gets_its_id_and_offset_back(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(2), ADDR(1), 64);
	VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
	VDP(&in)->stamp = htonl(0xbeef20b9);
	UDP(&in)->length = htons(3000); /* of the whole datagram: not checked in a fragment */
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(IP(&out)->id, htons(0xbeef));
	assert_int_equal(IP(&out)->frag_off, htons(0x20b9));
	assert_int_equal(sum16(0, IP(&out), sizeof(struct iphdr)), 0xffff);
}

static void every_length_of_payload_has_its_checksum_verified(void **state)
{
	static const uint32_t sizes[] = {0,   1,   2,	3,   4,	  5,   247,  248,
					 249, 250, 503, 504, 505, 999, 1471, 1472};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		vdp_frame(&in, ADDR(2), ADDR(1), sizes[i]);
		hop();
		assert_int_equal(out.verdict, ROUTE);
		in.bytes[in.size - 1] ^= 0x10;
		hop();
		assert_int_equal(out.verdict, TC_ACT_SHOT);
		assert_int_equal(count(IN).drop[VLSP_DROP_CHECKSUM], i + 1);
		assert_int_equal(count(EDGE).rx_packets, i + 1);
	}
}

static void a_checksum_that_the_stack_left_to_be_completed_is_accepted(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(2), ADDR(1), 50);
	UDP(&in)->checksum = htons(pseudo_sum(&in));
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(UDP(&out)->checksum, UDP(&in)->checksum);
}

static void a_datagram_without_checksum_is_accepted(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(2), ADDR(1), 50);
	UDP(&in)->checksum = 0;
	hop();
	assert_int_equal(out.verdict, ROUTE);
}

static void a_segmented_frame_longer_than_the_mtu_is_sent_on_and_delivered(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 2900);
	in.gso_size = 1440;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(OUT).tx_bytes, 2928);
	vdp_frame(&in, ADDR(3), ADDR(1), 2900);
	in.gso_size = 1440;
	UDP(&in)->checksum = htons(pseudo_sum(&in));
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(IP(&out)->tot_len, htons(2928));
}

static void frames_that_are_not_vdp_pass_uncounted(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	ETH(&in)->h_proto = htons(ETH_P_ARP);
	hop();
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_memory_equal(out.bytes, in.bytes, in.size);
	assert_int_equal(count(IN).rx_packets, 0);
}

struct row {
	const char *what;
	void (*spoil)(void);
	uint32_t port;
	enum vlsp_drop cause;
	int verdict;
};

static void version_0(void)
{
	VDP(&in)->version_flags = 0;
}
static void version_2(void)
{
	VDP(&in)->version_flags = 2 << 4;
}
static void short_frame(void)
{
	in.size = ETH_HLEN + VDP_NET_HLEN - 1;
}
static void just_ethernet(void)
{
	in.size = ETH_HLEN;
}
static void to_me(void)
{
	vdp_frame(&in, ADDR(2), ADDR(1), 20);
}
static void udp_cut_off(void)
{
	to_me();
	in.size = ETH_HLEN + VDP_HLEN - 1;
}
static void udp_too_long(void)
{
	to_me();
	UDP(&in)->length = htons(29);
	set_checksum(&in);
}
static void udp_too_short(void)
{
	to_me();
	UDP(&in)->length = htons(27);
	set_checksum(&in);
}
static void bad_checksum(void)
{
	to_me();
	UDP(&in)->checksum ^= htons(1);
}
static void other_source(void)
{
	to_me();
	VDP(&in)->src ^= htonl(0x100);
}
static void ttl_1(void)
{
	VDP(&in)->ttl = 1;
}
static void ttl_0(void)
{
	VDP(&in)->ttl = 0;
}
static void no_route(void)
{
	VDP(&in)->dst = htonl(ADDR(3));
}
static void nobody(void)
{
	VDP(&in)->dst = htonl(ADDR(0x77));
}
static void other_network(void)
{
	VDP(&in)->dst = htonl(0x0b000002);
}
static void out_gone(void)
{
	bld_port_del(bld, OUT);
}
static void in_gone(void)
{
	port(IN, 1, 0);
}
static void in_silent(void)
{
	port(IN, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
}
static void in_silent_arp(void)
{
	in_silent();
	ETH(&in)->h_proto = htons(ETH_P_ARP);
}
static void out_silent(void)
{
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SILENT);
}
static void short_control(void)
{
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	in.size = ETH_HLEN + VDP_HLEN - 1;
}
static void short_hello(void)
{
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	UDP(&in)->sport = htons(VDP_CTL_HELLO);
	in.size = ETH_HLEN + VDP_HLEN + sizeof(struct vdp_hello) - 1;
}

static const struct row rows[] = {
	{"version 0", version_0, IN, VLSP_DROP_VERSION, TC_ACT_SHOT},
	{"version 2", version_2, IN, VLSP_DROP_VERSION, TC_ACT_SHOT},
	{"19 bytes", short_frame, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"no bytes", just_ethernet, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"27 bytes of UDP", udp_cut_off, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"length too large", udp_too_long, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"length too small", udp_too_short, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"bad checksum", bad_checksum, IN, VLSP_DROP_CHECKSUM, TC_ACT_SHOT},
	{"source changed", other_source, IN, VLSP_DROP_CHECKSUM, TC_ACT_SHOT},
	{"TTL 1", ttl_1, IN, VLSP_DROP_TTL, TC_ACT_OK},
	{"TTL 0", ttl_0, IN, VLSP_DROP_TTL, TC_ACT_OK},
	{"no route", no_route, IN, VLSP_DROP_NO_ROUTE, TC_ACT_OK},
	{"nobody's address", nobody, IN, VLSP_DROP_NO_ROUTE, TC_ACT_OK},
	{"other network", other_network, IN, VLSP_DROP_NO_ROUTE, TC_ACT_OK},
	{"link out gone", out_gone, IN, VLSP_DROP_DOWN, TC_ACT_SHOT},
	{"link in gone", in_gone, IN, VLSP_DROP_DOWN, TC_ACT_SHOT},
	{"link in silent", in_silent, IN, VLSP_DROP_SILENT, TC_ACT_SHOT},
	{"link in silent, ARP", in_silent_arp, IN, VLSP_DROP_SILENT, TC_ACT_SHOT},
	{"link out silent", out_silent, OUT, VLSP_DROP_SILENT, TC_ACT_SHOT},
	{"short control datagram", short_control, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
	{"short hello", short_hello, IN, VLSP_DROP_LENGTH, TC_ACT_SHOT},
};

static void each_bad_frame_is_counted_by_its_cause_and_stays_as_it_was(void **state)
{
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("         %s\n", rows[i].what);
		harness_reset(state);
		vdp_frame(&in, ADDR(3), ADDR(2), 40);
		rows[i].spoil();
		hop();
		assert_int_equal(out.verdict, rows[i].verdict);
		assert_dropped(rows[i].port, rows[i].cause);
		assert_dropped(rows[i].port == IN ? OUT : IN, VLSP_DROP_CAUSES);
		assert_int_equal(count(IN).rx_packets,
				 rows[i].cause != VLSP_DROP_SILENT || rows[i].port != IN);
		assert_int_equal(count(OUT).tx_packets, 0);
		assert_int_equal(count(EDGE).rx_packets, 0);
		if (out.verdict == TC_ACT_OK)
			assert_memory_equal(out.bytes, in.bytes, in.size);
	}
}

static void hello_frame(uint32_t epoch, uint32_t flags)
{
	struct vdp_hello hello = {.epoch = htonl(epoch), .flags = htonl(flags)};

	vdp_frame(&in, ADDR(2), 0, sizeof(hello));
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	UDP(&in)->sport = htons(VDP_CTL_HELLO);
	memcpy(UDP(&in) + 1, &hello, sizeof(hello));
}

static void hellos_are_noted_and_consumed(void **state)
{
	struct vlsp_hello first, second;
	uint32_t key = IN;

	(void)state;
	need_bpf();
	hello_frame(77, 0);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(bpf_map_lookup_elem(bld_map_hello(bld), &key, &first), 0);
	assert_int_equal(first.epoch, 77);
	assert_true(first.seen_ns > 0);
	assert_true(first.heard_ns == 0);
	hello_frame(78, VDP_HELLO_HEARD);
	hop();
	assert_int_equal(bpf_map_lookup_elem(bld_map_hello(bld), &key, &second), 0);
	assert_int_equal(second.epoch, 78);
	assert_true(second.seen_ns >= first.seen_ns);
	assert_true(second.heard_ns == second.seen_ns);
}

static void other_control_datagrams_pass_to_the_process(void **state)
{
	(void)state;
	need_bpf();
	hello_frame(1, 0);
	UDP(&in)->sport = htons(VDP_CTL_ROUTES);
	hop();
	assert_int_equal(out.verdict, TC_ACT_OK);
	assert_memory_equal(out.bytes, in.bytes, in.size);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_dropped(IN, VLSP_DROP_CAUSES);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, harness_reset)
	const struct CMUnitTest tests[] = {
		T(a_transit_datagram_loses_one_of_its_ttl_and_nothing_else_changes),
		T(a_shaped_link_is_sent_into_as_well),
		T(a_datagram_for_the_router_becomes_ipv4),
		T(a_datagram_with_ttl_1_is_still_delivered),
		T(a_fragment_gets_its_id_and_offset_back),
		T(every_length_of_payload_has_its_checksum_verified),
		T(a_checksum_that_the_stack_left_to_be_completed_is_accepted),
		T(a_datagram_without_checksum_is_accepted),
		T(a_segmented_frame_longer_than_the_mtu_is_sent_on_and_delivered),
		T(frames_that_are_not_vdp_pass_uncounted),
		T(each_bad_frame_is_counted_by_its_cause_and_stays_as_it_was),
		T(hellos_are_noted_and_consumed),
		T(other_control_datagrams_pass_to_the_process),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
