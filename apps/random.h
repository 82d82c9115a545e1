/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers by distribution, for what generates traffic and load. The generator is splitmix64
 * (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): the same
 * seed, the same numbers.
 */
#ifndef VLSP_APPS_RANDOM_H
#define VLSP_APPS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

enum random_kind {
	RANDOM_CONSTANT,    /* a */
	RANDOM_UNIFORM,	    /* a .. b */
	RANDOM_EXPONENTIAL, /* mean a */
	RANDOM_NORMAL,	    /* mean a, standard deviation b; what is negative counts as 0 */
	RANDOM_LOGNORMAL,   /* median a, standard deviation of the logarithm b */
	RANDOM_PARETO,	    /* least value a, shape b: P(X > x) = (a/x)^b */
	RANDOM_WEIBULL,	    /* scale a, shape b: P(X > x) = exp(-(x/a)^b) */
};

struct random_dist {
	enum random_kind kind;
	double a, b;
};

struct random_name {
	const char *name; /* NULL: the table's end */
	enum random_kind kind;
	unsigned parameters;
	bool second_plain; /* the second parameter has not the first one's unit */
};
extern const struct random_name random_names[];

struct random {
	uint64_t state; /* any value is a seed */
};

/* A seed that differs each time (getrandom(2)). */
uint64_t random_seed(void);
uint64_t random_next(struct random *rng);
/* Evenly in (0, 1). */
double random_share(struct random *rng);
/* Whether the parameters make sense: MIN <= MAX, shapes and pareto's MIN positive. */
bool random_check(const struct random_dist *dist);
/* One number, never negative. */
double random_draw(const struct random_dist *dist, struct random *rng);
/* A time in seconds as nanoseconds; what is longer than 31 years (heavy tails have such) is that.
 */
uint64_t random_draw_ns(const struct random_dist *dist, struct random *rng);
/* The mean of what is drawn, but for normal's cut at 0; infinite for pareto with a shape of 1 or
 * less. */
double random_mean(const struct random_dist *dist);

#endif
