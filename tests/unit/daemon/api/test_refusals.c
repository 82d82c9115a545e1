/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API refuses: bad input by rows, with the status and the field; who may not speak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon/api/ask.h"

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

static const char net[] = "name: net\nrouters: [a, b, c]\nlinks: [\"a:b\", \"b:c\"]\n";

struct row {
	const char *line, *body;
	int status;
	const char *says;
};

/* Where texts are cut is in a character. */
#define LONG                                                                                       \
	"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6"     \
	"\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc"

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
	{"POST /router/?name=count", NULL, 400, "name: 'count' is a word"},
	{"POST /router/?name=maxid", NULL, 400, "name: 'maxid' is a word"},
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
	{"POST /router/", "{\"name\":", 400, "body:1: column 8: not JSON: "},
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
	{"POST /link/?router1=r1&router2=r2&linkName=count", NULL, 400, "linkName: 'count'"},
	{"POST /link/", "{\"router1\": true, \"router2\": 2}", 400, "router1"},
	{"POST /link/", "{\"router1\": 1.5, \"router2\": 2}", 400, "router1"},
	{"PUT /link/1", NULL, 400, "weight"},
	{"PUT /link/1?weight=0", NULL, 400, "weight"},
	{"PUT /link/1?state=sideways", NULL, 400, "state"},
	{"PUT /link/1?delay=long", NULL, 400, "delay: 'long'"},
	{"PUT /link/1?delay=1ms&delay=2ms", NULL, 400, "delay"},
	{"PUT /link/1?jitter=1ms", NULL, 400, "jitter: 1ms, but there is no delay"},
	{"PUT /link/1?jitter=1ms&from=r1", NULL, 400, "r1 to r2: jitter: 1ms, but there is no"},
	{"PUT /link/1?from=r1", NULL, 400, "from: there is no property"},
	{"PUT /link/1?weight=2&from=r1", NULL, 400, "from: there is no property"},
	{"PUT /link/1?delay=1ms&from=nobody", NULL, 404, "from: there is no router 'nobody'"},
	{"PUT /link/1?delay=1ms&from=", NULL, 400, "from"},
	{"PUT /link/1?backend=kmod", NULL, 422, "backend: kmod"},
	{"PUT /link/1", "{\"delay\": 20}", 400, "delay: '20' needs a unit"},
	{"PUT /link/1", "{\"loss\": true}", 400, "loss: must be a string or a number"},
	{"PUT /link/1", "{\"order\": 1}", 400, "order: must be a string"},
	{"POST /link/?router1=r1&router2=r2&reorder=1", NULL, 400, "reorder: without a delay"},
	{"GET /router/?detail=thread", NULL, 400, "detail"},
	{"GET /router/?offset=-1", NULL, 400, "offset"},
	{"GET /router/?limit=many", NULL, 400, "limit"},
	{"GET /router/r1/link/?attr=colour", NULL, 400, "attr"},
	{"GET /topology/?format=svg", NULL, 400, "format"},
	{"PUT /topology/", NULL, 422, "body"},
	{"PUT /topology/?source=net.yaml", "routers: [{}]", 422, "net.yaml:1: routers[0].name"},
	{"PUT /topology/?source=x", "{\"routers\": [", 422, "x:1"},
	{"PUT /topology/", "routers: [{name: a, apps: [{run: echo, restart: x" LONG "}]}]", 422,
	 "body:1: routers[0].apps[0].restart: 'x"},
	{"GET /operation/x%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4"
	 "%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4",
	 NULL, 404, "operation: there is no 'x"},
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

static void a_pair_that_several_links_join_is_a_conflict(void **state)
{
	static const char *const lines[] = {"GET /link/r1:r2", "PUT /link/2:r1?weight=7",
					    "DELETE /link/r1:r2", "GET /router/r1/link/r1:r2"};
	struct harness *h = *state;

	two_routers(h);
	json_decref(json_of(h, "GET /link/r1:r2", NULL, 200));
	json_decref(json_of(h, "POST /link/?router1=r1&router2=r2&linkName=x", NULL, 201));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		json_t *j = json_of(h, lines[i], NULL, 409);

		assert_non_null(strstr(text_of(j, "error"),
				       ": 2 links join them: r1-r2 (id 1), x (id 2): name one"));
		json_decref(j);
	}
	assert_int_equal(h->model->link_count, 2);
	json_decref(json_of(h, "DELETE /link/x", NULL, 200));
	json_decref(json_of(h, "DELETE /link/r1:r2", NULL, 200));
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
	static const struct who callers[] = {
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
		{{"Host", "localhost:8888", "Origin", "http://localhost:8888", "Authorization",
		  "Bearer secret"},
		 200},
		{{"Host", "localhost:8888", "Origin", "http://localhost:3000", "Authorization",
		  "Bearer secret"},
		 403},
		{{"Host", "localhost:8888", "Origin", "https://localhost:8888", "Authorization",
		  "Bearer secret"},
		 403},
		{{"Host", "localhost", "Sec-Fetch-Site", "cross-site", "Authorization",
		  "Bearer secret"},
		 403},
		{{"Host", "localhost", "Sec-Fetch-Site", "same-origin", "Authorization",
		  "Bearer secret"},
		 200},
		{{"Host", "localhost", "Authorization", "Bearer reader"}, 200},
		{{"Host", "localhost", "Authorization", "Bearer "}, 401},
		{{"Host", "[::1]:8888", "Authorization", "Bearer secret"}, 200},
		{{"Host", "[::1", "Authorization", "Bearer secret"}, 403},
		{{"Host", "", "Authorization", "Bearer secret"}, 403},
	};

	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		struct call c = {.req.peer.kind = HTTP_PEER_TCP};

		memcpy(c.headers, callers[i].headers, sizeof(c.headers));
		request(*state, "GET /router/count", NULL, &c);
		if (c.status != callers[i].status)
			fail_msg("row %zu: %d, not %d", i, c.status, callers[i].status);
		if (c.status == 401)
			assert_string_equal(c.extra, "WWW-Authenticate: Bearer");
		call_done(&c);
	}
}

static void who_may_not_speak_learns_nothing_and_changes_nothing(void **state)
{
	struct harness *h = *state;
	struct call c = {.req.peer.kind = HTTP_PEER_TCP, .headers = {"Host", "localhost"}};

	request(h, "POST /router/?name=x", NULL, &c);
	assert_int_equal(c.status, 401);
	assert_int_equal(h->model->router_count, 0);
	call_done(&c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(bad_input_is_refused_by_name_and_changes_nothing),
		T(a_pair_that_several_links_join_is_a_conflict),
		T(a_wrong_method_is_told_the_right_ones),
		T(tcp_needs_the_token_and_a_local_page),
		T(who_may_not_speak_learns_nothing_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
