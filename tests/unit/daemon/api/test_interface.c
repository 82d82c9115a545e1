/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of the host over REST: attached, listed, given back, refused with status and field. */
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
	fake_add_device(fake_machine(h->host), "eth0", true);
	fake_add_device(fake_machine(h->host), "eth1", false);
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

#define ETH1                                                                                       \
	"{\"name\":\"wan\",\"host\":\"eth1\",\"mode\":\"move\",\"address\":[\"192.0.2.1/24\","     \
	"\"2001:db8::1/64\"]}"

static void one_is_attached_listed_and_given_back(void **state)
{
	struct harness *h = *state;
	json_t *j;

	j = json_of(h, "POST /router/r1/interface/",
		    "{\"host\": \"eth1\", \"name\": \"wan\", \"address\": "
		    "\"192.0.2.1/24,2001:db8::1/64\", \"force\": false}",
		    201);
	assert_member(j, "success", "true");
	assert_member(j, "address", "[\"192.0.2.1/24\",\"2001:db8::1/64\"]");
	assert_string_equal(text_of(j, "router"), "r1");
	json_decref(j);
	must(h, "POST /router/1/interface?host=eth0&mode=macvlan", 201);
	must(h, "POST /router/r2/interface?host=tap0&mode=tap&owner=alice&force=true", 201);
	j = json_of(h, "GET /router/10.0.0.2/interface/", NULL, 200);
	assert_member(j, "list",
		      "[{\"name\":\"tap0\",\"host\":\"tap0\",\"mode\":\"tap\",\"address\":[],"
		      "\"owner\":\"alice\",\"force\":true}]");
	json_decref(j);
	j = json_of(h, "DELETE /router/r1/interface/eth0", NULL, 200);
	assert_string_equal(text_of(j, "name"), "eth0");
	json_decref(j);
	j = json_of(h, "GET /router/r1", NULL, 200);
	assert_member(j, "interfaces", "[" ETH1 "]");
	json_decref(j);
	must(h, "DELETE /router/r1/interface/wan", 200);
	j = json_of(h, "GET /router/r1", NULL, 200);
	assert_null(json_object_get(j, "interfaces"));
	json_decref(j);
	must(h, "POST /router/r1/interface/?host=eth1&wait=false", 202);
}

static void a_refusal_has_its_status_and_names_the_field(void **state)
{
	static const struct {
		const char *line;
		int status;
		const char *error;
	} rows[] = {
		{"POST /router/r1/interface/", 400, "host: missing"},
		{"POST /router/r1/interface/?host=a+b", 400, "host: 'a b' is not the name"},
		{"POST /router/r1/interface/?host=eth1&mode=steal", 400,
		 "mode: 'steal' is not one of move|macvlan|bridge|tap"},
		{"POST /router/r1/interface/?host=eth1&address=192.0.2.1", 400,
		 "address: '192.0.2.1' is not an address with a length"},
		{"POST /router/r1/interface/?host=eth1&address=10.0.3.3/24", 400,
		 "address: 10.0.3.3/24 lies in the routers' own network"},
		{"POST /router/r1/interface/?host=eth1&owner=alice", 400, "owner: only a TAP"},
		{"POST /router/r1/interface/?host=eth1&force=maybe", 400, "force: 'maybe' is not"},
		{"POST /router/r1/interface/?host=eth1&colour=red", 400,
		 "colour: unknown parameter"},
		{"POST /router/r1/interface/?host=eth1&name=to-r2", 400, "name: a router's own"},
		{"POST /router/r9/interface/?host=eth1", 404, "router: there is no 'r9'"},
		{"POST /router/r1/interface/?host=eth9", 422, "host: there is no interface eth9"},
		{"POST /router/r1/interface/?host=eth0", 409,
		 "host: eth0 carries the default route"},
		{"POST /router/r1/interface/?host=eth0&mode=tap", 409, "host: there is a device"},
		{"DELETE /router/r1/interface/eth1", 404, "interface: router r1 has no 'eth1'"},
		{"DELETE /router/r1/interface/aaaaaaaaaaaaaaaaaaaaaaaaa", 404, "interface: router"},
		{"GET /router/r9/interface/", 404, "router: there is no 'r9'"},
		{"PUT /router/r1/interface/", 405, "PUT is not"},
	};
	struct harness *h = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *j = json_of(h, rows[i].line, NULL, rows[i].status);

		if (rows[i].status != 405 &&
		    strncmp(text_of(j, "error"), rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("%s: %s", rows[i].line, text_of(j, "error"));
		json_decref(j);
	}
}

static void they_are_in_the_topology(void **state)
{
	static const char file[] = "{\"routers\": [{\"name\": \"r1\", \"interfaces\": [{\"host\": "
				   "\"eth1\", \"name\": \"wan\", \"address\": [\"192.0.2.1/24\"]}]"
				   "}], \"links\": []}";
	struct harness *h = *state;
	struct call c = {0};
	json_t *j;

	j = json_of(h, "PUT /topology/", file, 200);
	assert_member(j, "routersChanged", "1");
	json_decref(j);
	j = json_of(h, "PUT /topology/", file, 200);
	assert_member(j, "changed", "false");
	json_decref(j);
	assert_int_equal(request(h, "GET /topology/?format=yaml", NULL, &c), 200);
	assert_non_null(
		memmem(c.body, c.size, "interfaces: [{host: eth1, mode: move, name: wan", 47));
	call_done(&c);
	j = json_of(h, "PUT /topology/",
		    "{\"routers\": [{\"name\": \"r1\", \"interfaces\": [\"eth9\"]}]}", 422);
	assert_string_equal(
		text_of(j, "error"),
		"router r1: interfaces[0]: host: there is no interface eth9 on the host");
	json_decref(j);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_is_attached_listed_and_given_back),
		TEST(a_refusal_has_its_status_and_names_the_field),
		TEST(they_are_in_the_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
