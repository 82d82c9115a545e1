/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which back ends a shape gets on a machine that can do this and that, and what the record says. */
#include "lib/shape/plan.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "include/shared/fate.h"

#define TBF   SHAPE_CAN_TBF
#define NETEM SHAPE_CAN_NETEM
#define RELAY SHAPE_CAN_RELAY
#define ALL   (TBF | NETEM | RELAY)

/* "delay 20ms loss 1%" */
static struct topo_shape shape_of(const char *words)
{
	struct topo_shape shape = {0};
	char text[200], *at = text, *key;
	struct err err = {0};

	strcpy(text, words);
	while ((key = strsep(&at, " ")) && *key)
		if (topo_shape_parse(&shape, key, strsep(&at, " "), &err) < 0)
			fail_msg("%s: %s", words, err.text);
	if (topo_shape_check(&shape, &err) < 0)
		fail_msg("%s: %s", words, err.text);
	return shape;
}

static struct shape_plan plan_of(const char *words, unsigned can)
{
	struct topo_shape shape = shape_of(words);
	struct shape_plan plan = {0};
	struct err err = {0};

	if (shape_plan(&shape, can, &plan, &err) < 0)
		fail_msg("%s, with %u: %s", words, can, err.text);
	return plan;
}

/* --- who does it -------------------------------------------------------------------------------
 */

struct choice {
	const char *words;
	unsigned can;
	const char *text;
	bool fates, relay, tc_fates;
	enum shape_tc tc;
};

static void expect_choices(const struct choice *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct choice *row = &rows[i];
		struct shape_plan plan = plan_of(row->words, row->can);

		if (strcmp(plan.text, row->text) != 0 || plan.fates != row->fates ||
		    plan.relay != row->relay || plan.tc != row->tc ||
		    plan.tc_fates != row->tc_fates)
			fail_msg("%s, with %u: \"%s\", fates %d, relay %d, tc %d, its fates %d",
				 row->words, row->can, plan.text, plan.fates, plan.relay, plan.tc,
				 plan.tc_fates);
		assert_int_equal(plan.shaped, *row->text != '\0');
	}
}

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static void a_back_end_is_chosen_by_what_the_machine_has(void **state)
{
	static const struct choice rows[] = {
		{.words = "", .can = ALL, .text = ""},
		/* what is not asked for, or nothing, needs nobody */
		{.words = "delay 0ms", .can = 0, .text = ""},
		{.words = "loss 0% duplicate 0% corrupt 0%", .can = 0, .text = ""},
		{.words = "seed 7 limit 100", .can = 0, .text = ""},
		{.words = "overhead 24", .can = 0, .text = ""},
		/* fates need no timing */
		{"loss 1%", 0, "bpf", .fates = true},
		{"loss 1% burst 5", ALL, "bpf", .fates = true},
		{"duplicate 1% corrupt 2%", ALL, "bpf", .fates = true},
		/* a rate is tbf's, or the relay's */
		{"rate 10mbit", ALL, "tc", .tc = SHAPE_TC_TBF},
		{"rate 10mbit", TBF, "tc", .tc = SHAPE_TC_TBF},
		{"rate 10mbit", NETEM | RELAY, "relay", .fates = true, .relay = true},
		{"rate 10mbit loss 1%", ALL, "bpf, tc", .fates = true, .tc = SHAPE_TC_TBF},
		/* tbf counts bytes: what that would change is the relay's */
		{"rate 12", ALL, "relay", .fates = true, .relay = true},
		{"rate 1", ALL, "relay", .fates = true, .relay = true},
		{"rate 12", TBF, "tc", .tc = SHAPE_TC_TBF},
		{"rate 16", ALL, "tc", .tc = SHAPE_TC_TBF},
		{"rate 8001", ALL, "tc", .tc = SHAPE_TC_TBF},
		/* delays are netem's, or the relay's */
		{"delay 20ms", ALL, "tc", .tc = SHAPE_TC_NETEM},
		{"delay 20ms", TBF | RELAY, "relay", .fates = true, .relay = true},
		{"delay 20ms jitter 1ms", NETEM, "tc", .tc = SHAPE_TC_NETEM},
		{"delay 20ms rate 1mbit", ALL, "tc", .tc = SHAPE_TC_NETEM_TBF},
		{"delay 20ms rate 1mbit", NETEM | RELAY, "relay", .fates = true, .relay = true},
		{"delay 20ms rate 1mbit", TBF | RELAY, "relay", .fates = true, .relay = true},
		{"delay 20ms loss 1%", ALL, "bpf, tc", .fates = true, .tc = SHAPE_TC_NETEM},
		{"delay 20ms loss 1%", RELAY, "bpf, relay", .fates = true, .relay = true},
		{"delay 20ms reorder 1%", ALL, "tc", .tc = SHAPE_TC_NETEM},
		/* what netem cannot do goes to the relay */
		{"delay 20ms jitter 1ms order keep", ALL, "relay", .fates = true, .relay = true},
		{"delay 20ms jitter 1ms seed 3", ALL, "relay", .fates = true, .relay = true},
		{"delay 20ms reorder 1% seed 3", ALL, "relay", .fates = true, .relay = true},
		/* where it makes no difference it stays */
		{"delay 20ms order keep", ALL, "tc", .tc = SHAPE_TC_NETEM},
		/* what comes later is counted from here on */
		{"delay 20ms seed 3", ALL, "tc", .fates = true, .tc = SHAPE_TC_NETEM},
		{"rate 1mbit seed 3", ALL, "tc", .fates = true, .tc = SHAPE_TC_TBF},
		{"delay 20ms jitter 0ms order keep", ALL, "tc", .tc = SHAPE_TC_NETEM},
	};

	(void)state;
	expect_choices(ROWS(rows));
}

static void a_back_end_that_is_asked_for_does_it(void **state)
{
	static const struct choice rows[] = {
		{"backend auto delay 20ms", ALL, "tc", .tc = SHAPE_TC_NETEM},
		{"backend relay delay 20ms", ALL, "relay", .fates = true, .relay = true},
		{"backend relay rate 1mbit loss 1%", RELAY, "bpf, relay", .fates = true,
		 .relay = true},
		{"backend relay", RELAY, "relay", .fates = true, .relay = true},
		{"backend bpf loss 1%", 0, "bpf", .fates = true},
		{"backend bpf", 0, "bpf", .fates = true},
		{"backend bpf delay 0ms corrupt 1%", 0, "bpf", .fates = true},
		{"backend tc rate 1mbit", TBF, "tc", .tc = SHAPE_TC_TBF},
		{"backend tc loss 1%", NETEM, "tc", .tc = SHAPE_TC_NETEM, .tc_fates = true},
		{"backend tc loss 1% burst 3", NETEM, "tc", .tc = SHAPE_TC_NETEM, .tc_fates = true},
		{"backend tc delay 2ms rate 1mbit", TBF | NETEM, "tc", .tc = SHAPE_TC_NETEM_TBF},
		{"backend tc delay 2ms corrupt 1% rate 1mbit", ALL, "tc", .tc = SHAPE_TC_NETEM_TBF,
		 .tc_fates = true},
		{.words = "backend tc", .can = 0, .text = ""},
	};

	(void)state;
	expect_choices(ROWS(rows));
}

static void what_nobody_can_do_is_refused_by_its_name(void **state)
{
	static const struct {
		const char *words;
		unsigned can;
		const char *text;
	} rows[] = {
		{"delay 20ms", TBF,
		 "delay: needs the relay or the kernel's sch_netem, and neither is there "
		 "(vlsp doctor)"},
		{"delay 20ms jitter 2ms reorder 1%", 0,
		 "delay: needs the relay or the kernel's sch_netem, and neither is there "
		 "(vlsp doctor)"},
		{"rate 1mbit", NETEM,
		 "rate: needs the relay or the kernel's sch_tbf, and neither is there (vlsp "
		 "doctor)"},
		{"delay 1ms rate 1mbit", NETEM,
		 "rate: needs the relay or the kernel's sch_tbf, and neither is there (vlsp "
		 "doctor)"},
		{"delay 20ms jitter 2ms order keep", TBF | NETEM,
		 "order: needs the relay, which is not there (vlsp doctor)"},
		{"delay 20ms jitter 2ms seed 1", TBF | NETEM,
		 "jitter: with a seed it needs the relay, which is not there (vlsp doctor)"},
		{"delay 20ms reorder 2% seed 1", NETEM,
		 "reorder: with a seed it needs the relay, which is not there (vlsp doctor)"},
		{"backend relay delay 1ms", TBF | NETEM,
		 "backend: the relay cannot work here (vlsp doctor)"},
		{"backend kmod loss 1%", ALL,
		 "backend: kmod: the kernel module vlsp is not loaded"},
		{"backend bpf loss 1% rate 1mbit", ALL,
		 "rate: backend bpf has loss, duplicate and corrupt only"},
		{"backend bpf delay 1ms", ALL,
		 "delay: backend bpf has loss, duplicate and corrupt only"},
		{"backend tc delay 1ms jitter 1ms order keep", ALL,
		 "order: backend tc cannot keep the order under jitter"},
		{"backend tc rate 1mbit", NETEM | RELAY,
		 "rate: backend tc needs the kernel's sch_tbf, which is not there (vlsp doctor)"},
		{"backend tc delay 1ms rate 1mbit", TBF | RELAY,
		 "delay: backend tc needs the kernel's sch_netem, which is not there "
		 "(vlsp doctor)"},
		{"backend tc rate 1mbit duplicate 1%", TBF | RELAY,
		 "duplicate: backend tc needs the kernel's sch_netem, which is not there "
		 "(vlsp doctor)"},
		{"backend tc loss 1% burst 3", TBF | RELAY,
		 "loss: backend tc needs the kernel's sch_netem, which is not there "
		 "(vlsp doctor)"},
		{"rate 7", TBF, "rate: backend tc counts bytes, and less than 8 bit/s is none"},
		{"backend tc rate 7", ALL,
		 "rate: backend tc counts bytes, and less than 8 bit/s is none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topo_shape shape = shape_of(rows[i].words);
		struct shape_plan plan = {.text = "untouched"};
		struct err err = {0};

		if (shape_plan(&shape, rows[i].can, &plan, &err) != -EOPNOTSUPP ||
		    strcmp(err.text, rows[i].text) != 0)
			fail_msg("%s, with %u: %d: %s", rows[i].words, rows[i].can, err.code,
				 err.text);
		assert_string_equal(plan.text, "untouched");
	}
}

/* --- the record --------------------------------------------------------------------------------
 */

static struct vlsp_shape record_of(const char *words, unsigned can)
{
	struct topo_shape shape = shape_of(words);
	struct shape_plan plan = plan_of(words, can);
	struct vlsp_shape record;

	memset(&record, 0xa5, sizeof(record));
	shape_record(&shape, &plan, "r1-r2", 9, 0, 77, &record);
	return record;
}

static void shares_become_probabilities(void **state)
{
	static const struct {
		const char *share;
		uint32_t probability;
	} rows[] = {
		{"0%", 0},
		{"0.0001%", 4295}, /* 2^32 / 10^6, rounded */
		{"1%", 42949673},
		{"50%", 0x80000000},
		{"99.9999%", 4294963001},
		{"100%", FATE_ALWAYS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vlsp_shape record;
		char words[200];

		snprintf(words, sizeof(words),
			 "delay 1ms loss %s duplicate %s corrupt %s reorder %s", rows[i].share,
			 rows[i].share, rows[i].share, rows[i].share);
		record = record_of(words, RELAY);
		assert_int_equal(record.loss.loss, rows[i].probability);
		assert_int_equal(record.loss.enter, 0);
		assert_int_equal(record.duplicate, rows[i].probability);
		assert_int_equal(record.corrupt, rows[i].probability);
		assert_int_equal(record.reorder, rows[i].probability);
	}
}

/*
 * In the long run the chain is in bursts for the share enter / (enter + leave) of all datagrams, of
 * which burst_loss are lost; a burst has 1 / leave of them.
 */
static void bursts_take_the_share_and_have_the_length_that_were_asked_for(void **state)
{
	static const struct {
		const char *words;
		double loss, burst, within;
	} rows[] = {
		{"loss 1% burst 5", 0.01, 5, 1},
		{"loss 1% burst 1", 0.01, 1, 1},
		{"loss 10% burst 2.5", 0.1, 2.5, 1},
		{"loss 2% burst 20 burst-loss 40%", 0.02, 20, 0.4},
		{"loss 80% burst 8", 0.8, 8, 1},
		{"loss 49% burst 4 burst-loss 70%", 0.49, 4, 0.7},
		{"loss 0.1% burst 1000 burst-loss 100%", 0.001, 1000, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fate_loss loss = record_of(rows[i].words, ALL).loss;
		double enter = loss.enter == FATE_ALWAYS ? 1 : loss.enter * 0x1p-32;
		double leave = loss.leave == FATE_ALWAYS ? 1 : loss.leave * 0x1p-32;
		double within = loss.burst_loss == FATE_ALWAYS ? 1 : loss.burst_loss * 0x1p-32;
		double share = enter / (enter + leave) * within;

		assert_int_equal(loss.loss, 0); /* nothing outside of bursts */
		if (fabs(share - rows[i].loss) > 1e-6 || fabs(within - rows[i].within) > 1e-6 ||
		    fabs(1 / leave - rows[i].burst) > 1e-3)
			fail_msg("%s: %f lost, %f within bursts of %f", rows[i].words, share,
				 within, 1 / leave);
	}
}

static void bursts_that_hardly_ever_come_can_come(void **state)
{
	(void)state;
	assert_int_equal(record_of("loss 0.0001% burst 1000000", ALL).loss.enter, 1);
	/* and a share of nothing has none */
	assert_int_equal(record_of("loss 1%", ALL).loss.enter, 0);
}

static void the_relay_is_told_the_timing_and_others_are_not(void **state)
{
	const char *words = "rate 10mbit delay 20ms jitter 2ms distribution normal limit 50 "
			    "overhead -14 order keep loss 1%";
	struct vlsp_shape record = record_of(words, RELAY);

	(void)state;
	assert_int_equal(record.flags, VLSP_SHAPE_RELAY | VLSP_SHAPE_KEEP);
	assert_int_equal(record.rate, 10000000);
	assert_int_equal(record.delay_ns, 20000000);
	assert_int_equal(record.jitter_ns, 2000000);
	assert_int_equal(record.distribution, TOPO_DIST_NORMAL);
	assert_int_equal(record.limit, 50);
	assert_int_equal(record.overhead, -14);
	assert_int_equal(record.link, 9);
	assert_int_equal(record.epoch, 0);
	assert_int_equal(record.reserved, 0);
	record = record_of("rate 10mbit loss 1% overhead 24", ALL);
	assert_int_equal(record.flags, 0);
	assert_int_equal(record.rate, 0);
	assert_int_equal(record.overhead, 0);
	assert_int_equal(record_of("delay 1ms", RELAY).limit, SHAPE_LIMIT_DEFAULT);
	assert_int_equal(record_of("delay 1ms", RELAY).flags, VLSP_SHAPE_RELAY);
}

static uint64_t key_of(const char *words, const char *link, uint32_t id, int direction,
		       uint64_t unseeded)
{
	struct topo_shape shape = shape_of(words);
	struct shape_plan plan = plan_of(words, ALL);
	struct vlsp_shape record;

	shape_record(&shape, &plan, link, id, direction, unseeded, &record);
	return record.key;
}

static void the_key_depends_on_seed_link_and_direction(void **state)
{
	static const struct {
		const char *words, *link;
		int direction;
		uint64_t unseeded;
	} rows[] = {
		{"loss 1% seed 1", "a-b", 0, 0},
		{"loss 1% seed 1", "a-b", 1, 0},
		{"loss 1% seed 2", "a-b", 0, 0},
		{"loss 1% seed 0", "a-b", 0, 0},
		{"loss 1% seed 1", "b-a", 0, 0},
		{"loss 1% seed 1", "a-b.2", 0, 0},
		{"loss 1% seed 1", "a-c", 0, 0},
		{"loss 1% seed 1", "a-", 0, 0},
		{"loss 1%", "a-b", 0, 5},
		{"loss 1%", "a-b", 0, 6},
		{"loss 1%", "a-b", 1, 5},
		{"loss 1%", "a-c", 0, 5},
		{"loss 1% seed 18446744073709551615", "a-b", 0, 0},
	};
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	uint64_t keys[sizeof(rows) / sizeof(rows[0])];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		keys[i] = key_of(rows[i].words, rows[i].link, 1, rows[i].direction,
				 rows[i].unseeded);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(keys[i], keys[k]);
	}
}

static void the_key_depends_on_nothing_else(void **state)
{
	static const char *const words[] = {
		"seed 7 loss 1%",
		"seed 7 loss 2%",
		"seed 7 delay 3ms",
		"seed 7 rate 1mbit limit 4 overhead 2",
		"seed 7 backend relay delay 10ms jitter 1ms distribution pareto order keep",
		"seed 7 corrupt 1% duplicate 1%",
	};
	/* frozen: a seed in somebody's file means the same losses in later versions */
	uint64_t key = 0xa71e89f47d1273f7ULL;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(key_of(words[i], "paris-london", 1, 0, 0), key);
		assert_int_equal(key_of(words[i], "paris-london", 99, 0, 1234), key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_back_end_is_chosen_by_what_the_machine_has),
		cmocka_unit_test(a_back_end_that_is_asked_for_does_it),
		cmocka_unit_test(what_nobody_can_do_is_refused_by_its_name),
		cmocka_unit_test(shares_become_probabilities),
		cmocka_unit_test(bursts_take_the_share_and_have_the_length_that_were_asked_for),
		cmocka_unit_test(bursts_that_hardly_ever_come_can_come),
		cmocka_unit_test(the_relay_is_told_the_timing_and_others_are_not),
		cmocka_unit_test(the_key_depends_on_seed_link_and_direction),
		cmocka_unit_test(the_key_depends_on_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
