// SPDX-License-Identifier: GPL-2.0-or-later
/* POST /topology/reconcile (row in topology.c), and its record as other answers hold it. */
#include "daemon/api/reconcile.h"

#include "daemon/api/routes.h"

json_t *api_encode_reconcile(const struct ctl_reconcile *result)
{
	json_t *example = json_string(result->example);

	/* It may quote a name that is not ours, cut anywhere. */
	if (!example)
		example = json_string("");
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "routersMade",
			 (json_int_t)result->routers_made, "routersSet",
			 (json_int_t)result->routers_set, "linksMade",
			 (json_int_t)result->links_made, "linksSet", (json_int_t)result->links_set,
			 "strays", (json_int_t)result->strays, "routersAdopted",
			 (json_int_t)result->routers_adopted, "linksAdopted",
			 (json_int_t)result->links_adopted, "example", example);
}

static void answer(struct api_call *call, const struct ctl_op *op, bool dry)
{
	json_t *json = op->reconcile ? api_encode_reconcile(op->reconcile) : NULL;

	if (json) {
		json_object_set_new(json, "changed", json_boolean(!op->reconcile->nothing));
		json_object_set_new(json, "dryRun", json_boolean(dry));
		json_object_set_new(json, "msg",
				    json_string(op->reconcile->nothing ? "nothing to do" : ""));
		json_object_set_new(json, "converged", json_boolean(op->converged));
	}
	api_answer_op(call, 200, json, op);
}

static void done(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;

	answer(call, op, api_bool(call, "dry", false));
}

void api_reconcile_post(struct api_call *call)
{
	struct err err = {0};
	uint64_t op = 0;
	int r = ctl_topology_reconcile(call->api->ctl, api_bool(call, "dry", false),
				       api_done(call, done), call, &op, &err);

	api_started(call, r, op, &err);
}

const struct api_param api_reconcile_params[] = {
	{"dry", API_BOOLEAN, .doc = "true: look only, change nothing"}, {.name = NULL}};
const struct api_field api_reconcile_fields[] = {
	{"changed", "boolean", "false: the machine has what it should have"},
	{"dryRun", "boolean", "true: only looked; the numbers are what would be done"},
	{"routersMade", "integer", "made again"},
	{"routersSet", "integer", "their interfaces attached again"},
	{"linksMade", "integer", "made again"},
	{"linksSet", "integer", "set right in place"},
	{"strays", "integer", "things of this instance that nobody wants, removed"},
	{"routersAdopted", "integer", "0; not 0 in the comparison at start only"},
	{"linksAdopted", "integer", "as routersAdopted"},
	{"example", "string", "the first thing that was not well, and why"},
	{"converged", "boolean", "the routes are those of the topology, already"},
	API_OP_FIELDS,
	{.name = NULL}};
