// SPDX-License-Identifier: GPL-2.0-or-later
/* Events that start and stop applications, on the fake host. */
#include "tests/unit/daemon/ctl/app_world.h"
#include "tests/unit/daemon/ctl/timeline_world.h"

static void applications_start_and_stop(void **state)
{
	struct events *e = *state;

	apply(e,
	      NET "events: [{at: 0s, app-start: {router: r1, app: {run: send}}},\n"
		  " {at: 1ms, for: 60s, app-start: {router: r2, app: {run: recv}}},\n"
		  " {at: 2ms, app-stop: r1/none}, {at: 90s, app-stop: r1/send}]\n",
	      CTL_APPLY_NO_EVENTS);
	run(e);
	wait_for(e, 3);
	assert_string_equal(app_list(&e->w, "r1"), "send running ready");
	assert_string_equal(app_list(&e->w, "r2"), "recv running ready");
	assert_int_equal(e->failed, 1);
	wait_for(e, 5);
	world_settle(&e->w, 3);
	assert_string_equal(app_list(&e->w, "r1"), "");
	assert_string_equal(app_list(&e->w, "r2"), "");
	assert_int_equal(e->failed, 1);
	assert_non_null(strstr(e->seen, "app-start r2/recv 1\n"));
	assert_non_null(strstr(e->seen, "-app-start r2/recv 60001\n"));
	assert_non_null(strstr(e->seen, "app-stop r1/send 90000\n"));
}

/* One that has ended makes room for the next one of its name. */
static void an_application_is_started_again_and_again(void **state)
{
	struct events *e = *state;

	apply(e, NET "events: [{at: 0s, app-start: {router: r1, app: {run: send, ready: exit}}}]\n",
	      CTL_APPLY_NO_EVENTS);
	for (unsigned n = 1; n <= 3; n++) {
		run(e);
		wait_for(e, n);
		world_settle(&e->w, 3);
		assert_string_equal(app_list(&e->w, "r1"), "send ended");
		assert_int_equal(app_there(&e->w, "r1", "send")->id, n);
		assert_int_equal(app_there(&e->w, "r1", "send")->aid, 1); /* its place */
	}
	assert_int_equal(e->failed, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(applications_start_and_stop),
		T(an_application_is_started_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
