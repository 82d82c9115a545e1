// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications whose router goes, was to go and stays, or whose process comes again. */
#include <signal.h>

#include "tests/unit/daemon/ctl/app_world.h"

static void a_routers_end_ends_them(void **state)
{
	struct world *w = *state;
	struct ctl_op op;

	app_start(w, "r1", "{run: echo}");
	app_start(w, "r1", "{run: send}");
	app_ends(w, 2, 0);
	op = world_delete_router(w, "r1");
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.summary.apps_removed, 2);
	assert_int_equal(w->model->app_count, 0);
	assert_same(w);
}

static void a_router_that_had_to_stay_has_them_again(void **state)
{
	struct world *w = *state;
	struct ctl_op op;

	world_link(w, "r1", "r2", "l");
	app_start(w, "r1", "{run: echo}");
	app_start(w, "r1", "{run: /bin/job, ready: exit}");
	app_start(w, "r1", "{run: send}");
	app_ends(w, 3, 256);
	app_start(w, "r2", "{run: echo}");
	/* r1 and r2 go, in this order; the second one cannot: r1 is made again. */
	fake_fail_item(w->host, 2, EIO);
	op = world_clear(w);
	assert_int_equal(op.state, CTL_OP_FAILED);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "echo running ready; job ended; send ended");
	assert_string_equal(app_list(w, "r2"), "echo running ready");
	assert_same(w);
}

/* More than those that are kept of what has ended. */
static void all_of_a_router_that_had_to_stay_run_again(void **state)
{
	struct world *w = *state;
	struct list *pos;

	world_link(w, "r1", "r2", "l");
	for (int i = 0; i < CTL_APPS_ENDED_MAX + 20; i++)
		app_start(w, "r1", "{run: echo}");
	fake_fail_item(w->host, 2, EIO);
	assert_int_equal(world_clear(w).state, CTL_OP_FAILED);
	world_settle(w, 3);
	assert_int_equal(w->model->app_count, CTL_APPS_ENDED_MAX + 20);
	list_for_each (pos, &w->model->apps)
		assert_int_equal(list_entry(pos, struct model_app, all)->state.phase,
				 MODEL_APP_RUNNING);
	assert_same(w);
}

/* An operation that was undone, or a daemon before that did not finish one, has ended it. */
static void what_was_ended_with_a_router_that_stays_runs_again(void **state)
{
	struct world *w = *state;
	struct host_app_state state_told = {.phase = HOST_APP_ENDED, .status = 15};

	app_start(w, "r1", "{run: echo}");
	app_start(w, "r1", "{run: send}");
	assert_int_equal(fake_app_become(w->host, 1, &state_told), 0);
	state_told.stopped = true;
	assert_int_equal(fake_app_become(w->host, 2, &state_told), 0);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "echo ended; send running ready");
	assert_int_equal(app_there(w, "r1", "send")->id, 2);
	assert_same(w);
}

/* Its process had ended already, and comes again: nobody tells of the application by then. */
static void so_does_it_when_the_routers_process_comes_last(void **state)
{
	struct world *w = *state;
	struct host_app_state ended = {.phase = HOST_APP_ENDED, .status = 15, .stopped = true};
	const struct model_router *router = model_router_by_name(w->model, "r1");

	app_start(w, "r1", "{run: echo}");
	assert_int_equal(fake_kill(w->host, router->slot, SIGTERM), 0);
	assert_int_equal(fake_app_become(w->host, 1, &ended), 0);
	while (app_there(w, "r1", "echo")->state.phase != MODEL_APP_ENDED)
		assert_true(loop_once(w->loop, 1000) >= 0);
	assert_int_equal(router->state, MODEL_FAILED);
	while (router->state != MODEL_RUNNING)
		assert_true(loop_once(w->loop, 1000) >= 0);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "echo running ready");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, app_world_open, app_world_close)
	const struct CMUnitTest tests[] = {
		T(a_routers_end_ends_them),
		T(a_router_that_had_to_stay_has_them_again),
		T(all_of_a_router_that_had_to_stay_run_again),
		T(what_was_ended_with_a_router_that_stays_runs_again),
		T(so_does_it_when_the_routers_process_comes_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
