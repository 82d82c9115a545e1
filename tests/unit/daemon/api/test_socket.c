/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API over real sockets: whole and broken HTTP, limits of a request, many clients at once,
 * server-sent events, clients that leave, the end of the server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon/api/socket.h"

static void a_request_is_answered_over_the_socket(void **state)
{
	struct world *w = *state;
	static const char post[] = REQ("POST /router/?name=r1", "");
	static const char json[] = REQ("POST /router/",
				       "Content-Type: application/json\r\n"
				       "Content-Length: 13\r\n") "{\"name\":\"r2\"}";
	static const char chunked[] = REQ(
		"POST /router/",
		"Transfer-Encoding: chunked\r\n") "6\r\n{\"name\r\n7\r\n\":\"r3\"}\r\n0\r\n\r\n";

	assert_int_equal(exchange(w, post, strlen(post), false), 201);
	assert_int_equal(exchange(w, json, strlen(json), false), 201);
	assert_int_equal(exchange(w, chunked, strlen(chunked), false), 201);
	assert_int_equal(exchange(w, post, strlen(post), true), 409); /* half closed: the same */
	assert_int_equal(w->h.model->router_count, 3);
}

static void the_socket_is_for_owner_and_group_only(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void whatever_is_malformed_is_answered_in_json(void **state)
{
	static const struct {
		const char *data;
		int status;
	} rows[] = {
		{"\r\n", 400},
		{"\x01\x02\x03\r\n\r\n", 400},
		{"GET /health\r\n\r\n", 400},
		{"GET / HTTP/9.9\r\n\r\n", 505},
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET /rou", 400},
		{"GET / HTTP/1.1\r\nHost: x\r\n", 400},
		{REQ("GET /router/%zz", ""), 400},
		{REQ("BREW /router/", ""), 405},
		{REQ("GET /nothing", ""), 404},
		{REQ("POST /router/", "Content-Length: 9\r\n") "abc", 400},
		{REQ("POST /router/", "Content-Length: 99999\r\n") "abc", 400},
		{REQ("PUT /topology/", "Content-Length: 9999999\r\n") "abc", 400},
		{REQ("POST /router/", "Content-Length: nine\r\n") "abc", 400},
		{REQ("POST /router/", "Transfer-Encoding: chunked\r\n") "5\r\nab", 400},
		{REQ("POST /router/", "Content-Length: 9999999\r\n") "abc", 400},
		{REQ("POST /router/", "Content-Length: 2\r\n") "{]", 400},
		{REQ("PUT /topology/", "Content-Length: 1\r\n") "[", 422},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int status = exchange(w, rows[i].data, strlen(rows[i].data), true);

		if (status != rows[i].status)
			fail_msg("row %zu: %d, not %d", i, status, rows[i].status);
	}
	assert_int_equal(w->h.model->router_count, 0);
}

static void a_body_that_is_cut_later_is_answered_too(void **state)
{
	static const char head[] = REQ("PUT /topology/", "Content-Length: 9999999\r\n") "routers";
	struct world *w = *state;
	struct client c;

	client_open(w, &c, false);
	client_send(&c, head, strlen(head), false);
	for (int i = 0; i < 20; i++) {
		client_step(&c);
		loop_once(w->h.loop, 1);
	}
	assert_false(c.over);
	c.half = true;
	client_finish(w, &c);
	assert_int_equal(status_of(&c), 400);
	assert_json_error(&c);
	client_close(&c);
}

/* A request with a body of size spaces. */
static int send_big(struct world *w, const char *line, size_t size)
{
	char *data = malloc(size + 200);
	int n = snprintf(data, 200, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", line,
			 size);
	int status;

	memset(data + n, ' ', size);
	status = exchange(w, data, (size_t)n + size, false);
	free(data);
	return status;
}

static void bodies_have_limits_by_path(void **state)
{
	struct world *w = *state;

	assert_int_equal(send_big(w, "POST /router/", HTTP_BODY_MAX), 201);
	assert_int_equal(send_big(w, "POST /router/", HTTP_BODY_MAX + 1), 413);
	assert_int_equal(send_big(w, "PUT /topology/", HTTP_BODY_MAX + 1), 422);
	assert_int_equal(send_big(w, "PUT /topology/", HTTP_BODY_TOPOLOGY + 1), 413);
}

static void who_asks_before_sending_is_told_at_once(void **state)
{
	static const char big[] = REQ("PUT /topology/",
				      "Content-Length: 99999999\r\nExpect: 100-continue\r\n");
	static const char small[] = REQ("POST /router/",
					"Content-Length: 6\r\nExpect: 100-continue\r\n");
	struct world *w = *state;
	struct client c;

	assert_int_equal(exchange(w, big, strlen(big), false), 413);
	client_open(w, &c, false);
	client_send(&c, small, strlen(small), false);
	client_await(w, &c, "HTTP/1.1 100 ");
	client_send(&c, "name=x", 6, false);
	client_await(w, &c, "HTTP/1.1 201 ");
	client_finish(w, &c);
	client_close(&c);
}

static void tcp_needs_the_token(void **state)
{
	static const char without[] = REQ("GET /router/count", "");
	static const char with[] = REQ("GET /router/count", "Authorization: Bearer secret\r\n");
	static const char post[] = REQ("POST /router/", "Content-Length: 6\r\n") "name=x";
	static const struct {
		const char *data;
		int status;
	} rows[] = {{without, 401}, {with, 200}, {post, 401}};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client c;

		client_open(w, &c, true);
		client_send(&c, rows[i].data, strlen(rows[i].data), false);
		client_finish(w, &c);
		assert_int_equal(status_of(&c), rows[i].status);
		client_close(&c);
	}
	assert_int_equal(w->h.model->router_count, 0);
}

static void many_clients_at_once_each_get_their_answer(void **state)
{
	struct world *w = *state;
	struct client c[100];
	char text[100][96];
	int open = ARRAY_SIZE(c), rounds = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		snprintf(text[i], sizeof(text[i]), REQ("POST /router/?name=r%zu", ""), i);
		client_open(w, &c[i], false);
		client_send(&c[i], text[i], strlen(text[i]), false);
	}
	while (open && rounds++ < ROUNDS) {
		loop_once(w->h.loop, 1);
		for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
			if (c[i].over)
				continue;
			client_step(&c[i]);
			open -= c[i].over;
		}
	}
	assert_int_equal(open, 0);
	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		snprintf(text[i], sizeof(text[i]), "\"name\":\"r%zu\"", i);
		assert_int_equal(status_of(&c[i]), 201);
		assert_non_null(strstr(c[i].answer, text[i]));
		client_close(&c[i]);
	}
	assert_int_equal(w->h.model->router_count, 100);
}

static void a_client_that_leaves_before_its_answer_harms_nobody(void **state)
{
	static const char post[] = REQ("POST /router/", "");
	static const char get[] = REQ("GET /router/count", "");
	struct world *w = *state;
	struct client c;

	for (int rounds = 0; rounds < 6; rounds++) {
		client_open(w, &c, false);
		client_send(&c, post, strlen(post), false);
		client_step(&c);
		for (int i = 0; i < rounds; i++)
			loop_once(w->h.loop, 0);
		client_close(&c);
		for (int i = 0; i < 20; i++)
			loop_once(w->h.loop, 1);
	}
	assert_int_equal(exchange(w, get, strlen(get), false), 200);
}

static void events_are_streamed_and_resumed(void **state)
{
	static const char events[] = REQ("GET /events", "");
	static const char resume[] = REQ("GET /events", "Last-Event-ID: 1\r\n");
	static const char post[] = REQ("POST /router/?name=r1", "");
	struct world *w = *state;
	struct client c, again;

	client_open(w, &c, false);
	client_send(&c, events, strlen(events), false);
	client_await(w, &c, ": vlsp events\n");
	assert_non_null(strstr(c.answer, "Content-Type: text/event-stream"));
	assert_int_equal(exchange(w, post, strlen(post), false), 201);
	client_await(w, &c, "\"state\":\"done\"");
	assert_non_null(strstr(c.answer, "id: 1\nevent: "));
	client_close(&c);
	client_open(w, &again, false);
	client_send(&again, resume, strlen(resume), false);
	client_await(w, &again, "\"state\":\"done\"");
	assert_null(strstr(again.answer, "id: 1\n"));
	assert_non_null(strstr(again.answer, "id: 2\n"));
	client_close(&again);
}

static void a_stream_that_is_not_read_ends_with_lost(void **state)
{
	static const char events[] = REQ("GET /events", "");
	struct world *w = *state;
	struct client c;

	client_open(w, &c, false);
	client_send(&c, events, strlen(events), false);
	client_await(w, &c, ": vlsp events\n");
	for (int i = 0; i < 2000; i++) { /* each makes some events; nobody reads */
		struct call call = {0};

		call_start(&w->h, &call, "POST", "/router/", "", NULL, 0);
		harness_settle(&w->h, &call);
		assert_int_equal(call.status, 201);
		call_done(&call);
	}
	client_finish(w, &c); /* now it reads: to the end that the server has put */
	assert_non_null(strstr(c.answer, "event: lost\n"));
	client_close(&c);
}

static void all_that_is_kept_can_be_resumed(void **state)
{
	static const char resume[] = REQ("GET /events", "Last-Event-ID: 0\r\n");
	struct world *w = *state;
	struct client c;

	for (int i = 0; i < 1000; i++) {
		struct call call = {0};

		call_start(&w->h, &call, "POST", "/router/", "", NULL, 0);
		harness_settle(&w->h, &call);
		call_done(&call);
	}
	client_open(w, &c, false);
	client_send(&c, resume, strlen(resume), false);
	client_await(w, &c, "\"name\":\"Router-1000\"");
	assert_true(c.size > HTTP_STREAM_QUEUE_MAX);
	assert_non_null(strstr(c.answer, "id: 1\n"));
	assert_null(strstr(c.answer, "event: lost"));
	client_close(&c);
}

static void the_end_of_the_server_ends_streams_and_waiting_requests(void **state)
{
	static const char events[] = REQ("GET /events", "");
	static const char post[] = REQ("POST /router/", "");
	struct world *w = *state;
	struct client stream, waiting;

	client_open(w, &stream, false);
	client_send(&stream, events, strlen(events), false);
	client_await(w, &stream, ": vlsp events\n");
	client_open(w, &waiting, false);
	client_send(&waiting, post, strlen(post), false);
	while (w->h.model->router_count == 0) { /* taken, not answered */
		client_step(&waiting);
		assert_true(loop_once(w->h.loop, 1000) >= 0);
	}
	world_end(w);
	for (int i = 0; i < 10; i++) {
		client_step(&stream);
		client_step(&waiting);
	}
	assert_true(stream.over);
	assert_true(waiting.over);
	assert_true(status_of(&waiting) == 503 || status_of(&waiting) == 201);
	client_close(&stream);
	client_close(&waiting);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered_over_the_socket),
		T(the_socket_is_for_owner_and_group_only),
		T(whatever_is_malformed_is_answered_in_json),
		T(a_body_that_is_cut_later_is_answered_too),
		T(bodies_have_limits_by_path),
		T(who_asks_before_sending_is_told_at_once),
		T(tcp_needs_the_token),
		T(many_clients_at_once_each_get_their_answer),
		T(a_client_that_leaves_before_its_answer_harms_nobody),
		T(events_are_streamed_and_resumed),
		T(a_stream_that_is_not_read_ends_with_lost),
		T(all_that_is_kept_can_be_resumed),
		T(the_end_of_the_server_ends_streams_and_waiting_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
