// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hint of a chain: of each function the condition that leaves least, then what all of them
 * have in common. Called by functions.c.
 */
#include "bpf/loader/hint.h"

#include <arpa/inet.h>
#include <stdbool.h>

static void take_address(struct vlsp_hint *hint, __be32 value, __be32 mask)
{
	if (ntohl(mask) <= ntohl(hint->mask))
		return;
	hint->value = value & mask;
	hint->mask = mask;
}

static void take_ports(struct vlsp_hint *hint, uint16_t min, uint16_t max)
{
	if (hint->port_max && max - min >= hint->port_max - hint->port_min)
		return;
	hint->port_min = min;
	hint->port_max = max; /* 0: only port 0, which counts as any */
}

static struct vlsp_hint of_match(const struct vlsp_match *match)
{
	struct vlsp_hint hint = {0};

	if (match->flags & VLSP_MATCH_PROTOCOL)
		hint.protocol = match->protocol;
	if (match->flags & VLSP_MATCH_FLOW) {
		hint.flags = VLSP_HINT_FLOW;
		take_address(&hint, match->flow, 0xffffffff);
	} else {
		if (match->flags & VLSP_MATCH_DST)
			take_address(&hint, match->dst, match->dst_mask);
		if (match->flags & VLSP_MATCH_SRC)
			take_address(&hint, match->src, match->src_mask);
	}
	if (match->flags & VLSP_MATCH_DPORT)
		take_ports(&hint, match->dport_min, match->dport_max);
	if (match->flags & VLSP_MATCH_SPORT)
		take_ports(&hint, match->sport_min, match->sport_max);
	return hint;
}

/* Both masks are prefixes, and so is what is left. */
static void widen_address(struct vlsp_hint *hint, const struct vlsp_hint *other)
{
	uint32_t mask = ntohl(hint->mask & other->mask);
	uint32_t differ = ntohl(hint->value ^ other->value);

	if (hint->flags != other->flags)
		mask = 0;
	while (differ & mask)
		mask <<= 1;
	hint->mask = htonl(mask);
	hint->value &= hint->mask;
	if (!mask)
		hint->flags = 0;
}

static void widen(struct vlsp_hint *hint, const struct vlsp_hint *other)
{
	widen_address(hint, other);
	if (hint->protocol != other->protocol)
		hint->protocol = 0;
	if (!hint->port_max || !other->port_max) {
		hint->port_min = hint->port_max = 0;
		return;
	}
	if (other->port_min < hint->port_min)
		hint->port_min = other->port_min;
	if (other->port_max > hint->port_max)
		hint->port_max = other->port_max;
}

struct vlsp_hint bld_hint(const struct vlsp_chain *chain)
{
	struct vlsp_hint hint = {0};

	for (uint32_t i = 0; i < chain->count; i++) {
		struct vlsp_hint other = of_match(&chain->fn[i].match);

		if (i == 0)
			hint = other;
		else
			widen(&hint, &other);
	}
	return hint;
}
