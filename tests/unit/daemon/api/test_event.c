/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events over REST: posted, run, stopped, listed, logged and streamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/api/routes.h"
#include "tests/unit/daemon/api/ask.h"

static int setup(void **state)
{
	struct harness *h = malloc(sizeof(*h));

	assert_int_equal(harness_open(h, NULL), 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	harness_close(*state);
	free(*state);
	return 0;
}

#define NET "routers: [r1, r2]\nlinks: [r1:r2]\n"
#define EVENTS                                                                                     \
	"traces: {t: {data: [[0s, {rate: 1mbit}]]}}\n"                                             \
	"events: [{at: 600s, link-down: r1-r2, for: 1s}, {every: 600s, heal: true}]\n"

static const char *state_of(struct harness *h)
{
	static char text[20];
	json_t *j = json_of(h, "GET /event/", NULL, 200);

	snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(j, "state")));
	json_decref(j);
	return text;
}

static void files_with_events_start_them(void **state)
{
	struct harness *h = *state;
	json_t *j, *list;

	assert_string_equal(state_of(h), "none");
	json_decref(json_of(h, "PUT /topology/?no_events=true", NET EVENTS, 200));
	assert_string_equal(state_of(h), "ready");
	j = json_of(h, "PUT /topology/", NET EVENTS, 200);
	assert_member(j, "msg", "\"nothing to do\"");
	json_decref(j);
	assert_string_equal(state_of(h), "ready");
	j = json_of(h, "PUT /topology/", NET "events: [{at: 600s, heal: true}]\n", 200);
	assert_member(j, "changed", "true");
	json_decref(j);
	assert_string_equal(state_of(h), "running");
	j = json_of(h, "GET /event/", NULL, 200);
	list = json_object_get(j, "list");
	assert_int_equal(json_array_size(list), 1);
	assert_member(json_array_get(list, 0), "next", "600000.0");
	assert_member(json_array_get(list, 0), "spec", "{\"at\":\"600s\",\"heal\":true}");
	json_decref(j);
	j = json_of(h, "DELETE /event/", NULL, 200);
	assert_member(j, "stopped", "1");
	json_decref(j);
	assert_string_equal(state_of(h), "stopped");
	j = json_of(h, "DELETE /event/", NULL, 200);
	assert_member(j, "msg", "\"nothing to do\"");
	json_decref(j);
}

static void a_run_takes_seed_and_speed(void **state)
{
	struct harness *h = *state;
	json_t *j;

	json_decref(json_of(h, "PUT /topology/?no_events=true", NET EVENTS, 200));
	j = json_of(h, "POST /event/run?seed=18446744073709551615&speed=2.5", NULL, 200);
	assert_member(j, "state", "\"running\"");
	assert_member(j, "seed", "\"18446744073709551615\"");
	assert_member(j, "speed", "2.5");
	json_decref(j);
	must(h, "POST /event/run?speed=0", 400);
	must(h, "POST /event/run?speed=x", 400);
	must(h, "POST /event/run?seed=-1", 400);
	json_decref(json_of(h, "POST /event/run", "- {at: 600s, link-up: r1:r2}\n", 200));
	j = json_of(h, "POST /event/run?source=ev.yaml", "- {at: 1s, link-up: x}\n", 422);
	assert_member(j, "error", "\"ev.yaml:1: events[0].link-up: there is no link 'x'\"");
	json_decref(j);
	json_decref(json_of(h, "POST /event/run", "nonsense", 422));
}

/* Until the log has so many that have ended. */
static json_t *log_of(struct harness *h, const char *line, size_t count)
{
	for (int i = 0; i < 10000; i++) {
		json_t *j = json_of(h, line, NULL, 200);
		json_t *list = json_object_get(j, "list"), *last;

		last = json_array_get(list, json_array_size(list) - 1);
		if (json_array_size(list) >= count && json_object_get(last, "ended"))
			return j;
		json_decref(j);
		loop_once(h->loop, 1);
	}
	fail_msg("%s: never so many", line);
	return NULL;
}

static void posted_events_are_logged(void **state)
{
	struct harness *h = *state;
	json_t *j, *one;

	json_decref(json_of(h, "PUT /topology/", NET, 200));
	j = json_of(h, "POST /event/", "{\"link-set\": {\"link\": \"1\", \"delay\": \"5ms\"}}",
		    201);
	assert_member(j, "event", "1");
	json_decref(j);
	j = log_of(h, "GET /event/log", 1);
	one = json_array_get(json_object_get(j, "list"), 0);
	assert_member(one, "id", "1");
	assert_member(one, "posted", "true");
	assert_member(one, "action", "\"link-set\"");
	assert_member(one, "object", "\"1\"");
	assert_member(one, "undo", "false");
	assert_member(one, "planned", "0.0");
	assert_member(one, "outcome", "\"done\"");
	assert_member(one, "error", "\"\"");
	assert_true(json_real_value(json_object_get(one, "ended")) >=
		    json_real_value(json_object_get(one, "actual")));
	assert_true(json_integer_value(json_object_get(one, "operation")) > 1);
	json_decref(j);
	json_decref(json_of(h, "POST /event/", "router-kill: r1", 201));
	j = log_of(h, "GET /event/log?after=1", 1);
	assert_member(json_array_get(json_object_get(j, "list"), 0), "id", "2");
	json_decref(j);
	j = json_of(h, "GET /link/1", NULL, 200);
	assert_member(j, "shape",
		      "{\"a-to-b\":{\"delay\":\"5ms\"},\"b-to-a\":{\"delay\":\"5ms\"}}");
	json_decref(j);
}

static void wrong_events_are_refused(void **state)
{
	struct harness *h = *state;
	json_t *j;

	json_decref(json_of(h, "PUT /topology/", NET, 200));
	json_decref(json_of(h, "POST /event/", "link-down: x", 404));
	json_decref(json_of(h, "POST /event/", "", 422));
	json_decref(json_of(h, "POST /event/", "trace-play: {link: r1-r2, trace: t}", 404));
	j = json_of(h, "POST /event/", "{\"link-donw\": \"r1-r2\"}", 422);
	assert_member(j, "error",
		      "\"body:1: link-donw: unknown field (did you mean 'link-down'?)\"");
	json_decref(j);
	must(h, "POST /event/?at=5s", 400);
	must(h, "GET /event/log?after=x", 400);
	must(h, "POST /event/run", 404);
}

static void exports_have_events(void **state)
{
	static const char line[] = "  - {at: 600s, for: 1s, link-down: r1-r2}\n";
	struct harness *h = *state;
	struct call c = {0};

	json_decref(json_of(h, "PUT /topology/?no_events=true", NET EVENTS, 200));
	assert_int_equal(request(h, "GET /topology/?format=yaml", NULL, &c), 200);
	assert_non_null(memmem(c.body, c.size, line, sizeof(line) - 1));
	call_done(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_with_events_start_them), TEST(a_run_takes_seed_and_speed),
		TEST(posted_events_are_logged),	    TEST(wrong_events_are_refused),
		TEST(exports_have_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
