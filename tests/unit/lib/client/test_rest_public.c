// SPDX-License-Identifier: GPL-2.0-or-later
/* The REST client as applications have it, against a server of canned answers. */
#include "tests/unit/cli/fake_daemon.h"

#include <errno.h>

#include "include/vlsp/vlsp.h"

static const struct canned rows[] = {
	{"GET /router/", 200, "{\"list\":[]}"},
	{"POST /router/?name=a", 409, "{\"error\":\"there is one\"}"},
	{NULL, 0, NULL},
};

static void a_request_has_a_status_and_a_body(void **state)
{
	struct vlsp_rest *rest;
	char url[120], *body;

	(void)state;
	snprintf(url, sizeof(url), "unix://%s", fake.path);
	/* the daemon is where the variable says */
	setenv("VLSP_URL", url, 1);
	rest = vlsp_rest_open(NULL, NULL);
	assert_non_null(rest);
	assert_int_equal(vlsp_rest_call(rest, "GET", "/router/", NULL, &body), 200);
	assert_string_equal(body, "{\"list\":[]}");
	free(body);
	assert_int_equal(vlsp_rest_call(rest, "POST", "/router/?name=a", "{}", &body), 409);
	assert_string_equal(body, "{\"error\":\"there is one\"}");
	assert_string_equal(fake.body, "{}");
	free(body);
	vlsp_rest_close(rest);
	vlsp_rest_close(NULL);
}

static void without_an_answer_it_says_why(void **state)
{
	struct vlsp_rest *rest;
	char *body;

	(void)state;
	assert_null(vlsp_rest_open("ftp://x", NULL));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(vlsp_rest_error(NULL), "ftp://x"));
	assert_null(vlsp_rest_open("http://192.0.2.1:1", "secret"));
	assert_non_null(strstr(vlsp_rest_error(NULL), "in clear"));
	rest = vlsp_rest_open("unix:///nowhere/vlspd.sock", NULL);
	assert_non_null(rest);
	assert_int_equal(vlsp_rest_call(rest, "GET", "/router/", NULL, &body), -1);
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(vlsp_rest_error(rest), "/nowhere/vlspd.sock"));
	vlsp_rest_close(rest);
}

static void what_is_no_request_is_not_sent(void **state)
{
	static const struct {
		const char *method, *path, *why;
	} rows_wrong[] = {
		{"get", "/router/", "method: 'get' is not one like GET"},
		{"", "/router/", "method: '' is"},
		{"GET /x HTTP/1.1\r\nA: b\r\n\r\nGET", "/router/", "method: 'GET /x"},
		{"GET", "router/", "path: 'router/' does not begin with a slash"},
		{"GET", "", "path: '' does not"},
		{"GET", "/a b", "path: character 0x20 at position 3 is not encoded"},
		{"GET", "/a\r\nB: c", "path: character 0x0d at position 3"},
		{"GET", "/\303\244", "path: character 0xc3 at position 2"},
	};
	struct vlsp_rest *rest;
	char url[120], *body;

	(void)state;
	snprintf(url, sizeof(url), "unix://%s", fake.path);
	rest = vlsp_rest_open(url, NULL);
	assert_non_null(rest);
	for (size_t i = 0; i < sizeof(rows_wrong) / sizeof(rows_wrong[0]); i++) {
		errno = 0;
		assert_int_equal(
			vlsp_rest_call(rest, rows_wrong[i].method, rows_wrong[i].path, NULL, &body),
			-1);
		assert_int_equal(errno, EINVAL);
		assert_non_null(strstr(vlsp_rest_error(rest), rows_wrong[i].why));
	}
	assert_int_equal(vlsp_rest_call(rest, "GET", "/router/", NULL, &body), 200);
	free(body);
	vlsp_rest_close(rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_a_status_and_a_body),
		cmocka_unit_test(without_an_answer_it_says_why),
		cmocka_unit_test(what_is_no_request_is_not_sent),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
