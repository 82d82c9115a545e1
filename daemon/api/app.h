/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications in REST: what app.c, app_request.c, app_log.c and encode_app.c share, and who else
 * needs of it. */
#ifndef VLSP_DAEMON_API_APP_H
#define VLSP_DAEMON_API_APP_H

#include "daemon/api/api_priv.h"
#include "daemon/model/app.h"
#include "lib/topo/doc.h"

/* The record of GET /router/{r}/app/{a}; whole: with what it was asked to be, and what it uses. */
json_t *api_encode_app(struct api *api, const struct model_app *app, bool whole);
/* Ids of a router's applications. */
json_t *api_encode_app_ids(const struct model_router *router);

/* app_request.c: what a request asks for, by its body or its parameters; those of a form are among
 * the call's afterwards. 0 or -errno. */
int api_app_of(struct api_call *call, struct topo_app **ret_app, struct err *err);
extern const struct api_param api_app_params[];
/* Whether who asks may have that done: what runs with other rights than a router's own programs
 * have is for root alone, by the unix socket. 0 or -EPERM, text starts with the field. */
int api_app_allowed(const struct api_call *call, const struct topo_app *app, struct err *err);
int api_apps_allowed(const struct api_call *call, const struct topo_doc *doc, struct err *err);

/* The application of {r} and {a}; NULL: there is none, and the call has been answered. */
struct model_app *api_app_find(struct api_call *call);

/* app_log.c */
void api_get_app_log(struct api_call *call);
extern const struct api_param api_app_log_params[];

#endif
