// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications that wait for others which will not come. */
#include "tests/unit/daemon/ctl/app_world.h"

static void it_fails_when_the_one_before_it_goes_before_it_was_ready(void **state)
{
	struct world *w = *state;
	struct ending ending = {0}, again = {0};
	struct err err = {0};

	app_start_later(w, "r2", "{run: never, ready: notify}");
	app_is_busy(w, "r2", "never");
	app_start_later(w, "r1", "{run: dep, after: [r2/never]}");
	assert_int_equal(app_ask(w, "r1", "{run: other, after: [r2/never]}", &ending, &err), 0);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "dep wanted; other wanted");
	/* One that comes in its place is waited for. */
	assert_int_equal(
		ctl_app_restart(w->ctl, "r2", "never", NULL, world_ended, &again, NULL, &err), 0);
	while (app_there(w, "r2", "never")->id == 1)
		loop_once(w->loop, 1);
	app_is_busy(w, "r2", "never");
	assert_string_equal(app_list(w, "r1"), "dep wanted; other wanted");
	app_stop(w, "r2", "never");
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "dep failed");
	assert_string_equal(app_there(w, "r1", "dep")->state.text,
			    "it starts after r2/never, which was stopped before it was ready");
	assert_int_equal(world_wait(w, &ending)->state, CTL_OP_FAILED);
	assert_string_equal(ending.op.err.text,
			    "application other on r1: it starts after r2/never, which was stopped "
			    "before it was ready");
	/* What was ready is not waited for. */
	app_start_later(w, "r2", "{run: slow, ready: notify}");
	app_is_busy(w, "r2", "slow");
	app_start(w, "r2", "{run: db}");
	app_start_later(w, "r1", "{run: web, after: [r2/db, r2/slow]}");
	app_stop(w, "r2", "db");
	assert_string_equal(app_list(w, "r1"), "dep failed; web wanted");
	app_ends(w, app_there(w, "r2", "slow")->id, 0);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "dep failed; web running ready");
}

static void it_fails_when_the_router_of_the_one_before_it_goes(void **state)
{
	struct world *w = *state;

	app_start_later(w, "r2", "{run: never, ready: notify}");
	app_is_busy(w, "r2", "never");
	app_start_later(w, "r1", "{run: dep, after: [r2/never]}");
	world_delete_router(w, "r2");
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "dep failed");
}

/* It was asked to end, as its router was to go, which stays: it has not done its work, whatever its
 * status says, and is not lost, as it is about to run again. */
static void one_that_was_ended_with_its_router_is_waited_for(void **state)
{
	struct world *w = *state;
	struct host_app_state ended = {.phase = HOST_APP_ENDED, .stopped = true};
	static const int statuses[] = {0, 15};
	struct ending again[2] = {{0}};
	struct err err = {0};

	app_start_later(w, "r2", "{run: job, ready: notify}");
	app_is_busy(w, "r2", "job");
	app_start_later(w, "r1", "{run: dep, after: [r2/job]}");
	for (size_t i = 0; i < 2; i++) {
		uint32_t id = app_there(w, "r2", "job")->id;

		/* It is behind those that wait for it when all are looked at. */
		assert_int_equal(ctl_app_restart(w->ctl, "r2", "job", NULL, world_ended, &again[i],
						 NULL, &err),
				 0);
		while (app_there(w, "r2", "job")->id == id)
			loop_once(w->loop, 1);
		app_is_busy(w, "r2", "job");
		ended.status = statuses[i];
		assert_int_equal(fake_app_become(w->host, app_there(w, "r2", "job")->id, &ended),
				 0);
		while (app_there(w, "r2", "job")->state.phase != MODEL_APP_STARTING)
			loop_once(w->loop, 1);
		assert_string_equal(app_list(w, "r1"), "dep wanted");
		app_is_busy(w, "r2", "job");
	}
	app_ends(w, app_there(w, "r2", "job")->id, 0);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "dep running ready");
}

/* Its router is made again, and it with it. */
static void one_whose_router_is_made_again_is_waited_for(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = world_grid(1, 2);
	struct ending ending = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: dep, after: [r0-1/db]}");
	DOC_APPS(doc, 1, "{run: db, ready: notify}");
	assert_int_equal(world_apply_flags(w, doc, CTL_APPLY_NO_WAIT).state, CTL_DONE);
	app_is_busy(w, "r0-1", "db");
	doc->routers[1].address = doc->network + 99;
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 5000, world_ended, &ending, NULL, &err),
			 0);
	while (app_there(w, "r0-1", "db")->id == 2)
		loop_once(w->loop, 1);
	app_is_busy(w, "r0-1", "db");
	assert_string_equal(app_list(w, "r0-0"), "dep wanted");
	app_ends(w, app_there(w, "r0-1", "db")->id, 0);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	assert_string_equal(app_list(w, "r0-0"), "dep running ready");
	topo_doc_free(doc);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, app_world_open, app_world_close)
	const struct CMUnitTest tests[] = {
		T(it_fails_when_the_one_before_it_goes_before_it_was_ready),
		T(it_fails_when_the_router_of_the_one_before_it_goes),
		T(one_that_was_ended_with_its_router_is_waited_for),
		T(one_whose_router_is_made_again_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
