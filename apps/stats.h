/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times measured: count, mean, deviation exactly; percentiles within 1 % from a histogram whose
 * buckets grow with the value (64 to each power of two), in a fixed 30 KiB however many there are.
 */
#ifndef VLSP_APPS_STATS_H
#define VLSP_APPS_STATS_H

#include <stdint.h>

#define STATS_BUCKETS (64 * 59)

struct stats { /* zeroed: empty */
	uint64_t count, min, max;
	double sum, squares;
	uint64_t buckets[STATS_BUCKETS];
};

void stats_add(struct stats *stats, uint64_t value);
/* 0 if there are none. */
double stats_mean(const struct stats *stats);
double stats_deviation(const struct stats *stats);
/* The value that percent (0 .. 100) of all do not exceed; 0 if there are none. */
uint64_t stats_percentile(const struct stats *stats, double percent);

#endif
