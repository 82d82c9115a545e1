// SPDX-License-Identifier: GPL-2.0-or-later
/* Heads of requests and responses: round trips, and that nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "apps/exchange.h"

static void requests_come_back(void **state)
{
	struct exchange_request request = {12345678901234567, 5000}, got;
	char data[EXCHANGE_HEAD + 50];
	size_t size = exchange_write_request(data, &request);

	(void)state;
	assert_string_equal(data, "GET /5000 VDP/1.0\r\nid: 12345678901234567\r\n\r\n");
	memset(data + size, '\n', 50);
	assert_true(exchange_read_request(data, size + 50, &got));
	assert_int_equal(got.id, request.id);
	assert_int_equal(got.length, 5000);
	for (size_t cut = 0; cut < size; cut++)
		assert_false(exchange_read_request(data, cut, &got));
}

static void what_is_no_request(void **state)
{
	static const char *const rows[] = {
		"GET / VDP/1.0\r\nid: 1\r\n\r\n",
		"GET /-1 VDP/1.0\r\nid: 1\r\n\r\n",
		"get /1 VDP/1.0\r\nid: 1\r\n\r\n",
		"GET /1 HTTP/1.0\r\nid: 1\r\n\r\n",
		"GET /1 VDP/1.0\r\nid:\r\n\r\n",
		"GET /1 VDP/1.0\nid: 1\n\n",
		"GET /1234567890123456789 VDP/1.0\r\nid: 1\r\n\r\n",
	};
	struct exchange_request got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(exchange_read_request(rows[i], strlen(rows[i]), &got));
}

/* Whether such a part is read, and as what it was. */
static int part(uint64_t offset, uint64_t length, size_t size)
{
	struct exchange_part in = {.id = 9, .status = 200, .offset = offset, .length = length}, got;
	char data[EXCHANGE_HEAD + 2 * EXCHANGE_PART];
	size_t head = exchange_write_part(data, &in);

	memset(data + head, 'y', sizeof(data) - head);
	if (!exchange_read_part(data, head + size, &got))
		return 0;
	assert_int_equal(got.id, 9);
	assert_int_equal(got.status, 200);
	assert_int_equal(got.offset, offset);
	assert_int_equal(got.length, length);
	assert_int_equal(got.size, size);
	assert_ptr_equal(got.bytes, data + head);
	return 1;
}

/* No answer of another server is, whatever it says. */
static void what_is_answered_begins_as_a_request(void **state)
{
	const struct exchange_part part = {.status = 400, .id = 1};
	char data[EXCHANGE_HEAD];
	size_t size = exchange_write_part(data, &part);

	(void)state;
	assert_false(exchange_is_answered(data, size));
	assert_false(exchange_is_answered("wrong: GET", 10));
	assert_false(exchange_is_answered("GET", 3));
	assert_true(exchange_is_answered("GET ", 4));
}

static void parts_are_those_of_their_response(void **state)
{
	(void)state;
	assert_true(part(0, 0, 0));
	assert_true(part(0, 10, 10));
	assert_true(part(0, EXCHANGE_PART, EXCHANGE_PART));
	assert_true(part(0, EXCHANGE_PART + 1, EXCHANGE_PART));
	assert_true(part(EXCHANGE_PART, EXCHANGE_PART + 1, 1));
	assert_true(part(0, EXCHANGE_RESPONSE_MAX, EXCHANGE_PART));
	assert_false(part(0, 10, 9));
	assert_false(part(0, 10, 11));
	assert_false(part(1, 10, 9));
	assert_false(part(EXCHANGE_PART, EXCHANGE_PART, 0));
	assert_false(part(2 * EXCHANGE_PART, EXCHANGE_PART + 1, 1));
	assert_false(part(0, EXCHANGE_RESPONSE_MAX + 1, EXCHANGE_PART));
	assert_false(part(UINT64_MAX - UINT64_MAX % EXCHANGE_PART, 10, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_come_back),
		cmocka_unit_test(what_is_no_request),
		cmocka_unit_test(what_is_answered_begins_as_a_request),
		cmocka_unit_test(parts_are_those_of_their_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
