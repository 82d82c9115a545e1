/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Query, form and JSON parameters: what is understood, and what is refused by which name. */
#include "lib/http/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/http/limits.h"

static void a_form_is_decoded(void **state)
{
	static const char text[] = "a=1&b=x+y%20z&&c&d=&e=%C3%A4&f=a%3Db%26";
	struct http_params p = {0};

	(void)state;
	assert_int_equal(http_params_add_form(&p, text, strlen(text), NULL), 0);
	assert_int_equal(p.count, 6);
	assert_string_equal(http_params_get(&p, "a"), "1");
	assert_string_equal(http_params_get(&p, "b"), "x y z");
	assert_string_equal(http_params_get(&p, "c"), "");
	assert_string_equal(http_params_get(&p, "d"), "");
	assert_string_equal(http_params_get(&p, "e"), "\xc3\xa4");
	assert_string_equal(http_params_get(&p, "f"), "a=b&");
	assert_null(http_params_get(&p, "g"));
	http_params_done(&p);
}

static void json_members_become_texts_that_know_what_they_were(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"n\":7,\"f\":2.5,\"b\":true}";
	struct http_params p = {0};

	(void)state;
	assert_int_equal(http_params_add_json(&p, text, strlen(text), NULL), 0);
	assert_string_equal(http_params_get(&p, "n"), "7");
	assert_string_equal(http_params_get(&p, "f"), "2.5");
	assert_string_equal(http_params_get(&p, "b"), "true");
	assert_int_equal(http_params_find(&p, "s")->kind, HTTP_PARAM_STRING);
	assert_int_equal(http_params_find(&p, "n")->kind, HTTP_PARAM_NUMBER);
	assert_int_equal(http_params_find(&p, "b")->kind, HTTP_PARAM_BOOLEAN);
	http_params_done(&p);
}

struct row {
	const char *text, *says;
};

static void assert_refused(int r, const struct err *err, const struct row *row)
{
	assert_int_equal(r, -EINVAL);
	if (!strstr(err->text, row->says))
		fail_msg("%s: '%s' does not say '%s'", row->text, err->text, row->says);
}

static void bad_forms_are_refused_by_name(void **state)
{
	static const struct row rows[] = {
		{"a=%", "a"},
		{"a=%2", "a"},
		{"a=%zz", "a"},
		{"a=%00", "a"},
		{"a=%ff", "a"},
		{"a=%c0%80", "a"},
		{"a=%ed%a0%80", "a"},
		{"a=%f5%80%80%80", "a"},
		{"a=%e2%82", "a"},
		{"a=1&a=2", "twice"},
		{"=1", "without a name"},
		{"%ff=1", "name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_params p = {0};
		struct err err = {0};
		int r = http_params_add_form(&p, rows[i].text, strlen(rows[i].text), &err);

		assert_refused(r, &err, &rows[i]);
		http_params_done(&p);
	}
}

static void bad_json_is_refused_by_name(void **state)
{
	static const struct row rows[] = {
		{"", "JSON"},
		{"[]", "object"},
		{"7", "JSON"},
		{"{", "body:1: column 1: not JSON: "},
		{"{\n} x", "body:2: column 3: not JSON: "},
		{"{\"a\":1,\"a\":2}", "duplicate"},
		{"{\"a\":null}", "a: must be"},
		{"{\"a\":{}}", "a: must be"},
		{"{\"a\":[1]}", "a: must be"},
		{"{\"a\":\"\\u0000\"}", "column 13: not JSON: a text with a NUL character"},
		{"{\"\\u0000\":1}", "column 9: not JSON: a key with a NUL character"},
		{"{\"\":1}", "without a name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_params p = {0};
		struct err err = {0};
		int r = http_params_add_json(&p, rows[i].text, strlen(rows[i].text), &err);

		assert_refused(r, &err, &rows[i]);
		http_params_done(&p);
	}
}

static void number_and_size_are_limited(void **state)
{
	struct http_params p = {0};
	struct err err = {0};
	char *text = malloc(2 * HTTP_VALUE_MAX);

	(void)state;
	for (int i = 0; i < HTTP_PARAMS_MAX; i++) {
		int n = snprintf(text, 16, "p%d=x", i);

		assert_int_equal(http_params_add_form(&p, text, (size_t)n, &err), 0);
	}
	assert_int_equal(http_params_add_form(&p, "q=x", 3, &err), -EINVAL);
	assert_int_equal(p.count, HTTP_PARAMS_MAX);
	http_params_done(&p);
	memset(text, 'a', 2 * HTTP_VALUE_MAX);
	text[1] = '=';
	assert_int_equal(http_params_add_form(&p, text, 2 + HTTP_VALUE_MAX, &err), 0);
	http_params_done(&p);
	assert_int_equal(http_params_add_form(&p, text, 3 + HTTP_VALUE_MAX, &err), -EINVAL);
	http_params_done(&p);
	free(text);
}

static void a_body_is_taken_by_its_type(void **state)
{
	static const struct {
		const char *type, *body;
		int status;
	} rows[] = {
		{NULL, "a=1", 0},
		{NULL, "{\"a\":1}", 0},
		{NULL, " \n", 0},
		{"application/x-www-form-urlencoded", "a=1", 0},
		{"application/x-www-form-urlencoded; charset=utf-8", "a=1", 0},
		{"application/x-www-form-urlencoded", "{\"a\":1}", 0},
		{"application/json", "{\"a\":1}", 0},
		{"application/json; charset=utf-8", " {\"a\":1}", 0},
		{"application/json", "a=1", -EINVAL},
		{"text/plain", "a=1", -EINVAL},
		{"application/jsonx", "a=1", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_params p = {0};
		int r = http_params_add_body(&p, rows[i].type, rows[i].body, strlen(rows[i].body),
					     NULL);

		if (r != rows[i].status)
			fail_msg("row %zu: %d", i, r);
		http_params_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_decoded),
		cmocka_unit_test(json_members_become_texts_that_know_what_they_were),
		cmocka_unit_test(bad_forms_are_refused_by_name),
		cmocka_unit_test(bad_json_is_refused_by_name),
		cmocka_unit_test(number_and_size_are_limited),
		cmocka_unit_test(a_body_is_taken_by_its_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
