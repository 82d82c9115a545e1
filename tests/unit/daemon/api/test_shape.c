/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link emulation over REST: shapes, what emulates them, what cannot be, and how it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static void a_shape_is_changed_by_what_is_named(void **state)
{
	struct harness *h = *state;
	json_t *j;

	must(h, "POST /router/?name=a", 201);
	must(h, "POST /router/?name=b", 201);
	j = json_of(h, "POST /link/?router1=a&router2=b&delay=20ms&loss=0.1%25", NULL, 201);
	assert_null(json_object_get(j, "warnings"));
	json_decref(j);
	j = json_of(h, "GET /link/1", NULL, 200);
	assert_member(j, "shape",
		      "{\"a-to-b\":{\"delay\":\"20ms\",\"loss\":\"0.1%\"},"
		      "\"b-to-a\":{\"delay\":\"20ms\",\"loss\":\"0.1%\"}}");
	json_decref(j);
	j = json_of(h, "PUT /link/1?rate=10mbit&from=b", NULL, 200);
	assert_member(j, "shape",
		      "{\"a-to-b\":{\"delay\":\"20ms\",\"loss\":\"0.1%\"},\"b-to-a\":{\"rate\":"
		      "\"10mbit\",\"delay\":\"20ms\",\"loss\":\"0.1%\"}}");
	assert_member(j, "success", "true");
	json_decref(j);
	/* numbers are quantities, too; whoever is asked by address is asked */
	j = json_of(h, "PUT /link/1",
		    "{\"loss\": 5, \"burst\": 2.5, \"limit\": 10, \"delay\": \"none\", "
		    "\"overhead\": -4, "
		    "\"from\": \"10.0.0.1\", \"weight\": 3}",
		    200);
	assert_member(j, "shape",
		      "{\"a-to-b\":{\"loss\":\"5%\",\"burst\":\"2.5\",\"limit\":\"10p\","
		      "\"overhead\":\"-4\"},\"b-to-a\":{\"rate\":\"10mbit\",\"delay\":\"20ms\","
		      "\"loss\":\"0.1%\"}}");
	assert_int_equal(int_of(j, "weight"), 3);
	json_decref(j);
	j = json_of(h,
		    "PUT /link/1?rate=none&delay=none&loss=none&burst=none&limit=none&overhead="
		    "none",
		    NULL, 200);
	assert_member(j, "shape", "{\"a-to-b\":{},\"b-to-a\":{}}");
	json_decref(j);
}

static void a_link_tells_what_emulates_it_and_how_that_goes(void **state)
{
	static const struct host_line line = {.duplicated = 1,
					      .corrupted = 2,
					      .reordered = 3,
					      .late = 4,
					      .late_max_ns = 5999,
					      .queue = 6,
					      .queue_max = 7,
					      .held = 8};
	static const char none[] = "{\"duplicated\":0,\"corrupted\":0,\"reordered\":0,\"late\":0,"
				   "\"lateMaxUs\":0,\"queue\":0,\"queueMax\":0,\"held\":0}";
	struct harness *h = *state;
	char want[400];
	json_t *j;

	two_routers(h);
	fake_say_backends(h->host, "bpf, relay");
	must(h, "PUT /link/1?delay=1ms&from=r1", 200);
	fake_say_line(h->host, model_link_by_name(h->model, "r1-r2")->end[0].port,
		      &(struct host_counts){0}, &line);
	j = json_of(h, "GET /link/1", NULL, 200);
	assert_member(j, "backends", "{\"a-to-b\":\"bpf, relay\",\"b-to-a\":\"\"}");
	snprintf(want, sizeof(want),
		 "[{\"duplicated\":1,\"corrupted\":2,\"reordered\":3,\"late\":4,\"lateMaxUs\":5,"
		 "\"queue\":6,\"queueMax\":7,\"held\":8},%s]",
		 none);
	assert_member(j, "emulation", want);
	json_decref(j);
	j = json_of(h, "GET /router/r2/link/1", NULL, 200);
	assert_member(j, "emulation", want);
	json_decref(j);
	j = json_of(h, "GET /link/?detail=all", NULL, 200);
	assert_member(json_array_get(json_object_get(j, "detail"), 0), "backends",
		      "{\"a-to-b\":\"bpf, relay\",\"b-to-a\":\"\"}");
	json_decref(j);
}

/* 422, the reason, and nothing is changed: by whichever way it is asked for. */
static void what_the_machine_cannot_emulate_is_refused(void **state)
{
	static const char file[] = "routers: [r1, r2, r3]\nlinks:\n- r1:r2\n"
				   "- {a: r2, b: r3, shape: {b-to-a: {delay: 1ms}}}\n";
	struct harness *h = *state;
	static const struct {
		const char *line, *body, *says;
	} rows[] = {
		{"PUT /link/1?delay=2ms", NULL, "delay: needs sch_netem"},
		{"PUT /link/1?delay=2ms&from=r2", NULL, "r2 to r1: delay: needs sch_netem"},
		{"POST /link/?router1=r1&router2=r2&delay=2ms", NULL, "delay: needs sch_netem"},
		{"PUT /topology/", file, "links[1] (r2-r3), r3 to r2: delay: needs sch_netem"},
		{"PUT /topology/?dry_run=true", file, "links[1] (r2-r3), r3 to r2: delay: needs"},
		{"PUT /topology/?replace=true", file, "links[1] (r2-r3), r3 to r2: delay: needs"},
		{"POST /topology/diff", file, "links[1] (r2-r3), r3 to r2: delay: needs"},
		{"PUT /link/1?backend=kmod", NULL, "backend: kmod: there is no kernel module"},
	};

	two_routers(h);
	must(h, "PUT /link/1?loss=1", 200);
	fake_refuse_shapes(h->host, TOPO_DELAY, "delay: needs sch_netem, which is not there");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *j = json_of(h, rows[i].line, rows[i].body, 422);

		if (strncmp(text_of(j, "error"), rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s: %s", rows[i].line, text_of(j, "error"));
		assert_null(json_object_get(j, "operation"));
		json_decref(j);
		j = json_of(h, "GET /link/1", NULL, 200);
		assert_member(j, "shape",
			      "{\"a-to-b\":{\"loss\":\"1%\"},\"b-to-a\":{\"loss\":\"1%\"}}");
		json_decref(j);
		assert_int_equal(h->model->link_count, 1);
		assert_int_equal(h->model->router_count, 2);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_shape_is_changed_by_what_is_named),
		T(a_link_tells_what_emulates_it_and_how_that_goes),
		T(what_the_machine_cannot_emulate_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
