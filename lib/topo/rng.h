/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers that are the same on every machine: xoshiro256** (Blackman and Vigna, "Scrambled
 * linear pseudorandom number generators", ACM TOMS 47(4), 2021), seeded by splitmix64.
 */
#ifndef VLSP_LIB_TOPO_RNG_H
#define VLSP_LIB_TOPO_RNG_H

#include <stdint.h>

struct topo_rng {
	uint64_t s[4];
};

void topo_rng_seed(struct topo_rng *rng, uint64_t seed);
uint64_t topo_rng_next(struct topo_rng *rng);
/* Evenly 0 .. n - 1; n is at least 1. */
uint64_t topo_rng_below(struct topo_rng *rng, uint64_t n);

#endif
