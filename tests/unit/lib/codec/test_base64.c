// SPDX-License-Identifier: GPL-2.0-or-later
/* Base 64: the vectors of RFC 4648, section 10; all bytes; and what is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/codec/base64.h"

static void vectors_of_the_rfc(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = base64_encode(rows[i][0], strlen(rows[i][0])), *data;
		size_t size;

		assert_string_equal(text, rows[i][1]);
		assert_int_equal(base64_decode(text, &data, &size), 0);
		assert_int_equal(size, strlen(rows[i][0]));
		assert_string_equal(data, rows[i][0]);
		free(data);
		free(text);
	}
}

static void all_bytes_come_back(void **state)
{
	uint8_t bytes[256];

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		char *text, *data;
		size_t size;

		bytes[n] = (uint8_t)(255 - n);
		text = base64_encode(bytes, n + 1);
		assert_int_equal(base64_decode(text, &data, &size), 0);
		assert_int_equal(size, n + 1);
		assert_memory_equal(data, bytes, size);
		free(data);
		free(text);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const char *const rows[] = {"A",	   "AA",   "AAA",  "AA=A",
					   "A===", "====", "AA A", "AA-_"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *data;
		size_t size;

		assert_int_equal(base64_decode(rows[i], &data, &size), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfc),
		cmocka_unit_test(all_bytes_come_back),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
