/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what: roles over the whole route table, credentials, how often; and the audit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/api/api_priv.h"
#include "lib/http/limits.h"
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

/* A route's path with something that exists for each {name}. */
static void path_of(const struct api_route *route, char *path)
{
	static const char *const values[][2] = {{"{r}", "r1"},	 {"{l}", "1"},
						{"{id}", "1"},	 {"{dst}", "r2"},
						{"{i}", "eth1"}, {"{command}", "STATUS"},
						{"{a}", "x"}};
	const char *p = route->path;

	while (*p) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(values); i++)
			if (strncmp(p, values[i][0], strlen(values[i][0])) == 0)
				break;
		if (*p == '{' && i == ARRAY_SIZE(values))
			fail_msg("%s: nothing is known to put into it", route->path);
		if (*p != '{') {
			*path++ = *p++;
			continue;
		}
		path += sprintf(path, "%s", values[i][1]);
		p += strlen(values[i][0]);
	}
	*path = '\0';
}

/* One request to a route as who is in c; the status. */
static int ask(struct harness *h, const struct api_route *route, const char *method,
	       const struct call *who)
{
	struct call c = *who;
	char path[200];
	int status;

	path_of(route, path);
	call_start(h, &c, method, path, "", NULL, 0);
	harness_settle(h, &c);
	status = c.status;
	call_done(&c);
	return status;
}

#define FOR_EACH_ROUTE(t, r)                                                                       \
	for (int t = 0; api_tables[t]; t++)                                                        \
		for (const struct api_route *r = api_tables[t]; r->method; r++)

static const struct call reader_by_socket = {.req.peer = {.uid = 1000, .read_only = true}};
static const struct call reader_by_token = {
	.req.peer = {.kind = HTTP_PEER_TCP, .address = "127.0.0.1:1"},
	.headers = {"Host", "localhost", "Authorization", "Bearer reader"}};
static const struct call reader_by_certificate = {.req.peer = {.kind = HTTP_PEER_TLS,
							       .certified = true,
							       .unit_read_only = true,
							       .address = "192.0.2.1:1",
							       .subject = "looker"}};
static const struct call *const readers[] = {&reader_by_socket, &reader_by_token,
					     &reader_by_certificate};

static void who_may_read_reads_all_and_changes_nothing(void **state)
{
	struct harness *h = *state;
	uint64_t generation;

	two_routers(h);
	must(h, "POST /router/r1/app/?run=x", 201);
	generation = h->model->generation;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		FOR_EACH_ROUTE(t, r)
		{
			bool get = strcmp(r->method, "GET") == 0;
			int status = ask(h, r, r->method, readers[i]);

			if (get ? status != 200 : status != 403)
				fail_msg("%s %s: %d", r->method, r->path, status);
		}
	assert_true(h->model->generation == generation);
	assert_int_equal(h->model->router_count, 2);
}

static void a_refusal_names_the_role(void **state)
{
	struct call c = reader_by_token;

	request(*state, "DELETE /router/r1", NULL, &c);
	assert_int_equal(c.status, 403);
	assert_non_null(strstr(c.body, "role: read-only may GET and HEAD; DELETE needs admin"));
	call_done(&c);
}

/* Nothing that is done to the model or the host by a GET, whoever asks: neither an operation nor a
 * change of anything, also with parameters that a mutation would take. */
static void no_get_changes_state(void **state)
{
	static const struct call admin;
	struct harness *h = *state;
	struct call c = {0};
	uint64_t generation;
	char path[200], line[400];

	two_routers(h);
	generation = h->model->generation;
	FOR_EACH_ROUTE(t, r)
	{
		ask(h, r, "GET", &admin);
		ask(h, r, "HEAD", &admin);
		path_of(r, path);
		snprintf(line, sizeof(line), "GET %s?name=x&router1=r1&router2=r2&weight=9", path);
		request(h, line, "{\"state\": \"down\"}", &c);
		call_done(&c);
	}
	assert_true(h->model->generation == generation);
	json_t *j = json_of(h, "GET /operation/", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(j, "list")), 3); /* of two_routers() */
	json_decref(j);
}

static void strangers_are_refused_on_every_route(void **state)
{
	static const struct call strangers[] = {
		{.req.peer = {.uid = 65534, .stranger = true}},
		{.req.peer = {.uid = 65534, .stranger = true, .read_only = true}},
		{.req.peer = {.kind = HTTP_PEER_TCP}, .headers = {"Host", "localhost"}},
		{.req.peer = {.kind = HTTP_PEER_TCP},
		 .headers = {"Host", "localhost", "Authorization", "Bearer readers"}},
		{.req.peer = {.kind = HTTP_PEER_TLS, .local = "192.0.2.9"},
		 .headers = {"Host", "192.0.2.9"}},
		{.req.peer = {.kind = HTTP_PEER_TLS, .local = "192.0.2.9"},
		 .headers = {"Host", "elsewhere", "Authorization", "Bearer secret"}},
		{.req.peer = {.kind = HTTP_PEER_TLS, .certified = true, .subject = "somebody"}},
	};
	static const int status[] = {403, 403, 401, 401, 401, 403, 403};
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};
	struct harness *h = *state;
	uint64_t generation;

	two_routers(h);
	generation = h->model->generation;
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
		FOR_EACH_ROUTE(t, r)
	for (size_t m = 0; m < ARRAY_SIZE(methods); m++)
		if (ask(h, r, methods[m], &strangers[i]) != status[i])
			fail_msg("row %zu: %s %s is not refused by %d", i, methods[m], r->path,
				 status[i]);
	assert_true(h->model->generation == generation);
}

static void a_certificate_of_an_admin_may_do_all(void **state)
{
	struct call c = {.req.peer = {.kind = HTTP_PEER_TLS,
				      .certified = true,
				      .unit_admin = true,
				      .address = "192.0.2.1:99",
				      .subject = "alice"}};
	struct harness *h = *state;

	request(h, "POST /router/?name=r1", NULL, &c);
	assert_int_equal(c.status, 201);
	assert_non_null(
		strstr(h->audit, "who=alice certificate from=192.0.2.1:99 role=admin, POST"));
	call_done(&c);
}

static void each_mutation_is_one_line_of_the_audit(void **state)
{
	struct harness *h = *state;
	struct call c = {.req.peer = {.uid = 1000, .gid = 100, .pid = 4711, .user = "alice"}};

	request(h, "POST /router/?name=r1", NULL, &c);
	assert_int_equal(c.status, 201);
	assert_int_equal(h->audits, 1);
	assert_non_null(strstr(h->audit, "who=alice uid=1000 gid=100 pid=4711 role=admin, POST "
					 "/router/?name=r1 -> 201 ("));
	assert_non_null(strstr(h->audit, " ms) op 1"));
	call_done(&c);
	must(h, "GET /router/", 200);
	assert_int_equal(h->audits, 1);
	must(h, "POST /router/?name=r1", 409);
	assert_non_null(strstr(h->audit, "-> 409 ("));
	must(h, "PATCH /router/", 405);
	assert_non_null(strstr(h->audit, "PATCH /router/ -> 405 ("));
	must(h, "DELETE /nothing", 404);
	assert_non_null(strstr(h->audit, "DELETE /nothing -> 404 ("));
	must(h, "POST /router/?wait=false", 202);
	assert_non_null(strstr(h->audit, "-> 202 ("));
	assert_non_null(strstr(h->audit, " ms) op "));
	assert_int_equal(h->audits, 5);
	c = reader_by_token;
	request(h, "DELETE /router/r1", NULL, &c);
	assert_non_null(
		strstr(h->audit, "who=127.0.0.1:1 role=read-only, DELETE /router/r1 -> 403"));
	call_done(&c);
}

static void a_line_cannot_be_made_to_look_like_two(void **state)
{
	struct harness *h = *state;
	struct call c = {.req.peer = {.kind = HTTP_PEER_TLS,
				      .certified = true,
				      .address = "192.0.2.1:9",
				      .subject = "x role=admin, POST / -> 200\naudit:"}};
	char longer[3000] = "/router/";

	call_start(h, &c, "PO\nST", "/a b\r\nwho=root", "q=\x1b[31m\xff", NULL, 0);
	assert_int_equal(c.status, 403);
	assert_null(strpbrk(h->audit, "\r\n\x1b\xff"));
	assert_non_null(strstr(h->audit, "who=x_role_admin__POST_/_->_200_audit: certificate "
					 "from=192.0.2.1:9 role=none, PO%0AST "
					 "/a%20b%0D%0Awho=root?q=%1B[31m%FF -> 403 ("));
	call_done(&c);
	memset(longer + 8, 'x', sizeof(longer) - 9);
	call_start(h, &c, "POST", longer, "", NULL, 0);
	assert_true(strlen(h->audit) < 600);
	assert_non_null(strstr(h->audit, "xxx... -> 405 ("));
	call_done(&c);
}

static void one_clients_flood_is_not_anothers(void **state)
{
	struct harness *h = *state;
	struct call c = {0};
	int refused = 0;

	for (int i = 0; i < 4 * HTTP_RATE_BURST && refused < 10; i++) {
		c = reader_by_token;
		request(h, "GET /command/STATUS", NULL, &c);
		if (c.status == 429) {
			assert_string_equal(c.extra, "Retry-After: 1");
			refused++;
		}
		call_done(&c);
	}
	assert_int_equal(refused, 10);
	c = (struct call){.req.peer = reader_by_token.req.peer,
			  .headers = {"Host", "localhost", "Authorization", "Bearer secret"}};
	request(h, "GET /command/STATUS", NULL, &c);
	assert_int_equal(c.status, 200);
	call_done(&c);
	must(h, "GET /command/STATUS", 200);
}

static void a_strangers_flood_does_not_fill_the_log(void **state)
{
	struct harness *h = *state;
	struct call c;

	for (int i = 0; i < 2000; i++) {
		c = (struct call){.req.peer = {.kind = HTTP_PEER_TCP, .address = "127.0.0.1:1"},
				  .headers = {"Host", "localhost"}};
		request(h, "POST /router/", NULL, &c);
		assert_int_equal(c.status, 401);
		call_done(&c);
	}
	assert_true(h->audits < 1000);
	must(h, "POST /router/", 201);
	assert_non_null(strstr(h->audit, "uid=0 "));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_may_read_reads_all_and_changes_nothing),
		T(a_refusal_names_the_role),
		T(no_get_changes_state),
		T(strangers_are_refused_on_every_route),
		T(a_certificate_of_an_admin_may_do_all),
		T(each_mutation_is_one_line_of_the_audit),
		T(a_line_cannot_be_made_to_look_like_two),
		T(one_clients_flood_is_not_anothers),
		T(a_strangers_flood_does_not_fill_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
