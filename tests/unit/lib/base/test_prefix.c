// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses with prefix lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/prefix.h"

static void what_is_read_is_written_back(void **state)
{
	static const char *const texts[] = {"192.0.2.1/24",   "10.0.0.0/8", "1.2.3.4/32",
					    "2001:db8::1/64", "::1/128",    "fe80::/10",
					    "0.0.0.0/0"};
	char buf[PREFIX_TEXT_SIZE];
	struct prefix prefix;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(prefix_text_parse(texts[i], &prefix), 0);
		assert_string_equal(prefix_text_format(&prefix, buf), texts[i]);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"",	      "192.0.2.1",   "192.0.2.1/",     "192.0.2.1/33",
		"192.0.2/24", "2001:db8::1", "2001:db8::/129", "1.2.3.4/024",
		"1.2.3.4/-1", "1.2.3.4/2 ",  " 1.2.3.4/2",     "/24",
		"a.b.c.d/24", "1.2.3.4/0x8", "1.2.3.4/1000"};
	struct prefix prefix = {.version = 9};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(prefix_text_parse(texts[i], &prefix), -22);
	assert_int_equal(prefix.version, 9);
}

static void overlap_is_of_networks(void **state)
{
	static const struct {
		const char *x, *y;
		bool overlap;
	} rows[] = {
		{"10.0.3.4/16", "10.0.0.0/16", true},
		{"10.1.0.1/16", "10.0.0.0/16", false},
		{"10.0.0.0/8", "10.200.0.1/30", true},
		{"0.0.0.0/0", "192.0.2.1/32", true},
		{"10.0.0.128/25", "10.0.0.1/25", false},
		{"2001:db8::1/64", "2001:db8::/32", true},
		{"2001:db9::1/64", "2001:db8::/32", false},
		{"::/0", "0.0.0.0/0", false},
	};
	struct prefix x, y;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(prefix_text_parse(rows[i].x, &x), 0);
		assert_int_equal(prefix_text_parse(rows[i].y, &y), 0);
		assert_int_equal(prefix_overlap(&x, &y), rows[i].overlap);
		assert_int_equal(prefix_overlap(&y, &x), rows[i].overlap);
		assert_true(prefix_equal(&x, &x));
		assert_false(prefix_equal(&x, &y));
	}
}

static void a_device_has_no_address_of_another_kind(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"192.0.2.1/24", true},	 {"192.0.2.0/24", false},   {"192.0.2.255/24", false},
		{"192.0.2.0/31", true},	 {"192.0.2.255/32", true},  {"127.0.0.2/8", false},
		{"224.0.0.1/24", false}, {"0.0.0.1/24", false},	    {"255.255.255.255/32", false},
		{"192.0.2.1/0", false},	 {"2001:db8::1/64", true},  {"2001:db8::/64", true},
		{"::1/128", false},	 {"::/64", false},	    {"ff02::1/64", false},
		{"fe80::1/64", true},	 {"10.255.255.254/8", true}};
	struct prefix prefix;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(prefix_text_parse(rows[i].text, &prefix), 0);
		if ((prefix_host_fault(&prefix) == NULL) != rows[i].good)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_back),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(overlap_is_of_networks),
		cmocka_unit_test(a_device_has_no_address_of_another_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
