// SPDX-License-Identifier: GPL-2.0-or-later
/* Management datagrams: both notations say the same, and nothing that is wrong is taken for
 * something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "apps/settings.h"

static char seen[2048];

static const char *note(void *arg, const char *key, const char *value)
{
	size_t length = strlen(seen);

	assert_ptr_equal(arg, seen);
	snprintf(seen + length, sizeof(seen) - length, "[%s|%s]", key, value);
	return strcmp(key, "bad") == 0 ? "refused" : NULL;
}

static const char *read_text(const char *text)
{
	static char copy[2048];

	seen[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", text);
	return settings_read(copy, note, seen);
}

static void good_texts(void **state)
{
	static const char *const rows[][2] = {
		{"to=10.0.0.3:7", "[to|10.0.0.3:7]"},
		{" to=a:1  path.1=b:2\r\n", "[to|a:1][path.1|b:2]"},
		{"k=v=w", "[k|v=w]"},
		{"{\"to\": \"10.0.0.3:7\"}", "[to|10.0.0.3:7]"},
		{" { \"a\" : 5 ,\n\"b\":true, \"c d\":\"e f\" } \n", "[a|5][b|true][c d|e f]"},
		{"{\"a\":\"x=y,{}\"}", "[a|x=y,{}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(read_text(rows[i][0]));
		assert_string_equal(seen, rows[i][1]);
	}
}

static void bad_texts(void **state)
{
	static const char *const rows[] = {
		"a=\x1b[2J",
		"\a=1",
		"{\"a\":\"\x7f\"}",
		"a=\xc3\xa4",
		"",
		"  \n",
		"to",
		"=x",
		"to=",
		"to= x",
		"{",
		"{}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\":[1]}",
		"{\"a\":{}}",
		"{\"\":1}",
		"{\"a\":\"\"}",
		"{\"a\":\"b",
		"{\"a\" 1}",
		"{\"a\":1}x",
		"{\"a\":\"\\n\"}",
		"{\"a\":\"b\\\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_non_null(read_text(rows[i]));
}

static void what_another_port_answers(void **state)
{
	(void)state;
	assert_true(settings_is_answer("ok\n"));
	assert_true(settings_is_answer("wrong: empty\n"));
	assert_false(settings_is_answer("ok"));
	assert_false(settings_is_answer("wrong=5"));
	assert_false(settings_is_answer(""));
}

static void what_is_refused_ends_it(void **state)
{
	(void)state;
	assert_string_equal(read_text("a=1 bad=2 c=3"), "refused");
	assert_string_equal(seen, "[a|1][bad|2]");
	assert_string_equal(read_text("{\"a\":1,\"bad\":2,\"c\":3}"), "refused");
	assert_string_equal(seen, "[a|1][bad|2]");
}

static const char *read_lengths(bool json, int key, int value)
{
	static const char letters[301] = {[0 ... 299] = 'x'};
	char text[700];

	if (json)
		snprintf(text, sizeof(text), "{\"%.*s\":\"%.*s\"}", key, letters, value, letters);
	else
		snprintf(text, sizeof(text), "%.*s=%.*s", key, letters, value, letters);
	return read_text(text);
}

static void keys_and_values_have_a_length(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		assert_null(read_lengths(json, SETTINGS_KEY - 1, SETTINGS_VALUE - 1));
		assert_non_null(read_lengths(json, SETTINGS_KEY, SETTINGS_VALUE - 1));
		assert_non_null(read_lengths(json, SETTINGS_KEY - 1, SETTINGS_VALUE));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_texts),
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(what_another_port_answers),
		cmocka_unit_test(what_is_refused_ends_it),
		cmocka_unit_test(keys_and_values_have_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
