/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often neighbours say hello, and after which silence one is gone. This file is the only place
 * where the defaults are written; run.c asks it for every batch.
 *
 * The default is 40 ms and a neighbour is gone after three intervals: a link that fails silently is
 * noticed within 120 ms and the deadline's granularity. One hello costs a machine about 5 us per
 * link end (the send; receiving is noted by BPF), and all hellos of a machine may take 5 % of one
 * core, so beyond 400 link ends the interval grows with them: 1,798 ends (Kdl, 899 links) 180 ms.
 * It grows in steps of 10 ms, so that a single new link does not reconfigure every router.
 */
#include "daemon/ctl/ctl_priv.h"

#define HELLO_INTERVAL_US    40000 /* the default interval */
#define HELLO_DEAD_INTERVALS 3
#define HELLO_COST_US	     5 /* of one hello, for one link end */
#define HELLO_BUDGET_PERCENT 5 /* of one core, for all hellos of the machine */
#define HELLO_STEP_US	     10000

/* topology_us (asked for in the topology) goes before config_us (the daemon's), 0: not given. */
uint32_t hello_interval_us(uint32_t topology_us, uint32_t config_us, uint32_t link_ends)
{
	uint64_t us = (uint64_t)link_ends * HELLO_COST_US * 100 / HELLO_BUDGET_PERCENT;

	if (topology_us)
		return topology_us;
	if (config_us)
		return config_us;
	us = (us + HELLO_STEP_US - 1) / HELLO_STEP_US * HELLO_STEP_US;
	return us > HELLO_INTERVAL_US ? (uint32_t)us : HELLO_INTERVAL_US;
}

uint32_t hello_dead_us(uint32_t interval_us)
{
	return interval_us > UINT32_MAX / HELLO_DEAD_INTERVALS ? UINT32_MAX
							       : interval_us * HELLO_DEAD_INTERVALS;
}
