/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API on a whole controller and the fake host, without sockets: the paper's Table I, the
 * original's fields, bad input by rows, who may speak, events, and the description of it all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon/api/harness.h"

static int setup(void **state)
{
	struct harness *h = malloc(sizeof(*h));

	assert_int_equal(harness_open(h, "secret"), 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	harness_close(*state);
	free(*state);
	return 0;
}

/* "METHOD /path?query" */
static int request(struct harness *h, const char *line, const char *body, struct call *c)
{
	char method[16], path[512], *query;

	assert_int_equal(sscanf(line, "%15s %511s", method, path), 2);
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	call_start(h, c, method, path, query ? query : "", body, body ? strlen(body) : 0);
	harness_settle(h, c);
	return c->status;
}

/* The JSON of the answer, which must have that status. */
static json_t *json_of(struct harness *h, const char *line, const char *body, int status)
{
	struct call c = {0};
	json_t *json;

	request(h, line, body, &c);
	if (c.status != status)
		fail_msg("%s: %d, not %d: %.*s", line, c.status, status, (int)c.size, c.body);
	json = json_loadb(c.body, c.size, 0, NULL);
	assert_non_null(json);
	call_done(&c);
	return json;
}

static void must(struct harness *h, const char *line, int status)
{
	json_decref(json_of(h, line, NULL, status));
}

static json_int_t int_of(const json_t *json, const char *key)
{
	assert_true(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static const char *text_of(const json_t *json, const char *key)
{
	assert_true(json_is_string(json_object_get(json, key)));
	return json_string_value(json_object_get(json, key));
}

/* The member, as compact JSON, is what. */
static void assert_member(const json_t *json, const char *key, const char *what)
{
	char *text = json_dumps(json_object_get(json, key), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, what);
	free(text);
}

static void table_1_of_the_paper_works_in_its_order(void **state)
{
	struct harness *h = *state;
	json_t *j;

	j = json_of(h, "POST /router/", NULL, 201);
	assert_int_equal(int_of(j, "routerID"), 1);
	assert_string_equal(text_of(j, "name"), "Router-1");
	assert_member(j, "success", "true");
	assert_true(int_of(j, "op_time") >= 0);
	assert_int_equal(int_of(j, "mgmtPort"), 0);
	assert_int_equal(int_of(j, "r2rPort"), 0);
	json_decref(j);
	must(h, "POST /router/?name=second&address=10.0.0.9", 201);
	j = json_of(h, "GET /router/", NULL, 200);
	assert_member(j, "list", "[1,2]");
	assert_string_equal(text_of(j, "type"), "router");
	json_decref(j);
	j = json_of(h, "POST /link/?router1=1&router2=2", NULL, 201);
	assert_int_equal(int_of(j, "linkID"), 1);
	assert_string_equal(text_of(j, "linkName"), "Router-1-second");
	assert_int_equal(int_of(j, "weight"), 1);
	json_decref(j);
	j = json_of(h, "GET /link/", NULL, 200);
	assert_member(j, "list", "[1]");
	json_decref(j);
	j = json_of(h, "GET /link/1", NULL, 200);
	assert_member(j, "nodes", "[1,2]");
	assert_string_equal(text_of(j, "state"), "up");
	assert_int_equal(json_array_size(json_object_get(j, "counts")), 2);
	json_decref(j);
	j = json_of(h, "GET /router/2", NULL, 200);
	assert_string_equal(text_of(j, "address"), "10.0.0.9");
	assert_member(j, "links", "[1]");
	assert_member(j, "linkIDs", "[1]");
	assert_int_equal(int_of(json_array_get(json_object_get(j, "linkDetail"), 0), "weight"), 1);
	json_decref(j);
	j = json_of(h, "DELETE /link/1", NULL, 200);
	assert_int_equal(int_of(j, "linkID"), 1);
	assert_int_equal(int_of(j, "router2"), 2);
	json_decref(j);
	must(h, "GET /link/1", 404);
	j = json_of(h, "DELETE /router/1", NULL, 200);
	assert_int_equal(int_of(j, "router"), 1);
	json_decref(j);
	must(h, "GET /router/1", 404);
	j = json_of(h, "GET /removed/", NULL, 200);
	assert_int_equal(int_of(json_array_get(json_object_get(j, "list"), 0), "routerID"), 1);
	json_decref(j);
}

static void two_routers(struct harness *h)
{
	must(h, "POST /router/?name=r1", 201);
	must(h, "POST /router/?name=r2", 201);
	must(h, "POST /link/?router1=r1&router2=10.0.0.2&weight=5", 201);
}

static void a_router_answers_to_its_id_name_and_address(void **state)
{
	static const char *const lines[] = {"GET /router/1", "GET /router/r1",
					    "GET /router/10.0.0.1", "GET /router/r1/",
					    "GET /router/%721"};
	struct harness *h = *state;

	two_routers(h);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		json_t *j = json_of(h, lines[i], NULL, 200);

		assert_int_equal(int_of(j, "routerID"), 1);
		json_decref(j);
	}
}

static void a_link_answers_to_its_id_name_and_ends(void **state)
{
	static const char *const lines[] = {"GET /link/1", "GET /link/r1-r2", "GET /link/r1:r2",
					    "GET /link/r2:r1", "GET /router/r1/link/1"};
	struct harness *h = *state;

	two_routers(h);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		json_t *j = json_of(h, lines[i], NULL, 200);

		assert_int_equal(int_of(j, "linkID"), 1);
		assert_int_equal(int_of(j, "weight"), 5);
		json_decref(j);
	}
}

static void query_form_and_json_say_the_same(void **state)
{
	static const char *const bodies[] = {"{\"name\":\"x\",\"address\":\"10.0.0.7\"}",
					     "name=x&address=10.0.0.7"};
	struct harness *h = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		json_t *j = json_of(h, "POST /router/", bodies[i], 201);

		assert_string_equal(text_of(j, "name"), "x");
		assert_string_equal(text_of(j, "address"), "10.0.0.7");
		json_decref(j);
		must(h, "DELETE /router/x", 200);
	}
	json_decref(json_of(h, "POST /router/?name=y", "{\"address\":\"10.0.0.8\"}", 201));
	json_decref(json_of(h, "POST /router/?name=y", "{\"name\":\"y\"}", 400));
}

static void what_can_be_read_below_a_router_has_the_originals_fields(void **state)
{
	struct harness *h = *state;
	json_t *j, *row;

	two_routers(h);
	j = json_of(h, "GET /router/r1/link/", NULL, 200);
	assert_member(j, "list", "[1]");
	json_decref(j);
	j = json_of(h, "GET /router/r1/link/?attr=connected", NULL, 200);
	assert_member(j, "list", "[2]");
	json_decref(j);
	j = json_of(h, "GET /router/r1/link/?attr=weight", NULL, 200);
	assert_member(j, "list", "[5]");
	json_decref(j);
	j = json_of(h, "GET /router/r1/link_stats", NULL, 200);
	assert_string_equal(text_of(j, "type"), "link_stats");
	assert_member(j, "links", "[2]");
	row = json_array_get(json_object_get(j, "link_stats"), 0);
	assert_int_equal(json_array_size(row), 17);
	assert_string_equal(json_string_value(json_array_get(row, 0)), "r2 r1-r2");
	json_decref(j);
	must(h, "GET /router/r1/link_stats/r2", 200);
	must(h, "GET /router/r1/link_stats/r1", 404);
	j = json_of(h, "GET /router/r1/stats", NULL, 200);
	assert_int_equal(int_of(json_object_get(j, "edge"), "rx_packets"), 0);
	json_decref(j);
	j = json_of(h, "GET /router/r1/route/", NULL, 200);
	row = json_array_get(json_object_get(j, "routes"), 0);
	assert_string_equal(text_of(row, "nexthopName"), "r2");
	assert_int_equal(int_of(row, "metric"), 5);
	json_decref(j);
	j = json_of(h, "GET /router/maxid", NULL, 200);
	assert_int_equal(int_of(j, "value"), 2);
	json_decref(j);
}

static void lists_have_pages_and_details(void **state)
{
	struct harness *h = *state;
	json_t *j;

	for (int i = 0; i < 5; i++)
		must(h, "POST /router/", 201);
	j = json_of(h, "GET /router/?offset=1&limit=2", NULL, 200);
	assert_member(j, "list", "[2,3]");
	json_decref(j);
	j = json_of(h, "GET /router/?detail=all&limit=1", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(j, "detail")), 1);
	json_decref(j);
	j = json_of(h, "GET /router/?name=nobody", NULL, 200);
	assert_member(j, "list", "[]");
	json_decref(j);
	j = json_of(h, "GET /router/?address=10.0.0.3", NULL, 200);
	assert_member(j, "list", "[3]");
	json_decref(j);
}

static void a_cached_list_is_never_stale(void **state)
{
	struct harness *h = *state;

	for (int i = 1; i < 5; i++) {
		json_t *j;

		must(h, "POST /router/", 201);
		for (int again = 0; again < 2; again++) {
			j = json_of(h, "GET /router/?detail=all", NULL, 200);
			assert_int_equal(json_array_size(json_object_get(j, "list")), (size_t)i);
			json_decref(j);
		}
	}
}

static void a_link_changes_weight_and_state(void **state)
{
	struct harness *h = *state;
	json_t *j;

	two_routers(h);
	j = json_of(h, "PUT /link/1?weight=9", NULL, 200);
	assert_int_equal(int_of(j, "weight"), 9);
	assert_member(j, "success", "true");
	json_decref(j);
	j = json_of(h, "PUT /link/r1:r2", "{\"state\":\"silent\"}", 200);
	assert_string_equal(text_of(j, "state"), "silent");
	assert_int_equal(int_of(j, "weight"), 9);
	json_decref(j);
	must(h, "PUT /link/1?state=up", 200);
}

static void a_shape_is_recorded_with_a_warning(void **state)
{
	struct harness *h = *state;
	json_t *j, *shape;

	must(h, "POST /router/?name=a", 201);
	must(h, "POST /router/?name=b", 201);
	j = json_of(h, "POST /link/?router1=a&router2=b&delay=20ms&loss=0.1%25", NULL, 201);
	assert_int_equal(json_array_size(json_object_get(j, "warnings")), 1);
	json_decref(j);
	j = json_of(h, "GET /link/1", NULL, 200);
	shape = json_object_get(j, "shape");
	assert_string_equal(text_of(json_object_get(shape, "a-to-b"), "delay"), "20ms");
	assert_string_equal(text_of(json_object_get(shape, "b-to-a"), "loss"), "0.1%");
	json_decref(j);
}

static const char net[] = "name: net\nrouters: [a, b, c]\nlinks: [\"a:b\", \"b:c\"]\n";

static void a_topology_is_applied_once_and_is_then_nothing_to_do(void **state)
{
	struct harness *h = *state;
	json_t *j = json_of(h, "PUT /topology/?dry_run=true", net, 200);

	assert_int_equal(int_of(j, "routersAdded"), 3);
	json_decref(j);
	j = json_of(h, "GET /router/count", NULL, 200);
	assert_int_equal(int_of(j, "value"), 0);
	json_decref(j);
	j = json_of(h, "PUT /topology/", net, 200);
	assert_member(j, "changed", "true");
	assert_member(j, "converged", "true");
	assert_int_equal(int_of(j, "linksAdded"), 2);
	json_decref(j);
	j = json_of(h, "PUT /topology/", net, 200);
	assert_member(j, "changed", "false");
	assert_string_equal(text_of(j, "msg"), "nothing to do");
	json_decref(j);
	j = json_of(h, "POST /topology/diff", "routers: [a, b, d]\nlinks: [\"a:b\"]\n", 200);
	assert_int_equal(int_of(j, "routersAdded"), 1);
	assert_int_equal(int_of(j, "routersRemoved"), 1);
	assert_true(json_array_size(json_object_get(j, "lines")) >= 3);
	json_decref(j);
	j = json_of(h, "GET /topology/", NULL, 200);
	assert_string_equal(text_of(j, "name"), "net");
	assert_int_equal(int_of(j, "routersConverged"), 3);
	json_decref(j);
	must(h, "DELETE /topology/", 200);
	must(h, "GET /link/1", 404);
}

static void an_export_applied_again_changes_nothing(void **state)
{
	static const char *const formats[] = {"json", "yaml", "graphml"};
	struct harness *h = *state;

	json_decref(json_of(h, "PUT /topology/", net, 200));
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		char line[64];
		struct call c = {0};
		json_t *j;

		snprintf(line, sizeof(line), "GET /topology/?format=%s", formats[i]);
		assert_int_equal(request(h, line, NULL, &c), 200);
		j = json_of(h, "PUT /topology/", c.body, 200);
		assert_member(j, "changed", "false");
		json_decref(j);
		call_done(&c);
	}
}

static void without_waiting_the_operation_can_be_polled(void **state)
{
	struct harness *h = *state;
	struct call c = {0};
	json_t *j;

	j = json_of(h, "PUT /topology/?wait=false", net, 202);
	assert_int_equal(int_of(j, "operation"), 1);
	assert_string_equal(text_of(j, "href"), "/operation/1");
	json_decref(j);
	for (;;) {
		bool done;

		j = json_of(h, "GET /operation/1", NULL, 200);
		done = strcmp(text_of(j, "state"), "done") == 0;
		assert_string_not_equal(text_of(j, "state"), "failed");
		json_decref(j);
		if (done)
			break;
		assert_true(loop_once(h->loop, 10000) > 0);
	}
	assert_int_equal(request(h, "GET /operation/", NULL, &c), 200);
	call_done(&c);
	must(h, "GET /operation/7", 404);
	must(h, "GET /operation/x", 404);
}

static void an_operation_that_the_machine_refuses_is_an_error(void **state)
{
	struct harness *h = *state;
	json_t *j;

	fake_fail_item(h->host, 0, EIO);
	j = json_of(h, "POST /router/?name=r1", NULL, 500);
	assert_true(strlen(text_of(j, "error")) > 0);
	json_decref(j);
	must(h, "GET /router/r1", 404);
	must(h, "POST /router/?name=r1", 201);
}

struct row {
	const char *line, *body;
	int status;
	const char *says;
};

static const struct row rows[] = {
	{"GET /", NULL, 404, "path"},
	{"GET /nothing", NULL, 404, "path"},
	{"GET /router//1", NULL, 404, "path"},
	{"GET /router/1/2/3/4/5/6/7/8/9", NULL, 404, "path"},
	{"GET /router/%zz", NULL, 400, "path"},
	{"GET /router/%00", NULL, 400, "path"},
	{"GET /router/%ff", NULL, 400, "path"},
	{"GET /router/nobody", NULL, 404, "nobody"},
	{"GET /router/99", NULL, 404, "99"},
	{"GET /router/r1/link/99", NULL, 404, "99"},
	{"GET /link/r1:nobody", NULL, 404, "nobody"},
	{"DELETE /router/nobody", NULL, 404, "nobody"},
	{"DELETE /link/99", NULL, 404, "99"},
	{"PUT /link/99?weight=2", NULL, 404, "99"},
	{"PATCH /router/", NULL, 405, "method"},
	{"DELETE /router/", NULL, 405, "method"},
	{"POST /router/r1", NULL, 405, "method"},
	{"POST /router/?colour=red", NULL, 400, "colour"},
	{"POST /router/?name=", NULL, 400, "name"},
	{"POST /router/?name=a%2Fb", NULL, 400, "name"},
	{"POST /router/?name=a%0Ab", NULL, 400, "name"},
	{"POST /router/?name=..", NULL, 400, "name"},
	{"POST /router/?name=a&name=b", NULL, 400, "name"},
	{"POST /router/?name=%zz", NULL, 400, "name"},
	{"POST /router/?name=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	 NULL, 400, "name"},
	{"POST /router/?name=r1", NULL, 409, "name"},
	{"POST /router/?address=10.0.0.1", NULL, 409, "address"},
	{"POST /router/?address=10.0.0.999", NULL, 400, "address"},
	{"POST /router/?address=192.168.0.1", NULL, 422, "address"},
	{"POST /router/?address=10.0.0.0", NULL, 422, "address"},
	{"POST /router/?address=0.0.0.0", NULL, 400, "address"},
	{"POST /router/?wait=perhaps", NULL, 400, "wait"},
	{"POST /router/", "{\"name\":", 400, "JSON"},
	{"POST /router/", "[1]", 400, "object"},
	{"POST /router/", "{\"name\": 7}", 400, "name"},
	{"POST /router/", "{\"name\": null}", 400, "name"},
	{"POST /router/", "{\"name\": [\"a\"]}", 400, "name"},
	{"POST /router/", "{\"name\": \"a\", \"name\": \"b\"}", 400, "name"},
	{"POST /link/", NULL, 400, "router1"},
	{"POST /link/?router1=r1", NULL, 400, "router2"},
	{"POST /link/?router1=r1&router2=nobody", NULL, 404, "router2"},
	{"POST /link/?router1=nobody&router2=r1", NULL, 404, "router1"},
	{"POST /link/?router1=r1&router2=r1", NULL, 400, "router2"},
	{"POST /link/?router1=r1&router2=r2&weight=0", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&weight=65536", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&weight=-1", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&weight=1.5", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&weight=99999999999999999999", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&weight=heavy", NULL, 400, "weight"},
	{"POST /link/?router1=r1&router2=r2&delay=long", NULL, 400, "delay"},
	{"POST /link/?router1=r1&router2=r2&loss=101%25", NULL, 400, "loss"},
	{"POST /link/?router1=r1&router2=r2&linkName=r1-r2", NULL, 409, "r1-r2"},
	{"POST /link/?router1=r1&router2=r2&linkName=a%20b", NULL, 400, "linkName"},
	{"POST /link/", "{\"router1\": true, \"router2\": 2}", 400, "router1"},
	{"POST /link/", "{\"router1\": 1.5, \"router2\": 2}", 400, "router1"},
	{"PUT /link/1", NULL, 400, "weight"},
	{"PUT /link/1?weight=0", NULL, 400, "weight"},
	{"PUT /link/1?state=sideways", NULL, 400, "state"},
	{"PUT /link/1?delay=1ms", NULL, 400, "delay"},
	{"GET /router/?detail=thread", NULL, 400, "detail"},
	{"GET /router/?offset=-1", NULL, 400, "offset"},
	{"GET /router/?limit=many", NULL, 400, "limit"},
	{"GET /router/r1/link/?attr=colour", NULL, 400, "attr"},
	{"GET /topology/?format=svg", NULL, 400, "format"},
	{"PUT /topology/", NULL, 422, "body"},
	{"PUT /topology/?source=net.yaml", "routers: [{}]", 422, "net.yaml:1: routers[0].name"},
	{"PUT /topology/?source=x", "{\"routers\": [", 422, "x:1"},
	{"PUT /topology/?timeout=forever", net, 400, "timeout"},
	{"PUT /topology/?dry_run=maybe", net, 400, "dry_run"},
	{"GET /command/QUIT", NULL, 404, "QUIT"},
};

static void bad_input_is_refused_by_name_and_changes_nothing(void **state)
{
	struct harness *h = *state;
	uint64_t generation;

	two_routers(h);
	generation = h->model->generation;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *j = json_of(h, rows[i].line, rows[i].body, rows[i].status);

		if (!strstr(text_of(j, "error"), rows[i].says))
			fail_msg("%s: '%s' does not say '%s'", rows[i].line, text_of(j, "error"),
				 rows[i].says);
		json_decref(j);
	}
	assert_true(h->model->generation == generation);
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
	struct call c = {0};

	assert_int_equal(request(*state, "PATCH /link/1", NULL, &c), 405);
	assert_string_equal(c.extra, "Allow: GET, HEAD, PUT, DELETE");
	call_done(&c);
	assert_int_equal(request(*state, "HEAD /router/", NULL, &c), 200);
	call_done(&c);
}

struct who {
	const char *headers[8];
	int status;
};

static void tcp_needs_the_token_and_a_local_page(void **state)
{
	static const struct who whos[] = {
		{{"Host", "localhost"}, 401},
		{{"Host", "localhost", "Authorization", "Bearer wrong"}, 401},
		{{"Host", "localhost", "Authorization", "Bearer secre"}, 401},
		{{"Host", "localhost", "Authorization", "Bearer secrets"}, 401},
		{{"Host", "localhost", "Authorization", "Basic secret"}, 401},
		{{"Host", "localhost", "Authorization", "Bearer secret"}, 200},
		{{"Host", "127.0.0.1:8888", "Authorization", "Bearer secret"}, 200},
		{{"Host", "evil.example", "Authorization", "Bearer secret"}, 403},
		{{"Host", "localhost.evil.example", "Authorization", "Bearer secret"}, 403},
		{{"Host", "localhost:8888x", "Authorization", "Bearer secret"}, 403},
		{{"Host", "localhost", "Origin", "http://evil.example", "Authorization",
		  "Bearer secret"},
		 403},
		{{"Host", "localhost", "Origin", "null", "Authorization", "Bearer secret"}, 403},
		{{"Host", "localhost", "Origin", "http://localhost:8888", "Authorization",
		  "Bearer secret"},
		 200},
	};

	for (size_t i = 0; i < ARRAY_SIZE(whos); i++) {
		struct call c = {.req.peer = HTTP_PEER_TCP};

		memcpy(c.headers, whos[i].headers, sizeof(c.headers));
		request(*state, "GET /router/count", NULL, &c);
		if (c.status != whos[i].status)
			fail_msg("row %zu: %d, not %d", i, c.status, whos[i].status);
		if (c.status == 401)
			assert_string_equal(c.extra, "WWW-Authenticate: Bearer");
		call_done(&c);
	}
}

static void who_may_not_speak_learns_nothing_and_changes_nothing(void **state)
{
	struct harness *h = *state;
	struct call c = {.req.peer = HTTP_PEER_TCP, .headers = {"Host", "localhost"}};

	request(h, "POST /router/?name=x", NULL, &c);
	assert_int_equal(c.status, 401);
	assert_int_equal(h->model->router_count, 0);
	call_done(&c);
}

static void events_come_in_order_and_go_on_after_an_id(void **state)
{
	struct harness *h = *state;
	struct call c = {0}, again = {.headers = {"Last-Event-ID", "2"}};
	unsigned long long last = 0, id;

	assert_int_equal(request(h, "GET /events", NULL, &c), 200);
	assert_true(c.streaming);
	two_routers(h);
	for (const char *p = c.body; (p = strstr(p, "id: ")); p++) {
		if (p != c.body && p[-1] != '\n')
			continue;
		id = strtoull(p + 4, NULL, 10);
		assert_true(id == last + 1);
		last = id;
	}
	assert_true(last > 6);
	assert_non_null(strstr(c.body, "event: router-added\n"));
	assert_non_null(strstr(c.body, "event: link-added\n"));
	assert_non_null(strstr(c.body, "event: operation\n"));
	request(h, "GET /events", NULL, &again);
	assert_non_null(strstr(again.body, "id: 3\n"));
	assert_null(strstr(again.body, "id: 2\n"));
	/* What both saw from event 3 on is the same. */
	assert_string_equal(strstr(again.body, "id: 3\n"), strstr(c.body, "id: 3\n"));
	call_done(&c);
	call_done(&again);
	must(h, "POST /router/", 201); /* nobody listens any more */
}

static void events_that_are_not_kept_are_told_as_lost(void **state)
{
	struct harness *h = *state;
	struct call c = {.headers = {"Last-Event-ID", "999"}},
		    bad = {.headers = {"Last-Event-ID", "x"}};

	two_routers(h);
	request(h, "GET /events", NULL, &c);
	assert_non_null(strstr(c.body, "event: lost\n"));
	call_done(&c);
	assert_int_equal(request(h, "GET /events", NULL, &bad), 400);
	call_done(&bad);
}

static void a_client_that_does_not_read_is_dropped_as_lost(void **state)
{
	struct harness *h = *state;
	struct call c = {0};

	request(h, "GET /events", NULL, &c);
	c.full = true;
	must(h, "POST /router/", 201);
	assert_false(c.streaming);
	assert_non_null(strstr(c.body, "event: lost\n"));
	call_done(&c);
	must(h, "POST /router/", 201);
}

static void requests_under_way_are_answered_when_the_daemon_ends(void **state)
{
	struct harness *h = *state;
	struct call c = {0};

	call_start(h, &c, "POST", "/router/", "", NULL, 0);
	assert_int_equal(c.status, 0);
	h->host->ops->close(h->host);
	h->host = NULL;
	ctl_free(h->ctl);
	h->ctl = NULL;
	api_free(h->api);
	h->api = NULL;
	assert_int_equal(c.status, 503);
	call_done(&c);
}

static void health_says_what_runs(void **state)
{
	struct harness *h = *state;
	json_t *j;

	two_routers(h);
	j = json_of(h, "GET /health", NULL, 200);
	assert_string_equal(text_of(j, "status"), "ok");
	assert_string_equal(text_of(j, "instance"), "test");
	assert_int_equal(int_of(j, "routersRunning"), 2);
	assert_int_equal(int_of(j, "links"), 1);
	json_decref(j);
	j = json_of(h, "GET /command/STATUS", NULL, 200);
	assert_string_equal(text_of(j, "status"), "RUNNING");
	json_decref(j);
	j = json_of(h, "GET /localcontroller/?detail=all", NULL, 200);
	assert_member(j, "list", "[\"here:0\"]");
	json_decref(j);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(table_1_of_the_paper_works_in_its_order),
		T(a_router_answers_to_its_id_name_and_address),
		T(a_link_answers_to_its_id_name_and_ends),
		T(query_form_and_json_say_the_same),
		T(what_can_be_read_below_a_router_has_the_originals_fields),
		T(lists_have_pages_and_details),
		T(a_cached_list_is_never_stale),
		T(a_link_changes_weight_and_state),
		T(a_shape_is_recorded_with_a_warning),
		T(a_topology_is_applied_once_and_is_then_nothing_to_do),
		T(an_export_applied_again_changes_nothing),
		T(without_waiting_the_operation_can_be_polled),
		T(an_operation_that_the_machine_refuses_is_an_error),
		T(bad_input_is_refused_by_name_and_changes_nothing),
		T(a_wrong_method_is_told_the_right_ones),
		T(tcp_needs_the_token_and_a_local_page),
		T(who_may_not_speak_learns_nothing_and_changes_nothing),
		T(events_come_in_order_and_go_on_after_an_id),
		T(events_that_are_not_kept_are_told_as_lost),
		T(a_client_that_does_not_read_is_dropped_as_lost),
		T(requests_under_way_are_answered_when_the_daemon_ends),
		T(health_says_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
