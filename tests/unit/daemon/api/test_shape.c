/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link emulation over REST: shapes, what emulates them, what cannot be, and how it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/api/routes.h"
#include "daemon/ctl/pace.h"
#include "include/shared/maps.h"
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

static void health_says_how_the_machine_keeps_up(void **state)
{
	static const struct host_pace pace = {.running = true,
					      .sent = 100,
					      .late = 2,
					      .overruns = 3,
					      .starved_ns = 4999999,
					      .restarts = 5};
	struct harness *h = *state;
	json_t *j = json_of(h, "GET /health", NULL, 200);

	assert_member(j, "pace",
		      "{\"running\":false,\"realtime\":false,\"sent\":0,\"late\":0,\"overruns\":0,"
		      "\"starvedMs\":0,\"restarts\":0,\"warning\":\"\"}");
	json_decref(j);
	fake_say_pace(h->host, &pace);
	j = json_of(h, "GET /health", NULL, 200);
	assert_member(j, "pace", /* what was before somebody looked is no news */
		      "{\"running\":true,\"realtime\":false,\"sent\":100,\"late\":2,\"overruns\":3,"
		      "\"starvedMs\":4,\"restarts\":5,\"warning\":\"\"}");
	json_decref(j);
}

static void a_warning_is_an_event_when_it_begins_and_when_it_ends(void **state)
{
	struct host_pace pace = {.running = true, .sent = 100};
	struct harness *h = *state;
	struct call c = {0};
	const char *first;
	json_t *j;

	request(h, "GET /events", NULL, &c);
	fake_say_pace(h->host, &pace);
	ctl_pace_every(h->ctl, 100000);
	must(h, "GET /health", 200);
	pace.late = 1;
	pace.overruns = 2;
	fake_say_pace(h->host, &pace);
	while (!strstr(c.body, "event: pace\n"))
		assert_true(loop_once(h->loop, 10000) > 0);
	j = json_of(h, "GET /health", NULL, 200);
	assert_string_equal(text_of(json_object_get(j, "pace"), "warning"),
			    "this machine is too slow for what is asked: 1 datagram left more than "
			    "1 ms late since the start, 2 were lost by overrun");
	json_decref(j);
	first = strstr(c.body, "event: pace\n");
	assert_non_null(strstr(first, "\"warning\":\"this machine is too slow"));
	while (!strstr(strstr(c.body, "event: pace\n") + 1, "event: pace\n"))
		assert_true(loop_once(h->loop, 10000) > 0);
	first = strstr(strstr(c.body, "event: pace\n") + 1, "event: pace\n");
	assert_non_null(strstr(first, "\"overruns\":2"));
	assert_non_null(strstr(first, "\"warning\":\"\""));
	call_done(&c);
}

static void doctor_says_what_the_machine_can_do(void **state)
{
	struct harness *h = *state;
	json_t *j = json_of(h, "GET /doctor", NULL, 200);

	assert_member(j, "capabilities",
		      "[{\"name\":\"simulation\",\"serves\":\"everything; no datagram moves\","
		      "\"present\":true,\"why\":\"\"}]");
	json_decref(j);
}

/* The whole text; the caller frees it. */
static char *metrics_of(struct harness *h)
{
	struct call c = {0};
	char *text;

	assert_int_equal(request(h, "GET /metrics", NULL, &c), 200);
	assert_string_equal(c.type, API_METRICS_TYPE);
	text = strndup(c.body, c.size);
	assert_non_null(text);
	call_done(&c);
	return text;
}

/* Each line is a sample, or describes the family that follows; what OpenMetrics asks of the whole:
 * a family's samples stand together, behind its description, no sample twice, an end. */
static void check_openmetrics(const char *text)
{
	char *copy = strdup(text), *line, *save = NULL, family[80] = "", type[20] = "";
	json_t *seen = json_object();
	bool ended = false;

	assert_int_equal(text[strlen(text) - 1], '\n');
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[200], *value;

		assert_false(ended);
		ended = strcmp(line, "# EOF") == 0;
		if (ended)
			continue;
		if (sscanf(line, "# TYPE %79s %19s", family, type) == 2) {
			snprintf(name, sizeof(name), "# %s", family);
			assert_null(json_object_get(seen, name));
			json_object_set_new(seen, name, json_true());
			continue;
		}
		if (sscanf(line, "# UNIT %199s", name) == 1 ||
		    sscanf(line, "# HELP %199s", name) == 1) {
			assert_string_equal(name, family);
			continue;
		}
		value = strrchr(line, ' ');
		assert_non_null(value);
		*value++ = '\0';
		assert_int_equal(strspn(value, "0123456789."), strlen(value));
		assert_null(json_object_get(seen, line));
		json_object_set_new(seen, line, json_true());
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "{"), line);
		assert_int_equal(strncmp(name, family, strlen(family)), 0);
		assert_string_equal(name + strlen(family), strcmp(type, "counter") == 0 ? "_total"
							   : strcmp(type, "info") == 0	? "_info"
											: "");
	}
	assert_true(ended);
	json_decref(seen);
	free(copy);
}

static void metrics_are_of_each_direction_and_of_the_whole(void **state)
{
	static const char *const want[] = {
		"vlsp_link_packets_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 7\n",
		"vlsp_link_packets_total{link=\"r1-r2\",from=\"r2\",to=\"r1\"} 0\n",
		"# UNIT vlsp_link_bytes bytes\n",
		"vlsp_link_bytes_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 700\n",
		"vlsp_link_duplicated_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 1\n",
		"vlsp_link_corrupted_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 2\n",
		"vlsp_link_reordered_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 3\n",
		"vlsp_link_late_total{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 4\n",
		"vlsp_link_late_max_seconds{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 0.005000001\n",
		"vlsp_link_queue_packets{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 6\n",
		"vlsp_link_held_packets{link=\"r1-r2\",from=\"r1\",to=\"r2\"} 8\n",
		/* lost on the way out, and what came in at the other end the wrong way round */
		"vlsp_link_drops_total{link=\"r1-r2\",from=\"r1\",to=\"r2\",cause=\"loss\"} 9\n",
		"vlsp_link_drops_total{link=\"r1-r2\",from=\"r2\",to=\"r1\",cause=\"ttl\"} 10\n",
		"vlsp_pace_sent_total 11\n",
		"vlsp_pace_late_total 12\n",
		"vlsp_pace_overruns_total 13\n",
		"vlsp_pace_starved_seconds_total 14.000000015\n",
		"vlsp_routers 2\n",
		"vlsp_links 1\n",
		"# TYPE vlsp_build info\n",
		"vlsp_build_info{version=\"" VLSP_VERSION "\"} 1\n",
	};
	static const struct host_line line = {.duplicated = 1,
					      .corrupted = 2,
					      .reordered = 3,
					      .late = 4,
					      .late_max_ns = 5000001,
					      .queue = 6,
					      .queue_max = 7,
					      .held = 8};
	struct host_counts counts = {.tx_packets = 7, .tx_bytes = 700};
	struct harness *h = *state;
	char *text = metrics_of(h);

	check_openmetrics(text); /* also of nothing */
	free(text);
	two_routers(h);
	must(h, "PUT /link/1?delay=1ms&from=r1", 200);
	counts.drop[VLSP_DROP_LOSS] = 9;
	counts.drop[VLSP_DROP_TTL] = 10;
	fake_say_line(h->host, model_link_by_name(h->model, "r1-r2")->end[0].port, &counts, &line);
	fake_say_pace(h->host,
		      &(struct host_pace){
			      .sent = 11, .late = 12, .overruns = 13, .starved_ns = 14000000015});
	text = metrics_of(h);
	check_openmetrics(text);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (!strstr(text, want[i]))
			fail_msg("no %s in\n%s", want[i], text);
	/* nothing is emulated the other way: nothing to count */
	assert_null(strstr(text, "vlsp_link_late_total{link=\"r1-r2\",from=\"r2\""));
	free(text);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_shape_is_changed_by_what_is_named),
		T(a_link_tells_what_emulates_it_and_how_that_goes),
		T(what_the_machine_cannot_emulate_is_refused),
		T(health_says_how_the_machine_keeps_up),
		T(a_warning_is_an_event_when_it_begins_and_when_it_ends),
		T(doctor_says_what_the_machine_can_do),
		T(metrics_are_of_each_direction_and_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
