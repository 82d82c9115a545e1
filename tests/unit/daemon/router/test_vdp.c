/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VDP control datagrams: bytes as written in the specification, rows of bad input. */
#include "daemon/router/vdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PAYLOAD "routes!"

static size_t encode(uint8_t *frame, const void *payload, size_t size)
{
	struct vdp_ctl_head head;

	vdp_ctl_encode(&head, 0x0a000001, 0x0a000002, VDP_CTL_ROUTES, 0x01020304, payload, size);
	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), payload, size);
	return sizeof(head) + size;
}

static void the_header_has_the_bytes_of_the_specification(void **state)
{
	static const uint8_t expected[] = {
		0x10, 1, 253, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4, 0, 2, 0, 0, 0, 8,
	};
	uint8_t frame[64];

	(void)state;
	assert_int_equal(encode(frame, "", 0), VDP_HLEN);
	assert_memory_equal(frame, expected, sizeof(expected));
	/* 0a00 + 0001 + 0a00 + 0002 + 00fd + 0008, then 0002 + 0000 + 0008 = 1512, inverted */
	assert_int_equal(frame[26] << 8 | frame[27], 0xffff - 0x1512);
}

static void what_is_encoded_is_decoded(void **state)
{
	uint8_t frame[1500];
	uint8_t payload[1400];
	struct vdp_ctl ctl;

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 31);
	for (size_t size = 0; size <= sizeof(payload); size += size < 16 ? 1 : 173) {
		size_t n = encode(frame, payload, size);

		assert_int_equal(vdp_ctl_decode(frame, n, &ctl), 0);
		assert_int_equal(ctl.src, 0x0a000001);
		assert_int_equal(ctl.dst, 0x0a000002);
		assert_int_equal(ctl.kind, VDP_CTL_ROUTES);
		assert_int_equal(ctl.size, size);
		assert_ptr_equal(ctl.payload, frame + VDP_HLEN);
	}
}

static void bytes_behind_the_datagram_are_ignored(void **state)
{
	uint8_t frame[100] = {0};
	struct vdp_ctl ctl;

	(void)state;
	encode(frame, PAYLOAD, 7);
	assert_int_equal(vdp_ctl_decode(frame, sizeof(frame), &ctl), 0);
	assert_int_equal(ctl.size, 7);
}

static void every_single_wrong_byte_is_noticed_but_for_uncovered_fields(void **state)
{
	uint8_t frame[64];
	size_t n = encode(frame, PAYLOAD, 7);
	struct vdp_ctl ctl;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		/* class, flow and time stamp are not covered, as in UDP over IPv4 */
		bool covered = i != 3 && !(i >= 12 && i < 20);

		for (int bit = 0; bit < 8; bit++) {
			frame[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(vdp_ctl_decode(frame, n, &ctl), covered ? -EBADMSG : 0);
			frame[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t frame[64];
	size_t n = encode(frame, PAYLOAD, 7);
	struct vdp_ctl ctl;

	(void)state;
	for (size_t size = 0; size < n; size++)
		assert_int_equal(vdp_ctl_decode(frame, size, &ctl), -EBADMSG);
}

static void rows_of_bad_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *what;
	} rows[] = {
		{0, 0x00, "version 0"},
		{0, 0x20, "version 2"},
		{0, 0x11, "fragment"},
		{1, 0, "ttl 0"},
		{1, 2, "ttl 2"},
		{2, 17, "protocol"},
		{24, 0xff, "length too long"},
		{25, 7, "length too short"},
		{25, 0, "length 0"},
	};
	uint8_t frame[64];
	struct vdp_ctl ctl = {.size = 4711};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = encode(frame, PAYLOAD, 7);

		frame[rows[i].at] = rows[i].value;
		if (vdp_ctl_decode(frame, n, &ctl) != -EBADMSG)
			fail_msg("taken: %s", rows[i].what);
	}
	assert_int_equal(ctl.size, 4711);
}

static void a_datagram_without_checksum_is_refused(void **state)
{
	uint8_t frame[64];
	size_t n = encode(frame, PAYLOAD, 7);
	struct vdp_ctl ctl;

	(void)state;
	frame[26] = frame[27] = 0;
	assert_int_equal(vdp_ctl_decode(frame, n, &ctl), -EBADMSG);
}

static void the_checksum_is_never_zero(void **state)
{
	uint8_t frame[64];
	struct vdp_ctl ctl;
	bool met = false;

	(void)state;
	for (unsigned v = 0; v <= 0xffff; v++) {
		uint8_t payload[2] = {(uint8_t)(v >> 8), (uint8_t)v};
		size_t n = encode(frame, payload, 2);

		assert_true(frame[26] | frame[27]);
		met |= frame[26] == 0xff && frame[27] == 0xff;
		assert_int_equal(vdp_ctl_decode(frame, n, &ctl), 0);
	}
	assert_true(met);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_has_the_bytes_of_the_specification),
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(bytes_behind_the_datagram_are_ignored),
		cmocka_unit_test(every_single_wrong_byte_is_noticed_but_for_uncovered_fields),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(rows_of_bad_headers_are_refused),
		cmocka_unit_test(a_datagram_without_checksum_is_refused),
		cmocka_unit_test(the_checksum_is_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
