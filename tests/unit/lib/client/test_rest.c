// SPDX-License-Identifier: GPL-2.0-or-later
/* The REST client against a server of canned answers. */
#include "tests/unit/cli/fake_daemon.h"

#include "lib/client/rest.h"

static const struct canned rows[] = {
	{"GET /events", 200, "id: 1\r\ndata: {}\n\nid: 2\nhalf"},
	{"GET /refused", 401, "{\"error\":\"token\"}\n"},
	{"PUT /x", 202, ""},
	{NULL, 0, NULL},
};

static struct rest *open_fake(void)
{
	struct rest *rest = NULL;
	char url[120];
	struct err err;

	snprintf(url, sizeof(url), "unix://%s", fake.path);
	assert_int_equal(rest_open(url, NULL, &rest, &err), 0);
	return rest;
}

static void one_connection_serves_many_requests(void **state)
{
	struct rest *rest = open_fake();
	struct err err;
	char *body;
	size_t size;
	int status;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rest_call(rest, "PUT", "/x", "text/plain", "abc", 3, &status,
					   &body, &size, &err),
				 0);
		assert_int_equal(status, 202);
		assert_string_equal(body, "");
		assert_int_equal(size, 0);
		assert_string_equal(fake.body, "abc");
		free(body);
		assert_int_equal(rest_call(rest, "POST", "/nothing", NULL, NULL, 0, &status, &body,
					   NULL, &err),
				 0);
		assert_int_equal(status, 404);
		assert_string_equal(fake.request, "POST /nothing");
		free(body);
	}
	rest_close(rest);
}

struct lines {
	char text[200];
	int left;
};

static int take(void *arg, const char *line)
{
	struct lines *lines = arg;

	strcat(lines->text, line);
	strcat(lines->text, "|");
	return --lines->left == 0;
}

static void a_stream_comes_line_by_line_until_the_caller_has_enough(void **state)
{
	struct rest *rest = open_fake();
	struct lines lines = {.left = 100};
	struct err err;

	(void)state;
	assert_int_equal(rest_stream(rest, "/events", take, &lines, &err), 0);
	assert_string_equal(lines.text, "id: 1|data: {}||id: 2|");
	lines = (struct lines){.left = 2};
	assert_int_equal(rest_stream(rest, "/events", take, &lines, &err), 0);
	assert_string_equal(lines.text, "id: 1|data: {}|");
	rest_close(rest);
}

static void a_refused_stream_is_an_error_and_no_line(void **state)
{
	struct rest *rest = open_fake();
	struct lines lines = {.left = 100};
	struct err err;

	(void)state;
	assert_int_equal(rest_stream(rest, "/refused", take, &lines, &err), -EPROTO);
	assert_string_equal(lines.text, "");
	assert_non_null(strstr(err.text, "401"));
	assert_non_null(strstr(err.text, "token"));
	rest_close(rest);
}

static const struct {
	const char *url, *text;
} bad[] = {
	{"", "does not start with"},
	{"unix:/run/x", "does not start with"},
	{"unix://run/x", "no absolute path"},
	{"unix:///"
	 "1234567890123456789012345678901234567890123456789012345678901234567890123456789012"
	 "345678901234567890123456789",
	 "at most 107"},
	{"http://", "names no host"},
	{"https:///x", "names no host"},
};

static void a_wrong_url_is_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rest *rest = NULL;
		struct err err;

		assert_int_equal(rest_open(bad[i].url, NULL, &rest, &err), -EINVAL);
		assert_non_null(strstr(err.text, bad[i].text));
		assert_null(rest);
	}
	rest_close(NULL);
}

static void why_nobody_answers_is_told(void **state)
{
	struct rest *rest;
	char *body = NULL, url[120];
	struct err err;
	int status = 7;

	(void)state;
	assert_int_equal(rest_open("unix:///nowhere/s", NULL, &rest, &err), 0);
	assert_int_equal(rest_call(rest, "GET", "/", NULL, NULL, 0, &status, &body, NULL, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "vlspd is not running (no /nowhere/s)"));
	rest_close(rest);
	/* a file that nobody listens on */
	snprintf(url, sizeof(url), "unix://%s/old.sock", fake.dir);
	fclose(fopen(url + 7, "w"));
	assert_int_equal(rest_open(url, NULL, &rest, &err), 0);
	assert_int_equal(rest_call(rest, "GET", "/", NULL, NULL, 0, &status, &body, NULL, &err),
			 -ECONNREFUSED);
	assert_non_null(strstr(err.text, "nobody listens on"));
	rest_close(rest);
	unlink(url + 7);
	assert_int_equal(status, 7);
	assert_null(body);
}

static void a_token_stays_on_this_machine_unless_by_tls(void **state)
{
	static const struct rest_trust trust = {.token = "secret", .ca = "/ca", .cert = "/c"};
	static const struct {
		const char *url;
		bool local;
		int r;
	} urls[] = {
		{"http://localhost:1", true, 0},
		{"http://LOCALHOST", true, 0},
		{"http://127.0.0.1:8888/", true, 0},
		{"http://127.9.9.9", true, 0},
		{"http://[::1]:1", true, 0},
		{"http://192.0.2.1:1", false, -EINVAL},
		{"http://127.0.0.1.evil.example", false, -EINVAL},
		{"http://localhost.evil.example", false, -EINVAL},
		{"http://127.0.0.1@evil.example", false, -EINVAL},
		{"http://localhost@evil.example", false, -EINVAL},
		{"http://[::1]@evil.example", false, -EINVAL},
		{"http://127.0.0.1:80@evil.example", false, -EINVAL},
		{"http://localhost\\@evil.example", false, -EINVAL},
		{"https://192.0.2.1:1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct rest *rest = NULL;
		struct err err = {0};
		int r = rest_open(urls[i].url, &trust, &rest, &err);

		if (r != urls[i].r || rest_is_local(urls[i].url) != urls[i].local)
			fail_msg("%s: %d, %d", urls[i].url, r, rest_is_local(urls[i].url));
		if (r < 0)
			assert_non_null(strstr(err.text, "token in clear"));
		rest_close(rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_connection_serves_many_requests),
		cmocka_unit_test(a_stream_comes_line_by_line_until_the_caller_has_enough),
		cmocka_unit_test(a_refused_stream_is_an_error_and_no_line),
		cmocka_unit_test(a_wrong_url_is_refused_with_the_reason),
		cmocka_unit_test(why_nobody_answers_is_told),
		cmocka_unit_test(a_token_stays_on_this_machine_unless_by_tls),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
