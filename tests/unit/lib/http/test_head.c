/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The look at a request's head: rows of good and bad ones, and that it never needs more than it
 * is given. */
#include "lib/http/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/http/limits.h"

#define HOST "Host: h\r\n"

struct row {
	const char *head;
	int status; /* 0: good */
	const char *says;
};

static const struct row rows[] = {
	{"GET / HTTP/1.1\r\n" HOST "\r\n", 0, ""},
	{"GET /a?b=c HTTP/1.0\r\n\r\n", 0, ""},
	{"GET / HTTP/1.0\n\n", 0, ""},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 0, ""},
	{"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 0, ""},
	{"PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", 0, ""},
	{"\r\n", 400, "request line"},
	{"GET\r\n\r\n", 400, "request line"},
	{"GET /\r\n\r\n", 400, "request line"},
	{" GET / HTTP/1.1\r\n\r\n", 400, "request line"},
	{"GET  / HTTP/1.1\r\n\r\n", 400, "path"},
	{"G\x01T / HTTP/1.1\r\n\r\n", 400, "request line"},
	{"GET / HTTP/1.1 \r\n\r\n", 400, "request line"},
	{"GET / FTP/1.1\r\n\r\n", 400, "request line"},
	{"GET / HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"},
	{"GET http://h/ HTTP/1.1\r\n" HOST "\r\n", 400, "path"},
	{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400, "path"},
	{"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400, "0x7f"},
	{"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400, "0xc3"},
	{"AVERYVERYLONGMETHOD / HTTP/1.1\r\n" HOST "\r\n", 501, "method"},
	{"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
	{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, "Host"},
	{"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400, "headers"},
	{"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400, "headers"},
	{"GET / HTTP/1.1\r\n" HOST "A : x\r\n\r\n", 400, "headers"},
	{"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400, "folded"},
	{"GET / HTTP/1.1\r\n" HOST "A: x\x01y\r\n\r\n", 400, "control"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, "Content-Length"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400, "Content-Length"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 0x10\r\n\r\n", 400, "Content-Length"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400, "Content-Length"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 9999999999999999999\r\n\r\n", 400,
	 "Content-Length"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "twice"},
	{"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
	 "Transfer-Encoding"},
	{"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501, "Transfer-Encoding"},
	{"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding"},
	{"PUT / HTTP/1.1\r\n" HOST "Expect: miracles\r\n\r\n", 400, "Expect"},
};

static void each_row_is_judged_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct http_head head;
		enum http_head_state s = http_head_check(r->head, strlen(r->head), &head);

		if (s != (r->status ? HTTP_HEAD_BAD : HTTP_HEAD_GOOD) || head.status != r->status)
			fail_msg("row %zu: state %d, status %d: %s", i, s, head.status, head.text);
		if (!strstr(head.text, r->says))
			fail_msg("row %zu: '%s' does not say '%s'", i, head.text, r->says);
	}
}

static void a_beginning_of_a_good_head_wants_more(void **state)
{
	(void)state;
	for (size_t i = 0; rows[i].status == 0; i++)
		for (size_t n = 0; n < strlen(rows[i].head); n++) {
			char *part = malloc(n + 1); /* so that a sanitizer sees reading past n */
			struct http_head head;

			memcpy(part, rows[i].head, n);
			assert_int_equal(http_head_check(part, n, &head), HTTP_HEAD_MORE);
			free(part);
		}
}

static void what_was_said_about_the_body_is_told(void **state)
{
	static const char text[] = "PUT / HTTP/1.1\r\n" HOST "Content-length: 42 \r\n"
				   "expect: 100-Continue\r\n\r\nbody";
	struct http_head head;

	(void)state;
	assert_int_equal(http_head_check(text, strlen(text), &head), HTTP_HEAD_GOOD);
	assert_int_equal(head.length, strlen(text) - 4);
	assert_int_equal(head.body, 42);
	assert_true(head.expect_continue);
	assert_false(head.chunked);
}

static void sizes_are_limited(void **state)
{
	char *text = malloc(4 * HTTP_HEAD_MAX);
	struct http_head head;
	size_t n;

	(void)state;
	memset(text, 'a', 4 * HTTP_HEAD_MAX);
	memcpy(text, "GET /", 5);
	assert_int_equal(http_head_check(text, HTTP_HEAD_MAX - 1, &head), HTTP_HEAD_MORE);
	assert_int_equal(http_head_check(text, HTTP_HEAD_MAX, &head), HTTP_HEAD_BAD);
	assert_int_equal(head.status, 414);
	memcpy(text + HTTP_TARGET_MAX + 5, " HTTP/1.1\r\n", 11);
	assert_int_equal(http_head_check(text, HTTP_HEAD_MAX, &head), HTTP_HEAD_BAD);
	assert_int_equal(head.status, 414);
	n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST "A: ");
	memset(text + n, 'a', HTTP_HEAD_MAX);
	assert_int_equal(http_head_check(text, n + HTTP_HEAD_MAX, &head), HTTP_HEAD_BAD);
	assert_int_equal(head.status, 431);
	n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < HTTP_HEADERS_MAX; i++)
		n += (size_t)sprintf(text + n, "A: b\r\n");
	n += (size_t)sprintf(text + n, "\r\n");
	assert_int_equal(http_head_check(text, n, &head), HTTP_HEAD_BAD);
	assert_int_equal(head.status, 431);
	free(text);
}

static void a_refusal_is_a_whole_answer_in_json(void **state)
{
	char buf[512];
	size_t n = http_head_refusal(400, "path: odd", buf, sizeof(buf));

	(void)state;
	assert_int_equal(n, strlen(buf));
	assert_non_null(strstr(buf, "HTTP/1.1 400 Bad Request\r\n"));
	assert_non_null(strstr(buf, "\r\n\r\n{\"error\": \"path: odd\"}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_judged_as_it_says),
		cmocka_unit_test(a_beginning_of_a_good_head_wants_more),
		cmocka_unit_test(what_was_said_about_the_body_is_told),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(a_refusal_is_a_whole_answer_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
