// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of enum vlsp_drop for people: REST, --json, metrics. Called by whoever prints counters. */
#include "bpf/loader/loader.h"

#include "lib/base/cleanup.h"

static const char *const names[] = {
	[VLSP_DROP_VERSION] = "version",   [VLSP_DROP_LENGTH] = "length",
	[VLSP_DROP_CHECKSUM] = "checksum", [VLSP_DROP_TTL] = "ttl",
	[VLSP_DROP_NO_ROUTE] = "no-route", [VLSP_DROP_DOWN] = "down",
	[VLSP_DROP_SILENT] = "silent",	   [VLSP_DROP_UNSUPPORTED] = "unsupported",
	[VLSP_DROP_TOO_BIG] = "too-big",   [VLSP_DROP_QUEUE] = "queue",
	[VLSP_DROP_LOSS] = "loss",	   [VLSP_DROP_OVERRUN] = "overrun",
	[VLSP_DROP_FUNCTION] = "function",
};

_Static_assert(ARRAY_SIZE(names) == VLSP_DROP_CAUSES, "a name for each cause");

const char *bld_drop_name(unsigned cause)
{
	return cause < ARRAY_SIZE(names) ? names[cause] : NULL;
}
