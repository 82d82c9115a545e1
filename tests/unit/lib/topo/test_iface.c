// SPDX-License-Identifier: GPL-2.0-or-later
/* Attached interfaces: in files of each format, as text, in lists; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "tests/unit/lib/topo/same.h"

static const char sample[] =
	"routers:\n"
	"  - {name: gw, interfaces: [{host: eth1, name: wan, address: [192.0.2.1/24, "
	"\"2001:db8::1/64\"], force: true}, {host: eth2, mode: macvlan, address: "
	"198.51.100.1/24}]}\n"
	"  - {name: r2, interfaces: [eth3, {host: br0, mode: bridge, name: lan}, {host: tap0, "
	"mode: "
	"tap, owner: alice}]}\n"
	"  - {name: r3, interfaces: [{host: br0, mode: bridge, name: br-lan.5}, {host: eth2, mode: "
	"macvlan}]}\n"
	"  - {name: r4, interfaces: []}\n";

static struct topo_doc *doc_of(const char *text, size_t size)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, size, "net", &doc, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	return doc;
}

static void each_format_carries_them(void **state)
{
	static const enum topo_format formats[] = {TOPO_FORMAT_YAML, TOPO_FORMAT_JSON,
						   TOPO_FORMAT_GRAPHML};
	struct topo_doc *doc = doc_of(sample, strlen(sample)), *back;
	const struct topo_iface *iface;
	size_t size;
	char *text;

	(void)state;
	assert_int_equal(topo_ifaces_count(doc->routers[0].interfaces), 2);
	iface = &doc->routers[0].interfaces->list[0];
	assert_string_equal(iface->host, "eth1");
	assert_string_equal(iface->name, "wan");
	assert_int_equal(iface->mode, TOPO_IFACE_MOVE);
	assert_int_equal(iface->address_count, 2);
	assert_true(iface->force);
	iface = &doc->routers[1].interfaces->list[0];
	assert_string_equal(iface->name, "eth3"); /* as on the host */
	assert_null(doc->routers[3].interfaces);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		assert_int_equal(topo_write(doc, formats[i], &text, &size), 0);
		back = doc_of(text, size);
		if (doc_difference(doc, back))
			fail_msg("%s: %s", doc_difference(doc, back), text);
		topo_doc_free(back);
		free(text);
	}
	assert_int_equal(topo_write(doc, TOPO_FORMAT_YAML, &text, &size), 0);
	assert_non_null(
		strstr(text, "interfaces: [{host: eth1, mode: move, name: wan, address: "
			     "[\"192.0.2.1/24\", \"2001:db8::1/64\"], force: true}, {host: eth2,"));
	free(text);
	topo_doc_free(doc);
}

static void a_text_is_read_back(void **state)
{
	struct topo_doc *doc = doc_of(sample, strlen(sample));
	struct topo_ifaces *back = NULL;
	struct err err;
	char *text;

	(void)state;
	for (size_t i = 0; i < doc->router_count; i++) {
		text = topo_ifaces_text(doc->routers[i].interfaces);
		assert_non_null(text);
		assert_int_equal(topo_ifaces_parse(text, &back, &err), 0);
		assert_true(topo_ifaces_equal(back, doc->routers[i].interfaces));
		topo_ifaces_unref(back);
		back = NULL;
		free(text);
	}
	assert_int_equal(topo_ifaces_parse("host=eth1 colour=red", &back, &err), -EINVAL);
	assert_string_equal(err.text, "interfaces[0]: colour: is nothing that an interface has");
	assert_int_equal(topo_ifaces_parse("host=eth1;eth2", &back, &err), -EINVAL);
	assert_int_equal(topo_ifaces_parse("host=eth1;host=eth1", &back, &err), -EINVAL);
	topo_doc_free(doc);
}

static void lists_are_made_from_lists(void **state)
{
	struct topo_iface one = {.host = "eth1", .name = "a"}, two = {.host = "eth2", .name = "b"};
	struct topo_ifaces *x, *xy, *yx, *y, *none;

	(void)state;
	assert_int_equal(topo_ifaces_with(NULL, &one, &x), 0);
	assert_int_equal(topo_ifaces_with(x, &two, &xy), 0);
	assert_int_equal(topo_ifaces_without(xy, topo_ifaces_find(xy, "a"), &y), 0);
	assert_int_equal(topo_ifaces_with(y, &one, &yx), 0);
	assert_int_equal(topo_ifaces_without(y, topo_ifaces_find(y, "b"), &none), 0);
	assert_null(none);
	assert_true(topo_ifaces_equal(xy, yx)); /* in any order */
	assert_false(topo_ifaces_equal(x, y));
	assert_false(topo_ifaces_equal(x, NULL));
	assert_true(topo_ifaces_equal(NULL, NULL));
	assert_ptr_equal(topo_ifaces_find(xy, "eth2"), topo_ifaces_find(xy, "b"));
	assert_null(topo_ifaces_find(xy, "c"));
	topo_ifaces_unref(topo_ifaces_ref(x));
	assert_int_equal(x->refs, 1);
	topo_ifaces_unref(x);
	topo_ifaces_unref(xy);
	topo_ifaces_unref(yx);
	topo_ifaces_unref(y);
	topo_ifaces_unref(NULL);
}

#define ONE(fields) "routers:\n  - {name: r1, interfaces: [{" fields "}]}\n"
#define PLACE	    "net:2: routers[0].interfaces[0]."
#define TWO(x, y)                                                                                  \
	"routers:\n  - {name: r1, interfaces: [{" x "}]}\n  - {name: r2, interfaces: [{" y "}]}\n"

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const char *const rows[][2] = {
		{ONE("mode: move"), PLACE "host: is missing"},
		{ONE("host: eth1, mode: steal"),
		 PLACE "mode: 'steal' is not one of move, macvlan, bridge, tap"},
		{ONE("host: \"\""), PLACE "host: is empty"},
		{ONE("host: \"a b\""), PLACE "host: 'a b' is not the name of a device"},
		{ONE("host: a/b"), PLACE "host: 'a/b' is not the name of a device"},
		{ONE("host: \"..\""), PLACE "host: '..' is not the name of a device"},
		{ONE("host: abcdefghijklmnop"),
		 PLACE "host: 'abcdefghijklmnop' is longer than 15 characters"},
		{ONE("host: eth1, name: to-r2"), PLACE "name: a router's own devices are called"},
		{ONE("host: eth1, name: lo"), PLACE "name: a router's own devices are called"},
		{ONE("host: eth1, address: 192.0.2.1"),
		 PLACE "address: '192.0.2.1' is not an address with a length"},
		{ONE("host: eth1, address: [192.0.2.1/24, x]"),
		 PLACE "address[1]: 'x' is not an address with a length"},
		{ONE("host: eth1, address: 192.0.2.0/24"),
		 PLACE "address: 192.0.2.0/24 is its network's own address"},
		{ONE("host: eth1, address: [192.0.2.1/24, 192.0.2.1/25]"),
		 PLACE "address[1]: 192.0.2.1/25 is given twice"},
		{ONE("host: eth1, address: 10.0.5.1/24"),
		 PLACE "address: 10.0.5.1/24 lies in the routers' own network, 10.0.0.0/16"},
		{ONE("host: eth1, owner: alice"), PLACE "owner: only a TAP device has one"},
		{ONE("host: tap0, mode: tap, owner: \"a b\""), PLACE "owner: 'a b' is not"},
		{ONE("host: eth1, force: 1"), PLACE "force: expected true or false"},
		{ONE("host: eth1, modus: tap"),
		 PLACE "modus: unknown field (did you mean 'mode'?)"},
		{ONE("host: eth1}, {host: eth2, name: eth1"),
		 "net:2: routers[0].interfaces[1].name: eth1 is interfaces[0]'s too"},
		{TWO("host: eth1", "host: eth1, name: b"),
		 "net:3: routers[1].interfaces[0].host: eth1 is attached to routers[0] (r1) "
		 "already"},
		{TWO("host: eth1, mode: macvlan", "host: eth1"),
		 "net:3: routers[1].interfaces[0].host: eth1 is attached to routers[0] (r1) "
		 "already"},
		{TWO("host: t, mode: tap", "host: t, mode: tap"),
		 "net:3: routers[1].interfaces[0].host: t is attached to routers[0] (r1) already"},
		{"routers:\n  - {name: r1, interfaces: eth1}\n",
		 "net:2: routers[0].interfaces: expected a list"},
		{"routers:\n  - {name: r1, interfaces: [[]]}\n",
		 "net:2: routers[0].interfaces[0]: expected a text"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc;
		struct err err = {0};

		if (topo_read(rows[i][0], strlen(rows[i][0]), "net", &doc, &err) != -EINVAL)
			fail_msg("row %zu was taken: %s", i, rows[i][0]);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("row %zu: got:      %s\n         expected: %s", i, err.text,
				 rows[i][1]);
	}
}

static void a_router_has_no_more_than_sixteen(void **state)
{
	char text[1024] = "routers: [{name: r1, interfaces: [";
	struct topo_doc *doc;
	struct err err;

	(void)state;
	for (int i = 0; i <= TOPO_IFACES_MAX; i++)
		sprintf(text + strlen(text), "%seth%d", i ? ", " : "", i);
	strcat(text, "]}]");
	assert_int_equal(topo_read(text, strlen(text), "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:1: routers[0].interfaces: 17 are more than 16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_carries_them),
		cmocka_unit_test(a_text_is_read_back),
		cmocka_unit_test(lists_are_made_from_lists),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(a_router_has_no_more_than_sixteen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
