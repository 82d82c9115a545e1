// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications over REST: started in each way, listed, told, watched, stopped; and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/host/fake_apps.h"
#include "daemon/model/app.h"
#include "tests/unit/daemon/api/ask.h"

static int setup(void **state)
{
	struct harness *h = malloc(sizeof(*h));

	assert_int_equal(harness_open(h, NULL), 0);
	two_routers(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	harness_close(*state);
	free(*state);
	return 0;
}

static void one_starts_is_seen_and_stops(void **state)
{
	const struct host_app_usage usage = {.has_cpu = true,
					     .cpu_user_us = 250000,
					     .has_net = true,
					     .tx_packets = 2,
					     .tx_bytes = 84,
					     .processes = 3};
	struct harness *h = *state;
	json_t *j;

	fake_app_say_usage(h->host, &usage);
	j = json_of(h, "POST /router/r1/app/",
		    "{\"run\": \"echo\", \"args\": [\"7\", \"-v x\"], \"env\": {\"A\": \"1\"}}",
		    201);
	assert_member(j, "success", "true");
	assert_member(j, "aid", "1");
	assert_string_equal(text_of(j, "name"), "echo");
	assert_string_equal(text_of(j, "appName"), "/Router-1/App/echo/1");
	assert_string_equal(text_of(j, "classname"), "echo");
	assert_string_equal(text_of(j, "args"), "7 -v x");
	assert_string_equal(text_of(j, "state"), "running");
	assert_member(j, "ready", "true");
	assert_member(j, "wanted",
		      "{\"name\":\"echo\",\"run\":\"echo\",\"args\":[\"7\",\"-v x\"],\"env\":{"
		      "\"A\":\"1\"}}");
	assert_member(j, "usage",
		      "{\"processes\":3,\"cpuUser\":0.25,\"cpuSystem\":0.0,\"rxPackets\":0,"
		      "\"rxBytes\":0,\"txPackets\":2,\"txBytes\":84}");
	json_decref(j);
	must(h, "POST /router/2/app?className=usr.applications.Send&args=10.0.0.1+7+3", 201);
	j = json_of(h, "GET /router/r2/app/send", NULL, 200);
	assert_string_equal(text_of(j, "args"), "10.0.0.1 7 3");
	assert_member(j, "appID", "2");
	json_decref(j);
	j = json_of(h, "GET /app/", NULL, 200);
	assert_member(j, "list", "[1,2]");
	json_decref(j);
	j = json_of(h, "GET /router/r2/app/?detail=all", NULL, 200);
	assert_member(j, "list", "[2]");
	assert_int_equal(json_array_size(json_object_get(j, "detail")), 1);
	json_decref(j);
	j = json_of(h, "GET /router/r2", NULL, 200);
	assert_member(j, "apps", "[2]");
	json_decref(j);
	j = json_of(h, "PUT /router/r1/app/1", "{\"key\": \"to\", \"value\": \"r2:7\"}", 200);
	assert_member(j, "values", "{\"to\":\"r2:7\"}");
	json_decref(j);
	j = json_of(h, "POST /router/r1/app/echo/restart", NULL, 200);
	assert_member(j, "id", "3");
	json_decref(j);
	j = json_of(h, "DELETE /router/r1/app/echo", NULL, 200);
	assert_member(j, "appID", "3");
	json_decref(j);
	j = json_of(h, "DELETE /router/r2/app/", NULL, 200);
	assert_member(j, "names", "[\"send\"]");
	json_decref(j);
	j = json_of(h, "DELETE /router/r2/app/?timeout=0", NULL, 200);
	assert_member(j, "names", "[]");
	json_decref(j);
	j = json_of(h, "GET /app/", NULL, 200);
	assert_member(j, "list", "[]");
	json_decref(j);
}

static void classes_of_the_original_have_their_names_here(void **state)
{
	static const char *const rows[][2] = {
		{"usr.applications.RecvDataRate", "data-rate"},
		{"demo_usr.paths.Ingress", "ingress"},
		{"demo_usr.nfv.NetPrint", "printer"},
		{"plugins_usr.tftp.TFTPServer", "tftpd"},
		{"echo", "echo"},
		{"/usr/bin/a.b", "/usr/bin/a.b"},
	};
	struct harness *h = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[200];
		json_t *j;

		snprintf(line, sizeof(line), "POST /router/r1/app/?className=%s", rows[i][0]);
		j = json_of(h, line, NULL, 201);
		assert_string_equal(text_of(j, "classname"), rows[i][1]);
		json_decref(j);
	}
}

static void a_refusal_has_its_status_and_names_the_field(void **state)
{
	static const struct {
		const char *line, *body;
		int status;
		const char *error;
	} rows[] = {
		{"POST /router/r1/app/", NULL, 400,
		 "run, bpf, className: one of them must be given"},
		{"POST /router/r1/app/", "{}", 400, "run: is missing"},
		{"POST /router/r1/app/", "{\"run\": \"./x\"}", 400, "run: './x' is neither"},
		{"POST /router/r1/app/", "{\"run\": \"x\", \"colour\": 1}", 400, "colour: unknown"},
		{"POST /router/r1/app/", "{\"run\"", 400, "body:1: column 6: not JSON: "},
		{"POST /router/r1/app/", "{\"run\": \"\\u0000\"}", 400,
		 "body:1: column 16: not JSON: a text with a NUL"},
		{"POST /router/r1/app/?className=a&colour=1", NULL, 400,
		 "colour: unknown parameter"},
		{"POST /router/r1/app/?name=b", "{\"run\": \"a\"}", 400,
		 "name: is in the query, but the application in the body"},
		{"POST /router/r1/app/?run=b", "{\"className\": \"a\", \"run\": \"b\"}", 400,
		 "run: given twice"},
		{"POST /router/r1/app/?run=b", "{\"className\": \"a\"}", 400,
		 "className: and run cannot both be given"},
		{"POST /router/r1/app/?className=a&run=b", NULL, 400, "className: and run cannot"},
		{"POST /router/r1/app/", "{\"className\": \"a\"", 400,
		 "body:1: column 17: not JSON: "},
		{"POST /router/r1/app/", "{\"className\": \"a\", \"timeout\": -1}", 400,
		 "timeout: must be 0 to 3600"},
		{"POST /router/r1/app/?run=a&restart=often", NULL, 400, "restart: 'often' is not"},
		{"POST /router/r1/app/?run=a&memory=1", NULL, 400, "limits.memory: 1 is less"},
		{"POST /router/r9/app/?run=a", NULL, 404, "router: there is no 'r9'"},
		{"POST /router/r1/app/?run=a&name=taken", NULL, 409, ""},
		{"GET /router/r1/app/9", NULL, 404, "app: "},
		{"GET /router/r1/app/9/log", NULL, 404, "app: "},
		{"GET /router/r1/app/taken/log?stream=x", NULL, 400, "stream: 'x' is not one of"},
		{"DELETE /router/r1/app/9", NULL, 404, "app: "},
		{"PUT /router/r1/app/taken?key=a", NULL, 400, "value: missing"},
		{"PATCH /router/r1/app/taken", NULL, 405, ""},
		{"PUT /router/r1/app/job?key=to&value=r2", NULL, 422, ""},
	};
	struct harness *h = *state;

	must(h, "POST /router/r1/app/?run=a&name=taken", 201);
	must(h, "POST /router/r1/app/?run=a&name=job&ready=exit", 201);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *j = json_of(h, rows[i].line, rows[i].body, rows[i].status);

		if (strncmp(text_of(j, "error"), rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("%s: %s", rows[i].line, text_of(j, "error"));
		json_decref(j);
	}
}

/* curl -d says of each body that it is a form. */
static json_t *posted(struct harness *h, const char *query, const char *form, int status)
{
	struct call c = {.headers = {"Content-Type", "application/x-www-form-urlencoded"}};

	call_start(h, &c, "POST", "/router/r1/app/", query, form, strlen(form));
	harness_settle(h, &c);
	return json_answered(&c, form, status);
}

static void a_form_is_as_good_as_a_query(void **state)
{
	struct harness *h = *state;
	json_t *j;

	j = posted(h, "name=web", "run=/usr/bin/a&args=1+2&pids=20", 201);
	assert_string_equal(text_of(j, "name"), "web");
	assert_member(j, "wanted",
		      "{\"name\":\"web\",\"run\":\"/usr/bin/a\",\"args\":[\"1\",\"2\"],"
		      "\"limits\":{\"pids\":20}}");
	json_decref(j);
	j = posted(h, "name=x", "run=a&name=y", 400);
	assert_string_equal(text_of(j, "error"), "name: given twice");
	json_decref(j);
	j = posted(h, "", "run=a&name=later&wait=false", 202);
	assert_true(int_of(j, "operation") > 0);
	json_decref(j);
	j = posted(h, "", " {\"run\": \"echo\", \"args\": [\"7\"]}", 201);
	assert_string_equal(text_of(j, "args"), "7");
	json_decref(j);
	j = json_of(h, "POST /router/r1/app/",
		    "{\"className\": \"a\", \"pids\": 20, \"memory\": 33554432}", 201);
	assert_member(json_object_get(j, "wanted"), "limits", "{\"memory\":\"32M\",\"pids\":20}");
	json_decref(j);
	/* Only where the original has it. */
	j = json_of(h, "POST /router/r1/app/",
		    "{\"run\": \"b\", \"args\": [\"className\"], \"env\": {\"className\": \"c\"}}",
		    201);
	assert_string_equal(text_of(j, "args"), "className");
	json_decref(j);
}

static void one_that_does_not_start_is_told_and_gone(void **state)
{
	struct harness *h = *state;
	json_t *j;

	fake_app_refuse(h->host, 0, ENOENT, "/usr/bin/x: No such file or directory");
	j = json_of(h, "POST /router/r1/app/?run=/usr/bin/x", NULL, 422);
	assert_non_null(strstr(text_of(j, "error"), "/usr/bin/x: No such file or directory"));
	assert_true(int_of(j, "operation") > 0);
	json_decref(j);
	fake_app_fail(h->host, 0, "ended with status 3: cannot bind");
	j = json_of(h, "POST /router/r1/app/?run=/usr/bin/y", NULL, 422);
	assert_non_null(strstr(text_of(j, "error"), "ended with status 3: cannot bind"));
	json_decref(j);
	j = json_of(h, "GET /app/", NULL, 200);
	assert_member(j, "list", "[]");
	json_decref(j);
	must(h, "POST /router/r1/app/?run=z&wait=false", 202);
}

/* What it printed is too long, and cut in a character once. */
static void why_it_failed_is_told_however_long_it_is(void **state)
{
	struct host_app_state failed = {.phase = HOST_APP_FAILED, .status = -1};
	struct harness *h = *state;
	char path[40];
	json_t *j;

	for (size_t i = 0; i + 2 < sizeof(failed.text); i += 2)
		memcpy(failed.text + i, "\u00fc", 2);
	for (int shift = 0; shift < 2; shift++) {
		struct call c = {0};
		uint64_t op;

		call_start(h, &c, "POST", "/router/r1/app/",
			   shift ? "run=x&name=xy" : "run=x&name=x", "", 0);
		while (!fake_apps_count(h->host))
			loop_once(h->loop, 1);
		assert_int_equal(fake_app_become(h->host, (uint32_t)shift + 1, &failed), 0);
		harness_settle(h, &c);
		j = json_answered(&c, "", 422);
		assert_non_null(strstr(text_of(j, "error"), " on r1: "));
		op = (uint64_t)int_of(j, "operation");
		json_decref(j);
		snprintf(path, sizeof(path), "GET /operation/%llu", (unsigned long long)op);
		j = json_of(h, path, NULL, 200);
		assert_non_null(strstr(text_of(j, "error"), " on r1: "));
		json_decref(j);
	}
}

/* The call of a user of the group, or by a token. */
static int status_of_other(struct harness *h, enum http_peer_kind kind, uid_t uid,
			   const char *method, const char *path, const char *body,
			   const char *error)
{
	struct call c = {.req.peer = {.kind = kind, .uid = uid}};
	int status;

	call_start(h, &c, method, path, "", body, strlen(body));
	harness_settle(h, &c);
	status = c.status;
	if (error && !memmem(c.body, c.size, error, strlen(error)))
		fail_msg("%.*s", (int)c.size, c.body);
	call_done(&c);
	return status;
}

static void rights_are_for_root_alone(void **state)
{
	static const char user[] = "{\"run\": \"x\", \"user\": \"root\"}",
			  bpf[] = "{\"bpf\": \"/x.o\"}", plain[] = "{\"run\": \"x\"}",
			  file[] = "{\"routers\": [\"r1\", {\"name\": \"r2\", \"apps\": [{\"run\": "
				   "\"echo\", \"user\": \"root\"}]}]}";
	struct harness *h = *state;

	assert_int_equal(status_of_other(h, HTTP_PEER_UNIX, 1000, "POST", "/router/r1/app/", user,
					 "user: only root may"),
			 403);
	assert_int_equal(status_of_other(h, HTTP_PEER_UNIX, 1000, "POST", "/router/r1/app/", bpf,
					 "bpf: only root may"),
			 403);
	assert_int_equal(status_of_other(h, HTTP_PEER_UNIX, 1000, "PUT", "/topology/", file,
					 "routers[1].apps[0].user: only root may"),
			 403);
	assert_int_equal(
		status_of_other(h, HTTP_PEER_UNIX, 1000, "POST", "/router/r1/app/", plain, NULL),
		201);
	assert_int_equal(
		status_of_other(h, HTTP_PEER_UNIX, 0, "POST", "/router/r1/app/", user, NULL), 201);
}

static void say(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_log(struct harness *h, const char *query, const char *want)
{
	char line[200];
	struct call c = {0};

	snprintf(line, sizeof(line), "GET /router/r1/app/x/log?%s", query);
	assert_int_equal(request(h, line, NULL, &c), 200);
	if (c.size != strlen(want) || memcmp(c.body, want, c.size) != 0)
		fail_msg("%s:\n%.*s", query, (int)c.size, c.body);
	call_done(&c);
}

static void output_is_read_whole_in_part_and_as_it_comes(void **state)
{
	char path[] = "/tmp/vlsp-app-log.XXXXXX", old[40];
	struct harness *h = *state;
	struct call c = {0};

	assert_true(close(mkstemp(path)) == 0);
	snprintf(old, sizeof(old), "%s.1", path);
	fake_app_say_log(h->host, path);
	must(h, "POST /router/r1/app/?run=x", 201);
	assert_log(h, "", "");
	say(old, "1.000001 o one\n1.000002 e two\n");
	say(path, "2.000000 o three\n2.000001 e  four \n2.5 o half a li");
	assert_log(h, "", "one\ntwo\nthree\n four \n");
	assert_log(h, "stream=err", "two\n four \n");
	assert_log(h, "tail=1&stream=out", "three\n");
	assert_log(h, "tail=3", "two\nthree\n four \n");
	assert_log(h, "tail=0", "");
	assert_log(h, "stream=out&times=true&tail=1", "2.000000 o three\n");

	assert_int_equal(request(h, "GET /router/r1/app/x/log?follow=true&tail=1", NULL, &c), 200);
	assert_true(c.streaming);
	assert_string_equal(c.body, "event: err\ndata:  four \n\n");
	c.body[0] = '\0';
	c.size = 0;
	say(path, "ne\n");
	while (!c.size)
		loop_once(h->loop, 1000);
	assert_string_equal(c.body, "event: out\ndata: half a line\n\n");
	c.size = 0;
	assert_int_equal(rename(path, old), 0); /* the file is begun anew */
	say(old, "3.0 o last of the old\n");
	say(path, "3.1 o first of the new\n");
	while (!c.size || !strstr(c.body, "new"))
		loop_once(h->loop, 1000);
	assert_string_equal(c.body, "event: out\ndata: last of the old\n\n"
				    "event: out\ndata: first of the new\n\n");
	c.size = 0;
	assert_int_equal(rename(path, old), 0); /* twice between two looks */
	say(path, "3.2 o between\n");
	assert_int_equal(rename(path, old), 0);
	say(path, "3.3 o and on\n");
	while (!c.size || !strstr(c.body, "on\n\n"))
		loop_once(h->loop, 1000);
	assert_string_equal(c.body,
			    "event: err\ndata: (lines may be missing here: they came faster "
			    "than they were read)\n\n"
			    "event: out\ndata: between\n\n"
			    "event: out\ndata: and on\n\n");
	c.size = 0;
	must(h, "DELETE /router/r1/app/x", 200);
	while (!c.size)
		loop_once(h->loop, 1000);
	assert_string_equal(c.body, "event: end\ndata:\n\n");
	c.events.drained(c.events.arg);
	assert_false(c.streaming); /* it has ended of itself */
	free(c.body);
	unlink(path);
	unlink(old);
}

static void following_begins_with_what_was_before(void **state)
{
	char path[] = "/tmp/vlsp-app-log.XXXXXX", old[40];
	struct harness *h = *state;
	struct call c = {0};

	assert_true(close(mkstemp(path)) == 0);
	snprintf(old, sizeof(old), "%s.1", path);
	fake_app_say_log(h->host, path);
	must(h, "POST /router/r1/app/?run=x", 201);
	say(old, "1.000001 o one\n1.000002 e two\n");
	say(path, "2.000000 o three\n");
	assert_int_equal(request(h, "GET /router/r1/app/x/log?follow=true&tail=2", NULL, &c), 200);
	assert_string_equal(c.body, "event: err\ndata: two\n\nevent: out\ndata: three\n\n");
	call_done(&c);
	assert_int_equal(request(h, "GET /router/r1/app/x/log?follow=true", NULL, &c), 200);
	assert_non_null(strstr(c.body, "data: one\n\nevent: err\ndata: two\n\nevent: out"));
	call_done(&c);
	unlink(path);
	unlink(old);
}

static void changes_are_events_and_numbers(void **state)
{
	struct harness *h = *state;
	struct call c = {0}, metrics = {0};

	assert_int_equal(request(h, "GET /events", NULL, &c), 200);
	must(h, "POST /router/r1/app/?run=x", 201);
	assert_non_null(strstr(c.body, "event: app-added\n"));
	assert_non_null(strstr(c.body, "event: app-changed\n"));
	assert_non_null(strstr(c.body, "\"appName\":\"/Router-1/App/x/1\""));
	assert_int_equal(request(h, "GET /metrics", NULL, &metrics), 200);
	assert_non_null(memmem(metrics.body, metrics.size, "vlsp_apps{state=\"running\"} 1\n", 29));
	call_done(&metrics);
	must(h, "DELETE /router/r1/app/x", 200);
	assert_non_null(strstr(c.body, "event: app-removed\n"));
	call_done(&c);
}

static void shipped_ones_are_listed(void **state)
{
	json_t *j = json_of(*state, "GET /app/shipped", NULL, 200), *one;

	one = json_array_get(json_object_get(j, "list"), 0);
	assert_true(json_is_string(json_object_get(one, "name")));
	assert_true(json_is_string(json_object_get(one, "does")));
	json_decref(j);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_starts_is_seen_and_stops),
		TEST(classes_of_the_original_have_their_names_here),
		TEST(a_refusal_has_its_status_and_names_the_field),
		TEST(a_form_is_as_good_as_a_query),
		TEST(one_that_does_not_start_is_told_and_gone),
		TEST(why_it_failed_is_told_however_long_it_is),
		TEST(rights_are_for_root_alone),
		TEST(output_is_read_whole_in_part_and_as_it_comes),
		TEST(following_begins_with_what_was_before),
		TEST(changes_are_events_and_numbers),
		TEST(shipped_ones_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
