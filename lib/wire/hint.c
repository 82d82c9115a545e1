// SPDX-License-Identifier: GPL-2.0-or-later
/* Hints put together. Called by the loader (chains, taps) and by lib/capture (filters). */
#include "lib/wire/hint.h"

#include <arpa/inet.h>

/* max 0: any; so is port 0 alone. */
static void narrow_ports(struct vlsp_hint *hint, const struct vlsp_hint *other)
{
	if (!other->port_max)
		return;
	if (hint->port_max && other->port_max - other->port_min >= hint->port_max - hint->port_min)
		return;
	hint->port_min = other->port_min;
	hint->port_max = other->port_max;
}

void hint_narrow(struct vlsp_hint *hint, const struct vlsp_hint *other)
{
	if (!hint->protocol)
		hint->protocol = other->protocol;
	if (ntohl(other->mask) > ntohl(hint->mask)) {
		hint->value = other->value & other->mask;
		hint->mask = other->mask;
		hint->flags = other->flags;
	}
	narrow_ports(hint, other);
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

void hint_widen(struct vlsp_hint *hint, const struct vlsp_hint *other)
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
