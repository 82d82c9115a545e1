// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hints of captures: datagrams that no filter can want go their fast way, and filters match what
 * they match without hints.
 */
#include "tests/bpf/shaped.h"

#include "bpf/loader/functions.h"
#include "lib/base/cleanup.h"
#include "lib/capture/filter.h"

#define TAP   5
#define OTHER 6
#define ALL   (VLSP_TAP_RX | VLSP_TAP_TX | VLSP_TAP_DROPS)

static const struct bpf_insn all[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
	{.code = BPF_JMP | BPF_EXIT},
};

static void tap(uint32_t index, uint16_t flags)
{
	static const uint32_t ports[] = {IN, OUT, EDGE};

	assert_true(bld_tap_ring(bld, index, 4096) >= 0); /* never read: only counted */
	assert_int_equal(bld_settle(bld), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		assert_int_equal(bld_tap_port(bld, ports[i], index, flags, 64), 0);
}

static uint64_t matched(uint32_t index)
{
	struct vlsp_tap_count c;

	assert_int_equal(bld_tap_count_read(bld, index, &c), 0);
	return c.matched;
}

static int hints_reset(void **state)
{
	if (!why_not) {
		bld_tap_clear(bld, TAP);
		bld_tap_clear(bld, OTHER);
	}
	return shaped_reset(state);
}

/* One datagram each way: from link to link (IN, OUT), to the router (IN, EDGE), from it (EDGE,
 * OUT), and one that ends at IN because of its TTL: 8 sightings. */
static void all_ways(uint32_t src, uint32_t dst)
{
	vdp_frame(&in, src, dst, 20);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	VDP(&in)->ttl = 1;
	hop();
	assert_int_equal(out.verdict, TC_ACT_OK);
	vdp_frame(&in, dst, ADDR(1), 20);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	ipv4_frame(&in, ADDR(1), dst, 20);
	leave();
	assert_int_equal(out.verdict, ROUTE);
}

static void what_has_not_the_hint_is_left_to_the_fast_path(void **state)
{
	const struct vlsp_hint is = {.value = htonl(ADDR(2)), .mask = 0xffffffff},
			       other = {.value = htonl(ADDR(9)), .mask = 0xffffffff};
	struct err err = {0};

	(void)state;
	need_bpf();
	assert_int_equal(bld_tap_filter(bld, TAP, all, ARRAY_SIZE(all), &other, &err), 0);
	tap(TAP, ALL | VLSP_TAP_FILTER);
	all_ways(ADDR(3), ADDR(2)); /* the filter would want them: the hint keeps them from it */
	assert_int_equal(matched(TAP), 0);
	assert_int_equal(count(IN).rx_packets, 3);
	assert_int_equal(count(IN).drop[VLSP_DROP_TTL], 1);
	assert_int_equal(count(OUT).tx_packets, 2);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(count(EDGE).tx_packets, 1);

	bld_tap_clear(bld, TAP);
	assert_int_equal(bld_tap_filter(bld, TAP, all, ARRAY_SIZE(all), &is, &err), 0);
	tap(TAP, ALL | VLSP_TAP_FILTER);
	all_ways(ADDR(3), ADDR(2));
	assert_int_equal(matched(TAP), 8);
	assert_int_equal(count(OUT).tx_packets, 4);
}

static void what_is_no_datagram_is_not_judged_by_it(void **state)
{
	const struct vlsp_hint other = {.value = htonl(ADDR(9)), .mask = 0xffffffff};
	struct err err = {0};

	(void)state;
	need_bpf();
	assert_int_equal(bld_tap_filter(bld, TAP, all, ARRAY_SIZE(all), &other, &err), 0);
	tap(TAP, ALL | VLSP_TAP_FILTER);
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	ETH(&in)->h_proto = htons(ETH_P_ARP);
	hop();
	assert_int_equal(matched(TAP), 1);
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	VDP(&in)->version_flags = 0x20;
	hop(); /* arrives, and is dropped */
	assert_int_equal(matched(TAP), 3);
	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	UDP(&in)->sport = htons(VDP_CTL_HELLO);
	hop();
	assert_int_equal(matched(TAP), 4);
	vdp_frame(&in, ADDR(3), ADDR(2), 0);
	in.size = ETH_HLEN + 10;
	hop();
	assert_int_equal(matched(TAP), 6);
}

static void a_port_has_the_hint_of_all_its_captures(void **state)
{
	const struct vlsp_hint other = {.value = htonl(ADDR(9)), .mask = 0xffffffff};
	struct err err = {0};

	(void)state;
	need_bpf();
	assert_int_equal(bld_tap_filter(bld, TAP, all, ARRAY_SIZE(all), &other, &err), 0);
	tap(TAP, ALL | VLSP_TAP_FILTER);
	tap(OTHER, ALL); /* all there is */
	all_ways(ADDR(3), ADDR(2));
	assert_int_equal(matched(OTHER), 8);
	bld_tap_clear(bld, OTHER);
	assert_int_equal(matched(TAP), 8); /* widened by OTHER, as its filter says 1 */
	all_ways(ADDR(3), ADDR(2));
	assert_int_equal(matched(TAP), 8);
	port(OUT, 1, VLSP_PORT_VALID); /* whoever writes the port does not lose it */
	all_ways(ADDR(3), ADDR(2));
	assert_int_equal(matched(TAP), 8);
}

/* --- real filters ----------------------------------------------------------------------------- */

static void set_filter(const char *text, bool hint)
{
	struct vlsp_hint has;
	struct filter *filter = NULL;
	struct bpf_insn *insns;
	struct err err = {0};
	size_t n;

	if (filter_parse(text, NULL, NULL, &filter, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	has = filter_hint(filter);
	assert_int_equal(filter_compile(filter, &insns, &n), 0);
	assert_int_equal(bld_tap_filter(bld, TAP, insns, n, hint ? &has : NULL, &err), 0);
	free(insns);
	filter_free(filter);
	tap(TAP, ALL | VLSP_TAP_FILTER);
}

/* A datagram that such filters match now and then. */
static void random_frame(void)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	uint32_t dst = random() % 3 ? ADDR(2) : ADDR(1);
	bool leaves = random() % 4 == 0;

	if (leaves)
		ipv4_frame(&in, ADDR(1), ADDR(2), 40);
	else
		vdp_frame(&in, ADDR(2 + random() % 2), dst, 40);
	UDP(&in)->sport = htons((uint16_t)(random() % 4 + 5));
	UDP(&in)->dport = htons((uint16_t)(random() % 4 + 5));
	if (leaves) {
		IP(&in)->protocol = protocols[random() % 4];
		IP(&in)->frag_off = htons(random() % 3 ? 0x4000 : 0x2000);
		set_ip_check(&in);
		leave();
		return;
	}
	VDP(&in)->protocol = protocols[random() % 4];
	VDP(&in)->flow = htonl((uint32_t)(random() % 3 + 1));
	VDP(&in)->ttl = (uint8_t)(random() % 5 + 1);
	if (random() % 4 == 0)
		VDP(&in)->version_flags |= random() % 2 ? VDP_FLAG_FRAGMENT : VDP_FLAG_OPTIONS;
	hop();
}

static uint64_t matches_of(const char *text, bool hint)
{
	uint64_t n;

	set_filter(text, hint);
	srandom(7);
	for (int i = 0; i < 400; i++)
		random_frame();
	n = matched(TAP);
	bld_tap_clear(bld, TAP);
	return n;
}

static void filters_match_the_same_with_and_without(void **state)
{
	static const char *const texts[] = {
		"udp",
		"not udp",
		"icmp or tcp",
		"port 7",
		"src port 7 and dst port 8",
		"udp port 6 or tcp port 8",
		"host 10.0.0.3",
		"src host 10.0.0.1 and udp",
		"dst net 10.0.0.2/31 and port 5",
		"flow 2",
		"flow 2 or host 10.0.0.1",
		"fragment and udp",
		"ttl < 3 and tcp",
		"not (host 10.0.0.2 and udp)",
		"not port 5 and not icmp",
		"portrange 5-6 and not src host 10.0.0.3",
		"less 60",
	};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t with = matches_of(texts[i], true), without = matches_of(texts[i], false);

		if (with != without || (!without && strcmp(texts[i], "less 60") != 0))
			fail_msg("%s: %u with a hint, %u without", texts[i], (unsigned)with,
				 (unsigned)without);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, hints_reset)
	const struct CMUnitTest tests[] = {
		T(what_has_not_the_hint_is_left_to_the_fast_path),
		T(what_is_no_datagram_is_not_judged_by_it),
		T(a_port_has_the_hint_of_all_its_captures),
		T(filters_match_the_same_with_and_without),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
