/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The draws of include/shared/fate.h. The tables are what they were when the first version was
 * made: a seed that somebody has written down means the same losses for ever, in each back end.
 * The statistics are of fixed keys, so they hold always or never. Bounds are five standard
 * deviations.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "include/shared/fate.h"

#define DRAWS  1000000u
#define BINS   256u
#define SIGMAS 5.0

/* --- frozen ------------------------------------------------------------------------------------
 */

static void a_key_and_a_number_give_what_they_always_gave(void **state)
{
	static const struct {
		uint64_t key, n, base;
	} rows[] = {
		/* key 0: as published for SplitMix64 with seed 0 */
		{0, 0, 0xe220a8397b1dcdafULL},
		{0, 1, 0x6e789e6aa1b965f4ULL},
		{0, 2, 0x06c45d188009454fULL},
		{0, 1000000, 0xce17d6bab14cd32aULL},
		{0, 0xffffffff, 0xbeeb67eaf1fc5e61ULL},
		{0, 0x100000000, 0x46093cf9861ec2e4ULL},
		{1, 0, 0x910a2dec89025cc1ULL},
		{1, 1000000, 0x18d805f4f66e8ef0ULL},
		{42, 0, 0xbdd732262feb6e95ULL},
		{42, 1, 0x28efe333b266f103ULL},
		{42, 0x100000000, 0xbf98ac77734bec1dULL},
		{UINT64_MAX, 0, 0xe4d971771b652c20ULL},
		{UINT64_MAX, 0xffffffff, 0xd3c3fc2c2de810ecULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fate_base(rows[i].key, rows[i].n), rows[i].base);
}

static void each_purpose_has_the_draw_that_it_always_had(void **state)
{
	static const uint64_t drawn[] = {
		[FATE_LOSS] = 0x001dcf1b277a0c18ULL,
		[FATE_BURST] = 0xff6a03ddcc9b51e2ULL,
		[FATE_DUPLICATE] = 0x2a9c423cf344298eULL,
		[FATE_CORRUPT] = 0x19807f83a2b4fd77ULL,
		[FATE_BIT] = 0xe7372bc8beb529beULL,
		[FATE_REORDER] = 0x3b59d870c451d49dULL,
		[FATE_JITTER] = 0xf9b32a056c0c209fULL,
		[FATE_JITTER_COPY] = 0x28a0ca0390068f6eULL,
	};
	uint64_t base = fate_base(42, 7);

	(void)state;
	for (enum fate_draw draw = FATE_LOSS; draw <= FATE_JITTER_COPY; draw++)
		assert_int_equal(fate_of(base, draw), drawn[draw]);
}

/* 'x': lost. */
static void draw_losses(const struct fate_loss *model, uint64_t key, char *text, size_t size)
{
	uint32_t burst = 0;

	for (size_t n = 0; n < size; n++)
		text[n] = fate_lost(model, fate_base(key, n), &burst) ? 'x' : '.';
	text[size] = '\0';
}

static void losses_are_those_that_they_always_were(void **state)
{
	static const struct {
		const char *what;
		struct fate_loss model;
		const char *losses;
	} rows[] = {
		{"a quarter",
		 {.loss = 1u << 30},
		 "..xx.x.xxx......x..x.x...x...x..x.x..x.x.x.x....x....x.x........"},
		{"bursts of 4, all within them",
		 {.enter = 1u << 29, .leave = 1u << 30, .burst_loss = FATE_ALWAYS},
		 "..........xxxxxx...........................xxxxxxxx......xxxxxxxxx......xxxx....."
		 "."
		 "............xxxxxxxxxx.........xxxx.....xxxxx."},
		{"three quarters within bursts, an eighth outside",
		 {.loss = 1u << 29, .enter = 1u << 29, .leave = 1u << 30, .burst_loss = 3u << 30},
		 "..x..x.xx.....xx...x.x...x......x..........xxx.xx.x..........xxxxxx.....xx.x....."
		 "."
		 "x.x...x.x...xxxxxxxxx..x......xx.xx...x.xxxxx."},
	};
	char text[160];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		draw_losses(&rows[i].model, 42, text, strlen(rows[i].losses));
		if (strcmp(text, rows[i].losses) != 0)
			fail_msg("%s: %s", rows[i].what, text);
	}
}

/* --- never and always --------------------------------------------------------------------------
 */

static void a_probability_of_0_never_hits_and_always_always_does(void **state)
{
	static const uint64_t drawn[] = {0, 1, 0xffffffff, 0x100000000, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(drawn) / sizeof(drawn[0]); i++) {
		assert_false(fate_hit(drawn[i], 0));
		assert_true(fate_hit(drawn[i], FATE_ALWAYS));
	}
	for (uint64_t n = 0; n < DRAWS; n++) {
		uint64_t base = fate_base(3, n);

		assert_false(fate_hit(fate_of(base, FATE_LOSS), 0));
		assert_true(fate_hit(fate_of(base, FATE_LOSS), FATE_ALWAYS));
	}
}

static void a_probability_hits_exactly_the_draws_below_it(void **state)
{
	(void)state;
	assert_true(fate_hit(0, 1));
	assert_true(fate_hit(0xffffffff, 1));
	assert_false(fate_hit(1ULL << 32, 1));
	assert_true(fate_hit(0x7fffffffULL << 32, 1u << 31));
	assert_false(fate_hit(0x80000000ULL << 32, 1u << 31));
	assert_false(fate_hit((uint64_t)(FATE_ALWAYS - 1) << 32, FATE_ALWAYS - 1));
}

static void without_bursts_the_state_of_bursts_is_not_looked_at(void **state)
{
	const struct fate_loss model = {.loss = FATE_ALWAYS, .burst_loss = 0};
	uint32_t burst = 1;

	(void)state;
	for (uint64_t n = 0; n < 1000; n++)
		assert_true(fate_lost(&model, fate_base(1, n), &burst));
	assert_int_equal(burst, 1);
}

/* --- statistics --------------------------------------------------------------------------------
 */

/* Chi-square with many degrees of freedom is close to normal: mean df, variance 2 df. */
static void expect_even(const char *what, uint64_t number, const uint32_t *bins, uint32_t count)
{
	double expected = (double)DRAWS / count, chi = 0, df = count - 1, off;

	for (uint32_t i = 0; i < count; i++)
		chi += (bins[i] - expected) * (bins[i] - expected) / expected;
	off = (chi - df) / sqrt(2 * df);
	if (fabs(off) > SIGMAS)
		fail_msg("%s %llu: chi-square %.1f with %.0f degrees of freedom", what,
			 (unsigned long long)number, chi, df);
}

static const uint64_t keys[] = {0, 1, 2, 42, 0x123456789abcdefULL, 1ULL << 63, UINT64_MAX};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void draws_are_spread_evenly(void **state)
{
	(void)state;
	for (size_t k = 0; k < KEYS; k++) {
		for (enum fate_draw draw = FATE_LOSS; draw <= FATE_JITTER_COPY; draw++) {
			uint32_t high[BINS] = {0}, low[BINS] = {0}, middle[BINS] = {0};

			for (uint64_t n = 0; n < DRAWS; n++) {
				uint64_t drawn = fate_of(fate_base(keys[k], n), draw);

				high[drawn >> 56]++; /* of probabilities */
				middle[drawn >> 24 & 0xff]++;
				low[drawn & 0xff]++;
			}
			expect_even("high bits, draw", draw, high, BINS);
			expect_even("middle bits, draw", draw, middle, BINS);
			expect_even("low bits, draw", draw, low, BINS);
		}
	}
}

/* Runs above and below the middle (Wald and Wolfowitz 1940). */
static void high_and_low_draws_follow_one_another_by_chance(void **state)
{
	(void)state;
	for (size_t k = 0; k < KEYS; k++) {
		double above = 0, runs = 1, below, mean, variance;
		bool before = fate_of(fate_base(keys[k], 0), FATE_LOSS) >> 63;

		above = before;
		for (uint64_t n = 1; n < DRAWS; n++) {
			bool now = fate_of(fate_base(keys[k], n), FATE_LOSS) >> 63;

			runs += now != before;
			above += now;
			before = now;
		}
		below = DRAWS - above;
		mean = 2 * above * below / DRAWS + 1;
		variance = (mean - 1) * (mean - 2) / (DRAWS - 1.0);
		assert_true(fabs(runs - mean) < SIGMAS * sqrt(variance));
	}
}

static uint32_t both(uint64_t x, uint64_t y)
{
	return (uint32_t)(x >> 60 << 4 | y >> 60);
}

static void what_is_drawn_for_one_purpose_says_nothing_about_another(void **state)
{
	(void)state;
	for (enum fate_draw a = FATE_LOSS; a <= FATE_JITTER_COPY; a++) {
		for (enum fate_draw b = a + 1; b <= FATE_JITTER_COPY; b++) {
			uint32_t bins[BINS] = {0};

			for (uint64_t n = 0; n < DRAWS; n++) {
				uint64_t base = fate_base(42, n);

				bins[both(fate_of(base, a), fate_of(base, b))]++;
			}
			expect_even("draws", a * 10 + b, bins, BINS);
		}
	}
}

static void neighbours_say_nothing_about_each_other(void **state)
{
	static const uint64_t apart[] = {1, 2, 3, 64, 1000, 1ULL << 32};

	(void)state;
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		uint32_t numbers[BINS] = {0}, others[BINS] = {0};

		for (uint64_t n = 0; n < DRAWS; n++) {
			uint64_t here = fate_of(fate_base(42, n), FATE_LOSS);

			numbers[both(here, fate_of(fate_base(42, n + apart[i]), FATE_LOSS))]++;
			others[both(here, fate_of(fate_base(42 + apart[i], n), FATE_LOSS))]++;
		}
		expect_even("numbers apart", apart[i], numbers, BINS);
		expect_even("keys apart", apart[i], others, BINS);
	}
}

static void one_bit_of_the_key_turns_over_half_of_a_draw(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		double turned = 0;

		for (uint64_t n = 0; n < 10000; n++)
			turned += __builtin_popcountll(
				fate_of(fate_base(42, n), FATE_LOSS) ^
				fate_of(fate_base(42 ^ 1ULL << bit, n), FATE_LOSS));
		/* of 640,000 bits, each turned with probability 1/2 */
		assert_true(fabs(turned - 320000) < SIGMAS * 400);
	}
}

/* --- loss --------------------------------------------------------------------------------------
 */

static uint32_t share(double p)
{
	return p >= 1 ? FATE_ALWAYS : (uint32_t)(p * 0x1p32 + 0.5);
}

static void the_share_that_is_lost_is_the_one_asked_for(void **state)
{
	static const double shares[] = {0.000001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999};

	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		const struct fate_loss model = {.loss = share(shares[i])};
		double mean = shares[i] * DRAWS, lost = 0;
		uint32_t burst = 0;

		for (uint64_t n = 0; n < DRAWS; n++)
			lost += fate_lost(&model, fate_base(11, n), &burst);
		if (fabs(lost - mean) > SIGMAS * sqrt(mean * (1 - shares[i])) + 1)
			fail_msg("%f asked for, %f lost", shares[i], lost / DRAWS);
	}
}

/*
 * The chain has the two states in the shares enter : leave, and a burst is as long as a geometric
 * distribution with leave says. Of a share p, the deviation over N datagrams is that of N
 * independent ones times (1 + r) / (1 - r), with r = 1 - enter - leave.
 */
static void bursts_have_the_length_and_the_losses_the_share_that_were_asked_for(void **state)
{
	static const struct {
		double enter, leave, within, outside;
	} rows[] = {
		{0.01, 0.25, 1, 0},	    {0.001, 0.1, 1, 0},	 {0.05, 0.5, 1, 0},
		{0.0005, 0.02, 1, 0},	    {0.02, 0.2, 0.7, 0}, {0.01, 0.05, 0.5, 0.001},
		{0.0001, 0.001, 0.3, 0.01}, {0.9, 0.9, 1, 0},	 {0.3, 1, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double e = rows[i].enter, l = rows[i].leave, in_burst = e / (e + l), r = 1 - e - l;
		const struct fate_loss model = {.loss = share(rows[i].outside),
						.enter = share(e),
						.leave = share(l),
						.burst_loss = share(rows[i].within)};
		double wanted = in_burst * rows[i].within + (1 - in_burst) * rows[i].outside;
		double lost = 0, in = 0, begun = 0, deviation, length;
		uint32_t burst = 0, before = 0;

		for (uint64_t n = 0; n < DRAWS; n++) {
			lost += fate_lost(&model, fate_base(5, n), &burst);
			begun += burst && !before;
			in += burst;
			before = burst;
		}
		deviation = sqrt(wanted * (1 - wanted) / DRAWS * fmax(1, (1 + r) / (1 - r)));
		if (fabs(lost / DRAWS - wanted) > SIGMAS * deviation)
			fail_msg("row %zu: share %f, not %f", i, lost / DRAWS, wanted);
		length = in / begun;
		deviation = sqrt((1 - l) / (l * l) / begun);
		if (fabs(length - 1 / l) > SIGMAS * deviation + 1e-9)
			fail_msg("row %zu: bursts of %f, not %f", i, length, 1 / l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_and_a_number_give_what_they_always_gave),
		cmocka_unit_test(each_purpose_has_the_draw_that_it_always_had),
		cmocka_unit_test(losses_are_those_that_they_always_were),
		cmocka_unit_test(a_probability_of_0_never_hits_and_always_always_does),
		cmocka_unit_test(a_probability_hits_exactly_the_draws_below_it),
		cmocka_unit_test(without_bursts_the_state_of_bursts_is_not_looked_at),
		cmocka_unit_test(draws_are_spread_evenly),
		cmocka_unit_test(high_and_low_draws_follow_one_another_by_chance),
		cmocka_unit_test(what_is_drawn_for_one_purpose_says_nothing_about_another),
		cmocka_unit_test(neighbours_say_nothing_about_each_other),
		cmocka_unit_test(one_bit_of_the_key_turns_over_half_of_a_draw),
		cmocka_unit_test(the_share_that_is_lost_is_the_one_asked_for),
		cmocka_unit_test(
			bursts_have_the_length_and_the_losses_the_share_that_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
