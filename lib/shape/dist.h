/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distributions of jitter: quantile functions, so that a number drawn by any means becomes a
 * deviation from the delay. Used by the relay, and to make the kernel's tables for netem.
 */
#ifndef VLSP_LIB_SHAPE_DIST_H
#define VLSP_LIB_SHAPE_DIST_H

#include <stdint.h>

#include "lib/topo/doc.h"

/*
 * The deviation below which a share p of all lies, in units of the jitter; 0 < p < 1.
 *   uniform       -1 .. 1
 *   normal        mean 0, standard deviation 1
 *   pareto        mean 0, standard deviation 1: shape 3, shifted and scaled; -0.577 .. infinity
 *   paretonormal  a quarter of normal's and three quarters of pareto's, as netem's table
 */
double dist_quantile(enum topo_distribution distribution, double p);

/* From 64 random bits: the middle of one of 2^52 steps, which a double can hold: with more of them
 * the last one would be 1. */
static inline double dist_share(uint64_t drawn)
{
	return ((double)(drawn >> 12) + 0.5) * 0x1p-52;
}

#endif
