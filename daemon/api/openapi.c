// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /openapi.json (OpenAPI 3.0.3), made from the tables that route requests: what is not in a table
 * is neither served nor described.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"
#include "daemon/api/routes.h"
#include "lib/base/cleanup.h"

static const struct {
	const char *name, *doc;
} path_params[] = {
	{"r", "a router's id, name or address"},
	{"l", "a link's id or name, or A:B"},
	{"a", "an application's name, number on its router, or id"},
	{"id", "an operation's id"},
	{"dst", "a neighbour's id, name or address"},
	{"command", "STATUS"},
};

static const char *path_doc(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(path_params) / sizeof(path_params[0]); i++)
		if (strlen(path_params[i].name) == n && memcmp(path_params[i].name, name, n) == 0)
			return path_params[i].doc;
	return "";
}

static json_t *words_array(const char *words)
{
	json_t *list = json_array();

	while (*words) {
		size_t n = strcspn(words, "|");

		json_array_append_new(list, json_stringn(words, n));
		words += n + (words[n] == '|');
	}
	return list;
}

static json_t *param_schema(const struct api_param *p)
{
	json_t *schema = json_object();

	switch (p->type) {
	case API_STRING:
		json_object_set_new(schema, "type", json_string("string"));
		break;
	case API_REF:
	case API_QUANTITY:
		json_object_set_new(schema, "oneOf",
				    json_pack("[{s:s},{s:s}]", "type", "string", "type",
					      p->type == API_REF ? "integer" : "number"));
		break;
	case API_INTEGER:
	case API_NUMBER:
		json_object_set_new(schema, "type",
				    json_string(p->type == API_INTEGER ? "integer" : "number"));
		json_object_set_new(schema, "minimum", json_integer(p->min));
		if (p->max)
			json_object_set_new(schema, "maximum", json_integer(p->max));
		break;
	case API_BOOLEAN:
		json_object_set_new(schema, "type", json_string("boolean"));
		break;
	case API_WORD:
		json_object_set_new(schema, "type", json_string("string"));
		json_object_set_new(schema, "enum", words_array(p->words));
		break;
	}
	return schema;
}

static json_t *path_parameters(const struct api_route *route)
{
	json_t *list = json_array();
	const char *p = route->path;

	while ((p = strchr(p, '{'))) {
		size_t n = strcspn(++p, "}");

		json_array_append_new(list,
				      json_pack("{s:s#,s:s,s:b,s:s,s:{s:s}}", "name", p, (int)n,
						"in", "path", "required", 1, "description",
						path_doc(p, n), "schema", "type", "string"));
	}
	return list;
}

static void add_query(json_t *list, const struct api_param *p, bool required)
{
	json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", p->name, "in",
					      "query", "required", (int)required, "description",
					      p->doc, "schema", param_schema(p)));
}

/* Parameters may come by the query or by the body: neither place may require them of itself. */
static json_t *parameters(const struct api_route *route)
{
	static const struct api_param wait = {
		"wait", API_BOOLEAN, .doc = "false: answer 202 with the operation at once"};
	json_t *list = path_parameters(route);

	for (const struct api_param *p = route->params; p && p->name; p++)
		add_query(list, p, p->required && strcmp(route->method, "GET") == 0);
	if (route->flags & API_WAITS)
		add_query(list, &wait, false);
	if (route->flags & API_EVENT_STREAM)
		json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:s,s:{s:s}}", "name",
						      "Last-Event-ID", "in", "header", "required",
						      0, "description", "go on after this event",
						      "schema", "type", "integer"));
	return list;
}

static json_t *params_schema(const struct api_route *route)
{
	json_t *properties = json_object();

	for (const struct api_param *p = route->params; p && p->name; p++) {
		json_t *one = param_schema(p);

		json_object_set_new(one, "description", json_string(p->doc));
		json_object_set_new(properties, p->name, one);
	}
	return json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

static json_t *params_body(const struct api_route *route)
{
	json_t *schema = params_schema(route);

	return json_pack("{s:b,s:s,s:{s:{s:O},s:{s:o}}}", "required", 0, "description",
			 "the same parameters; each may be given here or in the query", "content",
			 "application/json", "schema", schema, "application/x-www-form-urlencoded",
			 "schema", schema);
}

/* An application in the words of a topology file: parameters, but for those that stand for others,
 * and what has more than one value. */
static json_t *app_schema(const struct api_route *route)
{
	static const char *const others[] = {"className", "memory",  "cpu",
					     "pids",	  "timeout", "no_wait"};
	static const struct api_field more[] = {
		{"env", "object", "texts by their names, added to its environment"},
		{"files", "array", "path; content or base64; mode"},
		{"limits", "object", "memory, cpu, pids"}};
	static const char *const lists[] = {"args", "after"};
	json_t *schema = params_schema(route);
	json_t *properties = json_object_get(schema, "properties");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		json_object_del(properties, others[i]);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		json_t *one = json_pack("{s:s,s:s}", "type", more[i].type, "description",
					more[i].doc);

		if (strcmp(more[i].type, "array") == 0)
			json_object_set_new(one, "items", json_pack("{s:s}", "type", "object"));
		json_object_set_new(properties, more[i].name, one);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		json_object_set_new(properties, lists[i],
				    json_pack("{s:[{s:s},{s:s,s:{s:s}}],s:s}", "anyOf", "type",
					      "string", "type", "array", "items", "type", "string",
					      "description", "a list, or one text of words"));
	return schema;
}

static json_t *app_body(const struct api_route *route)
{
	json_t *params = params_schema(route);

	return json_pack(
		"{s:b,s:s,s:{s:{s:{s:[o,O]}},s:{s:{s:s}},s:{s:o}}}", "required", 0, "description",
		"an application as in a topology file, in JSON or YAML; or parameters, with "
		"className where they are JSON",
		"content", "application/json", "schema", "anyOf", app_schema(route), params,
		"application/yaml", "schema", "type", "string", "application/x-www-form-urlencoded",
		"schema", params);
}

static json_t *topology_body(void)
{
	return json_pack("{s:b,s:s,s:{s:{s:{s:s}},s:{s:{s:s}},s:{s:{s:s}}}}", "required", 1,
			 "description", "a topology file: JSON, YAML or GraphML, told by content",
			 "content", "application/json", "schema", "type", "object",
			 "application/yaml", "schema", "type", "string", "application/graphml+xml",
			 "schema", "type", "string");
}

static json_t *event_body(void)
{
	return json_pack("{s:b,s:s,s:{s:{s:{s:s}},s:{s:{s:s}}}}", "required", 0, "description",
			 "one event, or a file of events and traces: JSON or YAML, as in a "
			 "topology file",
			 "content", "application/json", "schema", "type", "object",
			 "application/yaml", "schema", "type", "string");
}

static json_t *success(const struct api_route *route)
{
	json_t *properties;
	const char *type = route->flags & API_EVENT_STREAM ? "text/event-stream"
							   : "application/json";

	if (route->flags & (API_METRICS | API_TEXT))
		return json_pack("{s:s,s:{s:{s:{s:s}}}}", "description", route->doc, "content",
				 route->flags & API_TEXT ? "text/plain" : API_METRICS_TYPE,
				 "schema", "type", "string");
	properties = json_object();
	for (const struct api_field *f = route->fields; f && f->name; f++) {
		json_t *one = json_pack("{s:s,s:s}", "type", f->type, "description", f->doc);

		if (strcmp(f->type, "array") == 0)
			json_object_set_new(one, "items", json_object());
		json_object_set_new(properties, f->name, one);
	}
	return json_pack("{s:s,s:{s:{s:{s:s,s:o}}}}", "description", route->doc, "content", type,
			 "schema", "type", "object", "properties", properties);
}

static json_t *responses(const struct api_route *route)
{
	json_t *all = json_object();
	char status[8];

	snprintf(status, sizeof(status), "%d", route->status);
	json_object_set_new(all, status, success(route));
	if (route->flags & API_WAITS)
		json_object_set_new(all, "202",
				    json_pack("{s:s,s:{s:{s:{s:s}}}}", "description",
					      "with wait=false: the operation goes on", "content",
					      "application/json", "schema", "$ref",
					      "#/components/schemas/Accepted"));
	json_object_set_new(all, "default",
			    json_pack("{s:s,s:{s:{s:{s:s}}}}", "description",
				      "a refusal or failure", "content", "application/json",
				      "schema", "$ref", "#/components/schemas/Error"));
	return all;
}

/* "get_router_r_link": unique, as method and path are. */
static void operation_id(const struct api_route *route, char *buf, size_t size)
{
	size_t n = 0;

	for (const char *p = route->method; *p && n + 1 < size; p++)
		buf[n++] = (char)tolower((unsigned char)*p);
	for (const char *p = route->path; *p && n + 2 < size; p++) {
		if (isalnum((unsigned char)*p))
			buf[n++] = *p;
		else if (buf[n - 1] != '_' && p[1])
			buf[n++] = '_';
	}
	while (n && buf[n - 1] == '_')
		n--;
	buf[n] = '\0';
}

static json_t *operation(const struct api_route *route)
{
	size_t n = strcspn(route->path + 1, "/");
	json_t *op, *body = NULL;
	char id[80];

	operation_id(route, id, sizeof(id));
	if (route->flags & API_TOPOLOGY_BODY)
		body = topology_body();
	else if (route->flags & API_EVENT_BODY)
		body = event_body();
	else if (route->flags & API_APP_BODY)
		body = app_body(route);
	else if (route->params && strcmp(route->method, "GET") != 0)
		body = params_body(route);
	op = json_pack("{s:s,s:s,s:[s#],s:o,s:o}", "operationId", id, "summary", route->doc, "tags",
		       route->path + 1, (int)n, "parameters", parameters(route), "responses",
		       responses(route));
	if (op && body)
		json_object_set(op, "requestBody", body);
	json_decref(body);
	return op;
}

static json_t *paths(void)
{
	json_t *all = json_object();

	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			json_t *item = json_object_get(all, r->path);
			char method[8];
			size_t i;

			if (!item) {
				item = json_object();
				json_object_set_new(all, r->path, item);
			}
			for (i = 0; r->method[i] && i + 1 < sizeof(method); i++)
				method[i] = (char)tolower((unsigned char)r->method[i]);
			method[i] = '\0';
			json_object_set_new(item, method, operation(r));
		}
	return all;
}

static json_t *components(void)
{
	return json_pack(
		"{s:{s:{s:s,s:{s:{s:s,s:s}},s:[s]},s:{s:s,s:{s:{s:s},s:{s:s}}}},s:{s:{s:s,s:s,s:s}}"
		"}",
		"schemas", "Error", "type", "object", "properties", "error", "type", "string",
		"description", "what is wrong and with which field", "required", "error",
		"Accepted", "type", "object", "properties", "operation", "type", "integer", "href",
		"type", "string", "securitySchemes", "token", "type", "http", "scheme", "bearer",
		"description",
		"of RUNTIME/token: may do all; of RUNTIME/token.readonly: may GET and HEAD");
}

char *api_openapi_text(void)
{
	json_t *doc = json_pack(
		"{s:s,s:{s:s,s:s,s:s},s:[{s:s}],s:o,s:o,s:[{s:[]}]}", "openapi", "3.0.3", "info",
		"title", "VLSP", "version", VLSP_VERSION, "description",
		"Virtual routers and links. The token is needed on TCP, unless clients show "
		"certificates (OU=vlsp-admin, OU=vlsp-read-only).",
		"servers", "url", "/", "paths", paths(), "components", components(), "security",
		"token");
	char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;

	json_decref(doc);
	return text;
}
