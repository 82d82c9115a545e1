/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a link: when a datagram leaves its queue, and when it is due. Time is the
 * test's: nothing waits, and every nanosecond is accounted for.
 */
#include "tests/unit/daemon/relay/line_world.h"

#include "include/shared/fate.h"
#include "lib/shape/dist.h"

/* --- rate --------------------------------------------------------------------------------------
 */

static void without_rate_and_delay_all_is_due_at_once(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 10; i++) {
		assert_true(come(f, 1000, 0, T0 + i));
		expect_due(f, i, i, T0 + i);
	}
	assert_int_equal(line_next(&f->line), 0);
	assert_int_equal(f->stats.queue_max, 0);
}

static void a_frame_leaves_when_its_last_bit_is_sent(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT; /* a byte is a microsecond */
	shape(f, T0);
	assert_true(come(f, 100, 0, T0));
	assert_true(come(f, 50, 0, T0 + 10));
	assert_int_equal(f->stats.queue, 2);
	assert_int_equal(line_next(&f->line), T0 + 100000);
	line_advance(&f->line, T0 + 99999);
	assert_int_equal(f->due_count, 0);
	line_advance(&f->line, T0 + 100000);
	expect_due(f, 0, 0, T0 + 100000);
	assert_int_equal(f->due_count, 1);
	assert_int_equal(f->stats.queue, 1);
	/* the next one has begun when the first ended, however late that is noticed */
	line_advance(&f->line, T0 + 900000);
	expect_due(f, 1, 1, T0 + 150000);
	assert_int_equal(line_next(&f->line), 0);
	/* and after a pause the transmitter begins anew */
	assert_true(come(f, 10, 0, T0 + NSEC));
	assert_int_equal(line_next(&f->line), T0 + NSEC + 10000);
	assert_int_equal(f->stats.queue_max, 2);
}

static void the_rate_is_exact_over_any_time_whether_it_divides_or_not(void **state)
{
	static const struct {
		uint64_t rate;
		uint32_t count;
		int32_t overhead;
	} rows[] = {
		{1, 3, 0},
		{3, 20, 0},
		{7, 20, 24},
		{9600, 4000, 0},
		{64000, 4000, -14},
		{56001, 4000, 24},
		{999983, 4000, 24},
		{10 * MBIT, 4000, 0},
		{33333333, 4000, 0},
		{100 * MBIT, 4000, 24},
		{1000 * MBIT, 4000, 24},
		{999999937, 4000, 1000},
		{10000000 * MBIT, 4000, 0},
		{9999999999999, 4000, 0},
	};

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct fixture *f;
		__uint128_t bits = 0;
		void *own;

		(void)state;
		assert_int_equal(setup(&own), 0);
		f = own;
		f->shape.rate = rows[row].rate;
		f->shape.overhead = rows[row].overhead;
		f->shape.limit = 5000;
		shape(f, T0);
		for (uint32_t i = 0; i < rows[row].count; i++)
			assert_true(come(f, 60 + (uint32_t)(fate_base(1, i) % 1455), 0, T0));
		line_advance(&f->line, UNLIMITED);
		assert_int_equal(f->due_count, rows[row].count);
		for (uint32_t i = 0; i < rows[row].count; i++) {
			uint64_t exact;

			bits += 8u * (uint64_t)((int64_t)f->due[i].length + rows[row].overhead);
			exact = (uint64_t)(bits * NSEC / rows[row].rate);
			if (f->due[i].n != i || f->due[i].due_ns != T0 + exact)
				fail_msg("%llu bit/s: frame %u leaves %lld ns off",
					 (unsigned long long)rows[row].rate, i,
					 (long long)(f->due[i].due_ns - T0 - exact));
		}
		assert_int_equal(teardown(&own), 0);
	}
}

/* Fed as fast as it sends, but a little at a time, it is as exact. */
static void a_busy_line_is_exact_however_it_is_fed(void **state)
{
	struct fixture *f = *state;
	const uint64_t rate = 7777777;

	f->shape.rate = rate;
	shape(f, T0);
	for (uint32_t i = 0; i < 5000; i++) {
		uint64_t now = T0 + 8ull * 500 * NSEC * i / rate / 2;

		if (f->stats.queue > 20) {
			now = line_next(&f->line) + fate_base(2, i) % 100000;
			line_advance(&f->line, now);
		}
		assert_true(come(f, 500, 0, now > T0 ? now : T0));
	}
	line_advance(&f->line, UNLIMITED);
	for (uint64_t i = 0; i < 5000; i++)
		expect_due(f, i, i, T0 + 8ull * 500 * NSEC * (i + 1) / rate);
}

static void a_frame_counts_as_one_byte_at_least(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	f->shape.overhead = -14;
	shape(f, T0);
	assert_true(come(f, 14, 0, T0));
	assert_true(come(f, 1, 0, T0));
	assert_true(come(f, 15, 0, T0));
	line_advance(&f->line, UNLIMITED);
	for (uint64_t i = 0; i < 3; i++)
		expect_due(f, i, i, T0 + (i + 1) * 1000);
}

static void a_byte_at_one_bit_a_second_takes_eight_seconds(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 1;
	shape(f, T0);
	assert_true(come(f, 1, 0, T0));
	assert_true(come(f, VLSP_FRAME_MAX, 0, T0));
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0 + 8 * NSEC);
	expect_due(f, 1, 1, T0 + 8 * NSEC * (1 + VLSP_FRAME_MAX));
}

/* --- the queue ---------------------------------------------------------------------------------
 */

static void a_full_queue_takes_no_more(void **state)
{
	static const uint32_t limits[] = {1, 2, 17, 1000};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct fixture *f = *state;
		uint64_t dropped = f->stats.dropped, base = f->n;
		size_t before = f->due_count;

		f->shape.rate = 8 * MBIT;
		f->shape.limit = limits[i];
		shape(f, T0 + i * NSEC);
		for (uint32_t k = 0; k < limits[i] + 5; k++)
			assert_int_equal(come(f, 100, 0, T0 + i * NSEC), k < limits[i]);
		assert_int_equal(f->stats.dropped, dropped + 5);
		assert_int_equal(f->stats.queue, limits[i]);
		assert_int_equal(f->stats.queue_max, limits[i]);
		/* there is room again when one has left, and not before */
		assert_false(come(f, 100, 0, T0 + i * NSEC + 99999));
		assert_true(come(f, 100, 0, T0 + i * NSEC + 100000));
		line_advance(&f->line, T0 + (i + 1) * NSEC - 1);
		assert_int_equal(f->due_count - before, limits[i] + 1);
		assert_int_equal(f->due[f->due_count - 1].n, base + limits[i] + 6);
	}
}

static void a_smaller_limit_drops_nothing_that_waits(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	shape(f, T0);
	for (int i = 0; i < 10; i++)
		assert_true(come(f, 100, 0, T0));
	f->shape.limit = 3;
	shape(f, T0 + 1);
	assert_false(come(f, 100, 0, T0 + 2));
	line_advance(&f->line, T0 + 800000); /* two are left */
	assert_true(come(f, 100, 0, T0 + 800000));
	assert_false(come(f, 100, 0, T0 + 800000));
	line_advance(&f->line, UNLIMITED);
	assert_int_equal(f->due_count, 11);
}

static void without_rate_there_is_no_queue_to_be_full(void **state)
{
	struct fixture *f = *state;

	f->shape.limit = 1;
	f->shape.delay_ns = NSEC;
	shape(f, T0);
	for (int i = 0; i < 100; i++)
		assert_true(come(f, 100, 0, T0));
	assert_int_equal(f->stats.dropped, 0);
}

/* --- delay -------------------------------------------------------------------------------------
 */

static void the_delay_follows_the_rate(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	f->shape.delay_ns = 20000000;
	shape(f, T0);
	assert_true(come(f, 100, 0, T0));
	assert_true(come(f, 100, 0, T0));
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0 + 100000 + 20000000);
	expect_due(f, 1, 1, T0 + 200000 + 20000000);
}

static uint64_t foretell(const struct vlsp_shape *shape, uint64_t n, bool copy)
{
	uint64_t drawn = fate_of(fate_base(shape->key, n), copy ? FATE_JITTER_COPY : FATE_JITTER);
	double delay = (double)shape->delay_ns +
		       dist_quantile((enum topo_distribution)shape->distribution,
				     dist_share(drawn)) *
			       (double)shape->jitter_ns;

	return delay > 0 ? (uint64_t)delay : 0;
}

static void jitter_is_what_the_fates_say(void **state)
{
	struct fixture *f = *state;
	uint64_t negative = 0;

	f->shape.delay_ns = 2000000;
	f->shape.jitter_ns = 2000000;
	for (uint32_t d = TOPO_DIST_UNIFORM; d <= TOPO_DIST_PARETONORMAL; d++) {
		size_t first = f->due_count;

		f->shape.distribution = d;
		shape(f, T0);
		for (size_t i = first; i < first + 1000; i++) {
			bool copy = i % 3 == 0;
			uint64_t wanted = foretell(&f->shape, f->n, copy);

			assert_true(come(f, 100, copy ? VLSP_FRAME_COPY : 0, T0));
			expect_due(f, i, f->n - 1, T0 + wanted);
			negative += wanted == 0;
		}
	}
	/* of the normal ones, a sixth would be due before it came */
	assert_true(negative > 100 && negative < 400);
}

static void the_first_delays_of_a_key_are_what_they_always_were(void **state)
{
	static const uint64_t uniform[] = {18781406, 21105836, 19102446, 19465316, 18788655};
	static const uint64_t normal[] = {18283314, 21520578, 18808143, 19316816, 18296409};
	static const uint64_t pareto[] = {19018825, 20341123, 19107333, 19224613, 19020692};
	static const uint64_t *const rows[] = {uniform, normal, pareto};
	struct fixture *f = *state;

	f->shape.delay_ns = 20000000;
	f->shape.jitter_ns = 2000000;
	for (uint32_t d = 0; d < 3; d++) {
		f->shape.distribution = d;
		f->n = 0;
		for (size_t i = 0; i < 5; i++) {
			int64_t off;

			assert_true(come(f, 100, 0, T0));
			off = (int64_t)(f->due[5 * d + i].due_ns - T0 - rows[d][i]);
			/* another libm may round the last digit otherwise */
			if (off < -1 || off > 1)
				fail_msg("distribution %u, %zu: %llu", d, i,
					 (unsigned long long)(f->due[5 * d + i].due_ns - T0));
		}
	}
}

static void an_early_one_overtakes_those_with_delay_but_not_the_queue(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	f->shape.delay_ns = 20000000;
	f->shape.jitter_ns = 1000000;
	shape(f, T0);
	assert_true(come(f, 100, 0, T0));
	assert_true(come(f, 100, VLSP_FRAME_EARLY, T0));
	assert_true(come(f, 100, VLSP_FRAME_EARLY | VLSP_FRAME_COPY, T0));
	line_advance(&f->line, UNLIMITED);
	assert_true(f->due[0].due_ns > T0 + 19000000);
	expect_due(f, 1, 1, T0 + 200000);
	expect_due(f, 2, 2, T0 + 300000);
}

static void order_is_kept_where_that_is_asked_for(void **state)
{
	struct fixture *f = *state;
	uint64_t overtaken[2] = {0}, raised = 0;

	f->shape.delay_ns = 20000000;
	f->shape.jitter_ns = 20000000;
	for (int keep = 0; keep < 2; keep++) {
		size_t first = f->due_count;

		f->shape.flags = VLSP_SHAPE_RELAY | (keep ? VLSP_SHAPE_KEEP : 0);
		shape(f, T0 + NSEC * (uint64_t)keep);
		for (size_t i = 0; i < 1000; i++) {
			uint64_t at = T0 + NSEC * (uint64_t)keep + i * 1000;
			uint64_t drawn = at + foretell(&f->shape, f->n, false), is;

			assert_true(come(f, 100, 0, at));
			is = f->due[first + i].due_ns;
			if (i > 0 && is < f->due[first + i - 1].due_ns)
				overtaken[keep]++;
			/* it is later than drawn only where the one before is as late */
			if (is != drawn) {
				assert_true(keep && i > 0 && is > drawn);
				assert_int_equal(is, f->due[first + i - 1].due_ns);
				raised++;
			}
		}
	}
	assert_int_equal(overtaken[1], 0);
	assert_true(overtaken[0] > 300);
	assert_true(raised > 300);
}

static void a_packet_keeps_the_delay_it_came_with(void **state)
{
	struct fixture *f = *state;

	f->shape.rate = 8 * MBIT;
	f->shape.delay_ns = 5000000;
	shape(f, T0);
	assert_true(come(f, 100, 0, T0));
	f->shape.delay_ns = 1000000;
	shape(f, T0 + 50000);
	assert_true(come(f, 100, 0, T0 + 50000));
	line_advance(&f->line, UNLIMITED);
	expect_due(f, 0, 0, T0 + 100000 + 5000000);
	expect_due(f, 1, 1, T0 + 200000 + 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_rate_and_delay_all_is_due_at_once),
		T(a_frame_leaves_when_its_last_bit_is_sent),
		T(the_rate_is_exact_over_any_time_whether_it_divides_or_not),
		T(a_busy_line_is_exact_however_it_is_fed),
		T(a_frame_counts_as_one_byte_at_least),
		T(a_byte_at_one_bit_a_second_takes_eight_seconds),
		T(a_full_queue_takes_no_more),
		T(a_smaller_limit_drops_nothing_that_waits),
		T(without_rate_there_is_no_queue_to_be_full),
		T(the_delay_follows_the_rate),
		T(jitter_is_what_the_fates_say),
		T(the_first_delays_of_a_key_are_what_they_always_were),
		T(an_early_one_overtakes_those_with_delay_but_not_the_queue),
		T(order_is_kept_where_that_is_asked_for),
		T(a_packet_keeps_the_delay_it_came_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
