/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firings of events as JSON, for the log and the stream (event.c, events.c). */
#ifndef VLSP_DAEMON_API_EVENT_H
#define VLSP_DAEMON_API_EVENT_H

#include <jansson.h>

#include "daemon/ctl/timeline.h"

struct api;

/* NULL: out of memory. */
json_t *api_encode_firing(const struct ctl_firing *firing);
/* A line in the audit: what events change nobody asks for at the time. audit.c */
void api_audit_firing(struct api *api, const struct ctl_firing *firing);

#endif
