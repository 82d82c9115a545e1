// SPDX-License-Identifier: GPL-2.0-or-later
/* /topology/: status, export, apply, diff, delete. Handlers and their table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/app.h"
#include "daemon/api/reconcile.h"
#include "daemon/api/routes.h"
#include "daemon/ctl/app.h"
#include "lib/base/clock.h"

#define TIMEOUT_DEFAULT_S 60
#define TIMEOUT_MAX_S	  86400

static json_t *encode_summary(const struct ctl_summary *s, bool settings_changed)
{
	bool changed = settings_changed || s->routers_added || s->routers_removed ||
		       s->routers_changed || s->links_added || s->links_removed ||
		       s->links_changed || s->apps_added || s->apps_removed || s->apps_changed;

	return json_pack(
		"{s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "changed", changed, "msg",
		changed ? "" : "nothing to do", "routersAdded", (json_int_t)s->routers_added,
		"routersRemoved", (json_int_t)s->routers_removed, "routersChanged",
		(json_int_t)s->routers_changed, "linksAdded", (json_int_t)s->links_added,
		"linksRemoved", (json_int_t)s->links_removed, "linksChanged",
		(json_int_t)s->links_changed, "appsAdded", (json_int_t)s->apps_added, "appsRemoved",
		(json_int_t)s->apps_removed, "appsChanged", (json_int_t)s->apps_changed);
}

/* The topology's own settings, which a summary does not count, as a text to compare. */
static void settings_text(const struct model *model, char *buf, size_t size)
{
	uint64_t sum = 0;

	for (const char *p = model->events ? model->events->text : ""; *p; p++)
		sum = (sum ^ (unsigned char)*p) * 1099511628211ULL;
	snprintf(buf, size, "%s %u/%u %d %u %llx", model->name, model->network, model->prefix_len,
		 (int)model->routing, model->hello_us, (unsigned long long)sum);
}

static void done(void *arg, const struct ctl_op *op)
{
	struct api_call *call = arg;
	char now[sizeof(call->about.name)];
	json_t *json;

	settings_text(call->api->model, now, sizeof(now));
	json = encode_summary(&op->summary, strcmp(now, call->about.name) != 0);

	if (json)
		json_object_set_new(json, "converged", json_boolean(op->converged));
	if (json && op->reconcile) {
		json_object_set_new(json, "repaired", api_encode_reconcile(op->reconcile));
		json_object_set_new(json, "changed", json_true());
		json_object_set_new(json, "msg", json_string(""));
	}
	api_answer_op(call, 200, json, op);
}

static void get_status(struct api_call *call)
{
	const struct model *model = call->api->model;
	char address[ADDR_TEXT_SIZE], network[ADDR_TEXT_SIZE + 4];
	struct ctl_health health;

	ctl_health(call->api->ctl, &health);
	snprintf(network, sizeof(network), "%s/%u", addr_format(model->network, address),
		 model->prefix_len);
	api_answer(call, 200,
		   json_pack("{s:s,s:s,s:s,s:I,s:I,s:b,s:I}", "name", model->name, "network",
			     network, "routing",
			     model->routing == TOPO_ROUTING_CENTRAL ? "central" : "distributed",
			     "routers", (json_int_t)health.routers, "links",
			     (json_int_t)health.links, "converged", health.converged,
			     "routersConverged", (json_int_t)health.routers_converged));
}

static const char *const format_types[] = {
	[TOPO_FORMAT_JSON] = "application/json",
	[TOPO_FORMAT_YAML] = "application/yaml",
	[TOPO_FORMAT_GRAPHML] = "application/graphml+xml",
	[TOPO_FORMAT_DOT] = "text/vnd.graphviz",
};

static void get_topology(struct api_call *call)
{
	const char *word = api_text(call, "format");
	enum topo_format format = TOPO_FORMAT_JSON;
	struct topo_doc *doc;
	size_t size = 0;
	char *text;
	int r;

	if (!word) {
		get_status(call);
		return;
	}
	r = topo_format_parse(word, &format);
	doc = r < 0 ? NULL : ctl_topology_export(call->api->ctl);
	if (doc)
		r = topo_write(doc, format, &text, &size);
	else if (r == 0)
		r = -ENOMEM;
	topo_doc_free(doc);
	if (r < 0)
		api_answer_error(call, api_status_of(r), "format: %s: %s", word, strerror(-r));
	else
		api_answer_text(call, format_types[format], text, size);
}

/* The body as a document; NULL: the call has been answered. */
static struct topo_doc *read_body(struct api_call *call)
{
	const struct topo_files files = {.shipped = ctl_app_shipped(call->api->ctl)};
	const char *source = api_text(call, "source");
	struct topo_doc *doc = NULL;
	struct err err = {0};
	int r;

	r = topo_read_files(call->req->body, call->req->body_size, source ? source : "body", &files,
			    &doc, &err);
	for (size_t i = 0; r >= 0 && i < doc->warning_count; i++)
		r = api_call_warn(call, doc->warnings[i]);
	if (r >= 0 && api_apps_allowed(call, doc, &err) < 0) {
		topo_doc_free(doc);
		api_answer_err(call, &err);
		return NULL;
	}
	if (r >= 0)
		return doc;
	topo_doc_free(doc);
	if (r == -ENOMEM)
		api_answer_error(call, 503, "topology: out of memory");
	else /* well-formed HTTP, but the file in it is wrong */
		api_answer_error(call, 422, "%s", err.text);
	return NULL;
}

/* What a replacement would do: everything goes, everything comes. */
static struct ctl_summary replacement(const struct api *api, const struct topo_doc *doc)
{
	return (struct ctl_summary){
		.routers_added = (uint32_t)doc->router_count,
		.routers_removed = api->model->router_count,
		.links_added = (uint32_t)doc->link_count,
		.links_removed = api->model->link_count,
	};
}

static json_t *encode_lines(const struct ctl_diff *diff)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < diff->count; i++) {
		const struct ctl_diff_line *line = &diff->lines[i];

		json_array_append_new(lines, json_pack("{s:s#,s:s,s:s,s:s}", "sign", &line->sign, 1,
						       "noun", line->noun, "name", line->name,
						       "fields", line->fields));
	}
	return lines;
}

/* Answers what doc would change; takes doc. */
static void answer_diff(struct api_call *call, struct topo_doc *doc)
{
	struct ctl_diff diff = {0};
	struct err err = {0};
	struct ctl_summary summary;
	json_t *json;

	if (ctl_topology_diff(call->api->ctl, doc, &diff, &err) < 0) {
		api_answer_err(call, &err);
		topo_doc_free(doc);
		return;
	}
	summary = api_bool(call, "replace", false) ? replacement(call->api, doc) : diff.summary;
	json = encode_summary(&summary, diff.count > 0);
	if (json) {
		json_object_set_new(json, "success", json_true());
		json_object_set_new(json, "dryRun", json_true());
		json_object_set_new(json, "lines", encode_lines(&diff));
	}
	ctl_diff_free(&diff);
	topo_doc_free(doc);
	api_answer(call, 200, json);
}

static void put_topology(struct api_call *call)
{
	double seconds = api_number(call, "timeout", TIMEOUT_DEFAULT_S);
	struct topo_doc *doc = read_body(call);
	struct err err = {0};
	unsigned flags = 0;
	uint64_t op = 0;
	int r;

	if (!doc)
		return;
	if (api_bool(call, "dry_run", false)) {
		answer_diff(call, doc);
		return;
	}
	if (api_bool(call, "replace", false))
		flags |= CTL_APPLY_REPLACE;
	if (api_bool(call, "no_wait", false))
		flags |= CTL_APPLY_NO_WAIT;
	if (api_bool(call, "no_events", false))
		flags |= CTL_APPLY_NO_EVENTS;
	settings_text(call->api->model, call->about.name, sizeof(call->about.name));
	r = ctl_topology_apply(call->api->ctl, doc, flags, (uint64_t)(seconds * 1000),
			       api_done(call, done), call, &op, &err);
	topo_doc_free(doc);
	api_started(call, r, op, &err);
}

static void post_diff(struct api_call *call)
{
	struct topo_doc *doc = read_body(call);

	if (doc)
		answer_diff(call, doc);
}

static void delete_topology(struct api_call *call)
{
	struct err err = {0};
	uint64_t op = 0;
	int r;

	settings_text(call->api->model, call->about.name, sizeof(call->about.name));
	r = ctl_topology_delete(call->api->ctl, api_done(call, done), call, &op, &err);
	api_started(call, r, op, &err);
}

#define SOURCE_PARAM                                                                               \
	{                                                                                          \
		"source", API_STRING, .doc = "the file's name, for messages"                       \
	}
static const struct api_param get_params[] = {
	{"format", API_WORD, .words = "json|yaml|graphml|dot",
	 .doc = "what runs, as a document in that format, instead of the status"},
	{.name = NULL}};
static const struct api_param put_params[] = {
	SOURCE_PARAM,
	{"dry_run", API_BOOLEAN, .doc = "true: answer what would change, change nothing"},
	{"replace", API_BOOLEAN, .doc = "true: everything that runs goes first"},
	{"no_wait", API_BOOLEAN, .doc = "true: do not wait for routes and applications"},
	{"no_events", API_BOOLEAN, .doc = "true: do not start events that are new"},
	{"timeout", API_NUMBER, .min = 0, .max = TIMEOUT_MAX_S,
	 .doc = "seconds to wait for routes, and again for applications; 60 if not given"},
	{.name = NULL}};
static const struct api_param diff_params[] = {
	SOURCE_PARAM,
	{"replace", API_BOOLEAN, .doc = "true: as if everything went first"},
	{.name = NULL}};

static const struct api_field status_fields[] = {
	{"name", "string", "of the topology; may be empty"},
	{"network", "string", "address and prefix length"},
	{"routing", "string", "distributed or central"},
	{"routers", "integer", ""},
	{"links", "integer", ""},
	{"converged", "boolean", "every router has the distances that the topology has"},
	{"routersConverged", "integer", "how many have"},
	{.name = NULL}};
#define SUMMARY_FIELDS                                                                             \
	{"changed", "boolean", "false: there was nothing to do"}, {"routersAdded", "integer", ""}, \
		{"routersRemoved", "integer", ""}, {"routersChanged", "integer", ""},              \
		{"linksAdded", "integer", ""}, {"linksRemoved", "integer", ""},                    \
		{"linksChanged", "integer", ""}, {"appsAdded", "integer", ""},                     \
		{"appsRemoved", "integer", ""}, {"appsChanged", "integer", ""},                    \
	{                                                                                          \
		"warnings", "array", "what was interpreted; may be missing"                        \
	}
static const struct api_field summary_fields[] = {
	SUMMARY_FIELDS,
	{"converged", "boolean", "the routes are those of the topology"},
	{"repaired", "object",
	 "what was put right on the machine first, as of /topology/reconcile; may be missing"},
	API_OP_FIELDS,
	{.name = NULL}};
static const struct api_field diff_fields[] = {
	SUMMARY_FIELDS,
	{"success", "boolean", "true"},
	{"msg", "string", ""},
	{"dryRun", "boolean", "true"},
	{"lines", "array", "sign (+, -, ~), noun, name, fields"},
	{.name = NULL}};

const struct api_route api_topology_routes[] = {
	{"GET", "/topology/", get_topology, "What runs, as a whole.", get_params, status_fields, 0,
	 200},
	{"PUT", "/topology/", put_topology, "Makes what runs equal to a topology file.", put_params,
	 summary_fields, API_TOPOLOGY_BODY | API_WAITS, 200},
	{"DELETE", "/topology/", delete_topology, "Deletes all routers and links.", NULL,
	 summary_fields, API_WAITS, 200},
	{"POST", "/topology/diff", post_diff, "What a topology file would change.", diff_params,
	 diff_fields, API_TOPOLOGY_BODY, 200},
	{"POST", "/topology/reconcile", api_reconcile_post,
	 "Compares the machine with what should run, and puts right what differs.",
	 api_reconcile_params, api_reconcile_fields, API_WAITS, 200},
	{.method = NULL}};
