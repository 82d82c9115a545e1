/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting time from /proc/loadavg: rows. */
#include "daemon/router/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/clock.h"

static void the_wait_grows_with_the_runnable_tasks_of_each_processor(void **state)
{
	static const struct {
		const char *text;
		unsigned processors;
		uint64_t expected_ms;
	} rows[] = {
		{"0.10 0.20 0.30 1/300 4711\n", 2, 0},
		{"9.10 0.20 0.30 17/300 4711\n", 2, 0},
		{"9.10 0.20 0.30 18/300 4711\n", 2, 180},
		{"9.10 0.20 0.30 18/300 4711\n", 4, 0},
		{"664.23 452.76 234.81 600/900 1\n", 2, 6000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(load_parse(rows[i].text, rows[i].processors),
				 rows[i].expected_ms * NSEC_PER_MSEC);
}

static void what_is_no_load_means_no_wait(void **state)
{
	static const char *const rows[] = {"", "x", "1 2 3", "1 2 3 x/3", "1 2 3 /3", "1 2 3 -"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(load_parse(rows[i], 2), 0);
	assert_int_equal(load_parse("9.10 0.20 0.30 600/900 4711\n", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_grows_with_the_runnable_tasks_of_each_processor),
		cmocka_unit_test(what_is_no_load_means_no_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
