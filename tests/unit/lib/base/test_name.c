// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, addresses, prefixes, instance names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/name.h"

#define LONGEST "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

static void good_names_pass(void **state)
{
	static const char *const names[] = {"r1", "1",	     "no",    "A.b_c-d", "...",
					    "-",  ".hidden", "Count", "count1",	 LONGEST};
	struct err err;

	(void)state;
	assert_int_equal(strlen(LONGEST), NAME_MAX_LEN);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(name_check(names[i], "x", &err), 0);
}

static void bad_names_are_refused_with_field_and_place(void **state)
{
	static const char *const rows[][2] = {
		{"", "routers[3].name: is empty"},
		{".", "routers[3].name: '.' is not a name"},
		{"..", "routers[3].name: '..' is not a name"},
		{"count", "routers[3].name: 'count' is a word of the REST paths"},
		{"maxid", "routers[3].name: 'maxid' is a word of the REST paths"},
		{"a/b", "routers[3].name: character '/' at position 2"},
		{"a\nb", "routers[3].name: character 0x0a at position 2"},
		{"a b", "routers[3].name: character 0x20 at position 2"},
		{"\xc3\xa9", "routers[3].name: character 0xc3 at position 1"},
		{LONGEST "4", "routers[3].name: longer than 63 characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};

		assert_int_equal(name_check(rows[i][0], "routers[3].name", &err), -EINVAL);
		assert_int_equal(err.code, EINVAL);
		assert_ptr_equal(strstr(err.text, rows[i][1]), err.text);
		assert_int_equal(name_check(rows[i][0], "x", NULL), -EINVAL);
	}
}

static void a_list_of_names_is_cut_behind_the_third_or_where_it_is_full(void **state)
{
	struct name_list list = {0};
	char lengthy[160];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		static const char *const wants[] = {"a", "a, a", "a, a, a", "a, a, a, ...",
						    "a, a, a, ..."};

		name_list_add(&list, "a");
		assert_string_equal(list.text, wants[i]);
		assert_int_equal(list.count, i + 1);
	}
	memset(lengthy, 'x', sizeof(lengthy));
	lengthy[sizeof(lengthy) - 1] = '\0';
	list = (struct name_list){0};
	name_list_add(&list, lengthy);
	assert_string_equal(list.text, lengthy);
	name_list_add(&list, lengthy);
	name_list_add(&list, "a");
	assert_string_equal(list.text + strlen(lengthy), ", ...");
	assert_int_equal(list.count, 3);
}

static void addresses_come_back_as_written(void **state)
{
	static const char *const texts[] = {"10.0.0.1", "0.0.0.0", "255.255.255.255",
					    "192.168.1.20"};
	char buf[ADDR_TEXT_SIZE];
	uint32_t addr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(addr_parse(texts[i], &addr), 0);
		assert_string_equal(addr_format(addr, buf), texts[i]);
	}
	addr_parse("10.1.2.3", &addr);
	assert_int_equal(addr, 0x0a010203);
}

static void what_is_not_an_address_leaves_the_result_untouched(void **state)
{
	static const char *const texts[] = {"",		  "10",		"10.0.0",      "10.0.0.0.1",
					    "10.0.0.256", "10.0.0.01",	"10.0.0.0001", "10.0.0.-1",
					    " 10.0.0.1",  "10.0.0.1 ",	"10..0.1",     "a.b.c.d",
					    "010.0.0.1",  "0x0a.0.0.1", "10.0.0.1/8"};
	uint32_t addr = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (addr_parse(texts[i], &addr) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(addr, 42);
	}
}

static void prefixes_are_read(void **state)
{
	uint32_t network;
	unsigned len;

	(void)state;
	assert_int_equal(prefix_parse("10.0.0.0/16", &network, &len, NULL), 0);
	assert_int_equal(network, 0x0a000000);
	assert_int_equal(len, 16);
	assert_int_equal(prefix_parse("192.168.7.4/30", &network, &len, NULL), 0);
	assert_int_equal(network, 0xc0a80704);
	assert_int_equal(prefix_mask(30), 0xfffffffc);
	assert_int_equal(prefix_mask(0), 0);
}

static void bad_prefixes_are_refused_with_the_reason(void **state)
{
	static const char *const rows[][2] = {
		{"10.0.0.0", "is not an address and prefix length"},
		{"10.0.0.0/", "is not an address and prefix length"},
		{"10.0.0/16", "is not an address and prefix length"},
		{"10.0.0.0/16x", "is not an address and prefix length"},
		{"10.0.0.0/-1", "is not an address and prefix length"},
		{"111111111111111111111/16", "is not an address and prefix length"},
		{"10.0.0.0/15", "prefix length 15 is not within 16 to 30"},
		{"10.0.0.0/31", "prefix length 31 is not within 16 to 30"},
		{"10.0.0.1/16", "bits set behind its prefix length"},
		{"127.0.0.0/16", "not usable"},
		{"224.0.0.0/16", "not usable"},
		{"0.0.0.0/16", "not usable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t network = 42;
		unsigned len = 43;
		struct err err = {0};

		assert_int_equal(prefix_parse(rows[i][0], &network, &len, &err), -EINVAL);
		assert_int_equal(network, 42);
		assert_int_equal(len, 43);
		if (strncmp(err.text, "network: ", 9) != 0 || !strstr(err.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], err.text);
	}
}

static void instances_get_a_word_each(void **state)
{
	char x[64], y[64];

	(void)state;
	instance_name("/run/vlsp", x, sizeof(x));
	assert_string_equal(x, "default");
	instance_name("/tmp/a/vlsp", x, sizeof(x));
	instance_name("/tmp/b/vlsp", y, sizeof(y));
	assert_int_equal(strncmp(x, "vlsp-", 5), 0);
	assert_string_not_equal(x, y);
	instance_name("/tmp/strange name.with/" LONGEST, x, sizeof(x));
	assert_true(strlen(x) <= 40);
	assert_null(strpbrk(x, " ./"));
	instance_name("/", x, sizeof(x));
	assert_int_equal(strncmp(x, "vlsp-", 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_pass),
		cmocka_unit_test(bad_names_are_refused_with_field_and_place),
		cmocka_unit_test(a_list_of_names_is_cut_behind_the_third_or_where_it_is_full),
		cmocka_unit_test(addresses_come_back_as_written),
		cmocka_unit_test(what_is_not_an_address_leaves_the_result_untouched),
		cmocka_unit_test(prefixes_are_read),
		cmocka_unit_test(bad_prefixes_are_refused_with_the_reason),
		cmocka_unit_test(instances_get_a_word_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
