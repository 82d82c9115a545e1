/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When it is said that the machine does not keep up, and when no more. */
#include "tests/unit/daemon/ctl/world.h"

#include "daemon/ctl/pace.h"

struct paced {
	struct world w;
	struct host_pace pace; /* as the machine says */
	unsigned told;
	char warning[200]; /* the last one that was told */
};

static void told(void *arg, const struct ctl_pace *pace)
{
	struct paced *p = arg;

	p->told++;
	snprintf(p->warning, sizeof(p->warning), "%s", pace->warning);
}

static int setup(void **state)
{
	struct paced *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	world_open(&p->w);
	ctl_pace_watch(p->w.ctl, told, p);
	ctl_pace_every(p->w.ctl, 1000);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct paced *p = *state;

	world_close(&p->w);
	free(p);
	return 0;
}

/* The machine has done that much more, and somebody looks once. */
static void look(struct paced *p, uint64_t sent, uint64_t late, uint64_t overruns)
{
	p->pace.sent += sent;
	p->pace.late += late;
	p->pace.overruns += overruns;
	fake_say_pace(p->w.host, &p->pace);
	assert_int_equal(loop_once(p->w.loop, 5000), 1);
}

static void begin(struct paced *p)
{
	struct ctl_pace pace;

	p->pace.running = true;
	fake_say_pace(p->w.host, &p->pace);
	ctl_pace(p->w.ctl, &pace);
	assert_string_equal(pace.warning, "");
}

static void a_late_one_of_a_thousand_is_not_worth_a_word(void **state)
{
	struct paced *p = *state;

	begin(p);
	for (int i = 0; i < 30; i++)
		look(p, 1000, 1, 0);
	assert_int_equal(p->told, 0);
	look(p, 1000, 2, 0); /* 11 of 10000 in the last ten looks */
	assert_int_equal(p->told, 1);
	assert_string_equal(p->warning, "this machine is too slow for what is asked: 32 datagrams "
					"left more than 1 ms late since the start");
}

static void a_warning_ends_when_the_last_ten_seconds_were_good(void **state)
{
	struct paced *p = *state;
	struct ctl_pace pace;

	begin(p);
	look(p, 10, 0, 1);
	assert_int_equal(p->told, 1);
	assert_string_equal(p->warning,
			    "this machine is too slow for what is asked: 1 was lost by overrun");
	for (int i = 0; i < 9; i++)
		look(p, 10, 0, 0);
	assert_int_equal(p->told, 1);
	ctl_pace(p->w.ctl, &pace);
	assert_string_equal(pace.warning, p->warning);
	look(p, 10, 0, 0);
	assert_int_equal(p->told, 2);
	assert_string_equal(p->warning, "");
	ctl_pace(p->w.ctl, &pace);
	assert_string_equal(pace.warning, "");
	assert_int_equal(pace.now.overruns, 1);
	look(p, 0, 1, 0); /* nothing left in time */
	assert_int_equal(p->told, 3);
}

/* A relay that was started again counts from 0; the word does not flatter. */
static void counters_that_begin_anew_are_no_flood(void **state)
{
	struct paced *p = *state;

	p->pace = (struct host_pace){.sent = 1000000, .late = 500, .overruns = 0};
	begin(p);
	look(p, 1000, 0, 0);
	p->pace.sent = p->pace.late = 0;
	look(p, 1000, 0, 0);
	assert_int_equal(p->told, 0);
}

static void nobody_looks_while_nothing_is_emulated(void **state)
{
	struct paced *p = *state;

	world_router(&p->w, "a", 0);
	world_settle(&p->w, 5);
	assert_int_equal(loop_once(p->w.loop, 10), 0);
	/* an operation may have begun it */
	p->pace.running = true;
	fake_say_pace(p->w.host, &p->pace);
	world_router(&p->w, "b", 0);
	p->pace.sent = p->pace.late = 10;
	fake_say_pace(p->w.host, &p->pace);
	while (!p->told)
		assert_true(loop_once(p->w.loop, 5000) > 0);
	/* it rests when the window is past */
	p->pace.running = false;
	fake_say_pace(p->w.host, &p->pace);
	world_settle(&p->w, 20);
	assert_int_equal(p->told, 2);
	assert_int_equal(loop_once(p->w.loop, 10), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_late_one_of_a_thousand_is_not_worth_a_word),
		TEST(a_warning_ends_when_the_last_ten_seconds_were_good),
		TEST(counters_that_begin_anew_are_no_flood),
		TEST(nobody_looks_while_nothing_is_emulated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
