// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics of latencies. Used by ping and client. */
#include "apps/stats.h"

#include <math.h>

/* Below 128 each value has a bucket; then the highest 7 bits choose it. */
static unsigned bucket_of(uint64_t value)
{
	unsigned shift = value < 128 ? 0 : 57 - (unsigned)__builtin_clzll(value);

	return shift * 64 + (unsigned)(value >> shift);
}

/* The middle of what a bucket holds. */
static uint64_t value_of(unsigned bucket)
{
	unsigned shift = bucket < 128 ? 0 : bucket / 64 - 1;
	uint64_t low = (uint64_t)(bucket - shift * 64) << shift;

	return low + ((uint64_t)1 << shift) / 2;
}

void stats_add(struct stats *stats, uint64_t value)
{
	if (stats->count == 0 || value < stats->min)
		stats->min = value;
	if (value > stats->max)
		stats->max = value;
	stats->count++;
	stats->sum += (double)value;
	stats->squares += (double)value * (double)value;
	stats->buckets[bucket_of(value)]++;
}

double stats_mean(const struct stats *stats)
{
	return stats->count ? stats->sum / (double)stats->count : 0;
}

double stats_deviation(const struct stats *stats)
{
	double mean = stats_mean(stats);

	return stats->count ? sqrt(fmax(0, stats->squares / (double)stats->count - mean * mean))
			    : 0;
}

uint64_t stats_percentile(const struct stats *stats, double percent)
{
	uint64_t rank = (uint64_t)ceil((double)stats->count * percent / 100), seen = 0, value;

	if (stats->count == 0)
		return 0;
	if (rank < 1)
		rank = 1;
	for (unsigned i = 0; i < STATS_BUCKETS; i++) {
		seen += stats->buckets[i];
		if (seen >= rank) {
			value = value_of(i);
			return value < stats->min   ? stats->min
			       : value > stats->max ? stats->max
						    : value;
		}
	}
	return stats->max;
}
