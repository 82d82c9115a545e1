/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace says of a time since its start. Pure, as the timeline. Mahimahi's delivery
 * opportunities become rates: those of a window, over its length. A window without any has the
 * smallest rate there is, 1 bit/s: what waits goes on waiting.
 */
#ifndef VLSP_DAEMON_EVENT_PLAYER_H
#define VLSP_DAEMON_EVENT_PLAYER_H

#include <stdbool.h>

#include "lib/topo/event.h"

#define PLAYER_NEVER UINT64_MAX

struct player {
	const struct topo_trace *trace;
	bool loop;
	uint64_t offset_ns; /* where in the trace it starts */
};

/*
 * false: at_ns is behind its end. Otherwise what it says then, and until when nothing else: a time
 * after at_ns at which it says something else, or may, or has ended; PLAYER_NEVER: for ever.
 */
bool player_at(const struct player *player, uint64_t at_ns, struct topo_change *ret_change,
	       uint64_t *ret_until_ns);

#endif
