/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of an application: phases, readiness, policies and patience, by a clock of the test's.
 */
#include "daemon/supervisor/life.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS	  1000000ull
#define EXIT(n)	  ((n) << 8)
#define SIGNAL(n) (n)

static struct life life;
static uint64_t now;

static void init(enum topo_app_restart restart, enum topo_app_ready ready)
{
	now = 1000 * MS;
	life_init(&life, restart, ready, 500, now);
	assert_int_equal(life.phase, APP_STARTING);
	assert_int_equal(life_tick(&life, now), LIFE_START);
	assert_int_equal(life_tick(&life, now), LIFE_NOTHING);
}

/* Time passes to what is due next, which is this. */
static void next(uint64_t ms, enum life_do what)
{
	assert_int_equal(life_next(&life), now + ms * MS);
	now = life_next(&life);
	assert_int_equal(life_tick(&life, now - 1), LIFE_NOTHING);
	assert_int_equal(life_tick(&life, now), what);
}

static void runs(void)
{
	life_begun(&life);
	assert_int_equal(life.phase, APP_STARTING);
	life_executed(&life, now);
	assert_int_equal(life.phase, APP_RUNNING);
}

static void ends(int status, uint64_t after_ms)
{
	now += after_ms * MS;
	life_ended(&life, status, now);
	assert_int_equal(life.status, status);
	assert_false(life.process);
}

static void settles(void **state)
{
	(void)state;
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	runs();
	assert_false(life.ready);
	next(100, LIFE_NOTHING);
	assert_true(life.ready);
	assert_int_equal(life_next(&life), 0);
	life_notified(&life);
	ends(EXIT(3), 1);
	assert_int_equal(life.phase, APP_ENDED); /* it was ready */
	assert_false(life.ready);
	assert_true(life_is_over(&life));
}

static void too_early(void **state)
{
	(void)state;
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	runs();
	ends(EXIT(3), 99);
	assert_int_equal(life.phase, APP_FAILED);
	assert_int_equal(life_next(&life), 0);
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	runs();
	ends(EXIT(0), 99); /* short, and all right */
	assert_int_equal(life.phase, APP_ENDED);
	init(TOPO_APP_NEVER, TOPO_APP_READY_NOTIFY);
	runs();
	ends(SIGNAL(SIGSEGV), 99999);
	assert_int_equal(life.phase, APP_FAILED);
}

static void notifies(void **state)
{
	(void)state;
	init(TOPO_APP_NEVER, TOPO_APP_READY_NOTIFY);
	life_notified(&life); /* nothing runs */
	assert_false(life.ready);
	runs();
	assert_int_equal(life_next(&life), 0);
	life_notified(&life);
	assert_true(life.ready);
	init(TOPO_APP_ALWAYS, TOPO_APP_READY_NOTIFY);
	life_begun(&life);
	life_notified(&life); /* the program is faster than who says that it runs */
	assert_false(life.ready);
	life_executed(&life, now);
	assert_true(life.ready);
	ends(EXIT(0), 5);
	next(100, LIFE_START);
	runs();
	assert_false(life.ready); /* this run has not said so */
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	runs();
	life_notified(&life); /* nobody asked it */
	assert_false(life.ready);
}

static void job(void **state)
{
	(void)state;
	init(TOPO_APP_ON_FAILURE, TOPO_APP_READY_EXIT);
	runs();
	ends(EXIT(1), 5);
	assert_int_equal(life.phase, APP_WAITING);
	assert_false(life.ready);
	next(100, LIFE_START);
	assert_int_equal(life.phase, APP_STARTING);
	runs();
	ends(EXIT(0), 5);
	assert_int_equal(life.phase, APP_ENDED);
	assert_true(life.ready);
	assert_int_equal(life.restarts, 1);
}

static void backs_off(void **state)
{
	static const uint64_t pauses[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};

	(void)state;
	init(TOPO_APP_ALWAYS, TOPO_APP_READY_SETTLED);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		runs();
		ends(EXIT(0), 5);
		assert_int_equal(life.phase, APP_WAITING);
		assert_int_equal(life.restarts, i);
		next(pauses[i], LIFE_START);
	}
	runs();
	next(100, LIFE_NOTHING);
	ends(SIGNAL(SIGKILL), 9899); /* not quite ten seconds */
	next(5000, LIFE_START);
	runs();
	next(100, LIFE_NOTHING);
	ends(SIGNAL(SIGKILL), 9900);
	assert_false(life.ready);
	next(100, LIFE_START);
}

static void on_failure(void **state)
{
	(void)state;
	init(TOPO_APP_ON_FAILURE, TOPO_APP_READY_SETTLED);
	runs();
	ends(SIGNAL(SIGTERM), 500); /* somebody else's */
	assert_int_equal(life.phase, APP_WAITING);
	next(100, LIFE_START);
	runs();
	ends(EXIT(0), 500);
	assert_int_equal(life.phase, APP_ENDED);
}

/* Never there: policies do not help. Not there for once: they do. */
static void unable(void **state)
{
	(void)state;
	init(TOPO_APP_ALWAYS, TOPO_APP_READY_SETTLED);
	life_begun(&life);
	life_unable(&life, now);
	assert_int_equal(life.phase, APP_FAILED);
	assert_int_equal(life.status, -1);
	assert_int_equal(life_next(&life), 0);
	init(TOPO_APP_ALWAYS, TOPO_APP_READY_SETTLED);
	runs();
	ends(EXIT(1), 5);
	next(100, LIFE_START);
	life_unable(&life, now);
	assert_int_equal(life.phase, APP_WAITING);
	next(200, LIFE_START);
}

static void stops(void **state)
{
	(void)state;
	init(TOPO_APP_ALWAYS, TOPO_APP_READY_SETTLED);
	runs();
	next(100, LIFE_NOTHING);
	life_stop(&life, false, now);
	assert_int_equal(life.phase, APP_STOPPING);
	assert_int_equal(life_tick(&life, now), LIFE_TERM);
	life_stop(&life, false, now + 100 * MS); /* patience does not begin anew */
	next(500, LIFE_KILL);
	assert_int_equal(life_next(&life), 0);
	ends(SIGNAL(SIGKILL), 1);
	assert_int_equal(life.phase, APP_ENDED);
	assert_int_equal(life.restarts, 0);
	life_stop(&life, false, now);
	assert_int_equal(life.phase, APP_ENDED);
}

static void stops_at_once(void **state)
{
	(void)state;
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	runs();
	life_stop(&life, false, now);
	assert_int_equal(life_tick(&life, now), LIFE_TERM);
	life_stop(&life, true, now);
	assert_int_equal(life_tick(&life, now), LIFE_KILL);
	ends(EXIT(0), 1);
	assert_int_equal(life.phase, APP_ENDED);
}

/* Before there is a process, while it is being made, and while it waits for its next start. */
static void stops_in_between(void **state)
{
	(void)state;
	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	life_stop(&life, false, now);
	assert_int_equal(life.phase, APP_ENDED);
	assert_int_equal(life_next(&life), 0);

	init(TOPO_APP_NEVER, TOPO_APP_READY_SETTLED);
	life_begun(&life);
	life_stop(&life, false, now);
	assert_int_equal(life_tick(&life, now), LIFE_KILL);
	life_executed(&life, now); /* said before that */
	assert_int_equal(life.phase, APP_STOPPING);
	assert_int_equal(life_next(&life), 0);
	ends(SIGNAL(SIGKILL), 1);
	assert_int_equal(life.phase, APP_ENDED);

	init(TOPO_APP_ALWAYS, TOPO_APP_READY_SETTLED);
	runs();
	ends(EXIT(4), 5);
	life_stop(&life, false, now);
	assert_int_equal(life.phase, APP_ENDED);
	assert_int_equal(life.status, EXIT(4));
	assert_int_equal(life_next(&life), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settles),	 cmocka_unit_test(too_early),
		cmocka_unit_test(notifies),	 cmocka_unit_test(job),
		cmocka_unit_test(backs_off),	 cmocka_unit_test(on_failure),
		cmocka_unit_test(unable),	 cmocka_unit_test(stops),
		cmocka_unit_test(stops_at_once), cmocka_unit_test(stops_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
