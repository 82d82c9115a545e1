/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time in nanoseconds. CLOCK_MONOTONIC is what BPF's bpf_ktime_get_ns() reads too. */
#ifndef VLSP_LIB_BASE_CLOCK_H
#define VLSP_LIB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

static inline uint64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* Milliseconds since the epoch, for time stamps that people and JSON see. */
static inline uint64_t clock_wall_ms(void)
{
	return clock_read_ns(CLOCK_REALTIME) / NSEC_PER_MSEC;
}

#endif
