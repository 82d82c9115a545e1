/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The liveness of one link, decided from times alone. Called by links.c with what the BPF program
 * noted about hellos and with greetings. Time stamps come from CLOCK_MONOTONIC on both sides, but a
 * hello may be noted after the caller read the clock: ages are never computed below zero.
 */
#include "daemon/router/live.h"

void live_init(struct live *live, uint64_t now_ns)
{
	*live = (struct live){.floor_ns = now_ns, .carrier = true};
}

static bool is_fresh(uint64_t at_ns, uint64_t now_ns, uint64_t dead_ns)
{
	return at_ns != 0 && (at_ns >= now_ns || now_ns - at_ns <= dead_ns);
}

bool live_note(struct live *live, uint32_t epoch, uint64_t seen_ns, uint64_t heard_ns)
{
	bool was_up = live->up;

	if (epoch == 0 || seen_ns < live->floor_ns || !live->carrier)
		return false;
	if (epoch != live->epoch) {
		/* what an earlier incarnation heard says nothing about this one */
		live->epoch = epoch;
		live->floor_ns = seen_ns;
		live->seen_ns = seen_ns;
		live->heard_ns = heard_ns >= seen_ns ? heard_ns : 0;
		live->up = false;
		return was_up;
	}
	if (seen_ns > live->seen_ns)
		live->seen_ns = seen_ns;
	if (heard_ns >= live->floor_ns && heard_ns > live->heard_ns)
		live->heard_ns = heard_ns;
	return false;
}

enum live_change live_judge(struct live *live, uint64_t now_ns, uint64_t dead_ns, uint64_t grace_ns)
{
	bool fresh = is_fresh(live->heard_ns, now_ns, dead_ns);

	if (!live->up && fresh && live->carrier) {
		live->up = true;
		return LIVE_UP;
	}
	if (live->up && !fresh && now_ns >= grace_ns) {
		live->up = false;
		return LIVE_LOST;
	}
	return LIVE_SAME;
}

bool live_carrier(struct live *live, bool carrier, uint64_t now_ns)
{
	bool was_up = live->up;

	if (carrier == live->carrier)
		return false;
	live_init(live, now_ns);
	live->carrier = carrier;
	return was_up;
}

bool live_hears(const struct live *live, uint64_t now_ns, uint64_t dead_ns)
{
	return is_fresh(live->seen_ns, now_ns, dead_ns);
}

uint64_t live_deadline(const struct live *live, uint64_t dead_ns)
{
	return live->up ? live->heard_ns + dead_ns + 1 : UINT64_MAX;
}
