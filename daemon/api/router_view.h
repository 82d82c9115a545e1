/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be read below one router. For router.c's table. */
#ifndef VLSP_DAEMON_API_ROUTER_VIEW_H
#define VLSP_DAEMON_API_ROUTER_VIEW_H

#include "daemon/api/api_priv.h"

/* The router of {r}; NULL: there is none, and the call has been answered. */
struct model_router *api_router_of(struct api_call *call);

void api_get_router_links(struct api_call *call);
void api_get_router_link(struct api_call *call);
void api_get_routes(struct api_call *call);
void api_get_application(struct api_call *call);
void api_get_stats(struct api_call *call);
void api_get_link_stats(struct api_call *call);

/* link.c: answers with the record and the counters of both ends. */
void api_answer_link(struct api_call *call, const struct model_link *link);

#endif
