/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one application may cost the supervisor: so much within a window of time. Beyond, it is not
 * listened to until the window is over, and has to wait; others are not.
 */
#ifndef VLSP_DAEMON_SUPERVISOR_BUDGET_H
#define VLSP_DAEMON_SUPERVISOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_WINDOW_NS 50000000ull

struct budget {
	uint64_t end_ns;
	uint64_t used, max; /* in this window */
};

/* true: that was all for this window, which ends at end_ns. */
static inline bool budget_spend(struct budget *budget, uint64_t cost, uint64_t now)
{
	if (now >= budget->end_ns) {
		budget->end_ns = now + BUDGET_WINDOW_NS;
		budget->used = 0;
	}
	budget->used += cost;
	return budget->used >= budget->max;
}

#endif
