// SPDX-License-Identifier: GPL-2.0-or-later
/* TFTP packets: those of the RFCs byte by byte, round trips, and what is no packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "apps/tftp_packet.h"

#define READ(text, ret) tftp_read((const uint8_t *)(text), sizeof(text) - 1, ret)

static struct tftp_packet packet;

static void requests_have_a_name_a_mode_and_options(void **state)
{
	(void)state;
	assert_true(READ("\0\1name\0octet\0", &packet));
	assert_int_equal(packet.op, TFTP_RRQ);
	assert_string_equal(packet.text, "name");
	assert_true(packet.octet);
	assert_int_equal(packet.block_size, 0);
	assert_true(READ("\0\2a b/c\0OcTeT\0tsize\0"
			 "0\0BLKSIZE\0"
			 "1432\0",
			 &packet));
	assert_int_equal(packet.op, TFTP_WRQ);
	assert_string_equal(packet.text, "a b/c");
	assert_true(packet.octet);
	assert_int_equal(packet.block_size, 1432);
	assert_true(READ("\0\1x\0netascii\0", &packet));
	assert_false(packet.octet);
}

static void blocks_and_acknowledgements(void **state)
{
	(void)state;
	assert_true(READ("\0\3\x12\x34"
			 "abc",
			 &packet));
	assert_int_equal(packet.number, 0x1234);
	assert_int_equal(packet.size, 3);
	assert_memory_equal(packet.data, "abc", 3);
	assert_true(READ("\0\3\0\1", &packet));
	assert_int_equal(packet.size, 0);
	assert_true(READ("\0\4\xff\xff", &packet));
	assert_int_equal(packet.number, 65535);
	assert_true(READ("\0\5\0\2no\x1b[2J\xff way\0", &packet));
	assert_int_equal(packet.number, TFTP_ACCESS);
	assert_string_equal(packet.text, "no?[2J? way");
	assert_true(READ("\0\6blksize\0"
			 "1024\0",
			 &packet));
	assert_int_equal(packet.block_size, 1024);
}

static void what_is_no_packet(void **state)
{
	(void)state;
	packet.op = 77;
	assert_false(READ("", &packet));
	assert_false(READ("\0\3\0", &packet));
	assert_false(READ("\0\0\0\0", &packet));
	assert_false(READ("\0\7\0\0", &packet));
	assert_false(READ("\1\3\0\1", &packet));
	assert_false(READ("\0\4\0\1x", &packet));
	assert_false(READ("\0\1name\0octet", &packet));
	assert_false(READ("\0\1name", &packet));
	assert_false(READ("\0\1na\nme\0octet\0", &packet));
	assert_false(READ("\0\5\0\1text", &packet));
	assert_false(READ("\0\6blksize\0", &packet));
	assert_false(READ("\0\6blksize\0"
			  "7\0",
			  &packet));
	assert_false(READ("\0\6blksize\0"
			  "65465\0",
			  &packet));
	assert_false(READ("\0\6blksize\0"
			  "-1\0",
			  &packet));
	assert_false(READ("\0\6blksize\0"
			  "512x\0",
			  &packet));
	assert_int_equal(packet.op, 77);
}

static void a_request_with_a_wrong_option_is_one_without(void **state)
{
	(void)state;
	assert_true(READ("\0\1n\0octet\0blksize\0"
			 "7\0",
			 &packet));
	assert_int_equal(packet.block_size, 0);
	assert_true(READ("\0\2n\0octet\0blksize\0"
			 "65465\0"
			 "tsize\0"
			 "1\0",
			 &packet));
	assert_int_equal(packet.block_size, 0);
}

static void errors_and_nonsense_are_not_answered(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		bool answered;
	} rows[] = {{"\0\1", 2, true},	{"\0\3\0\1x", 5, true}, {"\0\5\0\0x", 6, false},
		    {"\0\6", 2, false}, {"\0\0", 2, false},	{"hello", 5, false},
		    {"\0", 1, false},	{"", 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(tftp_is_answered((const uint8_t *)rows[i].data, rows[i].size),
				 rows[i].answered);
}

static void names_have_a_length(void **state)
{
	uint8_t data[300] = {0, 1};

	(void)state;
	memset(data + 2, 'n', 255);
	memcpy(data + 258, "octet", 6);
	assert_true(tftp_read(data, 264, &packet));
	assert_int_equal(strlen(packet.text), 255);
	memset(data + 2, 'n', 256);
	data[258] = 0;
	memcpy(data + 259, "octet", 6);
	assert_false(tftp_read(data, 265, &packet));
}

static void what_is_written_is_read_again(void **state)
{
	static const struct tftp_packet rows[] = {
		{.op = TFTP_RRQ, .text = "a/b", .octet = true},
		{.op = TFTP_WRQ, .text = "c", .octet = true, .block_size = 1468},
		{.op = TFTP_DATA, .number = 7, .data = (const uint8_t *)"xyz", .size = 3},
		{.op = TFTP_DATA, .number = 8},
		{.op = TFTP_ACK, .number = 65535},
		{.op = TFTP_ERROR, .number = TFTP_FULL, .text = "full"},
		{.op = TFTP_OACK, .block_size = 8},
	};
	uint8_t data[TFTP_PACKET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t size = tftp_write(data, &rows[i]);

		assert_true(tftp_read(data, size, &packet));
		assert_int_equal(packet.op, rows[i].op);
		assert_int_equal(packet.number, rows[i].number);
		assert_int_equal(packet.octet, rows[i].octet);
		assert_int_equal(packet.block_size, rows[i].block_size);
		assert_string_equal(packet.text, rows[i].text);
		assert_int_equal(packet.size, rows[i].size);
		if (packet.size)
			assert_memory_equal(packet.data, rows[i].data, packet.size);
	}
	assert_int_equal(tftp_write(data, &rows[1]), 23);
	assert_memory_equal(data,
			    "\0\2c\0octet\0blksize\0"
			    "1468",
			    23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_have_a_name_a_mode_and_options),
		cmocka_unit_test(blocks_and_acknowledgements),
		cmocka_unit_test(what_is_no_packet),
		cmocka_unit_test(a_request_with_a_wrong_option_is_one_without),
		cmocka_unit_test(errors_and_nonsense_are_not_answered),
		cmocka_unit_test(names_have_a_length),
		cmocka_unit_test(what_is_written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
