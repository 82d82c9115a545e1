/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the model to JSON: the one vocabulary that REST, --json and events share. */
#ifndef VLSP_DAEMON_API_ENCODE_H
#define VLSP_DAEMON_API_ENCODE_H

#include <jansson.h>

#include "daemon/api/api_priv.h"

/* Each returns a new reference, or NULL: out of memory. */

/* The record of GET /router/{r}. */
json_t *api_encode_router(struct api *api, const struct model_router *router);
/* The answer to POST /router/. */
json_t *api_encode_router_made(struct api *api, const struct model_router *router);
/* Ids of neighbours, of links, and a short record for each link, in the same order. */
json_t *api_encode_router_neighbours(const struct model_router *router);
/* interface.c: of the host's, attached to a router. */
json_t *api_encode_interface(const struct topo_iface *iface);
json_t *api_encode_interfaces(const struct topo_ifaces *interfaces);
const char *api_state_name(enum model_state state);

/* The record of GET /link/{l}, without counts and emulation. */
json_t *api_encode_link(const struct api *api, const struct model_link *link);
/* The answer to POST /link/. */
json_t *api_encode_link_made(const struct model_link *link);
/* As one of its routers sees it: linkDetail. */
json_t *api_encode_link_end(const struct model_end *end);
/* One attribute of a link, as seen from that end: attr is id, name, weight or connected. */
json_t *api_encode_link_attr(const struct model_end *end, const char *attr);
json_t *api_encode_counts(const struct host_counts *counts);
struct ctl_pace;
json_t *api_encode_pace(const struct ctl_pace *pace); /* service.c */
json_t *api_encode_line(const struct host_line *line);

static inline const struct model_end *api_other_end(const struct model_end *end)
{
	return &end->link->end[end == &end->link->end[0]];
}

#endif
