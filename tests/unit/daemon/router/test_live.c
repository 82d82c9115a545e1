/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The liveness of one link: pure, with times written down. */
#include "daemon/router/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DEAD 100

static struct live started(void)
{
	struct live live;

	live_init(&live, 1000);
	return live;
}

static struct live risen(void)
{
	struct live live = started();

	live_note(&live, 7, 1010, 1010);
	assert_int_equal(live_judge(&live, 1010, DEAD, 0), LIVE_UP);
	return live;
}

static void a_new_link_is_not_up(void **state)
{
	struct live live = started();

	(void)state;
	assert_int_equal(live_judge(&live, 1000, DEAD, 0), LIVE_SAME);
	assert_false(live.up);
	assert_true(live_deadline(&live, DEAD) == UINT64_MAX);
}

static void seeing_is_not_enough_both_ways_are_needed(void **state)
{
	struct live live = started();

	(void)state;
	assert_false(live_note(&live, 7, 1010, 0));
	assert_int_equal(live_judge(&live, 1010, DEAD, 0), LIVE_SAME);
	assert_true(live_hears(&live, 1010, DEAD));
	assert_false(live_note(&live, 7, 1020, 1020));
	assert_int_equal(live_judge(&live, 1020, DEAD, 0), LIVE_UP);
	assert_int_equal(live_judge(&live, 1021, DEAD, 0), LIVE_SAME);
}

static void what_came_before_the_link_was_added_does_not_count(void **state)
{
	struct live live = started();

	(void)state;
	live_note(&live, 7, 999, 999);
	assert_int_equal(live_judge(&live, 1000, DEAD, 0), LIVE_SAME);
	assert_false(live_hears(&live, 1000, DEAD));
	/* seen again, but heard only before */
	live_note(&live, 7, 1005, 999);
	assert_int_equal(live_judge(&live, 1005, DEAD, 0), LIVE_SAME);
}

static void silence_longer_than_the_dead_time_loses_it(void **state)
{
	struct live live = risen();

	(void)state;
	assert_int_equal(live_judge(&live, 1110, DEAD, 0), LIVE_SAME);
	assert_true(live_deadline(&live, DEAD) == 1111);
	assert_int_equal(live_judge(&live, 1111, DEAD, 0), LIVE_LOST);
	assert_int_equal(live_judge(&live, 1112, DEAD, 0), LIVE_SAME);
	live_note(&live, 7, 1200, 1200);
	assert_int_equal(live_judge(&live, 1200, DEAD, 0), LIVE_UP);
}

static void a_neighbour_that_stops_hearing_us_is_lost_too(void **state)
{
	struct live live = risen();

	(void)state;
	live_note(&live, 7, 1100, 1010);
	assert_int_equal(live_judge(&live, 1111, DEAD, 0), LIVE_LOST);
	assert_true(live_hears(&live, 1111, DEAD));
}

static void nobody_is_lost_within_the_grace(void **state)
{
	struct live live = risen();

	(void)state;
	assert_int_equal(live_judge(&live, 1300, DEAD, 1301), LIVE_SAME);
	assert_int_equal(live_judge(&live, 1301, DEAD, 1301), LIVE_LOST);
}

static void another_epoch_is_a_restart_and_what_was_heard_before_is_void(void **state)
{
	struct live live = risen();

	(void)state;
	assert_true(live_note(&live, 8, 1050, 1040));
	assert_false(live.up);
	assert_int_equal(live_judge(&live, 1050, DEAD, 0), LIVE_SAME);
	assert_false(live_note(&live, 8, 1060, 1060));
	assert_int_equal(live_judge(&live, 1060, DEAD, 0), LIVE_UP);
	assert_int_equal(live.epoch, 8);
}

static void a_restarted_neighbour_that_hears_us_at_once_is_up_at_once(void **state)
{
	struct live live = risen();

	(void)state;
	assert_true(live_note(&live, 8, 1050, 1050));
	assert_int_equal(live_judge(&live, 1050, DEAD, 0), LIVE_UP);
}

static void old_news_and_epoch_zero_change_nothing(void **state)
{
	struct live live = risen(), before = live;

	(void)state;
	assert_false(live_note(&live, 0, 1050, 1050));
	assert_false(live_note(&live, 9, 900, 900));
	assert_false(live_note(&live, 7, 1005, 1005));
	assert_memory_equal(&live, &before, sizeof(live));
}

static void carrier_that_goes_takes_the_link_down_at_once(void **state)
{
	struct live live = risen();

	(void)state;
	assert_true(live_carrier(&live, false, 1020));
	assert_false(live_carrier(&live, false, 1021));
	assert_int_equal(live_judge(&live, 1021, DEAD, 0), LIVE_SAME);
	/* under way when it went */
	live_note(&live, 7, 1022, 1022);
	assert_int_equal(live_judge(&live, 1022, DEAD, 0), LIVE_SAME);
	assert_false(live_carrier(&live, true, 1030));
	live_note(&live, 7, 1029, 1029);
	assert_int_equal(live_judge(&live, 1030, DEAD, 0), LIVE_SAME);
	live_note(&live, 7, 1031, 1031);
	assert_int_equal(live_judge(&live, 1031, DEAD, 0), LIVE_UP);
}

static void a_time_stamp_after_the_clock_was_read_is_fresh(void **state)
{
	struct live live = risen();

	(void)state;
	live_note(&live, 7, 2000, 2000);
	assert_int_equal(live_judge(&live, 1990, DEAD, 0), LIVE_SAME);
	assert_true(live.up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_link_is_not_up),
		cmocka_unit_test(seeing_is_not_enough_both_ways_are_needed),
		cmocka_unit_test(what_came_before_the_link_was_added_does_not_count),
		cmocka_unit_test(silence_longer_than_the_dead_time_loses_it),
		cmocka_unit_test(a_neighbour_that_stops_hearing_us_is_lost_too),
		cmocka_unit_test(nobody_is_lost_within_the_grace),
		cmocka_unit_test(another_epoch_is_a_restart_and_what_was_heard_before_is_void),
		cmocka_unit_test(a_restarted_neighbour_that_hears_us_at_once_is_up_at_once),
		cmocka_unit_test(old_news_and_epoch_zero_change_nothing),
		cmocka_unit_test(carrier_that_goes_takes_the_link_down_at_once),
		cmocka_unit_test(a_time_stamp_after_the_clock_was_read_is_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
