// SPDX-License-Identifier: GPL-2.0-or-later
/* The shape vocabulary and the units below it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/topo/doc.h"
#include "lib/topo/units.h"

static void a_property_comes_back_in_its_canonical_text(void **state)
{
	static const char *const rows[][3] = {
		{"rate", "10mbit", "10mbit"},
		{"rate", "10Mbit", "10mbit"},
		{"rate", "1500kbit", "1.5mbit"},
		{"rate", "1.5gbit", "1.5gbit"},
		{"rate", "9953280000", "9.95328gbit"},
		{"rate", "1000000000.0", "1gbit"},
		{"rate", "1", "1bit"},
		{"rate", "999bit", "999bit"},
		{"rate", "10tbit", "10tbit"},
		{"delay", "20ms", "20ms"},
		{"delay", "0", "0ms"},
		{"delay", "0.5ms", "500us"},
		{"delay", "1500us", "1.5ms"},
		{"delay", "1ns", "1ns"},
		{"delay", "2s", "2s"},
		{"delay", "1.000000001s", "1.000000001s"},
		{"jitter", "2ms", "2ms"},
		{"distribution", "normal", "normal"},
		{"loss", "0.1%", "0.1%"},
		{"loss", "0", "0%"},
		{"loss", "100%", "100%"},
		{"duplicate", "0.0001%", "0.0001%"},
		{"corrupt", "12.50%", "12.5%"},
		{"reorder", "1.0%", "1%"},
		{"limit", "100p", "100p"},
		{"limit", "100", "100p"},
		{"seed", "18446744073709551615", "18446744073709551615"},
		{"seed", "0", "0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_shape shape = {0}, again = {0};
		const char *key;
		char value[48];
		struct err err = {0};

		if (topo_shape_parse(&shape, rows[i][0], rows[i][1], &err) < 0)
			fail_msg("%s %s: %s", rows[i][0], rows[i][1], err.text);
		assert_int_equal(topo_shape_format(&shape, 0, &key, value), 0);
		assert_string_equal(key, rows[i][0]);
		assert_string_equal(value, rows[i][2]);
		assert_int_equal(topo_shape_format(&shape, 1, &key, value), -ENOENT);
		assert_int_equal(topo_shape_parse(&again, rows[i][0], rows[i][2], &err), 0);
		assert_true(topo_shape_equal(&shape, &again));
	}
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
	static const char *const rows[][3] = {
		{"rate", "", "rate: '' is not a rate"},
		{"rate", "-1mbit", "is not a rate"},
		{"rate", "0", "rate: must be at least 1 bit/s"},
		{"rate", "0.5bit", "not a whole number of bit/s"},
		{"rate", "10mbps", "is not a rate"},
		{"rate", "10 mbit", "is not a rate"},
		{"rate", "1e9", "is not a rate"},
		{"rate", "nan", "is not a rate"},
		{"rate", "inf", "is not a rate"},
		{"rate", "1.", "is not a rate"},
		{"rate", ".5mbit", "is not a rate"},
		{"rate", "11tbit", "more than 10tbit"},
		{"rate", "99999999999999999999999999gbit", "more than 10tbit"},
		{"delay", "20", "delay: '20' needs a unit: ns, us, ms or s"},
		{"delay", "-1ms", "is not a duration"},
		{"delay", "1MS", "is not a duration"},
		{"delay", "1m", "is not a duration"},
		{"delay", "0.5ns", "finer than 1ns"},
		{"delay", "1001s", "more than 1000s"},
		{"delay", "99999999999999999999s", "more than 1000s"},
		{"jitter", "fast", "jitter: 'fast' is not a duration"},
		{"distribution", "gauss", "not one of uniform, normal, pareto"},
		{"loss", "1", "loss: '1' is not a percentage"},
		{"loss", "0.01", "is not a percentage"},
		{"loss", "100.1%", "more than 100%"},
		{"loss", "-1%", "is not a percentage"},
		{"loss", "0.00001%", "finer than 0.0001%"},
		{"loss", "nan%", "is not a percentage"},
		{"limit", "0", "limit: 0 is less than 1"},
		{"limit", "-5", "is not a number of packets"},
		{"limit", "100kb", "is not a number of packets"},
		{"limit", "1000001", "is more than 1000000"},
		{"seed", "18446744073709551616", "is more than 18446744073709551615"},
		{"seed", "-1", "is not a whole number"},
		{"colour", "red", "colour: is not a property of a link"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_shape shape = {0}, untouched = {0};
		struct err err = {0};

		assert_int_equal(topo_shape_parse(&shape, rows[i][0], rows[i][1], &err), -EINVAL);
		if (strncmp(err.text, rows[i][0], strlen(rows[i][0])) != 0 ||
		    !strstr(err.text, rows[i][2]))
			fail_msg("%s %s: %s", rows[i][0], rows[i][1], err.text);
		assert_memory_equal(&shape, &untouched, sizeof(shape));
		assert_int_equal(topo_shape_parse(&shape, rows[i][0], rows[i][1], NULL), -EINVAL);
	}
}

static void properties_are_told_in_a_fixed_order(void **state)
{
	static const char *const keys[] = {"rate",  "delay",	 "jitter",  "distribution",
					   "loss",  "duplicate", "corrupt", "reorder",
					   "limit", "seed"};
	static const char *const values[] = {"1mbit", "1ms", "1us", "pareto", "1%",
					     "2%",    "3%",  "4%",  "5p",     "6"};
	struct topo_shape shape = {0};
	const char *key;
	char value[48];

	(void)state;
	for (size_t i = ARRAY_SIZE(keys); i-- > 0;)
		assert_int_equal(topo_shape_parse(&shape, keys[i], values[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(topo_shape_format(&shape, i, &key, value), 0);
		assert_string_equal(key, keys[i]);
		assert_string_equal(value, values[i]);
	}
}

static void shapes_differ_by_what_is_set_and_by_value(void **state)
{
	struct topo_shape x = {0}, y = {0};

	(void)state;
	y.delay_ns = 5; /* behind a clear bit */
	assert_true(topo_shape_equal(&x, &y));
	topo_shape_parse(&x, "delay", "0", NULL);
	assert_false(topo_shape_equal(&x, &y));
	topo_shape_parse(&y, "delay", "1ms", NULL);
	assert_false(topo_shape_equal(&x, &y));
	topo_shape_parse(&x, "delay", "1000us", NULL);
	assert_true(topo_shape_equal(&x, &y));
}

static void doubles_come_back_exactly_and_shortest(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{47.60621, "47.60621"}, {-122.33207, "-122.33207"}, {0.1, "0.1"}, {90, "90"}};
	char text[UNITS_TEXT_SIZE];
	double value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(units_double_format(rows[i].value, text), rows[i].text);
	units_double_format(1.0 / 3, text);
	assert_int_equal(units_double_parse(text, &value), 0);
	assert_true(value == 1.0 / 3);
	assert_int_equal(units_double_parse("nan", &value), -EINVAL);
	assert_int_equal(units_double_parse("0x10", &value), -EINVAL);
	assert_int_equal(units_double_parse("1,5", &value), -EINVAL);
	assert_int_equal(units_double_parse("", &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_property_comes_back_in_its_canonical_text),
		cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
		cmocka_unit_test(properties_are_told_in_a_fixed_order),
		cmocka_unit_test(shapes_differ_by_what_is_set_and_by_value),
		cmocka_unit_test(doubles_come_back_exactly_and_shortest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
