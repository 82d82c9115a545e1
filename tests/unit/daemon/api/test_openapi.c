/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /openapi.json and the route tables are the same thing, and everything in them is described. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/api/api_priv.h"
#include "daemon/api/routes.h"
#include "tests/unit/daemon/api/harness.h"

static json_t *doc;

static int setup(void **state)
{
	char *text = api_openapi_text();

	(void)state;
	assert_non_null(text);
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return doc ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(doc);
	return 0;
}

static json_t *operation_of(const struct api_route *r)
{
	char method[8] = "";

	for (size_t i = 0; r->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)tolower((unsigned char)r->method[i]);
	return json_object_get(json_object_get(json_object_get(doc, "paths"), r->path), method);
}

static bool has_parameter(json_t *op, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach (json_object_get(op, "parameters"), i, p) {
		if (strcmp(json_string_value(json_object_get(p, "name")), name) == 0)
			return true;
	}
	return false;
}

static void it_is_openapi_3_0(void **state)
{
	(void)state;
	assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.0.3");
	assert_true(json_is_string(json_object_get(json_object_get(doc, "info"), "title")));
	assert_true(json_is_string(json_object_get(json_object_get(doc, "info"), "version")));
}

static void every_route_is_in_it_and_nothing_else(void **state)
{
	json_t *item, *op;
	const char *path, *method;
	size_t routes = 0, operations = 0;

	(void)state;
	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			assert_non_null(operation_of(r));
			routes++;
		}
	json_object_foreach (json_object_get(doc, "paths"), path, item) {
		json_object_foreach (item, method, op)
			operations++;
	}
	assert_int_equal(routes, operations);
}

static void every_operation_has_an_id_of_its_own(void **state)
{
	json_t *seen = json_object();

	(void)state;
	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			const char *id = json_string_value(
				json_object_get(operation_of(r), "operationId"));

			assert_non_null(id);
			assert_null(json_object_get(seen, id));
			json_object_set_new(seen, id, json_true());
		}
	json_decref(seen);
}

static void every_parameter_is_described(void **state)
{
	(void)state;
	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			json_t *op = operation_of(r);

			assert_true(strlen(r->doc) > 0);
			for (const struct api_param *p = r->params; p && p->name; p++) {
				assert_true(has_parameter(op, p->name));
				assert_true(p->doc && strlen(p->doc) > 0);
				assert_true(p->type != API_WORD || p->words);
			}
			for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
				char name[16] = "";

				assert_int_equal(sscanf(p, "{%15[^}]}", name), 1);
				assert_true(has_parameter(op, name));
			}
		}
}

/* What makes and changes links takes the words of files. */
static void links_take_every_property_of_a_shape(void **state)
{
	size_t routes = 0;

	(void)state;
	for (const struct api_route *r = api_link_routes; r->method; r++) {
		if (strcmp(r->method, "PUT") != 0 && strcmp(r->method, "POST") != 0)
			continue;
		routes++;
		for (size_t i = 0; topo_shape_key(i); i++)
			if (!has_parameter(operation_of(r), topo_shape_key(i)))
				fail_msg("%s %s: %s", r->method, r->path, topo_shape_key(i));
	}
	assert_int_equal(routes, 2);
}

/* A body has the words of a topology file, which are more than a query can say. */
static void an_application_has_the_fields_of_a_file(void **state)
{
	static const char *const fields[] = {
		"run",	 "bpf",	   "name",    "args",  "env", "dir",   "user",	"files", "ready",
		"after", "limits", "restart", "grace", "log", "match", "order", "policy"};
	json_t *any = NULL, *properties;

	(void)state;
	for (const struct api_route *r = api_app_routes; r->method; r++) {
		json_t *content, *json;

		if (!(r->flags & API_APP_BODY))
			continue;
		content = json_object_get(json_object_get(operation_of(r), "requestBody"),
					  "content");
		json = json_object_get(json_object_get(content, "application/json"), "schema");
		any = json_object_get(json, "anyOf");
		assert_non_null(json_object_get(content, "application/yaml"));
		assert_non_null(json_object_get(content, "application/x-www-form-urlencoded"));
	}
	assert_int_equal(json_array_size(any), 2);
	properties = json_object_get(json_array_get(any, 0), "properties");
	assert_int_equal(json_object_size(properties), sizeof(fields) / sizeof(fields[0]));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!json_object_get(properties, fields[i]))
			fail_msg("%s", fields[i]);
	properties = json_object_get(json_array_get(any, 1), "properties");
	assert_non_null(json_object_get(properties, "className"));
}

static void every_answer_is_described(void **state)
{
	(void)state;
	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			json_t *responses = json_object_get(operation_of(r), "responses");
			char status[8];

			snprintf(status, sizeof(status), "%d", r->status);
			assert_non_null(json_object_get(responses, status));
			assert_non_null(json_object_get(responses, "default"));
			assert_true(r->flags & (API_METRICS | API_TEXT) ||
				    (r->fields && r->fields[0].name));
			assert_true(!(r->flags & API_WAITS) == !json_object_get(responses, "202"));
		}
}

/* The fields that an answer has are those that its table says. */
static void assert_fields(struct harness *h, const char *method, const char *path,
			  const char *query)
{
	struct call c = {0};
	char *segments[API_SEGMENTS_MAX] = {NULL}, allow[64];
	const struct api_route *r;
	const char *key;
	json_t *json, *value;
	int n;

	call_start(h, &c, method, path, query, NULL, 0);
	harness_settle(h, &c);
	json = json_loadb(c.body, c.size, 0, NULL);
	assert_non_null(json);
	n = api_path_split(path, segments);
	r = api_route_find(method, segments, n, allow, sizeof(allow));
	assert_non_null(r);
	assert_int_equal(c.status, r->status);
	json_object_foreach (json, key, value) {
		const struct api_field *f = r->fields;

		while (f->name && strcmp(f->name, key) != 0)
			f++;
		if (!f->name)
			fail_msg("%s %s: %s is not described", method, path, key);
	}
	for (int i = 0; i < API_SEGMENTS_MAX; i++)
		free(segments[i]);
	json_decref(json);
	call_done(&c);
}

static void answers_have_no_field_that_is_not_described(void **state)
{
	static const char *const lines[][3] = {
		{"POST", "/router/", "name=a"},
		{"POST", "/router/", "name=b"},
		{"POST", "/link/", "router1=a&router2=b&delay=1ms"},
		{"GET", "/router/", "detail=all"},
		{"GET", "/router/a", ""},
		{"GET", "/router/count", ""},
		{"GET", "/router/maxid", ""},
		{"GET", "/router/a/link/", ""},
		{"GET", "/router/a/route/", ""},
		{"GET", "/router/a/stats", ""},
		{"GET", "/router/a/link_stats", ""},
		{"GET", "/link/", "detail=all"},
		{"GET", "/link/1", ""},
		{"PUT", "/link/1", "weight=3&delay=2ms&from=a"},
		{"GET", "/link/count", ""},
		{"GET", "/topology/", ""},
		{"POST", "/topology/reconcile", "dry=true"},
		{"GET", "/operation/", "detail=all"},
		{"GET", "/operation/1", ""},
		{"GET", "/health", ""},
		{"GET", "/doctor", ""},
		{"GET", "/command/STATUS", ""},
		{"GET", "/localcontroller/", "detail=all"},
		{"DELETE", "/link/1", ""},
		{"DELETE", "/router/a", ""},
		{"GET", "/removed/", ""},
		{"DELETE", "/topology/", ""},
	};
	struct harness h;

	(void)state;
	assert_int_equal(harness_open(&h, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_fields(&h, lines[i][0], lines[i][1], lines[i][2]);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_openapi_3_0),
		cmocka_unit_test(every_route_is_in_it_and_nothing_else),
		cmocka_unit_test(every_operation_has_an_id_of_its_own),
		cmocka_unit_test(every_parameter_is_described),
		cmocka_unit_test(links_take_every_property_of_a_shape),
		cmocka_unit_test(an_application_has_the_fields_of_a_file),
		cmocka_unit_test(every_answer_is_described),
		cmocka_unit_test(answers_have_no_field_that_is_not_described),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
