/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A direction whose shape changes while something waits for its rate, or whose link goes. */
#include "tests/unit/daemon/relay/line_world.h"

static void a_new_rate_is_that_of_the_bits_that_are_left(void **state)
{
	static const struct {
		uint64_t rate, first_ns, second_ns; /* after T0, when the two leave */
	} rows[] = {
		{8 * MBIT, 100000, 200000},
		{16 * MBIT, 75000, 125000},
		{4 * MBIT, 150000, 350000},
		{80 * MBIT, 55000, 65000},
		{0, 50000, 50000},
		{8, 50000 + 50 * NSEC, 50000 + 150 * NSEC},
		{8000000 * MBIT, 50000, 50000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f;
		void *own;

		(void)state;
		assert_int_equal(setup(&own), 0);
		f = own;
		f->shape.rate = 8 * MBIT;
		shape(f, T0);
		assert_true(come(f, 100, 0, T0));
		assert_true(come(f, 100, 0, T0));
		f->shape.rate = rows[i].rate;
		shape(f, T0 + 50000); /* in the middle of the first */
		line_advance(&f->line, UNLIMITED);
		assert_int_equal(f->due_count, 2);
		expect_due(f, 0, 0, T0 + rows[i].first_ns);
		expect_due(f, 1, 1, T0 + rows[i].second_ns);
		assert_int_equal(teardown(&own), 0);
	}
}

static void what_has_been_sent_when_the_rate_changes_was_sent_at_the_old_one(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	shape(f, T0);
	for (int i = 0; i < 4; i++)
		assert_true(come(f, 100, 0, T0));
	f->shape.rate = 80 * MBIT;
	shape(f, T0 + 250000); /* two and a half were sent, and nobody has looked yet */
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0 + 100000);
	expect_due(f, 1, 1, T0 + 200000);
	expect_due(f, 2, 2, T0 + 255000);
	expect_due(f, 3, 3, T0 + 265000);
}

/* The daemon's word of a change may be heard before a frame that came before it. */
static void a_change_that_is_told_late_makes_no_transmission_longer(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 10000000 * MBIT;
	shape(f, T0);
	assert_true(come(f, 1000, 0, T0 + 1000000));
	f->shape.rate = 8;
	shape(f, T0); /* a millisecond before the transmission has begun */
	line_advance(&f->line, UNLIMITED);
	assert_true(f->due[0].due_ns <= T0 + 1002 * NSEC);
	assert_true(f->due[0].due_ns >= T0 + 1000 * NSEC);
}

static void a_queue_that_waits_leaves_when_the_rate_is_taken_away(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8;
	f->shape.delay_ns = 5;
	shape(f, T0);
	for (int i = 0; i < 100; i++)
		assert_true(come(f, 1000, 0, T0));
	f->shape.rate = 0;
	shape(f, T0 + 77);
	assert_int_equal(f->due_count, 100);
	for (uint64_t i = 0; i < 100; i++)
		expect_due(f, i, i, T0 + 77 + 5);
	assert_int_equal(f->stats.queue, 0);
	assert_int_equal(line_next(&f->line), 0);
	assert_true(come(f, 1000, 0, T0 + 80));
	expect_due(f, 100, 100, T0 + 85);
}

static void a_rate_that_comes_holds_back_from_then_on(void **state)
{
	struct fixture *f = *state;

	assert_true(come(f, 100, 0, T0));
	f->shape.rate = 8 * MBIT;
	shape(f, T0 + 5);
	assert_true(come(f, 100, 0, T0 + 10));
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0);
	expect_due(f, 1, 1, T0 + 10 + 100000);
}

static void the_same_rate_again_changes_nothing(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 7;
	shape(f, T0);
	assert_true(come(f, 100, 0, T0));
	assert_true(come(f, 100, 0, T0));
	for (uint64_t i = 1; i < 100; i++)
		shape(f, T0 + i * NSEC);
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0 + 800 * NSEC / 7);
	expect_due(f, 1, 1, T0 + 1600 * NSEC / 7);
}

static void changes_of_the_rate_lose_no_time(void **state)
{
	static const uint64_t rates[] = {8 * MBIT, 16 * MBIT};
	struct fixture *f = *state;

	f->shape.rate = rates[0];
	shape(f, T0);
	for (int i = 0; i < 100; i++)
		assert_true(come(f, 1000, 0, T0));
	for (uint64_t i = 1; i < 1000; i++) { /* half of the time each: 12 Mbit/s in the mean */
		f->shape.rate = rates[i % 2];
		shape(f, T0 + i * 100000);
	}
	line_advance(&f->line, UNLIMITED);
	/* 800,000 bits; each change may cost a nanosecond */
	assert_true(f->due[99].due_ns - T0 > 66700000 - 2000);
	assert_true(f->due[99].due_ns - T0 < 66700000 + 50000);
}

/* --- another link ------------------------------------------------------------------------------
 */

static void another_link_on_the_port_begins_from_nothing(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8;
	f->shape.limit = 5;
	f->shape.flags = VLSP_SHAPE_KEEP;
	f->shape.delay_ns = 100 * NSEC;
	shape(f, T0);
	for (int i = 0; i < 7; i++)
		(void)come(f, 100, 0, T0);
	f->stats.held = 2;
	f->stats.sent = f->stats.late = f->stats.late_max_ns = f->stats.overruns = 9;
	/* as the relay does it: what waits leaves, then the port is the other one's */
	line_shape(&f->line, &(struct vlsp_shape){0}, T0 + 1);
	assert_int_equal(f->due_count, 5);
	line_begin(&f->line, 4, 8);
	assert_int_equal(f->line.slot, 4);
	assert_int_equal(f->line.link, 8);
	assert_int_equal(f->stats.link, 8);
	assert_int_equal(f->stats.queue + f->stats.queue_max + f->stats.dropped + f->stats.sent +
				 f->stats.late + f->stats.late_max_ns + f->stats.overruns,
			 0);
	assert_int_equal(f->stats.held, 2); /* those are on their way still */
	f->shape = (struct vlsp_shape){
		.key = KEY, .rate = 8 * MBIT, .limit = 9, .link = 8, .flags = VLSP_SHAPE_KEEP};
	shape(f, T0 + 2);
	/* neither the old transmission nor the old order holds it back */
	assert_true(come(f, 100, 0, T0 + 2));
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 5, 7, T0 + 2 + 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_rate_is_that_of_the_bits_that_are_left),
		T(what_has_been_sent_when_the_rate_changes_was_sent_at_the_old_one),
		T(a_change_that_is_told_late_makes_no_transmission_longer),
		T(a_queue_that_waits_leaves_when_the_rate_is_taken_away),
		T(a_rate_that_comes_holds_back_from_then_on),
		T(the_same_rate_again_changes_nothing),
		T(changes_of_the_rate_lose_no_time),
		T(another_link_on_the_port_begins_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
