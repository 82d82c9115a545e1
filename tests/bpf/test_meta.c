// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams with struct vdp_meta: over the edges, changed by a link, and what is not taken for one.
 */
#include "tests/bpf/shaped.h"

#include <netinet/tcp.h>

#define META(f)	    ((struct vdp_meta *)((f)->bytes + ETH_HLEN + VDP_NET_HLEN))
#define META_UDP(f) ((struct vdp_udp *)((f)->bytes + ETH_HLEN + VDP_NET_HLEN + VDP_META_LEN))
#define META_END    (ETH_HLEN + VDP_NET_HLEN + VDP_META_LEN)

/* Puts that option between the headers; sums are right still, but for IPv4's. */
static void insert(struct frame *f, uint32_t flow)
{
	uint8_t *at = f->bytes + ETH_HLEN + VDP_NET_HLEN;

	memmove(at + VDP_META_LEN, at, f->size - ETH_HLEN - VDP_NET_HLEN);
	f->size += VDP_META_LEN;
	*META(f) = (struct vdp_meta){VDP_META_TYPE,
				     VDP_META_LEN,
				     VDP_META_LEN + 1,
				     VDP_META_FLAGS,
				     htonl(VDP_META_MAGIC),
				     htonl(flow),
				     0};
}

static void ipv4_meta(uint32_t flow, uint32_t payload)
{
	ipv4_frame(&in, ADDR(1), ADDR(2), payload);
	insert(&in, flow);
	IP(&in)->ihl = 9;
	IP(&in)->tot_len = htons((uint16_t)(in.size - ETH_HLEN));
	in.gso_size = 0;
}

static void vdp_meta(uint32_t payload)
{
	vdp_frame(&in, ADDR(2), ADDR(1), payload);
	insert(&in, 99);
	VDP(&in)->version_flags |= VDP_FLAG_OPTIONS;
}

/* Of the whole header with its options. */
static uint16_t header_sum(const struct frame *f)
{
	return sum16(0, IP(f), VDP_NET_HLEN + VDP_META_LEN);
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void the_flow_id_is_the_one_that_is_asked_for(void **state)
{
	uint32_t usual;

	(void)state;
	need_bpf();
	ipv4_frame(&in, ADDR(1), ADDR(2), 50);
	leave();
	usual = VDP(&out)->flow;
	ipv4_meta(0xcafe0001, 50);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.size, in.size);
	assert_int_equal(ETH(&out)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(VDP(&out)->version_flags, VDP_VERSION << 4 | VDP_FLAG_OPTIONS);
	assert_int_equal(VDP(&out)->flow, htonl(0xcafe0001));
	assert_int_not_equal(VDP(&out)->stamp, 0);
	assert_memory_equal(META(&out), META(&in), in.size - ETH_HLEN - VDP_NET_HLEN);
	assert_int_equal(count(EDGE).tx_bytes, 28 + 50 + 28 + 50 + VDP_META_LEN);
	ipv4_meta(0, 50); /* as if there were no option: by the ports behind it */
	leave();
	assert_int_equal(VDP(&out)->flow, usual);
}

static void the_first_fragment_has_the_option_and_others_padding(void **state)
{
	(void)state;
	need_bpf();
	ipv4_meta(0xcafe0001, 64);
	IP(&in)->id = htons(7);
	IP(&in)->frag_off = htons(0x2000);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(VDP(&out)->version_flags,
			 VDP_VERSION << 4 | VDP_FLAG_OPTIONS | VDP_FLAG_FRAGMENT);
	assert_int_equal(VDP(&out)->flow, htonl(0xcafe0001));
	assert_int_equal(VDP(&out)->stamp, htonl(0x00072000));
	memset(META(&in), 1, VDP_META_LEN);
	IP(&in)->frag_off = htons(8);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(VDP(&out)->version_flags,
			 VDP_VERSION << 4 | VDP_FLAG_OPTIONS | VDP_FLAG_FRAGMENT);
	assert_int_not_equal(VDP(&out)->flow, 0);
}

static void other_options_are_not_supported(void **state)
{
	static const uint8_t ours[] = {0, 1, 2, 4, 5, 6, 7}; /* bytes that make it ours */

	need_bpf();
	for (size_t i = 0; i < sizeof(ours); i++) {
		harness_reset(state);
		ipv4_meta(1, 50);
		((uint8_t *)META(&in))[ours[i]] ^= 1;
		leave();
		assert_int_equal(out.verdict, TC_ACT_SHOT);
		assert_dropped(EDGE, VLSP_DROP_UNSUPPORTED);
	}
	harness_reset(state);
	ipv4_meta(1, 50);
	IP(&in)->ihl = 8;
	leave();
	assert_dropped(EDGE, VLSP_DROP_UNSUPPORTED);
	harness_reset(state);
	ipv4_meta(1, 50);
	in.size = META_END - 1;
	leave();
	assert_dropped(EDGE, VLSP_DROP_UNSUPPORTED);
	ipv4_meta(1, 50);
	META(&in)->flags = 0x13; /* a stack has counted in it */
	leave();
	assert_int_equal(out.verdict, ROUTE);
}

/* --- arriving --------------------------------------------------------------------------------- */

static void flow_id_and_timestamp_are_told(void **state)
{
	struct frame want;

	(void)state;
	need_bpf();
	vdp_meta(33);
	want = in;
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(out.size, in.size);
	assert_int_equal(IP(&out)->ihl, 9);
	assert_int_equal(ntohs(IP(&out)->tot_len), in.size - ETH_HLEN);
	assert_int_equal(header_sum(&out), 0xffff);
	META(&want)->flow = htonl(0x01020304);
	META(&want)->stamp = htonl(0x05060708);
	assert_memory_equal(META(&out), META(&want), want.size - ETH_HLEN - VDP_NET_HLEN);
	assert_int_equal(count(EDGE).rx_packets, 1);
}

static void fragments_have_no_timestamp(void **state)
{
	(void)state;
	need_bpf();
	vdp_meta(64);
	VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
	VDP(&in)->stamp = htonl(0x00072000);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(IP(&out)->frag_off, htons(0x2000));
	assert_int_equal(META(&out)->flow, htonl(0x01020304));
	assert_int_equal(META(&out)->stamp, 0);
	assert_int_equal(header_sum(&out), 0xffff);
	memset(META(&in), 1, VDP_META_LEN);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_memory_equal(META(&out), META(&in), VDP_META_LEN);
	assert_int_equal(header_sum(&out), 0xffff);
}

static void checksums_are_those_behind_the_option(void **state)
{
	(void)state;
	need_bpf();
	vdp_meta(50);
	META_UDP(&in)->checksum ^= htons(1);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_CHECKSUM);
	/* as the stack leaves it to the device */
	META_UDP(&in)->checksum = htons(sum16(VDP_PROTO_UDP + 58, &VDP(&in)->src, 8));
	hop();
	assert_int_equal(out.verdict, ROUTE);
	META_UDP(&in)->length = htons(59);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(IN).drop[VLSP_DROP_LENGTH], 1);
	META_UDP(&in)->length = htons(58);
	in.size = META_END + 7;
	hop();
	assert_int_equal(count(IN).drop[VLSP_DROP_LENGTH], 2);
	in.size = META_END - 1;
	hop();
	assert_int_equal(count(IN).drop[VLSP_DROP_LENGTH], 3);
}

static void options_that_nobody_of_us_wrote_are_not_delivered(void **state)
{
	(void)state;
	need_bpf();
	vdp_meta(50);
	META(&in)->type = 131; /* a source route */
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_dropped(IN, VLSP_DROP_UNSUPPORTED);
	VDP(&in)->dst = htonl(ADDR(2)); /* what is for others is not looked at */
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(VDP(&out)->ttl, 63);
}

/* --- on a link that changes bits -------------------------------------------------------------- */

static void bits_are_changed_behind_the_option_and_noticed(void **state)
{
	(void)state;
	need_bpf();
	for (uint64_t n = 0; n < 200; n++) {
		struct frame before;
		unsigned bits = 0;

		if (n == 0)
			shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
		vdp_meta(20);
		VDP(&in)->dst = htonl(ADDR(2));
		META_UDP(&in)->checksum = 0;
		META_UDP(&in)->checksum = htons((uint16_t)~sum16(
			sum16(VDP_PROTO_UDP + 28, &VDP(&in)->src, 8), META_UDP(&in), 28));
		before = in;
		hop();
		assert_int_equal(out.verdict, ROUTE);
		assert_memory_equal(META(&out), META(&before), VDP_META_LEN);
		for (uint32_t i = META_END; i < out.size; i++)
			bits += (unsigned)__builtin_popcount(out.bytes[i] ^ before.bytes[i]);
		assert_int_equal(bits, 1);
		assert_int_equal(VDP(&out)->version_flags,
				 VDP_VERSION << 4 | VDP_FLAG_OPTIONS | VDP_FLAG_VERIFY);
		assert_int_not_equal(
			sum16(sum16(VDP_PROTO_UDP + 28, &VDP(&out)->src, 8), META_UDP(&out), 28),
			0xffff);
	}
}

static void a_sum_that_was_left_is_completed_behind_the_option(void **state)
{
	struct tcphdr *tcp = (void *)META_UDP(&in), *changed = (void *)META_UDP(&out);
	uint16_t pseudo;

	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.corrupt = FATE_ALWAYS}, true);
	vdp_meta(40);
	VDP(&in)->dst = htonl(ADDR(2));
	VDP(&in)->protocol = VDP_PROTO_TCP;
	pseudo = sum16(VDP_PROTO_TCP + 48, &VDP(&in)->src, 8);
	tcp->check = htons(pseudo);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_true(VDP(&out)->version_flags & VDP_FLAG_VERIFY);
	assert_int_not_equal(changed->check, tcp->check);
	/* as it is delivered: not, for its one bit; and with that bit turned back */
	for (uint32_t i = META_END; i < in.size; i++) {
		uint32_t sum_at = META_END + 16;

		if (i != sum_at && i != sum_at + 1 && in.bytes[i] != out.bytes[i]) {
			assert_int_not_equal(sum16(pseudo, changed, 48), 0xffff);
			out.bytes[i] = in.bytes[i];
		}
	}
	assert_int_equal(sum16(pseudo, changed, 48), 0xffff);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, shaped_reset)
	const struct CMUnitTest tests[] = {
		T(the_flow_id_is_the_one_that_is_asked_for),
		T(the_first_fragment_has_the_option_and_others_padding),
		T(other_options_are_not_supported),
		T(flow_id_and_timestamp_are_told),
		T(fragments_have_no_timestamp),
		T(checksums_are_those_behind_the_option),
		T(options_that_nobody_of_us_wrote_are_not_delivered),
		T(bits_are_changed_behind_the_option_and_noticed),
		T(a_sum_that_was_left_is_completed_behind_the_option),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
