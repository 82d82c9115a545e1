/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors: the bytes, what must not be answered, the limit. */
#include "daemon/router/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "include/shared/vdp.h"
#include "lib/base/checksum.h"
#include "lib/base/clock.h"

#define OWN 0x0a000005u

/* A UDP datagram of size bytes in all, 10.0.0.1:1000 -> 10.0.0.9:33434. */
static void frame_make(uint8_t *frame, size_t size)
{
	struct vdp_hdr vdp = {.version_flags = VDP_VERSION << 4,
			      .ttl = 1,
			      .protocol = VDP_PROTO_UDP,
			      .tclass = 0x28,
			      .src = htonl(0x0a000001),
			      .dst = htonl(0x0a000009),
			      .stamp = htonl(0x12345678)};
	struct vdp_udp udp = {.sport = htons(1000),
			      .dport = htons(33434),
			      .length = htons((uint16_t)(size - VDP_NET_HLEN)),
			      .checksum = 0xabcd};

	for (size_t i = 0; i < size; i++)
		frame[i] = (uint8_t)i;
	memcpy(frame, &vdp, sizeof(vdp));
	memcpy(frame + sizeof(vdp), &udp, sizeof(udp));
}

static void time_exceeded_has_the_right_bytes(void **state)
{
	uint8_t frame[60], out[ICMP_ERROR_MAX];
	static const uint8_t outer[] = {0x45, 0xc0, 0, 88, 0, 0, 0x40, 0, 64, 1};
	static const uint8_t quoted[] = {0x45, 0x28, 0, 60, 0, 0, 0x40, 0, 1, 17};
	static const uint8_t from_to[] = {10, 0, 0, 5, 10, 0, 0, 1};
	static const uint8_t quoted_from_to[] = {10, 0, 0, 1, 10, 0, 0, 9};

	(void)state;
	frame_make(frame, sizeof(frame));
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), 88);
	assert_memory_equal(out, outer, sizeof(outer));
	assert_memory_equal(out + 12, from_to, 8);
	assert_int_equal(out[20], 11);
	assert_int_equal(out[21], 0);
	assert_memory_equal(out + 28, quoted, sizeof(quoted));
	assert_memory_equal(out + 40, quoted_from_to, 8);
	assert_memory_equal(out + 48, frame + 20, 40);
	assert_int_equal(checksum_fold(checksum_add(0, out, 20)), 0);
	assert_int_equal(checksum_fold(checksum_add(0, out + 20, 68)), 0);
	assert_int_equal(checksum_fold(checksum_add(0, out + 28, 20)), 0);
}

static void options_are_part_of_the_quoted_header(void **state)
{
	uint8_t frame[76], out[ICMP_ERROR_MAX];
	static const uint8_t quoted[] = {0x49, 0x28, 0, 76, 0, 0, 0x40, 0, 1, 17};

	(void)state;
	frame_make(frame, sizeof(frame));
	frame[0] |= VDP_FLAG_OPTIONS;
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 76, 76, out), 104);
	assert_memory_equal(out + 28, quoted, sizeof(quoted));
	assert_memory_equal(out + 48, frame + 20, 56);
	assert_int_equal(checksum_fold(checksum_add(0, out + 20, 84)), 0);
	assert_int_equal(checksum_fold(checksum_add(0, out + 28, 36)), 0);
	/* an ICMP error is known behind them */
	frame[2] = VDP_PROTO_ICMP;
	frame[20] = 8;
	frame[36] = 11;
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 76, 76, out), -EPERM);
	frame[36] = 8;
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 76, 76, out), 104);
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 35, 35, out), -EBADMSG);
}

static void no_route_is_network_unreachable(void **state)
{
	uint8_t frame[61], out[ICMP_ERROR_MAX];

	(void)state;
	frame_make(frame, sizeof(frame));
	assert_int_equal(icmp_error_build(ICMP_ERROR_NO_ROUTE, OWN, frame, 61, 61, out), 89);
	assert_int_equal(out[20], 3);
	assert_int_equal(out[21], 0);
	assert_int_equal(checksum_fold(checksum_add(0, out + 20, 69)), 0);
}

static void a_long_datagram_is_quoted_up_to_576_bytes_in_all(void **state)
{
	uint8_t frame[1500], out[ICMP_ERROR_MAX];

	(void)state;
	frame_make(frame, sizeof(frame));
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 1500, 1500, out), 576);
	assert_int_equal(out[30] << 8 | out[31], 1500);
	/* a large segment of which only the head is there */
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 1500, 40000, out), 576);
	assert_int_equal(out[30] << 8 | out[31], 40000);
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 1500, 70000, out), 576);
	assert_int_equal(out[30] << 8 | out[31], 0);
}

static void the_first_fragment_is_answered_and_its_words_are_quoted(void **state)
{
	uint8_t frame[60], out[ICMP_ERROR_MAX];
	struct vdp_hdr vdp;

	(void)state;
	frame_make(frame, sizeof(frame));
	memcpy(&vdp, frame, sizeof(vdp));
	vdp.version_flags |= VDP_FLAG_FRAGMENT;
	vdp.stamp = htonl(0xbeef2000);
	memcpy(frame, &vdp, sizeof(vdp));
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), 88);
	assert_int_equal(out[32] << 8 | out[33], 0xbeef);
	assert_int_equal(out[34] << 8 | out[35], 0x2000);
	vdp.stamp = htonl(0xbeef2001);
	memcpy(frame, &vdp, sizeof(vdp));
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), -EPERM);
}

static void icmp_questions_are_answered_and_icmp_errors_are_not(void **state)
{
	static const struct {
		uint8_t type;
		int expected;
	} rows[] = {{8, 88},	 {0, 88},     {13, 88},	    {3, -EPERM},
		    {4, -EPERM}, {5, -EPERM}, {11, -EPERM}, {12, -EPERM}};
	uint8_t frame[60], out[ICMP_ERROR_MAX];

	(void)state;
	frame_make(frame, sizeof(frame));
	frame[2] = VDP_PROTO_ICMP;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		frame[20] = rows[i].type;
		assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out),
				 rows[i].expected);
	}
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 20, 20, out), -EPERM);
}

static void impossible_addresses_and_control_are_not_answered(void **state)
{
	static const uint32_t sources[] = {0, 0x7f000001, 0xe0000001, 0xffffffff};
	uint8_t frame[60], out[ICMP_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		uint32_t word = htonl(sources[i]);

		frame_make(frame, sizeof(frame));
		memcpy(frame + 4, &word, 4);
		assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), -EPERM);
		frame_make(frame, sizeof(frame));
		memcpy(frame + 8, &word, 4);
		assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), -EPERM);
	}
	frame_make(frame, sizeof(frame));
	frame[2] = VDP_PROTO_CONTROL;
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), -EPERM);
}

static void what_is_no_datagram_is_refused(void **state)
{
	uint8_t frame[60], out[ICMP_ERROR_MAX];

	(void)state;
	frame_make(frame, sizeof(frame));
	for (size_t size = 0; size < VDP_NET_HLEN; size++)
		assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, size, size, out),
				 -EBADMSG);
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 59, out), -EBADMSG);
	frame[0] = 0x45;
	assert_int_equal(icmp_error_build(ICMP_ERROR_TTL, OWN, frame, 60, 60, out), -EBADMSG);
}

static int taken(struct icmp_limit *limit, uint64_t now, int tries)
{
	int n = 0;

	while (tries--)
		n += icmp_limit_take(limit, now);
	return n;
}

static void the_limit_lets_a_burst_through_and_then_the_rate(void **state)
{
	struct icmp_limit limit = {0};
	uint64_t now = 5 * NSEC_PER_SEC;

	(void)state;
	assert_int_equal(taken(&limit, now, 500), ICMP_BURST);
	assert_int_equal(taken(&limit, now + NSEC_PER_MSEC, 500), 1);
	assert_int_equal(taken(&limit, now + 11 * NSEC_PER_MSEC, 500), 10);
	assert_int_equal(taken(&limit, now + 60 * NSEC_PER_SEC, 500), ICMP_BURST);
	/* a clock that seems to go back gives nothing */
	assert_int_equal(taken(&limit, now, 500), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_exceeded_has_the_right_bytes),
		cmocka_unit_test(options_are_part_of_the_quoted_header),
		cmocka_unit_test(no_route_is_network_unreachable),
		cmocka_unit_test(a_long_datagram_is_quoted_up_to_576_bytes_in_all),
		cmocka_unit_test(the_first_fragment_is_answered_and_its_words_are_quoted),
		cmocka_unit_test(icmp_questions_are_answered_and_icmp_errors_are_not),
		cmocka_unit_test(impossible_addresses_and_control_are_not_answered),
		cmocka_unit_test(what_is_no_datagram_is_refused),
		cmocka_unit_test(the_limit_lets_a_burst_through_and_then_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
