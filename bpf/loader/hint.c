// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hint of a chain: of each function the condition that leaves least, then what all of them
 * have in common. Called by functions.c.
 */
#include "bpf/loader/hint.h"

#include <stdint.h>

#include "lib/wire/hint.h"

static void take_ports(struct vlsp_hint *hint, uint16_t min, uint16_t max)
{
	const struct vlsp_hint ports = {.port_min = min, .port_max = max};

	hint_narrow(hint, &ports);
}

static void take_address(struct vlsp_hint *hint, __be32 value, __be32 mask, uint8_t flags)
{
	const struct vlsp_hint address = {.value = value, .mask = mask, .flags = flags};

	hint_narrow(hint, &address);
}

static struct vlsp_hint of_match(const struct vlsp_match *match)
{
	struct vlsp_hint hint = {0};

	if (match->flags & VLSP_MATCH_PROTOCOL)
		hint.protocol = match->protocol;
	if (match->flags & VLSP_MATCH_FLOW)
		take_address(&hint, match->flow, 0xffffffff, VLSP_HINT_FLOW);
	if (match->flags & VLSP_MATCH_DST)
		take_address(&hint, match->dst, match->dst_mask, 0);
	if (match->flags & VLSP_MATCH_SRC)
		take_address(&hint, match->src, match->src_mask, 0);
	if (match->flags & VLSP_MATCH_DPORT)
		take_ports(&hint, match->dport_min, match->dport_max);
	if (match->flags & VLSP_MATCH_SPORT)
		take_ports(&hint, match->sport_min, match->sport_max);
	return hint;
}

struct vlsp_hint bld_hint(const struct vlsp_chain *chain)
{
	struct vlsp_hint hint = {0};

	for (uint32_t i = 0; i < chain->count; i++) {
		struct vlsp_hint other = of_match(&chain->fn[i].match);

		if (i == 0)
			hint = other;
		else
			hint_widen(&hint, &other);
	}
	return hint;
}
