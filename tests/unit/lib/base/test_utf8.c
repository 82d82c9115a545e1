/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a character, and what is left of text that is not. */
#include "lib/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_decode(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		uint32_t code;
	} good[] = {{"a", 1, 'a'},
		    {"\xc3\xa4", 2, 0xe4},
		    {"\xe2\x82\xac", 3, 0x20ac},
		    {"\xf0\x9f\x99\x82", 4, 0x1f642}};
	static const char *const bad[] = {"\x80",	  "\xc3",	  "\xc0\x80",
					  "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
					  "\xff",	  "\xc3("};
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(utf8_decode(good[i].text, &code), good[i].size);
		assert_int_equal(code, good[i].code);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(utf8_decode(bad[i], &code), 0);
}

static void test_clean(void **state)
{
	char text[] = "a\xc3\xa4 \x1b[31m\xe2\x82 \xc2\x85|\x7f\xff\xe2\x82";

	(void)state;
	utf8_clean(text);
	assert_string_equal(text, "a\xc3\xa4 ?[31m?? ??|??\?\?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
