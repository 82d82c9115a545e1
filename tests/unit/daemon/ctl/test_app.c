// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests for applications on the fake host: started, refused, failed, stopped, set, ended. */
#include "lib/base/cleanup.h"
#include "tests/unit/daemon/ctl/app_world.h"

static void one_is_started_and_is_ready_when_its_operation_ends(void **state)
{
	struct world *w = *state;
	struct ctl_op op = app_start(w, "r1", "{run: echo, args: [-v]}");
	const struct model_app *app = app_there(w, "r1", "echo");

	assert_int_equal(op.state, CTL_DONE);
	assert_string_equal(op.kind, "app-start");
	assert_int_equal(op.app_id, app->id);
	assert_int_equal(op.router_id, app->router->id);
	assert_int_equal(op.summary.apps_added, 1);
	assert_int_equal(app->aid, 1);
	assert_true(app->state.pid > 0);
	assert_true(app->was_ready);
	assert_false(app->by_topology);
	assert_string_equal(app_list(w, "r1"), "echo running ready");
	assert_same(w);
}

static void names_that_were_not_given_are_made(void **state)
{
	struct world *w = *state;
	struct err err = {0};
	struct ending ending = {0};

	assert_int_equal(app_start(w, "r1", "{run: echo}").state, CTL_DONE);
	assert_int_equal(app_start(w, "r1", "{run: echo}").state, CTL_DONE);
	assert_int_equal(app_start(w, "r2", "{run: echo}").state, CTL_DONE);
	assert_string_equal(app_list(w, "r1"), "echo running ready; echo.2 running ready");
	assert_string_equal(app_list(w, "r2"), "echo running ready");
	assert_int_equal(app_ask(w, "r1", "{name: echo, run: send}", &ending, &err), -EEXIST);
	assert_non_null(strstr(err.text, "name: router r1 has an application echo already"));
}

static void it_is_found_by_name_aid_and_id(void **state)
{
	struct world *w = *state;
	const struct model_router *r2;
	struct model_app *app;
	struct err err = {0};
	char id[12];

	app_start(w, "r1", "{run: echo}");
	app_start(w, "r2", "{run: echo}");
	app_start(w, "r2", "{run: send, name: x}");
	r2 = model_router_by_name(w->model, "r2");
	assert_int_equal(ctl_app_find(w->ctl, "r2", "x", &app, &err), 0);
	assert_int_equal(app->aid, 2);
	assert_int_equal(app->id, 3);
	assert_ptr_equal(model_app_by_id(w->model, 3), app);
	snprintf(id, sizeof(id), "%u", r2->id);
	assert_int_equal(ctl_app_find(w->ctl, id, "3", &app, &err), 0);
	assert_string_equal(app->app->name, "x");
	assert_int_equal(ctl_app_find(w->ctl, "r2", "2", &app, &err), 0); /* an aid goes first */
	assert_string_equal(app->app->name, "x");
	assert_int_equal(ctl_app_find(w->ctl, "r2", "y", &app, &err), -ENOENT);
	assert_string_equal(err.text, "app: there is no application y on router r2");
	assert_int_equal(ctl_app_find(w->ctl, "r9", "y", &app, &err), -ENOENT);
	assert_string_equal(err.text, "router: there is no router r9");
}

static void what_the_machine_refuses_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct ctl_op op;

	fake_app_refuse(w->host, 0, ENOENT, "run: there is no program /bin/nope");
	op = app_start(w, "r1", "{run: /bin/nope}");
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_int_equal(op.err.code, ENOENT);
	assert_string_equal(op.err.text,
			    "application nope on r1: run: there is no program /bin/nope");
	assert_int_equal(op.app_id, 0);
	assert_string_equal(app_list(w, "r1"), "");
	assert_same(w);
	/* Its numbers are not given again. */
	assert_int_equal(app_start(w, "r1", "{run: echo}").app_id, 2);
	assert_int_equal(app_there(w, "r1", "echo")->aid, 2);
}

static void what_fails_before_it_is_ready_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct ctl_op op;

	fake_app_fail(w->host, 0, "execve: exec format error");
	op = app_start(w, "r1", "{run: /bin/odd}");
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_string_equal(op.err.text, "application odd on r1: execve: exec format error");
	assert_string_equal(app_list(w, "r1"), "");
	assert_same(w);
}

static void start_and_stop_of_many_overlap(void **state)
{
	enum { MANY = 200 };
	struct world *w = *state;
	static struct ending endings[MANY];
	struct err err = {0};
	int i;

	memset(endings, 0, sizeof(endings));
	for (i = 0; i < MANY; i++)
		assert_int_equal(app_ask(w, i % 2 ? "r1" : "r2", "{run: echo}", &endings[i], &err),
				 0);
	for (i = 0; i < MANY; i++)
		assert_int_equal(world_wait(w, &endings[i])->state, CTL_DONE);
	assert_int_equal(w->model->app_count, MANY);
	assert_int_equal(app_stop(w, "r1", NULL).state, CTL_DONE);
	assert_string_equal(app_list(w, "r1"), "");
	assert_int_equal(w->model->app_count, MANY / 2);
	assert_same(w);
}

static void one_that_is_not_ready_lets_others_run(void **state)
{
	struct world *w = *state;
	struct host_app_state busy = {.phase = HOST_APP_RUNNING, .pid = 7, .status = -1};
	struct ctl_app_wait wait = {.timeout_ms = 700};
	struct topo_app *app = app_of("{run: slow, ready: notify}");
	struct ending ending = {0};
	struct err err = {0};

	assert_int_equal(ctl_app_start(w->ctl, "r1", app, &wait, world_ended, &ending, NULL, &err),
			 0);
	topo_app_unref(app);
	while (!model_app_by_id(w->model, 1) ||
	       model_app_by_id(w->model, 1)->state.phase != MODEL_APP_STARTING)
		loop_once(w->loop, 1);
	fake_app_become(w->host, 1, &busy);
	assert_int_equal(world_router(w, "r3", 0).state, CTL_DONE);
	assert_int_equal(ending.calls, 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.state, CTL_OP_FAILED);
	assert_int_equal(ending.op.err.code, ETIMEDOUT);
	assert_string_equal(ending.op.err.text,
			    "application slow on r1 is not ready within 700 ms: it is running");
	assert_string_equal(app_list(w, "r1"), "slow running");
	assert_string_equal(ctl_op_state_name(CTL_SETTLING), "settling");
}

static void nobody_waits_who_does_not_want_to(void **state)
{
	struct world *w = *state;
	struct topo_app *app = app_of("{run: echo}");
	struct ctl_app_wait wait = {.no_wait = true};
	struct ending ending = {0};
	struct err err = {0};

	fake_app_fail(w->host, 0, "no");
	assert_int_equal(ctl_app_start(w->ctl, "r1", app, &wait, world_ended, &ending, NULL, &err),
			 0);
	topo_app_unref(app);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r1"), "echo failed");
	assert_string_equal(app_there(w, "r1", "echo")->state.text, "no");
	assert_int_equal(app_stop(w, "r1", "echo").state, CTL_DONE);
	assert_same(w);
}

static void a_stop_ends_when_it_is_gone(void **state)
{
	struct world *w = *state;
	struct ending ending = {0};
	struct ctl_op op;
	struct err err = {0};

	app_start(w, "r1", "{run: echo}");
	op = app_stop(w, "r1", "echo");
	assert_int_equal(op.state, CTL_DONE);
	assert_string_equal(op.kind, "app-stop");
	assert_int_equal(op.app_id, 1);
	assert_string_equal(app_list(w, "r1"), "");
	assert_same(w);
	assert_int_equal(ctl_app_stop(w->ctl, "r1", "echo", NULL, world_ended, &ending, NULL, &err),
			 -ENOENT);
	assert_int_equal(app_stop(w, "r1", NULL).state, CTL_DONE); /* there are none */
}

/* One that was replaced is still there, and its heir not yet: none of them is when the stop ends.
 */
static void a_stop_waits_for_all_of_that_name(void **state)
{
	struct world *w = *state;
	struct ctl_app_wait no_wait = {.no_wait = true};
	struct ending replaced = {0}, stopped = {0};
	struct err err = {0};

	app_start(w, "r1", "{run: echo}");
	fake_apps_hold(w->host, true);
	assert_int_equal(
		ctl_app_restart(w->ctl, "r1", "echo", &no_wait, world_ended, &replaced, NULL, &err),
		0);
	world_wait(w, &replaced);
	assert_int_equal(
		ctl_app_stop(w->ctl, "r1", "echo", NULL, world_ended, &stopped, NULL, &err), 0);
	world_settle(w, 5);
	assert_int_equal(stopped.calls, 0);
	fake_apps_hold(w->host, false);
	world_wait(w, &stopped);
	assert_int_equal(stopped.op.state, CTL_DONE);
	assert_int_equal(stopped.op.app_id, 2);
	assert_int_equal(stopped.op.summary.apps_removed, 1);
	assert_int_equal(fake_apps_count(w->host), 0);
	assert_same(w);
}

static void one_that_is_stopped_while_it_starts_did_not_start(void **state)
{
	struct world *w = *state;
	struct ending started = {0}, stopped = {0};
	struct err err = {0};

	assert_int_equal(app_ask(w, "r1", "{run: echo}", &started, &err), 0);
	assert_int_equal(
		ctl_app_stop(w->ctl, "r1", "echo", NULL, world_ended, &stopped, NULL, &err), 0);
	world_wait(w, &started);
	assert_int_equal(world_wait(w, &stopped)->state, CTL_DONE);
	assert_int_equal(started.op.state, CTL_OP_FAILED);
	assert_int_equal(started.op.err.code, ECANCELED);
	assert_same(w);
	assert_int_equal(w->model->app_count, 0);
}

static void a_job_is_ready_when_it_has_ended_well(void **state)
{
	struct world *w = *state;
	struct ctl_op op = app_start(w, "r1", "{run: /bin/job, ready: exit}");

	assert_int_equal(op.state, CTL_DONE);
	assert_string_equal(app_list(w, "r1"), "job ended");
	assert_int_equal(app_stop(w, "r1", "job").state, CTL_DONE);
	assert_same(w);
}

static void one_that_has_ended_stays_until_it_is_stopped(void **state)
{
	struct world *w = *state;

	app_start(w, "r1", "{run: echo}");
	app_ends(w, 1, 256);
	assert_string_equal(app_list(w, "r1"), "echo ended");
	assert_int_equal(app_there(w, "r1", "echo")->state.status, 256);
	assert_int_equal(app_there(w, "r1", "echo")->state.ended_ms, 3);
	app_start(w, "r1", "{run: echo}");
	assert_string_equal(app_list(w, "r1"), "echo ended; echo.2 running ready");
	/* Who names it wants this one in its place. */
	assert_int_equal(app_start(w, "r1", "{run: send, name: echo}").state, CTL_DONE);
	assert_string_equal(app_list(w, "r1"), "echo running ready; echo.2 running ready");
	app_stop(w, "r1", "echo");
	assert_string_equal(app_list(w, "r1"), "echo.2 running ready");
	assert_same(w);
}

static void of_those_that_have_ended_the_last_hundred_stay(void **state)
{
	struct world *w = *state;
	char text[60];

	for (int i = 1; i <= CTL_APPS_ENDED_MAX + 2; i++) {
		snprintf(text, sizeof(text), "{run: /bin/job, name: j%d, ready: exit}", i);
		assert_int_equal(app_start(w, "r1", text).state, CTL_DONE);
	}
	world_settle(w, 2);
	assert_int_equal(w->model->app_count, CTL_APPS_ENDED_MAX);
	assert_null(model_app_by_id(w->model, 1));
	assert_non_null(model_app_by_id(w->model, CTL_APPS_ENDED_MAX + 2));
	assert_same(w);
}

static void a_router_has_as_many_as_it_may(void **state)
{
	struct world *w = *state;
	struct ctl_app_wait wait = {.no_wait = true};
	struct ending ending;
	struct err err = {0};

	for (int i = 0; i < TOPO_APPS_MAX; i++) {
		struct topo_app *app = app_of("{run: echo}");

		ending = (struct ending){0};
		assert_int_equal(
			ctl_app_start(w->ctl, "r1", app, &wait, world_ended, &ending, NULL, &err),
			0);
		topo_app_unref(app);
		assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	}
	assert_int_equal(app_ask(w, "r1", "{run: echo}", &ending, &err), -ERANGE);
	assert_string_equal(err.text, "router: r1 has 256 applications already");
}

static void it_starts_after_those_that_it_names(void **state)
{
	struct world *w = *state;
	struct host_app_state ready = {.phase = HOST_APP_RUNNING, .ready = true, .status = -1};
	struct host_app_state busy = {.phase = HOST_APP_RUNNING, .status = -1};
	struct ctl_app_wait wait = {.no_wait = true};
	struct topo_app *app = app_of("{run: db}");
	struct ending ending = {0}, first = {0};
	struct err err = {0};

	assert_int_equal(app_ask(w, "r1", "{run: web, after: [db]}", &ending, &err), -ENOENT);
	assert_string_equal(err.text, "after: there is no application db on router r1");
	assert_int_equal(app_ask(w, "r1", "{run: web, after: [r7/db]}", &ending, &err), -ENOENT);
	assert_string_equal(err.text, "after: there is no router r7");
	assert_int_equal(ctl_app_start(w->ctl, "r2", app, &wait, world_ended, &first, NULL, &err),
			 0);
	topo_app_unref(app);
	world_wait(w, &first);
	world_settle(w, 2);
	fake_app_become(w->host, 1, &busy);
	world_settle(w, 2);
	/* was_ready lasts: what started before db became busy counts. */
	assert_int_equal(app_start(w, "r1", "{run: web, after: [r2/db]}").state, CTL_DONE);
	app_stop(w, "r2", "db");

	app = app_of("{run: db}");
	first = (struct ending){0};
	assert_int_equal(ctl_app_start(w->ctl, "r2", app, &wait, world_ended, &first, NULL, &err),
			 0);
	topo_app_unref(app);
	world_wait(w, &first);
	assert_int_equal(app_ask(w, "r1", "{run: web, name: w2, after: [r2/db]}", &ending, &err),
			 0);
	while (app_there(w, "r2", "db")->state.phase != MODEL_APP_STARTING)
		loop_once(w->loop, 1);
	fake_app_become(w->host, app_there(w, "r2", "db")->id, &busy);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "web running ready; w2 wanted");
	fake_app_become(w->host, app_there(w, "r2", "db")->id, &ready);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	assert_string_equal(app_list(w, "r1"), "web running ready; w2 running ready");
}

static void none_waits_for_itself_by_way_of_others(void **state)
{
	struct world *w = *state;
	struct ending ending = {0};
	struct err err = {0};

	app_start(w, "r1", "{run: a}");
	app_start(w, "r2", "{run: b, after: [r1/a]}");
	app_start(w, "r1", "{run: c, after: [r2/b]}");
	app_stop(w, "r1", "a");
	assert_int_equal(app_ask(w, "r1", "{run: a, after: [c]}", &ending, &err), -EINVAL);
	assert_string_equal(err.text, "after: application b on r2 comes itself after a");
	app_start(w, "r1", "{run: a, ready: exit}");
	assert_int_equal(app_ask(w, "r1", "{run: x, name: a, after: [a]}", &ending, &err), -EINVAL);
	assert_string_equal(err.text, "after: a is its own name");
	assert_int_equal(app_start(w, "r1", "{run: d, after: [a, c, r2/b]}").state, CTL_DONE);
}

static void it_does_not_start_when_the_one_before_it_failed(void **state)
{
	struct world *w = *state;
	struct ctl_app_wait wait = {.no_wait = true};
	struct topo_app *app = app_of("{run: db}");
	struct ending ending = {0};
	struct err err = {0};
	struct ctl_op op;

	fake_app_fail(w->host, 0, "no disk");
	assert_int_equal(ctl_app_start(w->ctl, "r1", app, &wait, world_ended, &ending, NULL, &err),
			 0);
	topo_app_unref(app);
	world_wait(w, &ending);
	op = app_start(w, "r1", "{run: web, after: [db]}");
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_string_equal(op.err.text,
			    "application web on r1: it starts after db, which failed: no disk");
	assert_string_equal(app_list(w, "r1"), "db failed");
}

static void a_restart_has_a_new_id_and_its_place(void **state)
{
	struct world *w = *state;
	struct ending ending = {0};
	struct err err = {0};

	app_start(w, "r1", "{run: echo}");
	app_start(w, "r1", "{run: send}");
	assert_int_equal(ctl_app_restart(w->ctl, "r1", "1", NULL, world_ended, &ending, NULL, &err),
			 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.state, CTL_DONE);
	assert_int_equal(ending.op.app_id, 3);
	assert_string_equal(app_list(w, "r1"), "echo running ready; send running ready");
	assert_int_equal(app_there(w, "r1", "echo")->aid, 1);
	assert_string_equal(fake_apps_handed(w->host), "1>3");
	assert_same(w);
	/* The next one has a number of its own, also while one goes. */
	app_start(w, "r1", "{run: recv}");
	assert_int_equal(app_there(w, "r1", "recv")->aid, 3);
	assert_int_equal(app_stop(w, "r1", "echo").state, CTL_DONE);
	assert_string_equal(fake_apps_handed(w->host), "1>3"); /* to nobody */
	app_start(w, "r1", "{run: echo}");
	assert_int_equal(app_there(w, "r1", "echo")->aid, 4);
}

/* What was handed over to one that has never been started goes, too. */
static void one_that_fails_in_the_place_of_another_keeps_it(void **state)
{
	struct world *w = *state;
	struct ending ending = {0};
	struct err err = {0};

	app_start(w, "r1", "{run: echo}");
	app_start(w, "r1", "{run: send}");
	fake_app_refuse(w->host, 0, ENOENT, "no");
	assert_int_equal(
		ctl_app_restart(w->ctl, "r1", "echo", NULL, world_ended, &ending, NULL, &err), 0);
	world_wait(w, &ending);
	assert_string_equal(app_list(w, "r1"), "echo failed; send running ready");
	assert_string_equal(fake_apps_handed(w->host), "1>3");
	ending = (struct ending){0};
	assert_int_equal(
		ctl_app_restart(w->ctl, "r1", "echo", NULL, world_ended, &ending, NULL, &err), 0);
	world_wait(w, &ending);
	assert_string_equal(app_list(w, "r1"), "echo running ready; send running ready");
	assert_string_equal(fake_apps_handed(w->host), "3>4");
}

static void set_refused(struct world *w, const char *key, const char *value, const char *why)
{
	struct ending ending = {0};
	struct err err = {0};

	assert_int_equal(
		ctl_app_set(w->ctl, "r1", "echo", key, value, world_ended, &ending, NULL, &err),
		-EINVAL);
	assert_ptr_equal(strstr(err.text, why), err.text);
}

/* The supervisor and libvlsp would throw them away, or change them on their way. */
static void what_cannot_reach_it_is_refused(void **state)
{
	static const char *const keys[] = {
		"", "a=b", "TO", "A b", "Default", "\xc3\xa4", "a23456789012345678901234567890123"};
	char value[202];
	struct world *w = *state;

	app_start(w, "r1", "{run: echo}");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		set_refused(w, keys[i], "1", "key: 1 to 32 of a-z 0-9 . _ -");
	set_refused(w, "to", "r1:1\nr1:2", "value: has a line feed");
	set_refused(w, "to", "\x7f", "value: has a line feed");
	set_refused(w, "to", "\xff", "value: has a line feed");
	memset(value, 'v', 201);
	value[201] = '\0';
	set_refused(w, "to", value, "value: longer than 200 bytes");
}

static void settings_reach_it(void **state)
{
	struct world *w = *state;
	struct host_app_value value[2];
	struct ending ending = {0};
	struct err err = {0};

	app_start(w, "r1", "{run: echo}");
	assert_int_equal(ctl_app_set(w->ctl, "r1", "echo", "rate", "10mbit", world_ended, &ending,
				     NULL, &err),
			 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.state, CTL_DONE);
	assert_int_equal(ending.op.app_id, 1);
	assert_int_equal(ctl_app_values(w->ctl, app_there(w, "r1", "echo"), value, 2), 1);
	assert_string_equal(value[0].key, "rate");
	assert_string_equal(value[0].value, "10mbit");

	app_ends(w, 1, 0);
	ending = (struct ending){0};
	assert_int_equal(ctl_app_set(w->ctl, "r1", "echo", "rate", "1mbit", world_ended, &ending,
				     NULL, &err),
			 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.err.code, ENOTCONN);
}

static void those_that_were_lost_are_started_again_or_have_ended(void **state)
{
	struct world *w = *state;

	app_start(w, "r1", "{run: echo, restart: always}");
	app_start(w, "r1", "{run: send}");
	fake_apps_lose(w->host);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r1"), "echo running ready; send ended");
	assert_int_equal(app_there(w, "r1", "send")->state.status, -1);
	assert_int_equal(fake_apps_count(w->host), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, app_world_open, app_world_close)
	const struct CMUnitTest tests[] = {
		T(one_is_started_and_is_ready_when_its_operation_ends),
		T(names_that_were_not_given_are_made),
		T(it_is_found_by_name_aid_and_id),
		T(what_the_machine_refuses_leaves_nothing),
		T(what_fails_before_it_is_ready_leaves_nothing),
		T(start_and_stop_of_many_overlap),
		T(one_that_is_not_ready_lets_others_run),
		T(nobody_waits_who_does_not_want_to),
		T(a_stop_ends_when_it_is_gone),
		T(a_stop_waits_for_all_of_that_name),
		T(one_that_is_stopped_while_it_starts_did_not_start),
		T(a_job_is_ready_when_it_has_ended_well),
		T(one_that_has_ended_stays_until_it_is_stopped),
		T(of_those_that_have_ended_the_last_hundred_stay),
		T(a_router_has_as_many_as_it_may),
		T(it_starts_after_those_that_it_names),
		T(none_waits_for_itself_by_way_of_others),
		T(it_does_not_start_when_the_one_before_it_failed),
		T(a_restart_has_a_new_id_and_its_place),
		T(one_that_fails_in_the_place_of_another_keeps_it),
		T(what_cannot_reach_it_is_refused),
		T(settings_reach_it),
		T(those_that_were_lost_are_started_again_or_have_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
