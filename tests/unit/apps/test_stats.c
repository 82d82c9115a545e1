// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics of latencies: exact moments, percentiles within 1 %, over the whole range of values.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "apps/stats.h"

static struct stats stats;

static int empty(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	return 0;
}

static void nothing_measured_is_0(void **state)
{
	(void)state;
	assert_true(stats_mean(&stats) == 0 && stats_deviation(&stats) == 0);
	assert_int_equal(stats_percentile(&stats, 50), 0);
}

static void moments_are_exact(void **state)
{
	(void)state;
	for (uint64_t x = 1; x <= 1000; x++)
		stats_add(&stats, x);
	assert_int_equal(stats.count, 1000);
	assert_int_equal(stats.min, 1);
	assert_int_equal(stats.max, 1000);
	assert_true(fabs(stats_mean(&stats) - 500.5) < 1e-9);
	assert_true(fabs(stats_deviation(&stats) - 288.6749902) < 1e-6);
}

static void percentiles_are_within_1_percent_whatever_the_size(void **state)
{
	(void)state;
	for (uint64_t unit = 1; unit < (uint64_t)1 << 50; unit *= 1000) {
		empty(NULL);
		for (uint64_t x = 1; x <= 1000; x++)
			stats_add(&stats, x * unit);
		for (unsigned percent = 1; percent <= 99; percent++) {
			double want = (double)(percent * 10 * unit);

			assert_true(fabs((double)stats_percentile(&stats, percent) - want) <=
				    want * 0.01);
		}
		assert_in_range(stats_percentile(&stats, 0), unit, unit + unit / 100);
		assert_true(stats_percentile(&stats, 100) <= 1000 * unit);
	}
}

static void the_ends_of_the_range_have_buckets(void **state)
{
	(void)state;
	stats_add(&stats, 0);
	stats_add(&stats, UINT64_MAX);
	assert_int_equal(stats_percentile(&stats, 50), 0);
	assert_true(stats_percentile(&stats, 100) > UINT64_MAX / 100 * 99);
	assert_int_equal(stats.buckets[STATS_BUCKETS - 1], 1);
}

static void one_value_is_every_percentile(void **state)
{
	(void)state;
	stats_add(&stats, 123456789);
	assert_int_equal(stats_percentile(&stats, 1), 123456789);
	assert_int_equal(stats_percentile(&stats, 99), 123456789);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_measured_is_0, empty),
		cmocka_unit_test_setup(moments_are_exact, empty),
		cmocka_unit_test_setup(percentiles_are_within_1_percent_whatever_the_size, empty),
		cmocka_unit_test_setup(the_ends_of_the_range_have_buckets, empty),
		cmocka_unit_test_setup(one_value_is_every_percentile, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
