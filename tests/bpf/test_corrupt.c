// SPDX-License-Identifier: GPL-2.0-or-later
/* A shaped link turns one bit of a datagram over, and its destination finds that out. */
#include "tests/bpf/shaped.h"

static void tcp_frame(uint32_t payload)
{
	vdp_frame(&in, ADDR(3), ADDR(2), payload + 12);
	VDP(&in)->protocol = VDP_PROTO_TCP;
}

#define TCP_SUM (ETH_HLEN + VDP_NET_HLEN + 16)
#define UDP_SUM (ETH_HLEN + VDP_NET_HLEN + 6)

static uint16_t get16(const struct frame *f, uint32_t at)
{
	return (uint16_t)(f->bytes[at] << 8 | f->bytes[at + 1]);
}

static void put16(struct frame *f, uint32_t at, uint16_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

/* The sum of the pseudo header alone, or all that is right. */
static void put_sum(struct frame *f, uint32_t at, bool complete)
{
	uint32_t length = f->size - ETH_HLEN - VDP_NET_HLEN;
	uint16_t pseudo = sum16(VDP(f)->protocol + length, &VDP(f)->src, 8), sum;

	put16(f, at, 0);
	sum = ~sum16(pseudo, f->bytes + ETH_HLEN + VDP_NET_HLEN, length);
	put16(f, at, complete ? (sum ? sum : 0xffff) : pseudo);
}

static unsigned bits_that_differ(const struct frame *a, const struct frame *b, uint32_t *ret_at)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < a->size; i++) {
		n += (unsigned)__builtin_popcount(a->bytes[i] ^ b->bytes[i]);
		if (a->bytes[i] != b->bytes[i])
			*ret_at = i;
	}
	return n;
}

/* What a frame is before one of its bits is turned over: checksum complete, and to be verified. */
static struct frame *before_the_bit(uint32_t at, bool partial)
{
	static struct frame f;

	f = in;
	VDP(&f)->ttl--;
	if (at)
		VDP(&f)->version_flags |= VDP_FLAG_VERIFY;
	if (partial)
		put_sum(&f, at, true);
	return &f;
}

static void exactly_one_bit_behind_the_network_part_is_turned_over(void **state)
{
	static const struct {
		uint8_t protocol;
		bool partial, none, fragment;
		uint32_t payload;
	} rows[] = {
		{VDP_PROTO_UDP, .payload = 0},
		{VDP_PROTO_UDP, .payload = 1},
		{VDP_PROTO_UDP, .payload = 1472},
		{VDP_PROTO_UDP, .partial = true, .payload = 0},
		{VDP_PROTO_UDP, .partial = true, .payload = 119},
		{VDP_PROTO_UDP, .partial = true, .payload = 120},
		{VDP_PROTO_UDP, .partial = true, .payload = 1472},
		{VDP_PROTO_UDP, .none = true, .payload = 33},
		{VDP_PROTO_UDP, .fragment = true, .payload = 100},
		{VDP_PROTO_TCP, .payload = 12},
		{VDP_PROTO_TCP, .partial = true, .payload = 12},
		{VDP_PROTO_TCP, .partial = true, .payload = 1472},
		{VDP_PROTO_ICMP, .payload = 56},
	};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t sum_at = 0, turned = 0, places = 0;
		uint8_t seen[3000] = {0};

		vdp_frame(&in, ADDR(3), ADDR(2), rows[i].payload);
		VDP(&in)->protocol = rows[i].protocol;
		if (rows[i].fragment)
			VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
		else if (rows[i].protocol != VDP_PROTO_ICMP)
			sum_at = rows[i].protocol == VDP_PROTO_UDP ? UDP_SUM : TCP_SUM;
		if (sum_at)
			put_sum(&in, sum_at, !rows[i].partial);
		if (rows[i].none)
			put16(&in, sum_at, 0);
		shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
		for (int n = 0; n < 200; n++) {
			const struct frame *was = before_the_bit(sum_at, rows[i].partial);

			hop();
			assert_int_equal(out.verdict, ROUTE);
			assert_int_equal(out.size, in.size);
			if (bits_that_differ(&out, was, &turned) != 1)
				fail_msg("row %zu, number %d", i, n);
			assert_true(turned >= ETH_HLEN + VDP_NET_HLEN);
			places += !seen[turned]++;
		}
		/* all of it is hit, not some places only */
		assert_true(places > (rows[i].payload > 100 ? 60 : 7));
		assert_int_equal(fates().corrupted, 200 * (i + 1));
	}
}

static void a_bit_that_is_turned_over_is_found_at_delivery(void **state)
{
	(void)state;
	need_bpf();
	port(IN, 2, VLSP_PORT_VALID);
	route(2, 3, OUT);
	for (int kind = 0; kind < 4; kind++) {
		shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
		for (uint64_t n = 0; n < 300; n++) {
			uint64_t before;

			if (kind < 2) {
				vdp_frame(&in, ADDR(1), ADDR(3), (uint32_t)n % 50);
				put_sum(&in, UDP_SUM, kind == 0);
			} else {
				tcp_frame((uint32_t)n % 50);
				VDP(&in)->dst = htonl(ADDR(3));
				put_sum(&in, TCP_SUM, kind == 2);
			}
			hop();
			assert_int_equal(out.verdict, ROUTE);
			port(IN, 3, VLSP_PORT_VALID);
			in = out;
			before = count(EDGE + 2).rx_packets;
			hop();
			port(IN, 2, VLSP_PORT_VALID);
			if (out.verdict != TC_ACT_SHOT)
				fail_msg("kind %d, number %d got through", kind, (int)n);
			assert_int_equal(count(EDGE + 2).rx_packets, before);
		}
		assert_int_equal(count(IN).drop[VLSP_DROP_CHECKSUM] +
					 count(IN).drop[VLSP_DROP_LENGTH],
				 300 * (kind + 1));
	}
	assert_true(count(IN).drop[VLSP_DROP_CHECKSUM] > 1000);
}

static void without_a_checksum_nobody_notices(void **state)
{
	unsigned through = 0;

	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, false);
	for (int n = 0; n < 100; n++) {
		bool noticed;

		port(IN, 1, VLSP_PORT_VALID);
		vdp_frame(&in, ADDR(3), ADDR(2), 200);
		put16(&in, UDP_SUM, 0);
		hop();
		/* but in its length, or where there was no checksum there is one now */
		noticed = UDP(&out)->length != UDP(&in)->length || UDP(&out)->checksum;
		port(IN, 2, VLSP_PORT_VALID);
		in = out;
		hop();
		assert_int_equal(out.verdict, noticed ? TC_ACT_SHOT : ROUTE);
		through += !noticed;
	}
	assert_true(through > 80);
}

static void a_checksum_never_becomes_none(void **state)
{
	unsigned changed = 0;

	(void)state;
	need_bpf();
	for (int bit = 0; bit < 16; bit++) {
		uint16_t wanted = (uint16_t)(1 << bit);

		vdp_frame(&in, ADDR(3), ADDR(2), 2);
		/* two bytes of payload make up for what the checksum is to be */
		put16(&in, ETH_HLEN + VDP_HLEN, 0);
		put_sum(&in, UDP_SUM, true);
		put16(&in, ETH_HLEN + VDP_HLEN,
		      sum16(get16(&in, UDP_SUM) + 0xffff - wanted, NULL, 0));
		put_sum(&in, UDP_SUM, true);
		assert_int_equal(get16(&in, UDP_SUM), wanted);
		shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
		for (int n = 0; n < 400; n++) {
			port(IN, 1, VLSP_PORT_VALID);
			hop();
			if (get16(&out, UDP_SUM) == 0)
				fail_msg("checksum 0x%04x, number %d", wanted, n);
			changed += get16(&out, UDP_SUM) == 0xffff - wanted;
		}
	}
	assert_true(changed > 10); /* the case did come */
}

static void a_second_link_does_not_repair_what_the_first_has_changed(void **state)
{
	static struct frame first;

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 2);
	shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
	/* Changed so that the checksum, by chance, is that of the pseudo header. */
	put_sum(&in, UDP_SUM, false);
	VDP(&in)->version_flags |= VDP_FLAG_VERIFY;
	first = in;
	for (int n = 0; n < 200; n++) {
		uint32_t at;

		port(IN, 1, VLSP_PORT_VALID);
		hop();
		VDP(&first)->ttl = VDP(&out)->ttl;
		assert_int_equal(bits_that_differ(&out, &first, &at), 1);
	}
}

static void a_frame_that_ends_with_the_network_part_has_nothing_to_change(void **state)
{
	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 0);
	in.size = ETH_HLEN + VDP_NET_HLEN;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	VDP(&in)->ttl--;
	assert_memory_equal(out.bytes, in.bytes, in.size);
	/* and one whose checksum would lie behind its end keeps what it has, but for a bit */
	vdp_frame(&in, ADDR(3), ADDR(2), 0);
	in.size = ETH_HLEN + VDP_NET_HLEN + 3;
	for (int n = 0; n < 50; n++) {
		hop();
		assert_int_equal(out.verdict, ROUTE);
		assert_int_equal(out.size, in.size);
	}
}
int main(void)
{
#define T(name) cmocka_unit_test_setup(name, shaped_reset)
	const struct CMUnitTest tests[] = {
		T(exactly_one_bit_behind_the_network_part_is_turned_over),
		T(a_bit_that_is_turned_over_is_found_at_delivery),
		T(without_a_checksum_nobody_notices),
		T(a_checksum_never_becomes_none),
		T(a_second_link_does_not_repair_what_the_first_has_changed),
		T(a_frame_that_ends_with_the_network_part_has_nothing_to_change),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
