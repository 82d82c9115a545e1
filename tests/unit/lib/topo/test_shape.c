// SPDX-License-Identifier: GPL-2.0-or-later
/* The shape vocabulary and the units below it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
		{"distribution", "paretonormal", "paretonormal"},
		{"loss", "0.1%", "0.1%"},
		{"loss", "5", "5%"},
		{"loss", "0.1", "0.1%"},
		{"loss", "100", "100%"},
		{"loss", "0", "0%"},
		{"loss", "100%", "100%"},
		{"duplicate", "0.0001%", "0.0001%"},
		{"corrupt", "12.50%", "12.5%"},
		{"reorder", "1.0%", "1%"},
		{"burst", "5", "5"},
		{"burst", "2.500", "2.5"},
		{"burst", "1", "1"},
		{"burst", "1000000", "1000000"},
		{"burst-loss", "50%", "50%"},
		{"burst-loss", "0.0001", "0.0001%"},
		{"order", "free", "free"},
		{"order", "keep", "keep"},
		{"overhead", "24", "24"},
		{"overhead", "-14", "-14"},
		{"overhead", "0", "0"},
		{"overhead", "-0", "0"},
		{"overhead", "1000", "1000"},
		{"backend", "tc", "tc"},
		{"backend", "bpf", "bpf"},
		{"backend", "relay", "relay"},
		{"backend", "kmod", "kmod"},
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
		{"distribution", "gauss", "not one of uniform, normal, pareto, paretonormal"},
		{"distribution", "", "not one of"},
		{"loss", "", "is not a percentage"},
		{"loss", "%", "is not a percentage"},
		{"loss", "1e1", "is not a percentage"},
		{"loss", "5 %", "is not a percentage"},
		{"loss", "101", "more than 100%"},
		{"loss", "100.1%", "more than 100%"},
		{"loss", "-1%", "is not a percentage"},
		{"loss", "0.00001%", "finer than 0.0001%"},
		{"loss", "nan%", "is not a percentage"},
		{"burst", "0", "burst: '0' is not a number from 1 to 1000000"},
		{"burst", "0.999", "is not a number from 1 to 1000000"},
		{"burst", "1000000.001", "is not a number from 1 to 1000000"},
		{"burst", "1.0001", "has more than three decimals"},
		{"burst", "-2", "is not a number"},
		{"burst", "5p", "is not a number"},
		{"burst-loss", "0", "burst-loss: must be more than 0%"},
		{"burst-loss", "101%", "more than 100%"},
		{"order", "any", "order: 'any' is not one of free, keep"},
		{"overhead", "-15", "overhead: '-15' is not a whole number from -14 to 1000"},
		{"overhead", "1001", "is not a whole number from -14 to 1000"},
		{"overhead", "+4", "is not a whole number from -14 to 1000"},
		{"overhead", "--4", "is not a whole number from -14 to 1000"},
		{"overhead", "-", "is not a whole number from -14 to 1000"},
		{"overhead", "1.5", "is not a whole number from -14 to 1000"},
		{"backend", "netem", "backend: 'netem' is not one of auto, tc, bpf, relay, kmod"},
		{"limit", "0", "limit: 0 is less than 1"},
		{"limit", "-5", "is not a number of packets"},
		{"limit", "100kb", "is not a number of packets"},
		{"limit", "1000001", "is more than 1000000"},
		{"seed", "18446744073709551616", "is more than 18446744073709551615"},
		{"seed", "-1", "is not a whole number"},
		{"colour", "red", "colour: is not a property of a link (rate, delay, jitter, "},
		{"colour", "none", "colour: is not a property of a link"},
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
	static const char *const keys[] = {"rate",     "delay",	  "jitter",	"distribution",
					   "loss",     "burst",	  "burst-loss", "duplicate",
					   "corrupt",  "reorder", "order",	"limit",
					   "overhead", "seed",	  "backend"};
	static const char *const values[] = {"1mbit", "1ms", "1us", "pareto", "1%",
					     "5",     "50%", "2%",  "3%",     "4%",
					     "free",  "5p",  "24",  "6",      "relay"};
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
		assert_string_equal(topo_shape_key(i), keys[i]);
	}
	assert_null(topo_shape_key(ARRAY_SIZE(keys)));
	assert_null(topo_shape_key(SIZE_MAX));
}

/* A shape that has everything. */
static struct topo_shape all_of_it(void)
{
	static const char *const words[][2] = {
		{"rate", "10mbit"},	    {"delay", "20ms"},	 {"jitter", "2ms"},
		{"distribution", "normal"}, {"loss", "1%"},	 {"burst", "5"},
		{"burst-loss", "50%"},	    {"duplicate", "1%"}, {"corrupt", "1%"},
		{"reorder", "1%"},	    {"order", "free"},	 {"limit", "100"},
		{"overhead", "-4"},	    {"seed", "7"},	 {"backend", "bpf"},
	};
	struct topo_shape shape = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(topo_shape_parse(&shape, words[i][0], words[i][1], NULL), 0);
	assert_int_equal(shape.set, (1 << 15) - 1);
	return shape;
}

static void none_takes_any_property_away(void **state)
{
	struct topo_shape shape = all_of_it(), nothing = {0};
	const char *key;

	(void)state;
	for (size_t i = 0; (key = topo_shape_key(i)); i++)
		assert_int_equal(topo_shape_parse(&shape, key, "none", NULL), 0);
	assert_memory_equal(&shape, &nothing, sizeof(shape));
	for (size_t i = 0; (key = topo_shape_key(i)); i++) /* also where there is none */
		assert_int_equal(topo_shape_parse(&shape, key, "none", NULL), 0);
	assert_memory_equal(&shape, &nothing, sizeof(shape));
}

static void backend_auto_is_no_wish(void **state)
{
	struct topo_shape shape = {0}, nothing = {0};
	const char *key;
	char value[48];

	(void)state;
	assert_int_equal(topo_shape_parse(&shape, "backend", "tc", NULL), 0);
	assert_int_equal(topo_shape_parse(&shape, "backend", "auto", NULL), 0);
	assert_memory_equal(&shape, &nothing, sizeof(shape));
	shape.set = TOPO_BACKEND; /* unless somebody insists */
	assert_int_equal(topo_shape_format(&shape, 0, &key, value), 0);
	assert_string_equal(value, "auto");
}

static void a_change_leaves_what_it_does_not_name(void **state)
{
	struct topo_shape shape = all_of_it(), change = {0};
	uint32_t clear = 0, left = shape.set & ~(uint32_t)(TOPO_BURST | TOPO_BURST_LOSS);

	(void)state;
	assert_int_equal(topo_shape_change(&change, &clear, "delay", "50ms", NULL), 0);
	assert_int_equal(topo_shape_change(&change, &clear, "burst", "none", NULL), 0);
	assert_int_equal(topo_shape_change(&change, &clear, "burst-loss", "none", NULL), 0);
	/* the last word counts */
	assert_int_equal(topo_shape_change(&change, &clear, "loss", "none", NULL), 0);
	assert_int_equal(topo_shape_change(&change, &clear, "loss", "3%", NULL), 0);
	assert_int_equal(topo_shape_change(&change, &clear, "loss", "much", NULL), -EINVAL);
	assert_int_equal(topo_shape_change(&change, &clear, "colour", "none", NULL), -EINVAL);
	assert_int_equal(change.set, TOPO_DELAY | TOPO_LOSS);
	assert_int_equal(clear, TOPO_BURST | TOPO_BURST_LOSS);

	topo_shape_merge(&shape, &change, clear);
	assert_int_equal(shape.set, left);
	assert_int_equal(shape.delay_ns, 50000000);
	assert_int_equal(shape.loss_ppm, 30000);
	assert_int_equal(shape.burst_milli, 0);
	assert_int_equal(shape.burst_loss_ppm, 0);
	assert_int_equal(shape.rate, 10000000);
	assert_int_equal(shape.overhead, -4);
	assert_int_equal(topo_shape_change(&change, &clear, "backend", "auto", NULL), 0);
	topo_shape_merge(&shape, &change, clear);
	assert_int_equal(shape.set, left & ~(uint32_t)TOPO_BACKEND);
}

/* "KEY=VALUE KEY=VALUE ..." */
static struct topo_shape shape_of(const char *text)
{
	struct topo_shape shape = {0};
	char copy[200], *word, *save = NULL;
	struct err err;

	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		if (topo_shape_parse(&shape, word, value, &err) < 0)
			fail_msg("%s: %s", text, err.text);
	}
	return shape;
}

static void what_makes_no_sense_together_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"jitter=5ms", "jitter: 5ms, but there is no delay to vary"},
		{"jitter=5ms delay=0", "jitter: 5ms, but there is no delay to vary"},
		{"jitter=5ms delay=2ms", "jitter: 5ms is more than the delay, 2ms"},
		{"jitter=5ms delay=2ms distribution=pareto", "jitter: 5ms is more than the delay"},
		{"burst=5", "burst: there is no loss that could come in bursts"},
		{"burst=5 loss=0", "burst: there is no loss that could come in bursts"},
		{"burst-loss=50%", "burst-loss: without burst there are no bursts"},
		{"burst-loss=50% loss=1%", "burst-loss: without burst there are no bursts"},
		{"burst=5 loss=100%", "loss: 100% leaves nothing between the bursts"},
		{"burst=5 loss=50% burst-loss=50%",
		 "loss: 50% in all is not less than 50% within a burst"},
		{"burst=1 loss=51% burst-loss=50%", "loss: 51% in all is not less than 50%"},
		{"burst=1 loss=60%", "loss: 60% is more than bursts of 1, with at least one"},
		{"burst=2.5 loss=40% burst-loss=50%", "loss: 40% is more than bursts of 2.5"},
		{"reorder=1%", "reorder: without a delay nothing can overtake anything"},
		{"reorder=1% delay=0ms", "reorder: without a delay"},
		{"reorder=1% delay=1ms order=keep", "reorder: 'order: keep' forbids it"},
	};
	static const char *const fine[] = {
		"",
		"jitter=0",
		"jitter=5ms delay=5ms",
		"jitter=5ms delay=6ms distribution=paretonormal order=keep",
		"burst=5 loss=83.3333%",
		"burst=5 loss=10% burst-loss=12%",
		"loss=100%",
		"reorder=0 order=keep",
		"reorder=1% delay=1ms order=free",
		"distribution=normal",
		"limit=5",
		"overhead=24",
		"order=keep",
		"seed=7",
		"backend=relay",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_shape shape = shape_of(rows[i][0]);

		assert_int_equal(topo_shape_check(&shape, &err), -EINVAL);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("%s: %s", rows[i][0], err.text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		struct topo_shape shape = shape_of(fine[i]);

		if (topo_shape_check(&shape, &err) < 0)
			fail_msg("%s: %s", fine[i], err.text);
	}
}

/* What is behind a clear bit does not matter. */
static void only_what_is_set_is_checked(void **state)
{
	struct topo_shape shape = {.jitter_ns = 5, .burst_milli = 5000, .reorder_ppm = 5};

	(void)state;
	assert_int_equal(topo_shape_check(&shape, NULL), 0);
	shape.set = TOPO_JITTER;
	assert_int_equal(topo_shape_check(&shape, NULL), -EINVAL);
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
	for (size_t i = 0; topo_shape_key(i); i++) { /* each property counts */
		x = y = all_of_it();
		assert_true(topo_shape_equal(&x, &y));
		topo_shape_parse(&x, topo_shape_key(i), "none", NULL);
		assert_false(topo_shape_equal(&x, &y));
	}
	y = all_of_it();
	x = y;
	x.overhead = 4;
	assert_false(topo_shape_equal(&x, &y));
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
		cmocka_unit_test(none_takes_any_property_away),
		cmocka_unit_test(backend_auto_is_no_wish),
		cmocka_unit_test(a_change_leaves_what_it_does_not_name),
		cmocka_unit_test(what_makes_no_sense_together_is_refused),
		cmocka_unit_test(only_what_is_set_is_checked),
		cmocka_unit_test(shapes_differ_by_what_is_set_and_by_value),
		cmocka_unit_test(doubles_come_back_exactly_and_shortest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
