// SPDX-License-Identifier: GPL-2.0-or-later
/* The timeline with a clock of the test's own: what is due when, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/event/timeline.h"

#define MS 1000000ULL

static struct topo_events *events_of(const char *yaml)
{
	struct topo_events *events = NULL;
	struct err err = {0};

	if (topo_events_read(yaml, strlen(yaml), "test", NULL, &events, &err) < 0)
		fail_msg("%s", err.text);
	return events;
}

static struct timeline *timeline_of(const char *yaml, uint64_t seed)
{
	struct topo_events *events = events_of(yaml);
	struct timeline *timeline = NULL;

	assert_int_equal(timeline_new(events, seed, &timeline), 0);
	topo_events_free(events);
	return timeline;
}

/* All that is due by until, as "0@1000 0-@1500 " (event, undone, ms). */
static const char *run(struct timeline *timeline, uint64_t until_ms)
{
	static char text[2000];
	struct timeline_due due;
	size_t n = 0;

	text[0] = '\0';
	while (timeline_take(timeline, until_ms * MS, &due))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%zu%s@%llu ", due.event,
				      due.undo ? "-" : "", (unsigned long long)(due.at_ns / MS));
	return text;
}

static void expect(const char *yaml, uint64_t until_ms, const char *what)
{
	struct timeline *timeline = timeline_of(yaml, 0);

	assert_string_equal(run(timeline, until_ms), what);
	timeline_free(timeline);
}

static void events_are_due_in_the_order_of_their_times(void **state)
{
	(void)state;
	expect("- {at: 2s, link-down: x}\n- {at: 1s, link-up: x}\n- {at: 1s, link-down: x}\n", 9000,
	       "1@1000 2@1000 0@2000 ");
	expect("- {at: 2s, link-down: x}\n", 1999, "");
}

static void after_counts_from_the_event_before(void **state)
{
	(void)state;
	expect("- {after: 1s, link-down: x}\n- {after: 2s, link-up: x}\n- {at: 1s, link-up: x}\n"
	       "- {after: 100ms, link-down: x}\n",
	       9000, "0@1000 2@1000 3@1100 1@3000 ");
}

static void what_is_for_a_while_is_undone_and_first(void **state)
{
	(void)state;
	expect("- {at: 1s, for: 500ms, link-down: x}\n- {at: 1500ms, link-down: y}\n", 9000,
	       "0@1000 0-@1500 1@1500 ");
	expect("- {at: 1500ms, link-down: y}\n- {at: 1s, for: 500ms, link-down: x}\n", 9000,
	       "1@1000 1-@1500 0@1500 ");
}

static void every_repeats_so_often(void **state)
{
	(void)state;
	expect("- {every: 1s, times: 3, link-down: x}\n", 99000, "0@1000 0@2000 0@3000 ");
	expect("- {at: 0s, every: 1s, link-down: x}\n", 2000, "0@0 0@1000 0@2000 ");
	expect("- {after: 5s, every: 1s, times: 2, for: 1s, link-down: x}\n", 99000,
	       "0@5000 0-@6000 0@6000 0-@7000 ");
}

static void flaps_go_down_and_up(void **state)
{
	(void)state;
	expect("- {at: 1s, link-flap: {link: x, down: 1s, up: 4s, times: 2}}\n", 99000,
	       "0@1000 0-@2000 0@6000 0-@7000 ");
	expect("- {at: 1s, link-flap: {link: x, down: 1s, up: 1s}}\n", 4500,
	       "0@1000 0-@2000 0@3000 0-@4000 ");
	expect("- {at: 0s, every: 10s, times: 2, link-flap: {link: x, down: 1s, up: 1s, times: "
	       "2}}\n",
	       99000, "0@0 0-@1000 0@2000 0-@3000 0@10000 0-@11000 0@12000 0-@13000 ");
}

static void jitter_is_the_same_for_the_same_seed(void **state)
{
	static const char yaml[] = "- {every: 1s, times: 20, jitter: 500ms, link-down: x}\n";
	struct timeline *x = timeline_of(yaml, 7), *y = timeline_of(yaml, 7),
			*z = timeline_of(yaml, 8);
	struct timeline_due a, b, c;
	unsigned differ = 0, early = 0;

	(void)state;
	for (uint64_t i = 1; i <= 20; i++) {
		assert_true(timeline_take(x, TIMELINE_NEVER - 1, &a));
		assert_true(timeline_take(y, TIMELINE_NEVER - 1, &b));
		assert_true(timeline_take(z, TIMELINE_NEVER - 1, &c));
		assert_true(a.at_ns == b.at_ns);
		assert_in_range(a.at_ns, i * 1000 * MS, i * 1000 * MS + 500 * MS - 1);
		differ += a.at_ns != c.at_ns;
		early += a.at_ns < i * 1000 * MS + 250 * MS;
	}
	assert_true(differ > 15);
	assert_in_range(early, 3, 17);
	timeline_free(x);
	timeline_free(y);
	timeline_free(z);
}

static void a_cut_undoes_what_is_done_and_does_no_more(void **state)
{
	struct timeline *timeline = timeline_of(
		"- {at: 1s, for: 60s, link-down: x}\n- {at: 2s, link-down: y}\n"
		"- {every: 1s, link-up: z}\n",
		0);

	(void)state;
	assert_string_equal(run(timeline, 1500), "0@1000 2@1000 ");
	timeline_cut(timeline, 1600 * MS);
	assert_string_equal(run(timeline, 1600), "0-@1600 ");
	assert_true(timeline_next(timeline) == TIMELINE_NEVER);
	timeline_free(timeline);
}

static void each_event_tells_how_it_is(void **state)
{
	struct timeline *timeline = timeline_of(
		"- {at: 1s, for: 1s, every: 10s, times: 2, link-down: x}\n", 0);
	struct timeline_state is;

	(void)state;
	timeline_event(timeline, 0, &is);
	assert_true(is.next_ns == 1000 * MS && is.firings == 0 && !is.holds);
	run(timeline, 1000);
	timeline_event(timeline, 0, &is);
	assert_true(is.next_ns == 2000 * MS && is.firings == 1 && is.holds);
	run(timeline, 99000);
	timeline_event(timeline, 0, &is);
	assert_true(is.next_ns == TIMELINE_NEVER && is.firings == 2 && !is.holds);
	timeline_free(timeline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_due_in_the_order_of_their_times),
		cmocka_unit_test(after_counts_from_the_event_before),
		cmocka_unit_test(what_is_for_a_while_is_undone_and_first),
		cmocka_unit_test(every_repeats_so_often),
		cmocka_unit_test(flaps_go_down_and_up),
		cmocka_unit_test(jitter_is_the_same_for_the_same_seed),
		cmocka_unit_test(a_cut_undoes_what_is_done_and_does_no_more),
		cmocka_unit_test(each_event_tells_how_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
