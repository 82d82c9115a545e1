// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors that reach a user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

static void setting_returns_the_negative_code(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, EINVAL, "field: %d", 7), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "field: 7");
	assert_int_equal(err_set(&err, -ENOENT, "x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(err_set(NULL, EINVAL, "x"), -EINVAL);
}

static void the_codes_text_is_put_behind(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_errno(&err, -ENOENT, "open %s", "x"), -ENOENT);
	assert_string_equal(err.text, "open x: No such file or directory");
	assert_int_equal(err_errno(NULL, ENOENT, "x"), -ENOENT);
}

static void wrapping_puts_context_in_front(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, EBUSY, "name: taken");
	assert_int_equal(err_wrap(&err, "routers[%d]", 3), -EBUSY);
	assert_string_equal(err.text, "routers[3]: name: taken");
	assert_int_equal(err_wrap(NULL, "x"), -EIO);
}

static void long_texts_are_cut_and_end(void **state)
{
	char lengthy[2000];
	struct err err;

	(void)state;
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = '\0';
	err_set(&err, EINVAL, "%s", lengthy);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "%s", lengthy);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_errno(&err, EINVAL, "%s", lengthy);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_returns_the_negative_code),
		cmocka_unit_test(the_codes_text_is_put_behind),
		cmocka_unit_test(wrapping_puts_context_in_front),
		cmocka_unit_test(long_texts_are_cut_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
