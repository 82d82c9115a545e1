/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API on a whole controller and the fake host, without sockets: the paper's Table I, the
 * original's fields, topologies, operations, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/api/api_priv.h"
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

static void limits_change_in_place(void **state)
{
	struct harness *h = *state;
	json_t *j;

	two_routers(h);
	j = json_of(h, "PUT /router/r1?memory=256M&cpu=50%25&pids=100", NULL, 200);
	assert_member(j, "limits", "{\"memory\":\"256M\",\"cpu\":\"50%\",\"pids\":100}");
	json_decref(j);
	assert_int_equal(fake_router(h->host, 0)->limits.pids, 100);
	assert_int_equal(fake_router(h->host, 0)->limits.memory, 256u << 20);
	json_decref(json_of(h, "PUT /router/r1", "{\"memory\":\"default\",\"pids\":9}", 200));
	j = json_of(h, "GET /router/r1", NULL, 200);
	assert_member(j, "limits", "{\"cpu\":\"50%\",\"pids\":9}");
	json_decref(j);
	assert_int_equal(fake_router(h->host, 0)->limits.memory, 0);
	must(h, "PUT /router/r1", 400);
	must(h, "PUT /router/r1?cpu=50", 400);
	must(h, "PUT /router/r9?cpu=50%25", 404);
	must(h, "POST /router/?name=r7&pids=7", 400);
	must(h, "POST /router/?name=r7&pids=8", 201);
	j = json_of(h, "GET /router/r7", NULL, 200);
	assert_member(j, "limits", "{\"pids\":8}");
	json_decref(j);
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
	must(h, "GET /router/r1/application", 200);
	must(h, "GET /router/r9/application", 404);
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
	assert_true(c.streaming); /* it may be slow for a while */
	for (int i = 0; i < 4000 && c.streaming; i++)
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
	h->host->ops->close(h->host, false);
	h->host = NULL;
	ctl_free(h->ctl);
	h->ctl = NULL;
	api_free(h->api);
	h->api = NULL;
	assert_int_equal(c.status, 503);
	call_done(&c);
}

static void reconcile_says_what_was_not_well(void **state)
{
	struct harness *h = *state;
	json_t *j, *op;
	char ask[40];

	two_routers(h);
	j = json_of(h, "POST /topology/reconcile?dry=true", NULL, 200);
	assert_string_equal(text_of(j, "msg"), "nothing to do");
	assert_false(json_is_true(json_object_get(j, "changed")));
	json_decref(j);
	fake_alter_link(fake_machine(h->host), model_link_by_id(h->model, 1)->end[0].port,
			HOST_DOWN);
	j = json_of(h, "POST /topology/reconcile?dry=true", NULL, 200);
	assert_int_equal(int_of(j, "linksSet"), 1);
	assert_true(json_is_true(json_object_get(j, "dryRun")));
	json_decref(j);
	j = json_of(h, "POST /topology/reconcile", NULL, 200);
	assert_int_equal(int_of(j, "linksSet"), 1);
	assert_int_equal(int_of(j, "routersMade"), 0);
	assert_true(json_is_true(json_object_get(j, "changed")));
	assert_non_null(strstr(text_of(j, "example"), "link "));
	snprintf(ask, sizeof(ask), "GET /operation/%d", (int)int_of(j, "operation"));
	json_decref(j);
	op = json_of(h, ask, NULL, 200);
	assert_string_equal(text_of(op, "kind"), "reconcile");
	assert_int_equal(int_of(json_object_get(op, "reconcile"), "linksSet"), 1);
	json_decref(op);
	j = json_of(h, "POST /topology/reconcile", NULL, 200);
	assert_false(json_is_true(json_object_get(j, "changed")));
	json_decref(j);
}

static void errors_of_state_have_their_status(void **state)
{
	static const int codes[][2] = {
		{EINVAL, 500}, {EPERM, 500}, {ENOENT, 500}, {ENOSPC, 507}, {ENOMEM, 503}};
	struct harness *h = *state;

	/* What the machine refuses is no fault of the request. */
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		fake_fail_item(h->host, 0, codes[i][0]);
		json_decref(json_of(h, "POST /router/", NULL, codes[i][1]));
	}
	assert_int_equal(api_status_of(EDQUOT), 507);
	assert_int_equal(api_status_of(-EROFS), 503);
	assert_int_equal(api_status_of(ENOSPC), 422); /* no slot or port: not the disk's */
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
	assert_string_equal(text_of(j, "store"), "");
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
		T(limits_change_in_place),
		T(what_can_be_read_below_a_router_has_the_originals_fields),
		T(lists_have_pages_and_details),
		T(a_cached_list_is_never_stale),
		T(a_link_changes_weight_and_state),
		T(a_topology_is_applied_once_and_is_then_nothing_to_do),
		T(an_export_applied_again_changes_nothing),
		T(without_waiting_the_operation_can_be_polled),
		T(an_operation_that_the_machine_refuses_is_an_error),
		T(events_come_in_order_and_go_on_after_an_id),
		T(events_that_are_not_kept_are_told_as_lost),
		T(a_client_that_does_not_read_is_dropped_as_lost),
		T(requests_under_way_are_answered_when_the_daemon_ends),
		T(reconcile_says_what_was_not_well),
		T(errors_of_state_have_their_status),
		T(health_says_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
