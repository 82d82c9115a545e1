/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More clients, and more from them, than there is room for: who gives way, who is still served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon/api/socket.h"

/* As many as there are slots, each with data sent (may be ""). */
static struct client *fill(struct world *w, const char *data, bool tcp, int count)
{
	struct client *c = calloc((size_t)count, sizeof(*c));

	for (int i = 0; i < count; i++) {
		client_open(w, &c[i], tcp);
		client_send(&c[i], data, strlen(data), false);
		client_step(&c[i]);
		loop_once(w->h.loop, 0);
	}
	for (int i = 0; i < 20; i++)
		loop_once(w->h.loop, 0);
	return c;
}

static void empty(struct world *w, struct client *c, int count)
{
	for (int i = 0; i < count; i++)
		client_close(&c[i]);
	for (int i = 0; i < 50; i++)
		loop_once(w->h.loop, 0);
	free(c);
}

static void too_many_connections_are_refused_and_then_taken_again(void **state)
{
	static const char events[] = REQ("GET /events", "");
	static const char get[] = REQ("GET /router/count", "");
	struct world *w = *state;
	struct client *c = fill(w, events, false, HTTP_CONNECTIONS_UNIX);

	assert_int_equal(exchange(w, get, strlen(get), false), 503);
	empty(w, c, HTTP_CONNECTIONS_UNIX);
	assert_int_equal(exchange(w, get, strlen(get), false), 200);
}

static void who_sends_no_request_gives_way_to_who_does(void **state)
{
	static const char *const silent[] = {"", "GET /health HTTP/1.1\r\nX: ",
					     REQ("PUT /topology/", "Content-Length: 99999\r\n")};
	static const char get[] = REQ("GET /router/count", "");
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		struct client *c = fill(w, silent[i], false, HTTP_CONNECTIONS_UNIX);

		assert_int_equal(exchange(w, get, strlen(get), false), 200);
		client_finish(w, &c[0]); /* the oldest one */
		assert_int_equal(status_of(&c[0]), 503);
		client_step(&c[1]);
		assert_false(c[1].over);
		empty(w, c, HTTP_CONNECTIONS_UNIX);
	}
}

#define MANY (HTTP_CLIENT_SHARE(HTTP_CONNECTIONS_TCP) + 32)

static void slots_of_tcp_are_not_those_of_the_socket(void **state)
{
	static const char get[] = REQ("GET /router/count", "");
	static const char events[] = REQ("GET /events", "Authorization: Bearer secret\r\n");
	struct world *w = *state;
	struct client *c = fill(w, events, true, MANY), one;
	int open = 0;

	for (int i = 0; i < MANY; i++) {
		for (int k = 0; k < 3; k++)
			client_step(&c[i]);
		open += !c[i].over;
	}
	assert_int_equal(open, HTTP_CLIENT_SHARE(HTTP_CONNECTIONS_TCP));
	assert_int_equal(exchange(w, get, strlen(get), false), 200);
	client_open(w, &one, true);
	client_send(&one, get, strlen(get), false);
	client_finish(w, &one);
	assert_int_equal(status_of(&one), 503);
	client_close(&one);
	empty(w, c, MANY);
}

/* A body is let grow until the sum of all is at its limit. */
static void bodies_of_all_clients_together_have_a_limit(void **state)
{
	static const size_t size = HTTP_BODY_TOPOLOGY - 1;
	struct world *w = *state;
	char *data = malloc(size + 200);
	struct client c[3];
	int n = snprintf(data, 200, REQ("PUT /topology/", "Content-Length: %zu\r\n"), size);

	memset(data + n, ' ', size);
	for (int i = 0; i < 3; i++) { /* two that stop before their last byte, and one more */
		client_open(w, &c[i], false);
		client_send(&c[i], data, (size_t)n + size - (i < 2), false);
		while (c[i].left) {
			client_step(&c[i]);
			loop_once(w->h.loop, 0);
		}
		for (int k = 0; k < 50; k++)
			loop_once(w->h.loop, 0);
	}
	client_finish(w, &c[2]);
	assert_int_equal(status_of(&c[2]), 503);
	assert_json_error(&c[2]);
	client_close(&c[0]);
	client_send(&c[1], " ", 1, false);
	client_finish(w, &c[1]);
	assert_int_equal(status_of(&c[1]), 422); /* and the others' are what they would be */
	client_close(&c[1]);
	client_close(&c[2]);
	free(data);
}

static void what_is_cut_off_within_its_body_is_in_the_audit(void **state)
{
	static const char big[] = REQ("PUT /topology/", "Content-Length: 99999999\r\n"
							"Expect: 100-continue\r\n");
	static const char cut[] = REQ("PUT /topology/", "Content-Length: 99999\r\n") "routers";
	struct world *w = *state;
	struct client c;

	assert_int_equal(exchange(w, big, strlen(big), false), 413);
	assert_non_null(strstr(w->h.audit, ", PUT /topology/ -> 413 ("));
	client_open(w, &c, false);
	client_send(&c, cut, strlen(cut), false);
	client_step(&c);
	for (int i = 0; i < 20; i++)
		loop_once(w->h.loop, 1);
	client_close(&c);
	for (int i = 0; i < 20; i++)
		loop_once(w->h.loop, 1);
	assert_int_equal(w->h.audits, 2);
	assert_non_null(strstr(w->h.audit, ", PUT /topology/ -> 0 ("));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(too_many_connections_are_refused_and_then_taken_again),
		T(who_sends_no_request_gives_way_to_who_does),
		T(slots_of_tcp_are_not_those_of_the_socket),
		T(bodies_of_all_clients_together_have_a_limit),
		T(what_is_cut_off_within_its_body_is_in_the_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
