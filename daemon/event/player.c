// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces in time (player.h). Called by daemon/ctl/play.c. */
#include "daemon/event/player.h"

#include <string.h>

#define LOOK_AHEAD_MAX 1000 /* pieces that say the same are passed over together */

/* A trace is a row of pieces: its steps, or the windows of its opportunities. */
static uint64_t piece_count(const struct topo_trace *trace)
{
	if (trace->format == TOPO_TRACE_STEPS)
		return trace->step_count;
	return (trace->length_ns + trace->window_ns - 1) / trace->window_ns;
}

static uint64_t piece_start(const struct topo_trace *trace, uint64_t piece)
{
	if (piece == piece_count(trace))
		return trace->length_ns;
	return trace->format == TOPO_TRACE_STEPS ? trace->steps[piece].at_ns
						 : piece * trace->window_ns;
}

static uint64_t piece_of(const struct topo_trace *trace, uint64_t at_ns)
{
	size_t low = 0, high = trace->step_count;

	if (trace->format == TOPO_TRACE_MAHIMAHI)
		return at_ns / trace->window_ns;
	while (high - low > 1) { /* the step at low is not behind at_ns, that at high is */
		size_t middle = low + (high - low) / 2;

		if (trace->steps[middle].at_ns <= at_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Opportunities before at_ns. */
static size_t chances_before(const struct topo_trace *trace, uint64_t at_ns)
{
	size_t low = 0, high = trace->chance_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->chances[middle] * 1000000ULL < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void piece_says(const struct topo_trace *trace, uint64_t piece, struct topo_change *ret)
{
	uint64_t from = piece_start(trace, piece), to = piece_start(trace, piece + 1);
	unsigned __int128 bits;

	if (trace->format == TOPO_TRACE_STEPS) {
		*ret = trace->steps[piece].change;
		return;
	}
	/* The last opportunity, at the very end, is the last window's. */
	bits = (to == trace->length_ns ? trace->chance_count : chances_before(trace, to)) -
	       chances_before(trace, from);
	bits = bits * TOPO_MAHIMAHI_BYTES * 8 * 1000000000 / (to - from);
	memset(ret, 0, sizeof(*ret));
	/* One back end for all rates: tc has none so small, and a change of it costs datagrams. */
	ret->shape.set = TOPO_RATE | TOPO_BACKEND;
	ret->shape.backend = TOPO_BACKEND_RELAY;
	ret->shape.rate = bits ? (uint64_t)bits : 1;
}

static bool same(const struct topo_change *x, const struct topo_change *y)
{
	return x->clear == y->clear && topo_shape_equal(&x->shape, &y->shape);
}

bool player_at(const struct player *player, uint64_t at_ns, struct topo_change *ret_change,
	       uint64_t *ret_until_ns)
{
	const struct topo_trace *trace = player->trace;
	uint64_t at = at_ns + player->offset_ns, count = piece_count(trace);
	uint64_t round = at / trace->length_ns * trace->length_ns, piece, ahead, until;
	struct topo_change next;

	if (round && !player->loop)
		return false;
	piece = piece_of(trace, at - round);
	piece_says(trace, piece, ret_change);
	for (ahead = 1; ahead < LOOK_AHEAD_MAX; ahead++) {
		if (piece + ahead == count && !player->loop)
			break;
		if (ahead == count) { /* once round: it says but one thing */
			*ret_until_ns = PLAYER_NEVER;
			return true;
		}
		piece_says(trace, (piece + ahead) % count, &next);
		if (!same(ret_change, &next))
			break;
	}
	until = round + (piece + ahead) / count * trace->length_ns;
	if ((piece + ahead) % count)
		until += piece_start(trace, (piece + ahead) % count);
	*ret_until_ns = until - player->offset_ns;
	return true;
}
