// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp router attach, detach, interfaces: what is asked for, and what people read of the answers.
 */
#include "tests/unit/cli/fake_daemon.h"

#define WAN                                                                                        \
	"{\"name\":\"wan\",\"host\":\"eth1\",\"mode\":\"move\",\"address\":[\"192.0.2.1/24\","     \
	"\"2001:db8::1/64\"]"

static const struct canned rows[] = {
	{"POST /router/gw/interface/?host=eth1&name=wan&address=192.0.2.1%2F24%2C2001%3Adb8%3A%3A1%"
	 "2F64",
	 201, WAN ",\"router\":\"gw\"}"},
	{"POST /router/gw/interface/?host=eth1&name=wan&address=192.0.2.1%2F24%2C2001:db8::1%2F64",
	 201, WAN ",\"router\":\"gw\"}"},
	{"POST /router/gw/interface/?host=tap0&mode=tap&owner=alice&force=true", 201,
	 "{\"name\":\"tap0\",\"host\":\"tap0\",\"mode\":\"tap\",\"address\":[],\"router\":\"gw\"}"},
	{"POST /router/gw/interface/?host=eth0", 409,
	 "{\"error\":\"host: eth0 carries the host's default route\"}"},
	{"DELETE /router/gw/interface/wan", 200, "{\"name\":\"wan\",\"routerID\":1}"},
	{"DELETE /router/gw/interface/a%2Fb", 404, "{\"error\":\"interface: none\"}"},
	{"GET /router/gw/interface/", 200, "{\"type\":\"interface\",\"list\":[" WAN "}]}"},
	{"GET /router/gw", 200,
	 "{\"routerID\":1,\"name\":\"gw\",\"address\":\"10.0.0.1\",\"state\":\"running\","
	 "\"host\":\"x\",\"pid\":1,\"netns\":\"\",\"reachable\":0,\"links\":[],\"linkDetail\":[],"
	 "\"interfaces\":[" WAN "}]}"},
	{NULL, 0, NULL},
};

static void an_interface_is_attached_with_what_is_given(void **state)
{
	(void)state;
	expect("router attach gw eth1 --name wan --address 192.0.2.1/24 --address 2001:db8::1/64",
	       0, "router gw: wan attached (move of eth1), address 192.0.2.1/24, 2001:db8::1/64\n",
	       "");
	expect("router attach gw tap0 --mode tap --owner alice --force", 0,
	       "router gw: tap0 attached (tap of tap0), address -\n", "");
	expect("router attach gw eth0", 1, "", "vlsp: host: eth0 carries the host's default route");
	expect("router attach gw", 2, "", "IFACE");
	expect("router attach gw eth0 --mode steal", 2, "",
	       "--mode: 'steal' is not one of move macvlan bridge tap");
	expect_exactly("router attach gw tap0 --mode tap --owner alice --force -q", "");
}

static void it_is_given_back_by_name(void **state)
{
	(void)state;
	expect("router detach gw wan", 0, "wan: detached\n", "");
	expect("router detach gw a/b", 1, "", "vlsp: interface: none");
}

static void they_are_listed_and_shown(void **state)
{
	(void)state;
	expect_exactly("router interfaces gw",
		       "INTERFACE  MODE  HOST  ADDRESS\n"
		       "wan        move  eth1  192.0.2.1/24, 2001:db8::1/64\n");
	expect("router show gw", 0, "wan        move  eth1  192.0.2.1/24, 2001:db8::1/64\n", "");
	expect("router interfaces gw --json", 0, "\"host\":\"eth1\"", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_attached_with_what_is_given),
		cmocka_unit_test(it_is_given_back_by_name),
		cmocka_unit_test(they_are_listed_and_shown),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
