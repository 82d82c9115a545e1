/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the nouns, each ended by a route without a method, and parameters they share. */
#ifndef VLSP_DAEMON_API_ROUTES_H
#define VLSP_DAEMON_API_ROUTES_H

#include "daemon/api/api_priv.h"
#include "lib/topo/doc.h"

extern const struct api_route api_router_routes[];
extern const struct api_route api_link_routes[];
extern const struct api_route api_topology_routes[];
extern const struct api_route api_operation_routes[];
extern const struct api_route api_event_routes[];
extern const struct api_route api_events_routes[];
extern const struct api_route api_service_routes[];
extern const struct api_route api_metrics_routes[];
extern const struct api_route api_interface_routes[];
extern const struct api_route api_app_routes[];

#define API_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#define API_PAGE_PARAMS                                                                            \
	{"offset", API_INTEGER, .doc = "how many of the list to leave out at its start"},          \
	{                                                                                          \
		"limit", API_INTEGER, .doc = "how many of the list to give at most"                \
	}
#define API_DETAIL_PARAM                                                                           \
	{                                                                                          \
		"detail", API_WORD, .words = "id|all",                                             \
				    .doc = "all: the records too, in the field detail"             \
	}
#define API_OP_FIELDS                                                                              \
	{"success", "boolean", "true"}, {"msg", "string", "a remark; usually empty"},              \
		{"op_time", "integer", "milliseconds from request to result"},                     \
	{                                                                                          \
		"operation", "integer", "the operation's id"                                       \
	}

/* Which elements of a list a request wants. */
struct api_page {
	uint64_t offset, limit, at;
};
static inline struct api_page api_page_of(const struct api_call *call)
{
	return (struct api_page){.offset = (uint64_t)api_int(call, "offset", 0),
				 .limit = (uint64_t)api_int(call, "limit", INT64_MAX)};
}
/* Called for each element in order: whether it is on the page. */
static inline bool api_page_takes(struct api_page *page)
{
	uint64_t i = page->at++;

	return i >= page->offset && i - page->offset < page->limit;
}

/* openapi.c: the whole document, to be freed; NULL: out of memory. */
char *api_openapi_text(void);

#endif
