// SPDX-License-Identifier: GPL-2.0-or-later
/* The safety catch, judged by made-up hosts: what is refused, with which words, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/host/local_iface.h"
#include "lib/base/cleanup.h"

static struct nlk_iface devices[] = {
	{.index = 1, .name = "lo", .loopback = true},
	{.index = 2, .name = "eth0"},
	{.index = 3, .name = "eth1"},
	{.index = 4, .name = "eth2", .master = 6},
	{.index = 5, .name = "eth3"},
	{.index = 6, .name = "br0", .kind = "bridge"},
	{.index = 7, .name = "eth3.10", .kind = "vlan", .lower = 5},
	{.index = 8, .name = "vlsp0", .kind = "veth", .alias = "vlsp:default=bridge:br0"},
	{.index = 9, .name = "eth6"},
	{.index = 10, .name = "bond1", .kind = "bond"},
	{.index = 11, .name = "eth8", .master = 99}, /* whose master went in between */
};
static struct nlk_default routes[] = {
	{.index = 2, .table = 254, .version = 4, .gateway = "192.0.2.254"},
	{.index = 9, .table = 100, .version = 6},
};
static const struct local_survey home = {.ifaces = devices,
					 .iface_count = ARRAY_SIZE(devices),
					 .routes = routes,
					 .route_count = ARRAY_SIZE(routes)};

static int judge(const char *host, enum topo_iface_mode mode, bool force, struct err *err)
{
	struct topo_iface iface = {.mode = mode, .force = force};

	snprintf(iface.host, sizeof(iface.host), "%s", host);
	*err = (struct err){0};
	return local_iface_judge(&home, &iface, err);
}

static void what_the_host_needs_is_not_moved(void **state)
{
	static const struct {
		const char *host;
		int code;
		bool forced; /* it can be had by force */
		const char *says;
	} rows[] = {
		{"eth0", EBUSY, true,
		 "host: eth0 carries the host's default route (IPv4, via 192.0.2.254, table 254)"},
		{"eth6", EBUSY, true,
		 "host: eth6 carries the host's default route (IPv6, table 100)"},
		{"eth2", EBUSY, true, "host: eth2 is a port of br0"},
		{"eth8", EBUSY, true, "host: eth8 is a port of another device"},
		{"br0", EBUSY, true, "host: br0 has ports: eth2"},
		{"eth3", EBUSY, true, "host: eth3 is in use by eth3.10, which is made of it"},
		{"lo", EINVAL, false, "host: lo is the host's own loopback"},
		{"vlsp0", EBUSY, false, "host: vlsp0 was made by vlspd itself"},
		{"eth9", ENODEV, false, "host: there is no interface eth9"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(judge(rows[i].host, TOPO_IFACE_MOVE, false, &err), -rows[i].code);
		if (strncmp(err.text, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(strstr(err.text, "give force") != NULL, rows[i].forced);
		assert_int_equal(judge(rows[i].host, TOPO_IFACE_MOVE, true, &err) == 0,
				 rows[i].forced);
	}
}

static void what_it_does_not_need_is(void **state)
{
	static const char *const hosts[] = {"eth1", "eth3.10", "bond1"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_int_equal(judge(hosts[i], TOPO_IFACE_MOVE, false, &err), 0);
}

static void what_is_shared_is_not_taken_away(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(judge("eth0", TOPO_IFACE_MACVLAN, false, &err), 0);
	assert_int_equal(judge("eth3", TOPO_IFACE_MACVLAN, false, &err), 0);
	assert_int_equal(judge("eth2", TOPO_IFACE_MACVLAN, false, &err), -EBUSY);
	assert_int_equal(judge("lo", TOPO_IFACE_MACVLAN, true, &err), -EINVAL);
	assert_int_equal(judge("br0", TOPO_IFACE_BRIDGE, false, &err), 0);
	assert_int_equal(judge("eth1", TOPO_IFACE_BRIDGE, false, &err), -EINVAL);
	assert_string_equal(err.text,
			    "host: eth1 is no bridge; mode bridge connects a router to one");
	assert_int_equal(judge("eth1", TOPO_IFACE_TAP, true, &err), -EEXIST);
}

static void tags_are_told_from_those_of_others(void **state)
{
	char tag[LOCAL_IFACE_TAG_SIZE];

	(void)state;
	local_iface_tag(tag, "lab-1", TOPO_IFACE_TAP, "tap0");
	assert_string_equal(tag, "vlsp:lab-1=tap:tap0");
	assert_true(local_iface_tagged("lab-1", tag));
	assert_false(local_iface_tagged("lab", tag));
	assert_false(local_iface_tagged("lab-1", "vlsp:lab-1:r1-r2"));
	assert_false(local_iface_tagged("lab-1", "vlsp:lab-1/r1"));
	assert_false(local_iface_tagged("lab-1", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_host_needs_is_not_moved),
		cmocka_unit_test(what_it_does_not_need_is),
		cmocka_unit_test(what_is_shared_is_not_taken_away),
		cmocka_unit_test(tags_are_told_from_those_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
