// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry of nouns, in the order in which help and completion show them. */
#include "cli/nouns.h"

const struct cli_noun *const cli_nouns[] = {
	&noun_topology, &noun_router,  &noun_link,	 &noun_app,  &noun_event,
	&noun_route,	&noun_status,  &noun_doctor,	 &noun_ping, &noun_trace,
	&noun_capture,	&noun_version, &noun_completion, NULL,
};
