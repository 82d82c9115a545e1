// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocks of pcapng, read again as the draft says they are; and what a ring's record must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "include/shared/maps.h"
#include "lib/capture/pcapng.h"
#include "lib/capture/source.h"

static struct pcapng p;

static int clear(void **state)
{
	(void)state;
	pcapng_done(&p);
	return 0;
}

static uint32_t word(size_t at)
{
	uint32_t value;

	assert_true(at + 4 <= p.size);
	memcpy(&value, p.data + at, 4);
	return value;
}

/* The block at the offset is whole and of that type; returns its length. */
static uint32_t expect_block(size_t at, uint32_t type)
{
	uint32_t length = word(at + 4);

	assert_int_equal(word(at), type);
	assert_int_equal(length % 4, 0);
	assert_in_range(length, 12, p.size - at);
	assert_int_equal(word(at + length - 4), length);
	return length;
}

/* The option of a block whose options begin there: its bytes; NULL: it has none. */
static const uint8_t *find_option(size_t block, size_t at, uint16_t code, uint16_t *ret_size)
{
	size_t end = block + word(block + 4) - 4;

	for (;;) {
		uint16_t head[2];

		assert_true(at + 4 <= end);
		memcpy(head, p.data + at, 4);
		if (head[0] == 0) {
			assert_int_equal(head[1], 0);
			assert_int_equal(at + 4, end); /* the last one */
			return NULL;
		}
		if (head[0] == code) {
			*ret_size = head[1];
			return p.data + at + 4;
		}
		at += 4 + ((head[1] + 3u) & ~3u);
	}
}

static void expect_text(size_t block, size_t at, uint16_t code, const char *text)
{
	uint16_t size;
	const uint8_t *found = find_option(block, at, code, &size);

	if (!text) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(size, strlen(text));
	assert_memory_equal(found, text, size);
}

static void expect_number(size_t block, size_t at, uint16_t code, uint64_t value)
{
	uint16_t size;
	const uint8_t *found = find_option(block, at, code, &size);

	assert_non_null(found);
	assert_int_equal(size, 8);
	assert_memory_equal(found, &value, 8);
}

static void a_section_says_who_made_it(void **state)
{
	(void)state;
	pcapng_section(&p, "x86_64", "Linux 6.1", NULL);
	assert_int_equal(expect_block(0, 0x0a0d0d0a), p.size);
	assert_int_equal(word(8), 0x1a2b3c4d);
	assert_int_equal(word(12), 1); /* 1.0, in little endian; one half in big endian */
	assert_int_equal(word(16), UINT32_MAX);
	assert_int_equal(word(20), UINT32_MAX);
	expect_text(0, 24, 2, "x86_64");
	expect_text(0, 24, 3, "Linux 6.1");
	expect_text(0, 24, 4, NULL);
}

static void an_interface_has_name_resolution_and_filter(void **state)
{
	struct pcapng_interface with = {
		.name = "r1:to-r2", .description = "link a", .filter = "udp", .snaplen = 96};
	struct pcapng_interface without = {.name = "n"};
	uint16_t size;
	const uint8_t *option;
	size_t second;

	(void)state;
	pcapng_interface(&p, &with);
	second = p.size;
	pcapng_interface(&p, &without);
	assert_int_equal(expect_block(0, 1), second);
	assert_int_equal(word(8), 1); /* Ethernet */
	assert_int_equal(word(12), 96);
	expect_text(0, 16, 2, "r1:to-r2");
	expect_text(0, 16, 3, "link a");
	option = find_option(0, 16, 9, &size);
	assert_non_null(option);
	assert_int_equal(size, 1);
	assert_int_equal(option[0], 9); /* 10^-9 s */
	option = find_option(0, 16, 11, &size);
	assert_non_null(option);
	assert_int_equal(size, 4);
	assert_memory_equal(option, "\0udp", 4);
	expect_block(second, 1);
	assert_null(find_option(second, second + 16, 11, &size));
	assert_null(find_option(second, second + 16, 3, &size));
}

static void packets_of_any_length_are_whole(void **state)
{
	uint8_t data[70];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i + 1);
	for (uint32_t n = 0; n < sizeof(data); n++) {
		struct pcapng_packet packet = {.interface = 3,
					       .time_ns = 0x0123456789abcdefULL,
					       .data = data,
					       .captured = n,
					       .length = n + 1000,
					       .direction = PCAPNG_OUT,
					       .comment = n % 2 ? "dropped: loss" : NULL};
		size_t options = 28 + ((n + 3u) & ~3u);
		uint16_t size;
		const uint8_t *flags;
		uint32_t value;

		pcapng_packet(&p, &packet);
		assert_int_equal(expect_block(0, 6), p.size);
		assert_int_equal(word(8), 3);
		assert_int_equal(word(12), 0x01234567);
		assert_int_equal(word(16), 0x89abcdef);
		assert_int_equal(word(20), n);
		assert_int_equal(word(24), n + 1000);
		if (n)
			assert_memory_equal(p.data + 28, data, n);
		for (size_t i = 28 + n; i < options; i++)
			assert_int_equal(p.data[i], 0);
		expect_text(0, options, 1, packet.comment);
		flags = find_option(0, options, 2, &size);
		assert_non_null(flags);
		memcpy(&value, flags, 4);
		assert_int_equal(value, 2);
		pcapng_clear(&p);
		assert_int_equal(p.size, 0);
	}
}

static void statistics_tell_what_is_known(void **state)
{
	struct pcapng_statistics s = {
		.interface = 1, .time_ns = 7ULL << 32 | 9, .start_ns = 5, .delivered = 10};
	uint16_t size;
	const uint8_t *end;

	(void)state;
	pcapng_statistics(&p, &s);
	assert_int_equal(expect_block(0, 5), p.size);
	assert_int_equal(word(8), 1);
	assert_int_equal(word(12), 7);
	assert_int_equal(word(16), 9);
	expect_number(0, 20, 8, 10);
	assert_null(find_option(0, 20, 5, &size));
	assert_null(find_option(0, 20, 3, &size));
	pcapng_clear(&p);
	s.ends = s.whole = true;
	s.accepted = 12;
	s.dropped = 2;
	s.comment = "of all";
	pcapng_statistics(&p, &s);
	expect_number(0, 20, 4, 12);
	expect_number(0, 20, 5, 2);
	expect_number(0, 20, 6, 12);
	expect_text(0, 20, 1, "of all");
	end = find_option(0, 20, 3, &size);
	assert_non_null(end);
	assert_int_equal(size, 8);
	assert_int_equal(end[0] | end[4] << 8, 7 | 9 << 8); /* high half first */
}

static void much_is_kept_in_order(void **state)
{
	uint8_t *data = calloc(1, 65536);
	size_t at = 0;

	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		struct pcapng_packet packet = {
			.interface = n, .data = data, .captured = n * 600, .length = n * 600};

		pcapng_packet(&p, &packet);
	}
	for (uint32_t n = 0; n < 100; n++) {
		uint32_t length = expect_block(at, 6);

		assert_int_equal(word(at + 8), n);
		at += length;
	}
	assert_int_equal(at, p.size);
	assert_false(p.failed);
	free(data);
}

static void what_is_cut_ends_behind_a_whole_block(void **state)
{
	struct pcapng_interface interface = {.name = "n"};
	struct pcapng_packet packet = {.data = "abcd", .captured = 4, .length = 4};
	struct pcapng_statistics statistics = {0};
	size_t ends[5], packets;

	(void)state;
	pcapng_section(&p, NULL, NULL, NULL);
	ends[0] = p.size;
	pcapng_interface(&p, &interface);
	ends[1] = p.size;
	pcapng_packet(&p, &packet);
	assert_in_range(p.size - ends[1], PCAPNG_PACKET_MIN, PCAPNG_PACKET_MIN + 4);
	ends[2] = p.size;
	pcapng_statistics(&p, &statistics);
	ends[3] = p.size;
	pcapng_packet(&p, &packet);
	ends[4] = p.size;
	for (size_t size = 0, n = 0; size <= p.size; size++) {
		n += n < 5 && size == ends[n];
		assert_int_equal(pcapng_whole(&p, size, &packets), n ? ends[n - 1] : 0);
		assert_int_equal(packets, n < 3 ? 2 : n < 5 ? 1 : 0);
	}
}

static void a_record_must_make_sense(void **state)
{
	const struct vlsp_tap_frame good = {.port = 20,
					    .what = VLSP_TAP_IS_DROP,
					    .cause = VLSP_DROP_LOSS,
					    .length = 100,
					    .captured = 60};
	const uint32_t size = sizeof(good) + 104;
	struct vlsp_tap_frame f = good;

	(void)state;
	assert_true(source_is_sound(&f, size));
	assert_true(source_is_sound(&f, sizeof(f) + 60));
	assert_false(source_is_sound(&f, sizeof(f) + 59));
	assert_false(source_is_sound(&f, sizeof(f) - 1));
	f.captured = 101;
	assert_false(source_is_sound(&f, size));
	f = good;
	f.what = 0;
	assert_false(source_is_sound(&f, size));
	f.what = VLSP_TAP_IS_DROP + 1;
	assert_false(source_is_sound(&f, size));
	f = good;
	f.cause = VLSP_DROP_CAUSES;
	assert_false(source_is_sound(&f, size));
	f.what = VLSP_TAP_IS_RX; /* has none */
	assert_true(source_is_sound(&f, size));
}

#define T(name) cmocka_unit_test_teardown(name, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_section_says_who_made_it),
		T(an_interface_has_name_resolution_and_filter),
		T(packets_of_any_length_are_whole),
		T(statistics_tell_what_is_known),
		T(much_is_kept_in_order),
		T(a_record_must_make_sense),
		T(what_is_cut_ends_behind_a_whole_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
