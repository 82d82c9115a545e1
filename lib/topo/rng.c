// SPDX-License-Identifier: GPL-2.0-or-later
/* xoshiro256** and splitmix64. Used by the random generators; integers only, so that a seed means
 * the same network everywhere. */
#include "lib/topo/rng.h"

static uint64_t rotate_left(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

void topo_rng_seed(struct topo_rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
		rng->s[i] = z ^ z >> 31;
	}
}

uint64_t topo_rng_next(struct topo_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/* Draws again in the incomplete last stretch, so that no value is favoured. */
uint64_t topo_rng_below(struct topo_rng *rng, uint64_t n)
{
	uint64_t first = -n % n, x;

	do
		x = topo_rng_next(rng);
	while (x < first);
	return x % n;
}
