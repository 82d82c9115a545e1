/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distributions of jitter: known quantiles, shape, moments, and draws against the distribution
 * function by Kolmogorov and Smirnov.
 */
#include "lib/shape/dist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "include/shared/fate.h"

#define STEPS 1000000

static const enum topo_distribution all[] = {TOPO_DIST_UNIFORM, TOPO_DIST_NORMAL, TOPO_DIST_PARETO,
					     TOPO_DIST_PARETONORMAL};
#define ALL (sizeof(all) / sizeof(all[0]))

static void quantiles_are_those_of_tables(void **state)
{
	static const struct {
		enum topo_distribution distribution;
		double p, x;
	} rows[] = {
		{TOPO_DIST_UNIFORM, 0.5, 0},
		{TOPO_DIST_UNIFORM, 0.25, -0.5},
		{TOPO_DIST_UNIFORM, 0.999, 0.998},
		/* Wichura's own check values, and those of every table */
		{TOPO_DIST_NORMAL, 0.5, 0},
		{TOPO_DIST_NORMAL, 0.25, -0.67448975019608174},
		{TOPO_DIST_NORMAL, 0.001, -3.0902323061678135},
		{TOPO_DIST_NORMAL, 1e-20, -9.2623400897984085},
		{TOPO_DIST_NORMAL, 0.975, 1.9599639845400545},
		{TOPO_DIST_NORMAL, 0.84134474606854293, 1},
		{TOPO_DIST_NORMAL, 1e-10, -6.3613409024040562},
		/* x = (1-p)^(-1/3), less its mean 3/2, over its deviation sqrt(3)/2 */
		{TOPO_DIST_PARETO, 0.875, 0.57735026918962576},
		{TOPO_DIST_PARETO, 1 - 1.0 / 27, 1.7320508075688773},
		{TOPO_DIST_PARETO, 0.999, 9.8149545762236382},
		{TOPO_DIST_PARETO, 1e-12, -0.57735026918962576},
		{TOPO_DIST_PARETONORMAL, 0.875, 0.7206000469862213},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double x = dist_quantile(rows[i].distribution, rows[i].p);

		if (fabs(x - rows[i].x) > 1e-9 * fmax(1, fabs(rows[i].x)))
			fail_msg("row %zu: %.17g, not %.17g", i, x, rows[i].x);
	}
}

static void a_larger_share_lies_below_a_larger_deviation(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		double before = -INFINITY;

		for (int k = 0; k < STEPS; k++) {
			double x = dist_quantile(all[i], (k + 0.5) / STEPS);

			if (!(x > before))
				fail_msg("distribution %d: at step %d", all[i], k);
			before = x;
		}
	}
}

/* The pieces of which the approximation of the normal distribution is made meet at these. */
static void the_normal_distribution_has_no_steps_where_its_pieces_meet(void **state)
{
	const double seams[] = {0.075, 0.925, exp(-25)};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		double h = fmin(seams[i], 1 - seams[i]) * 1e-6;
		double below = dist_quantile(TOPO_DIST_NORMAL, seams[i] - h);
		double above = dist_quantile(TOPO_DIST_NORMAL, seams[i] + h);

		assert_true(above > below && above - below < 1e-5);
	}
}

static void uniform_and_normal_are_symmetric(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int k = 1; k < 1 << 16; k++) {
			double p = k * 0x1p-17; /* 1 - p is exact */

			assert_true(fabs(dist_quantile(all[i], p) + dist_quantile(all[i], 1 - p)) <
				    1e-9);
		}
}

static void means_are_0_and_deviations_what_is_promised(void **state)
{
	static const struct {
		enum topo_distribution distribution;
		double deviation, tolerance;
	} rows[] = {
		{TOPO_DIST_UNIFORM, 0.57735026918962576, 1e-6},
		{TOPO_DIST_NORMAL, 1, 1e-4},
		/* the last of 10^6 steps has a hundredth of the variance: a heavy tail */
		{TOPO_DIST_PARETO, 1, 2e-2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double sum = 0, squares = 0;

		for (int k = 0; k < STEPS; k++) {
			double x = dist_quantile(rows[i].distribution, (k + 0.5) / STEPS);

			sum += x;
			squares += x * x;
		}
		if (fabs(sum / STEPS) > 1e-3 * (i == 2 ? 1 : 1e-3) ||
		    fabs(sqrt(squares / STEPS) - rows[i].deviation) > rows[i].tolerance)
			fail_msg("row %zu: mean %g, deviation %g", i, sum / STEPS,
				 sqrt(squares / STEPS));
	}
}

static void nothing_comes_more_than_the_jitter_too_early(void **state)
{
	(void)state;
	for (int k = 0; k < STEPS; k++) {
		double p = (k + 0.5) / STEPS;

		assert_true(fabs(dist_quantile(TOPO_DIST_UNIFORM, p)) < 1);
		assert_true(dist_quantile(TOPO_DIST_PARETO, p) > -0.5774);
	}
}

/* --- drawn -------------------------------------------------------------------------------------
 */

static double normal_below(double x)
{
	return erfc(-x / sqrt(2)) / 2;
}

static double pareto_below(double x)
{
	return 1 - pow(x * sqrt(0.75) + 1.5, -3);
}

/* By what its two parts have below them: their quantiles are added, so it lies between. */
static double paretonormal_below(double x)
{
	double low = 0, high = 1;

	for (int i = 0; i < 60; i++) {
		double p = (low + high) / 2, normal = -8;

		for (double step = 8; step > 1e-12; step /= 2) /* inverts normal_below() */
			if (normal_below(normal + step) < p)
				normal += step;
		if (normal / 4 + (pow(1 - p, -1 / 3.0) - 1.5) / sqrt(0.75) * 3 / 4 < x)
			low = p;
		else
			high = p;
	}
	return (low + high) / 2;
}

static double below(enum topo_distribution distribution, double x)
{
	switch (distribution) {
	case TOPO_DIST_UNIFORM:
		return (x + 1) / 2;
	case TOPO_DIST_NORMAL:
		return normal_below(x);
	case TOPO_DIST_PARETO:
		return pareto_below(x);
	case TOPO_DIST_PARETONORMAL:
		return paretonormal_below(x);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Kolmogorov and Smirnov: 1.95 / sqrt(n) is exceeded once in a thousand times. */
static void draws_have_the_distribution_that_was_asked_for(void **state)
{
	static double x[20000];
	const int count = sizeof(x) / sizeof(x[0]);

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		double most = 0;

		for (int n = 0; n < count; n++)
			x[n] = dist_quantile(all[i], dist_share(fate_of(fate_base(42, (uint64_t)n),
									FATE_JITTER)));
		qsort(x, (size_t)count, sizeof(x[0]), compare);
		for (int n = 0; n < count; n++) {
			double p = below(all[i], x[n]);

			most = fmax(most, fmax(p - (double)n / count, (n + 1.0) / count - p));
		}
		if (most > 1.95 / sqrt(count))
			fail_msg("distribution %d: off by %f", all[i], most);
	}
}

static void every_number_that_can_be_drawn_has_a_deviation(void **state)
{
	static const uint64_t drawn[] = {0,	    1, 4095, 4096, 1ULL << 63, UINT64_MAX - 4096,
					 UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(drawn) / sizeof(drawn[0]); i++) {
		double p = dist_share(drawn[i]);

		assert_true(p > 0 && p < 1);
		/* and the other way round it is as far from the other end */
		assert_true(dist_share(~drawn[i]) == 1 - p);
		for (size_t k = 0; k < ALL; k++)
			assert_true(isfinite(dist_quantile(all[k], p)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_those_of_tables),
		cmocka_unit_test(a_larger_share_lies_below_a_larger_deviation),
		cmocka_unit_test(the_normal_distribution_has_no_steps_where_its_pieces_meet),
		cmocka_unit_test(uniform_and_normal_are_symmetric),
		cmocka_unit_test(means_are_0_and_deviations_what_is_promised),
		cmocka_unit_test(nothing_comes_more_than_the_jitter_too_early),
		cmocka_unit_test(draws_have_the_distribution_that_was_asked_for),
		cmocka_unit_test(every_number_that_can_be_drawn_has_a_deviation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
