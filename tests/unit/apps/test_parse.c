// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of command lines: what is meant, and what is refused with the form that was wanted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <vlsp/vlsp.h>

#include "apps/parse.h"
#include "apps/random.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows[0]))

struct whole {
	parse_fn *parse;
	const char *text;
	uint64_t value;
};

static void whole_numbers_with_units(void **state)
{
	static const struct whole rows[] = {
		{parse_count, "0", 0},
		{parse_count, "007", 7},
		{parse_count, "9007199254740992", 9007199254740992},
		{parse_bytes, "1500", 1500},
		{parse_bytes, "64K", 65536},
		{parse_bytes, "1.5m", 1572864},
		{parse_bytes, "2G", 2147483648},
		{parse_time, "20", 20000000},
		{parse_time, "0", 0},
		{parse_time, "20ms", 20000000},
		{parse_time, "1.5s", 1500000000},
		{parse_time, "100us", 100000},
		{parse_time, ".5s", 500000000},
		{parse_time, "2m", 120000000000},
		{parse_time, "1h", 3600000000000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 99;

		assert_null(rows[i].parse(rows[i].text, &value));
		assert_int_equal(value, rows[i].value);
	}
}

static void wrong_words_are_refused_and_change_nothing(void **state)
{
	static const char *const words[] = {"",
					    " ",
					    "x",
					    "-1",
					    "+1",
					    "1x",
					    "1 ",
					    " 1",
					    ".",
					    "1.",
					    "1e3",
					    "0x10",
					    "1,5",
					    "inf",
					    "nan",
					    "1..2",
					    "99999999999999999999999999999999999999999"};
	static parse_fn *const parsers[] = {parse_count, parse_port, parse_real, parse_bytes,
					    parse_time,	 parse_rate, parse_dist, parse_dist_time};

	(void)state;
	for (size_t p = 0; p < COUNT(parsers); p++) {
		for (size_t i = 0; i < COUNT(words); i++) {
			unsigned char value[64], before[64];

			memset(value, 0xa5, sizeof(value));
			memcpy(before, value, sizeof(value));
			assert_non_null(parsers[p](words[i], value));
			assert_memory_equal(value, before, sizeof(value));
		}
	}
	assert_non_null(parse_count("1.0", &(uint64_t){0}));
	assert_non_null(parse_time("5k", &(uint64_t){0}));
	assert_non_null(parse_bytes("5s", &(uint64_t){0}));
}

static void ports(void **state)
{
	uint16_t port = 0;

	(void)state;
	assert_null(parse_port("65535", &port));
	assert_int_equal(port, 65535);
	assert_non_null(parse_port("0", &port));
	assert_string_equal(parse_port("65536", &port), "a port (1 to 65535)");
}

static void rates_are_bits_by_powers_of_1000(void **state)
{
	static const struct {
		const char *text;
		double value;
	} rows[] = {{"64000", 64000},
		    {"64kbit", 64000},
		    {"1.5Mbit", 1500000},
		    {"2gbit", 2e9},
		    {"9bit", 9}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double value = 0;

		assert_null(parse_rate(rows[i].text, &value));
		assert_true(fabs(value - rows[i].value) < 1e-6);
	}
	assert_non_null(parse_rate("5K", &(double){0}));
}

static void addresses_have_a_port_and_hosts_have_none(void **state)
{
	struct vlsp_address address;

	(void)state;
	assert_null(parse_address("10.0.0.2:7", &address));
	assert_int_equal(address.host, 0x0a000002);
	assert_int_equal(address.port, 7);
	assert_null(parse_host("10.0.0.3", &address));
	assert_int_equal(address.host, 0x0a000003);
	assert_non_null(parse_address("10.0.0.2", &address));
	assert_non_null(parse_address(":7", &address));
	assert_non_null(parse_address("10.0.0.2:x", &address));
	assert_non_null(parse_host("10.0.0.2:7", &address));
	assert_non_null(parse_host("", &address));
}

static void distributions_with_units_where_they_belong(void **state)
{
	static const struct {
		parse_fn *parse;
		const char *text;
		struct random_dist dist;
	} rows[] = {
		{parse_dist, "5", {RANDOM_CONSTANT, 5, 0}},
		{parse_dist_bytes, "constant:2K", {RANDOM_CONSTANT, 2048, 0}},
		{parse_dist_bytes, "uniform:1K,2K", {RANDOM_UNIFORM, 1024, 2048}},
		{parse_dist_time, "20", {RANDOM_CONSTANT, 0.02, 0}},
		{parse_dist_time, "exponential:50ms", {RANDOM_EXPONENTIAL, 0.05, 0}},
		{parse_dist_time, "normal:1s,100ms", {RANDOM_NORMAL, 1, 0.1}},
		{parse_dist_time, "pareto:10ms,1.5", {RANDOM_PARETO, 0.01, 1.5}},
		{parse_dist_bytes, "pareto:10K,1.2", {RANDOM_PARETO, 10240, 1.2}},
		{parse_dist_time, "weibull:2s,0.7", {RANDOM_WEIBULL, 2, 0.7}},
		{parse_dist_rate, "lognormal:1mbit,1", {RANDOM_LOGNORMAL, 1e6, 1}},
	};
	static const char *const bad[] = {
		"uniform",	   "uniform:",	"uniform:1",   "uniform:2,1", "uniform:1,2,3",
		"exponential:1,2", "constant:", "gauss:1,2",   ":1",	      "pareto:0,1",
		"pareto:1,2K",	   "normal:1,", "Uniform:1,2", "1K",	      "uniform:1K,2K"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct random_dist dist = {0};

		assert_null(rows[i].parse(rows[i].text, &dist));
		assert_int_equal(dist.kind, rows[i].dist.kind);
		assert_true(fabs(dist.a - rows[i].dist.a) < 1e-9);
		assert_true(fabs(dist.b - rows[i].dist.b) < 1e-9);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(parse_dist(bad[i], &(struct random_dist){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_with_units),
		cmocka_unit_test(wrong_words_are_refused_and_change_nothing),
		cmocka_unit_test(ports),
		cmocka_unit_test(rates_are_bits_by_powers_of_1000),
		cmocka_unit_test(addresses_have_a_port_and_hosts_have_none),
		cmocka_unit_test(distributions_with_units_where_they_belong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
