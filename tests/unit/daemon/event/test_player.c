// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces in time: steps, rounds, offsets, and rates of Mahimahi's delivery opportunities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/event/player.h"

#define MS 1000000ULL

static struct topo_events *events_of(const char *yaml)
{
	struct topo_events *events = NULL;
	struct err err = {0};

	if (topo_events_read(yaml, strlen(yaml), "test", NULL, &events, &err) < 0)
		fail_msg("%s", err.text);
	return events;
}

/* The rates from the start to until_ms, as "0:10 5000:2 end" (ms: Mbit/s), or "..." where it goes
 * on. */
static const char *play(const char *yaml, bool loop, uint64_t offset_ms, uint64_t until_ms)
{
	static char text[1000];
	struct topo_events *events = events_of(yaml);
	struct player player = {&events->traces[0], loop, offset_ms * MS};
	struct topo_change change;
	uint64_t at = 0, until;
	size_t n = 0;

	while (at < until_ms * MS && player_at(&player, at, &change, &until)) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%g:%g ", (double)at / MS,
				      (double)change.shape.rate / 1e6);
		assert_true(until > at);
		at = until;
	}
	snprintf(text + n, sizeof(text) - n, at < until_ms * MS ? "end" : "...");
	topo_events_free(events);
	return text;
}

#define STEPS "traces: {t: {data: [[0s, {rate: 10mbit}], [5s, {rate: 2mbit}]]}}\n"

static void steps_follow_each_other(void **state)
{
	(void)state;
	assert_string_equal(play(STEPS, false, 0, 99000), "0:10 5000:2 end");
	assert_string_equal(play(STEPS, true, 0, 20000), "0:10 5000:2 10000:10 15000:2 ...");
}

static void an_offset_begins_in_the_middle(void **state)
{
	(void)state;
	assert_string_equal(play(STEPS, false, 6000, 99000), "0:2 end");
	assert_string_equal(play(STEPS, true, 12000, 9000), "0:10 3000:2 8000:10 ...");
	assert_string_equal(play(STEPS, false, 10000, 99000), "end");
}

static void what_says_the_same_is_passed_over(void **state)
{
	(void)state;
	assert_string_equal(play("traces: {t: {data: [[0s, {rate: 1mbit}], [1s, {rate: 1mbit}], "
				 "[2s, {rate: 2mbit}]]}}\n",
				 false, 0, 99000),
			    "0:1 2000:2 end");
	assert_string_equal(
		play("traces: {t: {data: [[0s, {rate: 1mbit}], [1s, {rate: 1mbit}]]}}\n", true, 0,
		     99000),
		"0:1 ...");
	assert_string_equal(play("traces: {t: {data: [[0s, {rate: 1mbit}]]}}\n", true, 0, 99000),
			    "0:1 ...");
}

/* 1504 bytes are 12032 bits: in 10 ms 1.2032 Mbit/s. */
static void opportunities_become_rates_of_windows(void **state)
{
	static const char yaml[] = "traces: {t: {format: mahimahi, window: 10ms, "
				   "data: \"0 3 12 30 31 34 50\"}}\n";

	(void)state;
	assert_string_equal(play(yaml, false, 0, 99000),
			    "0:2.4064 10:1.2032 20:1e-06 30:3.6096 40:1.2032 end");
	assert_string_equal(play(yaml, true, 0, 70),
			    "0:2.4064 10:1.2032 20:1e-06 30:3.6096 40:1.2032 50:2.4064 60:1.2032 "
			    "...");
}

static void a_last_window_that_is_short_has_its_own_length(void **state)
{
	(void)state;
	assert_string_equal(play("traces: {t: {format: mahimahi, window: 10ms, data: [1, 15]}}\n",
				 false, 0, 99000),
			    "0:1.2032 10:2.4064 end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_follow_each_other),
		cmocka_unit_test(an_offset_begins_in_the_middle),
		cmocka_unit_test(what_says_the_same_is_passed_over),
		cmocka_unit_test(opportunities_become_rates_of_windows),
		cmocka_unit_test(a_last_window_that_is_short_has_its_own_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
