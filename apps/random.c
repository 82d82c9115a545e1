// SPDX-License-Identifier: GPL-2.0-or-later
/* Distributions, by inversion where there is a closed form. Used by flows, load, client, publish.
 */
#include "apps/random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

const struct random_name random_names[] = {
	{"constant", RANDOM_CONSTANT, 1, false},       {"uniform", RANDOM_UNIFORM, 2, false},
	{"exponential", RANDOM_EXPONENTIAL, 1, false}, {"normal", RANDOM_NORMAL, 2, false},
	{"lognormal", RANDOM_LOGNORMAL, 2, true},      {"pareto", RANDOM_PARETO, 2, true},
	{"weibull", RANDOM_WEIBULL, 2, true},	       {NULL, RANDOM_CONSTANT, 0, false},
};

uint64_t random_seed(void)
{
	uint64_t seed;

	while (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		if (errno != EINTR)
			abort(); /* Linux since 3.17 has it */
	return seed;
}

uint64_t random_next(struct random *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

double random_share(struct random *rng)
{
	return ((double)(random_next(rng) >> 12) + 0.5) * 0x1p-52;
}

bool random_check(const struct random_dist *dist)
{
	switch (dist->kind) {
	case RANDOM_UNIFORM:
		return dist->a <= dist->b;
	case RANDOM_PARETO:
	case RANDOM_WEIBULL:
	case RANDOM_LOGNORMAL:
		return dist->a > 0 && dist->b > 0;
	case RANDOM_CONSTANT:
	case RANDOM_EXPONENTIAL:
	case RANDOM_NORMAL:
		return true;
	}
	return false;
}

/* Box and Muller, "A note on the generation of random normal deviates", 1958; the second one is not
 * used. */
static double normal(struct random *rng)
{
	double radius = sqrt(-2 * log(random_share(rng)));

	return radius * cos(2 * M_PI * random_share(rng));
}

double random_draw(const struct random_dist *dist, struct random *rng)
{
	double p = dist->kind == RANDOM_CONSTANT ? 0 : random_share(rng);

	switch (dist->kind) {
	case RANDOM_CONSTANT:
		return dist->a;
	case RANDOM_UNIFORM:
		return dist->a + p * (dist->b - dist->a);
	case RANDOM_EXPONENTIAL:
		return -dist->a * log(p);
	case RANDOM_NORMAL:
		return fmax(0, dist->a + dist->b * normal(rng));
	case RANDOM_LOGNORMAL:
		return dist->a * exp(dist->b * normal(rng));
	case RANDOM_PARETO:
		return dist->a * pow(p, -1 / dist->b);
	case RANDOM_WEIBULL:
		return dist->a * pow(-log(p), 1 / dist->b);
	}
	return 0;
}

uint64_t random_draw_ns(const struct random_dist *dist, struct random *rng)
{
	return (uint64_t)(fmin(random_draw(dist, rng), 1e9) * 1e9);
}

double random_mean(const struct random_dist *dist)
{
	switch (dist->kind) {
	case RANDOM_CONSTANT:
	case RANDOM_EXPONENTIAL:
	case RANDOM_NORMAL:
		return dist->a;
	case RANDOM_UNIFORM:
		return (dist->a + dist->b) / 2;
	case RANDOM_LOGNORMAL:
		return dist->a * exp(dist->b * dist->b / 2);
	case RANDOM_PARETO:
		return dist->b > 1 ? dist->a * dist->b / (dist->b - 1) : INFINITY;
	case RANDOM_WEIBULL:
		return dist->a * tgamma(1 + 1 / dist->b);
	}
	return 0;
}
