// SPDX-License-Identifier: GPL-2.0-or-later
/* /operation/: what has been asked for, and how far it is. Handlers, encoder and table. */
#include "daemon/api/operation.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/reconcile.h"
#include "daemon/api/listing.h"
#include "daemon/api/routes.h"

json_t *api_encode_op(const struct ctl_op *op)
{
	json_t *json;

	json = json_pack("{s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:o,s:b,s:I,s:I,s:I}", "id",
			 (json_int_t)op->id, "kind", op->kind, "state",
			 ctl_op_state_name(op->state), "done", (json_int_t)op->done, "total",
			 (json_int_t)op->total, "queued", (json_int_t)op->queued_ms, "started",
			 (json_int_t)op->started_ms, "ended", (json_int_t)op->ended_ms, "error",
			 api_any_text(op->err.code ? op->err.text : ""), "converged", op->converged,
			 "routerID", (json_int_t)op->router_id, "linkID", (json_int_t)op->link_id,
			 "appID", (json_int_t)op->app_id);
	if (json && op->reconcile)
		json_object_set_new(json, "reconcile", api_encode_reconcile(op->reconcile));
	return json;
}

static void get_operations(struct api_call *call)
{
	const struct list *head = ctl_op_list(call->api->ctl), *pos;
	struct api_listing listing;

	api_listing_start(&listing, call);
	list_for_each (pos, head) {
		const struct ctl_op *op = list_entry(pos, struct ctl_op, all);

		if (api_listing_takes(&listing))
			api_listing_add(&listing, (json_int_t)op->id,
					listing.records ? api_encode_op(op) : NULL);
	}
	api_listing_answer(&listing, call, "operation", NULL);
}

static void get_operation(struct api_call *call)
{
	const char *text = api_path(call, "id");
	const struct ctl_op *op = NULL;

	if (text[0] && !text[strspn(text, "0123456789")] && strlen(text) < 20)
		op = ctl_op_by_id(call->api->ctl, strtoull(text, NULL, 10));
	if (op)
		api_answer(call, 200, api_encode_op(op));
	else
		api_answer_error(call, 404, "operation: there is no '%.40s' among the last 1000",
				 text);
}

static const struct api_param list_params[] = {API_DETAIL_PARAM, API_PAGE_PARAMS, {.name = NULL}};
static const struct api_field list_fields[] = {{"type", "string", "operation"},
					       {"list", "array", "ids, oldest first"},
					       {"detail", "array", "records, with detail=all"},
					       {.name = NULL}};
static const struct api_field record_fields[] = {
	{"id", "integer", ""},
	{"kind", "string", "router-add, topology-apply, ..."},
	{"state", "string", "queued, running, converging, settling, done or failed"},
	{"done", "integer", "items done"},
	{"total", "integer", "items in all"},
	{"queued", "integer", "ms since 1970"},
	{"started", "integer", "ms since 1970; 0: not yet"},
	{"ended", "integer", "ms since 1970; 0: not yet"},
	{"error", "string", "why it failed; otherwise empty"},
	{"converged", "boolean", "the routes are those of the topology"},
	{"routerID", "integer", "the router made or changed; 0: none"},
	{"linkID", "integer", "the link made or changed; 0: none"},
	{"appID", "integer", "the application started or stopped; 0: none"},
	{"reconcile", "object",
	 "what was found and put right on the machine, as of /topology/reconcile; may be missing"},
	{.name = NULL}};

const struct api_route api_operation_routes[] = {
	{"GET", "/operation/", get_operations, "Lists the last operations.", list_params,
	 list_fields, 0, 200},
	{"GET", "/operation/{id}", get_operation, "One operation.", NULL, record_fields, 0, 200},
	{.method = NULL}};
