// SPDX-License-Identifier: GPL-2.0-or-later
/* What other people wrote reaches neither the terminal's commands nor a file's next line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "cli/netns.h"
#include "cli/print.h"
#include "cli/progress.h"

static json_t *json_of(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	return json;
}

static void expect_clean(const char *text, const char *want)
{
	json_t *json = json_of(text);
	char *got;

	assert_true(body_clean(json));
	got = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(got, want);
	free(got);
	json_decref(json);
}

static void test_clean(void **state)
{
	json_t *json = json_of("{\"a\\u001b\":1}");

	(void)state;
	expect_clean("{\"label\":\"a\\u001b[2Jb\\n\",\"n\":1}", "{\"label\":\"a?[2Jb?\",\"n\":1}");
	expect_clean("[\"\\u009b31m\",{\"x\":[\"\\u007f\"]}]", "[\"?31m\",{\"x\":[\"?\"]}]");
	expect_clean("\"caf\u00e9 \u4e2d \u00a0\"", "\"caf\u00e9 \u4e2d \u00a0\"");
	assert_true(body_clean(NULL));
	assert_false(body_clean(json)); /* a key: nobody prints such a thing */
	json_decref(json);
}

static void expect_bar(const char *text, const char *want)
{
	json_t *json = json_of(text);
	char buf[120];

	assert_string_equal(progress_bar(json, 0, buf, sizeof(buf)), want);
	json_decref(json);
}

static void test_bar(void **state)
{
	(void)state;
	expect_bar("{\"done\":5,\"total\":10,\"state\":\"running\"}",
		   "[##########..........] 5/10 running");
	expect_bar("{\"done\":9223372036854775807,\"total\":1}",
		   "[####################] 9223372036854775807/1 ");
	expect_bar("{\"done\":-5,\"total\":1}", "[....................] -5/1 ");
	expect_bar("{\"done\":1,\"total\":0}", "[....................] 1/0 ");
}

static void test_hosts(void **state)
{
	json_t *json = json_of("{\"detail\":[{\"name\":\"r1\",\"address\":\"10.0.0.1\"},"
			       "{\"name\":\"x\\n1.2.3.4 bank\",\"address\":\"10.0.0.2\"},"
			       "{\"name\":\"y\",\"address\":\"1.2.3.4 bank\\n10.0.0.3\"},"
			       "{\"name\":\"r2\",\"address\":\"10.0.0.4\"}]}");
	size_t size;
	char *text = netns_hosts("127.0.0.1 localhost", json, &size);

	(void)state;
	assert_string_equal(text, "127.0.0.1 localhost\n# routers\n10.0.0.1 r1\n10.0.0.4 r2\n");
	free(text);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
