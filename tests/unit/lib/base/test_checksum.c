// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksums of VDP: sums, where the field is, and whether it was left to be completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "lib/base/checksum.h"
#include "lib/base/cleanup.h"

static void the_sum_does_not_depend_on_alignment(void **state)
{
	static const uint8_t text[] = "0123456789abcdefghijk";
	uint8_t shifted[64];
	uint16_t expected = checksum_fold(checksum_add(0, text, 21));

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(shifted + shift, text, 21);
		assert_int_equal(checksum_fold(checksum_add(0, shifted + shift, 21)), expected);
	}
}

/* The example of RFC 1071, section 3. */
static void the_sum_is_that_of_the_rfc(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal((uint16_t)~checksum_fold(checksum_add(0, bytes, 8)), htons(0xddf2));
	/* carries upon carries */
	assert_int_equal(checksum_fold(checksum_add(0xffffffff, "\xff\xff\xff\xff", 4)), 0);
	assert_int_equal(checksum_fold(0xffff0001), 0xfffe);
}

/* A datagram of 10.0.0.1 to 10.0.0.3 whose field holds the pseudo header's sum, as in wire.md. */
static size_t example(uint8_t datagram[64], uint8_t protocol, size_t size)
{
	struct vdp_hdr vdp = {.version_flags = VDP_VERSION << 4,
			      .ttl = 64,
			      .protocol = protocol,
			      .src = htonl(0x0a000001),
			      .dst = htonl(0x0a000003)};
	uint16_t pseudo = (uint16_t)~checksum_fold(checksum_pseudo(&vdp, size - VDP_NET_HLEN));
	size_t at = VDP_NET_HLEN + (protocol == VDP_PROTO_TCP ? 16 : 6);

	memset(datagram, 0x11, 64);
	memcpy(datagram, &vdp, sizeof(vdp));
	memcpy(datagram + at, &pseudo, sizeof(pseudo));
	return size;
}

static void one_that_was_left_is_known(void **state)
{
	static const struct {
		uint8_t protocol;
		size_t size, place;
		bool left;
	} rows[] = {
		{VDP_PROTO_UDP, 30, 26, true},	   {VDP_PROTO_UDP, 28, 26, true},
		{VDP_PROTO_UDP, 27, 0, false},	   {VDP_PROTO_TCP, 40, 36, true},
		{VDP_PROTO_TCP, 39, 0, false},	   {VDP_PROTO_TCP, 61, 36, true},
		{VDP_PROTO_ICMP, 40, 0, false},	   {132, 40, 0, false},
		{VDP_PROTO_CONTROL, 40, 0, false},
	};
	uint8_t datagram[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = example(datagram, rows[i].protocol, rows[i].size);

		assert_int_equal(checksum_place(datagram, size), rows[i].place);
		assert_int_equal(checksum_left(datagram, size), rows[i].left);
		if (!rows[i].left)
			continue;
		datagram[rows[i].place] ^= 1; /* another one is complete */
		assert_false(checksum_left(datagram, size));
	}
	/* the numbers of the example in wire.md */
	example(datagram, VDP_PROTO_UDP, 30);
	assert_memory_equal(datagram + 26, "\x14\x1f", 2);
}

static void one_that_is_to_be_verified_is_complete(void **state)
{
	uint8_t datagram[64];
	size_t size = example(datagram, VDP_PROTO_UDP, 30);

	(void)state;
	datagram[0] |= VDP_FLAG_VERIFY;
	assert_int_equal(checksum_place(datagram, size), 26);
	assert_false(checksum_left(datagram, size));
}

static void only_the_first_fragment_has_one(void **state)
{
	uint8_t datagram[64];
	size_t size = example(datagram, VDP_PROTO_UDP, 30);

	(void)state;
	datagram[0] |= VDP_FLAG_FRAGMENT;
	memcpy(datagram + 16, "\x12\x34\x20\x00", 4); /* more fragments */
	assert_int_equal(checksum_place(datagram, size), 26);
	assert_false(checksum_left(datagram, size)); /* over all fragments: complete */
	memcpy(datagram + 16, "\x12\x34\x20\x01", 4);
	assert_int_equal(checksum_place(datagram, size), 0);
	memcpy(datagram + 16, "\x12\x34\x10\x00", 4);
	assert_int_equal(checksum_place(datagram, size), 0);
}

static void options_stand_before_it(void **state)
{
	uint8_t datagram[64];
	struct vdp_hdr vdp;
	size_t size = example(datagram, VDP_PROTO_UDP, 30), at = VDP_NET_HLEN + VDP_META_LEN;

	(void)state;
	memmove(datagram + at, datagram + VDP_NET_HLEN, 10);
	datagram[0] |= VDP_FLAG_OPTIONS;
	memcpy(&vdp, datagram, sizeof(vdp));
	assert_int_equal(vdp_transport_at(datagram[0]), at);
	assert_int_equal(checksum_place(datagram, size + VDP_META_LEN), at + 6);
	assert_true(checksum_left(datagram, size + VDP_META_LEN));
	/* one byte less is no header any more */
	assert_int_equal(checksum_place(datagram, at + 7), 0);
	assert_int_equal(checksum_place(datagram, at + 8), at + 6);
	datagram[2] = VDP_PROTO_TCP;
	assert_int_equal(checksum_place(datagram, at + 19), 0);
	assert_int_equal(checksum_place(datagram, at + 20), at + 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_does_not_depend_on_alignment),
		cmocka_unit_test(the_sum_is_that_of_the_rfc),
		cmocka_unit_test(one_that_was_left_is_known),
		cmocka_unit_test(one_that_is_to_be_verified_is_complete),
		cmocka_unit_test(only_the_first_fragment_has_one),
		cmocka_unit_test(options_stand_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
