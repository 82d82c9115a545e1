/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a link: when a datagram leaves its queue, and when it is due. Time is the
 * test's: nothing waits, and every nanosecond is accounted for.
 */
#include "daemon/relay/line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "include/shared/fate.h"
#include "lib/shape/dist.h"

#define NSEC	  1000000000ULL
#define T0	  (1000 * NSEC) /* when the tests begin */
#define DUE_MAX	  5000
#define PORT	  100
#define KEY	  42
#define MBIT	  1000000ULL
#define UNLIMITED UINT64_MAX /* a time after everything */

struct fixture {
	struct line line;
	struct vlsp_line stats;
	struct vlsp_shape shape;
	struct hold hold;
	uint64_t n;
	struct {
		uint64_t n, due_ns;
		uint32_t length;
	} due[DUE_MAX];
	size_t due_count;
};

static void on_due(void *arg, struct packet *packet)
{
	struct fixture *f = arg;

	assert_true(f->due_count < DUE_MAX);
	assert_null(packet->next);
	f->due[f->due_count].n = packet->n;
	f->due[f->due_count].due_ns = packet->due_ns;
	f->due[f->due_count++].length = packet->length;
	hold_put(&f->hold, packet);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	hold_init(&f->hold, 64u << 20);
	line_init(&f->line, PORT, on_due, f, &f->stats);
	line_begin(&f->line, 3, 7);
	f->shape = (struct vlsp_shape){.key = KEY, .limit = 1000, .link = 7};
	line_shape(&f->line, &f->shape, T0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	line_shape(&f->line, &(struct vlsp_shape){0}, UNLIMITED - 1);
	assert_int_equal(f->hold.held, 0); /* nothing was forgotten */
	assert_int_equal(f->stats.queue, 0);
	hold_done(&f->hold);
	free(f);
	return 0;
}

static void shape(struct fixture *f, uint64_t now_ns)
{
	line_shape(&f->line, &f->shape, now_ns);
}

/* A frame of that length with the shape in force and those flags; false: there was no room. */
static bool come(struct fixture *f, uint32_t length, uint32_t flags, uint64_t at_ns)
{
	struct packet *packet = hold_get(&f->hold, length);

	assert_non_null(packet);
	packet->n = f->n++;
	packet->flags = (uint8_t)flags;
	packet->link = f->shape.link;
	packet->key = f->shape.key;
	packet->delay_ns = f->shape.delay_ns;
	packet->jitter_ns = f->shape.jitter_ns;
	packet->distribution = (uint8_t)f->shape.distribution;
	packet->keep = (f->shape.flags & VLSP_SHAPE_KEEP) != 0;
	if (line_take(&f->line, packet, at_ns))
		return true;
	hold_put(&f->hold, packet);
	return false;
}

static void expect_due(const struct fixture *f, size_t i, uint64_t n, uint64_t due_ns)
{
	if (i >= f->due_count)
		fail_msg("only %zu have left, %zu is not among them", f->due_count, i);
	if (f->due[i].n != n || f->due[i].due_ns != due_ns)
		fail_msg("%zu: number %llu is due at T0%+lld ns, not number %llu at T0%+lld ns", i,
			 (unsigned long long)f->due[i].n, (long long)(f->due[i].due_ns - T0),
			 (unsigned long long)n, (long long)(due_ns - T0));
}

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

/* --- changes -----------------------------------------------------------------------------------
 */

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
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
		T(a_new_rate_is_that_of_the_bits_that_are_left),
		T(what_has_been_sent_when_the_rate_changes_was_sent_at_the_old_one),
		T(a_queue_that_waits_leaves_when_the_rate_is_taken_away),
		T(a_rate_that_comes_holds_back_from_then_on),
		T(the_same_rate_again_changes_nothing),
		T(changes_of_the_rate_lose_no_time),
		T(another_link_on_the_port_begins_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
