// SPDX-License-Identifier: GPL-2.0-or-later
/* Topics: what a filter matches (MQTT 3.1.1, section 4.7, has most of these examples), and
 * messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "apps/topic.h"

static void filters_match_by_level(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool matches;
	} rows[] = {
		{"a/b", "a/b", true},
		{"a/b", "a/bc", false},
		{"a/bc", "a/b", false},
		{"sport/tennis/#", "sport/tennis", true},
		{"sport/tennis/#", "sport/tennis/player1", true},
		{"sport/tennis/#", "sport/tennis/player1/score", true},
		{"sport/#", "sports", false},
		{"#", "a/b/c", true},
		{"#", "/a", true},
		{"sport/+", "sport/x", true},
		{"sport/+", "sport", false},
		{"sport/+", "sport/", true},
		{"sport/+", "sport/x/y", false},
		{"+", "a", true},
		{"+", "/a", false},
		{"+/+", "/a", true},
		{"/+", "/a", true},
		{"+/b/+", "a/b/c", true},
		{"+/b/+", "a/c/c", false},
		{"a/+/#", "a/b", true},
		{"a/+/#", "a", false},
		{"a", "a/b", false},
		{"a/b", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(topic_matches(rows[i].filter, rows[i].topic), rows[i].matches);
}

static void topics_and_filters_have_a_form(void **state)
{
	static const char *const never[] = {"", "a b", "a\n", "\x7f", "\xc3\xa4"};
	static const char *const filters[] = {"+", "#", "a/+", "a/#", "+/b/#", "+/+"};
	static const char *const wrong[] = {"a+", "+a", "a/#/b", "#/", "a#", "a/+b/c", "##"};
	char lengthy[TOPIC_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_false(topic_valid(never[i], false) || topic_valid(never[i], true));
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		assert_true(topic_valid(filters[i], true));
		assert_false(topic_valid(filters[i], false));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(topic_valid(wrong[i], true));
	memset(lengthy, 'a', TOPIC_SIZE);
	lengthy[TOPIC_SIZE] = '\0';
	assert_false(topic_valid(lengthy, false));
	lengthy[TOPIC_SIZE - 1] = '\0';
	assert_true(topic_valid(lengthy, false));
}

static void messages_come_back(void **state)
{
	struct topic_message in = {.verb = TOPIC_PUB,
				   .topic = "a/b",
				   .payload = "x\ny\0z",
				   .size = 5},
			     got;
	char data[100];
	size_t size = topic_write(data, sizeof(data), &in);

	(void)state;
	assert_int_equal(size, 13);
	assert_memory_equal(data, "PUB a/b\nx\ny\0z", 13);
	for (int verb = TOPIC_SUB; verb <= TOPIC_ERR; verb++) {
		in.verb = (enum topic_verb)verb;
		size = topic_write(data, sizeof(data), &in);
		assert_true(topic_read(data, size, &got));
		assert_int_equal(got.verb, verb);
		assert_string_equal(got.topic, "a/b");
		assert_int_equal(got.size, 5);
		assert_memory_equal(got.payload, "x\ny\0z", 5);
	}
	in.verb = TOPIC_PUB;
	assert_int_equal(topic_write(data, 13, &in), 13);
	assert_int_equal(topic_write(data, 12, &in), 0);
	assert_int_equal(topic_write(data, 8, &in), 0);
}

static void what_is_no_message(void **state)
{
	static const char *const rows[] = {"",	       "PUB",	     "PUB a",	  "PUB \nx",
					   "pub a\nx", "PUB a/+\nx", "MSG #\nx",  "SUB a#\n",
					   "PUB  a\n", "SUBS a\n",   "\nPUB a\n", "PUB\na b\n"};
	char data[300] = "SUB ";
	struct topic_message got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(topic_read(rows[i], strlen(rows[i]), &got));
	assert_true(topic_read("SUB a/+\n", 8, &got));
	assert_false(topic_read("PUB a\0b\n", 8, &got));
	assert_false(topic_read("PUB a\0\n", 7, &got));
	memset(data + 4, 'a', 129);
	data[4 + 129] = '\n';
	assert_false(topic_read(data, 134, &got));
	data[4 + 128] = '\n';
	assert_true(topic_read(data, 133, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_match_by_level),
		cmocka_unit_test(topics_and_filters_have_a_form),
		cmocka_unit_test(messages_come_back),
		cmocka_unit_test(what_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
