// SPDX-License-Identifier: GPL-2.0-or-later
/* Distributions: means, deviations and tails are those of the formulas; the same seed gives the
 * same numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "apps/random.h"

#define DRAWS 200000

struct row {
	struct random_dist dist;
	double mean, deviation, median;
};

static const struct row rows[] = {
	{{RANDOM_CONSTANT, 5, 0}, 5, 0, 5},
	{{RANDOM_UNIFORM, 2, 8}, 5, 1.7320508, 5},
	{{RANDOM_UNIFORM, 3, 3}, 3, 0, 3},
	{{RANDOM_EXPONENTIAL, 4, 0}, 4, 4, 2.7725887},
	{{RANDOM_NORMAL, 100, 10}, 100, 10, 100},
	{{RANDOM_LOGNORMAL, 10, 0.5}, 11.3314845, 6.0390, 10},
	{{RANDOM_PARETO, 2, 5}, 2.5, 0.6454972, 2.2973967},
	{{RANDOM_WEIBULL, 3, 2}, 2.6586808, 1.3897, 2.4976637},
	{{RANDOM_WEIBULL, 3, 1}, 3, 3, 2.0794415},
};

static void draws_have_the_mean_deviation_and_median_of_their_distribution(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct random rng = {i};
		double sum = 0, squares = 0, below = 0, mean, deviation;

		for (int n = 0; n < DRAWS; n++) {
			double x = random_draw(&row->dist, &rng);

			sum += x;
			squares += x * x;
			below += x <= row->median * (1 + 1e-9);
		}
		mean = sum / DRAWS;
		deviation = sqrt(fmax(0, squares / DRAWS - mean * mean));
		/* five standard errors, and a little for rounding */
		assert_true(fabs(mean - row->mean) <= 5 * row->deviation / sqrt(DRAWS) + 1e-6);
		assert_true(fabs(deviation - row->deviation) <= 0.03 * row->deviation + 1e-4);
		if (row->deviation > 0)
			assert_true(fabs(below / DRAWS - 0.5) < 5 * 0.5 / sqrt(DRAWS));
		assert_true(fabs(random_mean(&row->dist) - row->mean) < 1e-5);
	}
}

static void paretos_tail_is_as_heavy_as_its_shape_says(void **state)
{
	struct random_dist dist = {RANDOM_PARETO, 1, 1.2};
	struct random rng = {7};
	int beyond = 0;

	(void)state;
	for (int n = 0; n < DRAWS; n++)
		beyond += random_draw(&dist, &rng) > 100;
	/* 100^-1.2 = 0.00398 */
	assert_in_range(beyond, 650, 950);
	assert_true(isinf(random_mean(&(struct random_dist){RANDOM_PARETO, 1, 1})));
}

static void what_is_drawn_is_never_negative(void **state)
{
	struct random_dist dist = {RANDOM_NORMAL, 1, 10};
	struct random rng = {1};
	int zeros = 0;

	(void)state;
	for (int n = 0; n < 1000; n++) {
		double x = random_draw(&dist, &rng);

		assert_true(x >= 0);
		zeros += x == 0;
	}
	assert_in_range(zeros, 380, 540); /* P(X < 0) = 0.46 */
}

static void shares_are_within_0_and_1_and_repeat_with_the_seed(void **state)
{
	struct random one = {42}, two = {42}, other = {43};
	int same = 0;

	(void)state;
	for (int n = 0; n < 1000; n++) {
		double x = random_share(&one);

		assert_true(x > 0 && x < 1);
		assert_true(x == random_share(&two));
		same += x == random_share(&other);
	}
	assert_int_equal(same, 0);
	assert_int_not_equal(random_seed(), random_seed());
}

static void parameters_without_sense_are_refused(void **state)
{
	static const struct random_dist bad[] = {
		{RANDOM_UNIFORM, 2, 1}, {RANDOM_PARETO, 0, 1},	{RANDOM_PARETO, 1, 0},
		{RANDOM_WEIBULL, 1, 0}, {RANDOM_WEIBULL, 0, 1}, {RANDOM_LOGNORMAL, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(random_check(&bad[i]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(random_check(&rows[i].dist));
}

static void times_have_an_end(void **state)
{
	static const struct random_dist endless = {RANDOM_PARETO, 1, 1e-3}, /* mostly infinite */
		exact = {RANDOM_CONSTANT, 1.5, 0};
	struct random rng = {1};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_in_range(random_draw_ns(&endless, &rng), 1000000000, 1000000000000000000);
	assert_int_equal(random_draw_ns(&exact, &rng), 1500000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_an_end),
		cmocka_unit_test(draws_have_the_mean_deviation_and_median_of_their_distribution),
		cmocka_unit_test(paretos_tail_is_as_heavy_as_its_shape_says),
		cmocka_unit_test(what_is_drawn_is_never_negative),
		cmocka_unit_test(shares_are_within_0_and_1_and_repeat_with_the_seed),
		cmocka_unit_test(parameters_without_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
