// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications and the store: what is written and when, what the next daemon makes of it. */
#include "tests/unit/daemon/ctl/app_world.h"
#include "tests/unit/daemon/ctl/kept.h"

/* The row of a name; NULL: there is none. */
static const struct store_app *row_of(const struct kept_world *k, const char *name)
{
	for (size_t i = 0; i < k->store.kept.app_count; i++)
		if (strcmp(k->store.kept.apps[i].app->name, name) == 0)
			return &k->store.kept.apps[i];
	return NULL;
}

static void routers(struct kept_world *k)
{
	struct topo_doc *doc = world_grid(1, 2);

	DOC_APPS(doc, 0, "{run: echo}", "{run: /bin/job, ready: exit}");
	world_apply(&k->w, doc);
	topo_doc_free(doc);
}

static void until_written(struct kept_world *k, unsigned commits)
{
	while (k->store.commits < commits)
		assert_true(loop_once(k->w.loop, 1000) >= 0);
}

static void a_start_is_one_commit_and_one_that_fails_two(void **state)
{
	struct kept_world *k = *state;
	unsigned commits;

	routers(k);
	assert_int_equal(k->store.begins, 1);
	assert_int_equal(k->store.commits, 1);
	assert_int_equal(k->store.kept.app_count, 2);
	assert_true(row_of(k, "echo")->by_topology);
	until_written(k, 2); /* that the job has ended */
	assert_int_equal(row_of(k, "job")->state.phase, MODEL_APP_ENDED);
	assert_int_equal(row_of(k, "job")->state.status, 0);
	assert_int_equal(row_of(k, "echo")->state.phase, MODEL_APP_WANTED);
	commits = k->store.commits;
	app_start(&k->w, "r0-1", "{run: send}");
	assert_int_equal(k->store.commits, commits + 1);
	assert_false(row_of(k, "send")->by_topology);
	assert_int_equal(row_of(k, "send")->aid, 1);
	assert_int_equal(k->store.kept.routers[1].last_aid, 1);
	fake_app_fail(k->w.host, 0, "no");
	assert_int_equal(app_start(&k->w, "r0-1", "{run: odd}").state, CTL_OP_FAILED);
	assert_int_equal(k->store.commits, commits + 3);
	assert_null(row_of(k, "odd"));
	assert_int_equal(k->store.kept.last_app_id, 4);
	assert_int_equal(k->store.kept.routers[1].last_aid, 2);
	assert_int_equal(app_stop(&k->w, "r0-1", "send").state, CTL_DONE);
	assert_int_equal(k->store.commits, commits + 4);
	assert_null(row_of(k, "send"));
}

static void what_runs_is_taken_over(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;
	int32_t pid;

	routers(k);
	app_start(&k->w, "r0-1", "{run: send, restart: always}");
	world_settle(&k->w, 3);
	pid = app_there(&k->w, "r0-0", "echo")->state.pid;
	restart(k, &recovered);
	assert_true(recovered.result.nothing);
	world_settle(&k->w, 3);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo running ready; job ended");
	assert_string_equal(app_list(&k->w, "r0-1"), "send running ready");
	assert_int_equal(app_there(&k->w, "r0-0", "echo")->state.pid, pid);
	assert_int_equal(fake_apps_count(k->w.host), 3);
	/* Numbers go on. */
	assert_int_equal(app_start(&k->w, "r0-1", "{run: send}").app_id, 4);
	assert_int_equal(app_there(&k->w, "r0-1", "send.2")->aid, 2);
}

static void what_ended_while_nobody_watched_is_told(void **state)
{
	struct host_app_state ended = {.phase = HOST_APP_ENDED, .status = 9, .ended_ms = 5};
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	fake_app_become(k->w.host, 1, &ended);
	restart(k, &recovered);
	world_settle(&k->w, 3);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo ended; job ended");
	assert_int_equal(app_there(&k->w, "r0-0", "echo")->state.status, 9);
	until_written(k, k->store.commits + 1);
	assert_int_equal(row_of(k, "echo")->state.status, 9);
	restart(k, &recovered);
	world_settle(&k->w, 3);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo ended; job ended");
	assert_int_equal(app_there(&k->w, "r0-0", "echo")->state.status, 9);
}

static void after_a_reboot_they_are_started_again(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	app_start(&k->w, "r0-1", "{run: send}");
	app_start(&k->w, "r0-1", "{run: recv}");
	app_ends(&k->w, 4, 0);
	until_written(k, k->store.commits + 1);
	end(k, false);
	boot(k);
	recover(k, &recovered);
	assert_int_equal(recovered.result.routers_made, 2);
	world_settle(&k->w, 5);
	/* What had ended by itself has; but a job is done for each router anew. */
	assert_string_equal(app_list(&k->w, "r0-0"), "echo running ready; job ended");
	assert_string_equal(app_list(&k->w, "r0-1"), "send running ready; recv ended");
	assert_int_equal(app_there(&k->w, "r0-0", "echo")->id, 1);
	assert_int_equal(fake_apps_count(k->w.host), 3);
	assert_true(app_there(&k->w, "r0-0", "job")->state.ended_ms > 0);
}

static void those_that_are_lost_meanwhile_follow_their_policy(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	app_start(&k->w, "r0-1", "{run: send}");
	app_start(&k->w, "r0-1", "{run: recv, restart: on-failure}");
	fake_apps_lose(k->w.host);
	restart(k, &recovered);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-1"), "send ended; recv running ready");
	assert_int_equal(app_there(&k->w, "r0-1", "send")->state.status, -1);
	assert_non_null(strstr(app_there(&k->w, "r0-1", "send")->state.text, "is not known"));
}

static void what_nobody_wants_is_stopped_and_forgotten(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	app_start(&k->w, "r0-1", "{run: send}");
	world_settle(&k->w, 3);
	while (k->store.kept.app_count)
		fake_store_del_app(&k->store, 0);
	restart(k, &recovered);
	world_settle(&k->w, 5);
	assert_int_equal(k->w.model->app_count, 0);
	assert_int_equal(fake_apps_count(k->w.host), 0);
}

static void a_router_that_is_made_again_has_its_applications(void **state)
{
	struct kept_world *k = *state;
	struct ctl_reconcile result;
	struct recovered recovered;

	routers(k);
	app_start(&k->w, "r0-1", "{run: send}");
	world_settle(&k->w, 3);
	fake_lose_router(k->machine, model_router_by_name(k->w.model, "r0-0")->slot);
	assert_int_equal(reconcile(k, false, &result).state, CTL_DONE);
	assert_int_equal(result.routers_made, 1);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo running ready; job ended");
	assert_string_equal(app_list(&k->w, "r0-1"), "send running ready");
	assert_int_equal(fake_apps_count(k->w.host), 3);

	fake_spoil_router(k->machine, model_router_by_name(k->w.model, "r0-0")->slot);
	restart(k, &recovered);
	assert_int_equal(recovered.result.routers_made, 1);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo running ready; job ended");
	assert_int_equal(fake_apps_count(k->w.host), 3);
}

static void a_full_disk_refuses_a_start_and_a_stop(void **state)
{
	struct kept_world *k = *state;
	struct ctl_op op;

	routers(k);
	until_written(k, 2);
	k->store.fault = STORE_FULL;
	k->store.stays = true;
	op = app_start(&k->w, "r0-1", "{run: send}");
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_int_equal(op.err.code, EDQUOT);
	op = app_stop(&k->w, "r0-0", "echo");
	assert_int_equal(op.err.code, EDQUOT);
	world_settle(&k->w, 3);
	assert_string_equal(app_list(&k->w, "r0-0"), "echo running ready; job ended");
	assert_string_equal(app_list(&k->w, "r0-1"), "");
	assert_int_equal(fake_apps_count(k->w.host), 2);
	k->store.fault = STORE_WELL;
	assert_int_equal(app_start(&k->w, "r0-1", "{run: send}").state, CTL_DONE);
}

/* The second write of one that fails cannot be done: it is, as soon as that works. */
static void what_could_not_be_taken_back_at_once_is_later(void **state)
{
	struct kept_world *k = *state;
	struct ctl_op op;

	routers(k);
	until_written(k, 2);
	fake_app_fail(k->w.host, 0, "no");
	k->store.fault = STORE_FULL;
	k->store.fault_in = 2; /* after begin and commit */
	k->store.stays = true;
	op = app_start(&k->w, "r0-1", "{run: odd}");
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_non_null(strstr(op.err.text, "no; that it is not wanted any more could not be"));
	assert_string_equal(app_list(&k->w, "r0-1"), "");
	assert_non_null(row_of(k, "odd"));
	k->store.fault = STORE_WELL;
	while (row_of(k, "odd"))
		assert_true(loop_once(k->w.loop, 5000) >= 0);
}

/* Whether it was written is not known: the store is written anew, with applications. */
static void a_commit_in_doubt_is_taken_back_whole(void **state)
{
	struct kept_world *k = *state;
	unsigned wholes = k->store.wholes;

	routers(k);
	until_written(k, 2);
	k->store.fault = STORE_DOUBT;
	k->store.fault_in = 1;
	assert_int_equal(app_start(&k->w, "r0-1", "{run: send}").state, CTL_OP_FAILED);
	assert_int_equal(k->store.wholes, wholes + 1);
	assert_null(row_of(k, "send"));
	assert_int_equal(k->store.kept.app_count, 2);
	assert_int_equal(row_of(k, "job")->state.phase, MODEL_APP_ENDED);
	world_settle(&k->w, 2);
	assert_int_equal(fake_apps_count(k->w.host), 2);
}

static void they_go_with_their_router(void **state)
{
	struct kept_world *k = *state;

	routers(k);
	until_written(k, 2);
	assert_int_equal(world_delete_router(&k->w, "r0-0").state, CTL_DONE);
	assert_int_equal(k->store.kept.app_count, 0);
	world_settle(&k->w, 2);
	assert_int_equal(fake_apps_count(k->w.host), 0);
}

/* The answer to a stop is that it has ended, also when nobody knows yet whether it runs. */
static void a_stop_waits_until_the_machine_has_told(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;
	struct ending ending = {0};
	struct err err = {0};

	routers(k);
	app_start(&k->w, "r0-1", "{run: send}");
	end(k, true);
	boot(k);
	fake_apps_silence(k->w.host, true);
	recover(k, &recovered);
	assert_int_equal(
		ctl_app_stop(k->w.ctl, "r0-1", "send", NULL, world_ended, &ending, NULL, &err), 0);
	world_settle(&k->w, 5);
	assert_int_equal(ending.calls, 0);
	fake_apps_silence(k->w.host, false);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_DONE);
	assert_int_equal(fake_apps_count(k->w.host), 2);
	assert_string_equal(app_list(&k->w, "r0-1"), "");
	assert_null(row_of(k, "send"));
}

/* A stop without waiting, and the next daemon at once. */
static void stop_and_restart(struct kept_world *k, const char *router, const char *name)
{
	struct ctl_app_wait wait = {.no_wait = true};
	struct recovered recovered;
	struct ending ending = {0};
	struct err err = {0};

	assert_int_equal(
		ctl_app_stop(k->w.ctl, router, name, &wait, world_ended, &ending, NULL, &err), 0);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_DONE);
	restart(k, &recovered);
	world_settle(&k->w, 5);
}

/* With what they wait for, in one change: whatever their policy, and however far it had come. */
static void those_that_wait_for_one_that_was_stopped_stay_so(void **state)
{
	static const char why[] = "it starts after r0-0/slow, which was stopped before it was "
				  "ready";
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	app_start_later(&k->w, "r0-0", "{run: slow, ready: notify}");
	app_is_busy(&k->w, "r0-0", "slow");
	app_start_later(&k->w, "r0-1", "{run: dep, restart: always, after: [r0-0/slow]}");
	app_start_later(&k->w, "r0-1", "{run: once, after: [r0-0/echo, r0-0/slow]}");
	app_start_later(&k->w, "r0-1", "{run: next, restart: always, after: [dep]}");
	app_start_later(&k->w, "r0-1", "{run: other, restart: always, after: [r0-0/echo]}");
	stop_and_restart(k, "r0-0", "slow");
	assert_string_equal(app_list(&k->w, "r0-1"),
			    "dep failed; once failed; next failed; other running ready");
	assert_string_equal(app_there(&k->w, "r0-1", "dep")->state.text, why);
	assert_string_equal(app_there(&k->w, "r0-1", "once")->state.text, why);
	assert_string_equal(row_of(k, "dep")->state.text, why);
	assert_int_equal(row_of(k, "dep")->state.error, ECANCELED);
	/* One that was ready takes nobody along. */
	app_start_later(&k->w, "r0-1", "{run: late, restart: always, after: [r0-0/echo]}");
	stop_and_restart(k, "r0-0", "echo");
	assert_string_equal(app_list(&k->w, "r0-1"), "dep failed; once failed; next failed; other "
						     "running ready; late running ready");
	/* With its router, too. */
	app_start_later(&k->w, "r0-0", "{run: slow, ready: notify}");
	app_is_busy(&k->w, "r0-0", "slow");
	app_start_later(&k->w, "r0-1", "{run: more, restart: always, after: [r0-0/slow]}");
	assert_int_equal(world_delete_router(&k->w, "r0-0").state, CTL_DONE);
	assert_int_equal(row_of(k, "more")->state.phase, MODEL_APP_FAILED);
	restart(k, &recovered);
	world_settle(&k->w, 5);
	assert_string_equal(app_there(&k->w, "r0-1", "more")->state.text, why);
}

/* Who is never started again has not been started yet, either, if what it waits for is not ready.
 */
static void those_that_waited_wait_on(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;

	routers(k);
	app_start_later(&k->w, "r0-0", "{run: slow, ready: notify}");
	app_is_busy(&k->w, "r0-0", "slow");
	app_start_later(&k->w, "r0-1", "{run: first, after: [r0-0/slow]}");
	app_start_later(&k->w, "r0-1", "{run: second, after: [first, r0-0/echo]}");
	app_start_later(&k->w, "r0-1", "{run: ran, after: [r0-0/echo]}");
	world_settle(&k->w, 3);
	for (int i = 0; i < 2; i++) {
		restart(k, &recovered);
		world_settle(&k->w, 5);
		assert_string_equal(app_list(&k->w, "r0-1"),
				    "first wanted; second wanted; ran running ready");
	}
	app_ends(&k->w, app_there(&k->w, "r0-0", "slow")->id, 0);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-1"),
			    "first running ready; second running ready; ran running ready");
	/* All are lost: who had been started has ended. */
	fake_apps_lose(k->w.host);
	restart(k, &recovered);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-1"), "first ended; second ended; ran ended");
}

/* A document with another argument for the application on r0-1. */
static void apply_arg(struct kept_world *k, const char *fields, const char *arg, unsigned flags)
{
	struct topo_doc *doc = world_grid(1, 2);
	char text[200];

	snprintf(text, sizeof(text), "{run: a, args: [%s], %s}", arg, fields);
	doc_apps(doc, 1, 1, (const char *[]){text});
	assert_int_equal(world_apply_flags(&k->w, doc, flags).state, CTL_DONE);
	topo_doc_free(doc);
}

/* The old one is still on its way out, of which the next daemon has no more than its number: the
 * new one waits for its end, also if it is never to be started again. */
static void what_comes_in_its_place_waits_after_a_crash_too(void **state)
{
	static const char *const policies[] = {"restart: always", "restart: never"};
	struct kept_world *k = *state;
	struct recovered recovered;

	for (size_t i = 0; i < 2; i++) {
		for (int lost = 0; lost < 2; lost++) {
			uint32_t was;

			apply_arg(k, policies[i], "x", 0);
			was = app_there(&k->w, "r0-1", "a")->id;
			fake_apps_hold(k->w.host, true);
			apply_arg(k, policies[i], "y", CTL_APPLY_NO_WAIT);
			end(k, true);
			boot(k);
			fake_apps_hold(k->w.host, true);
			recover(k, &recovered);
			world_settle(&k->w, 5);
			assert_string_equal(app_list(&k->w, "r0-1"), "a wanted");
			assert_true(app_there(&k->w, "r0-1", "a")->id > was);
			assert_int_equal(fake_apps_count(k->w.host), 1);
			if (lost)
				fake_apps_lose(k->w.host);
			fake_apps_hold(k->w.host, false);
			world_settle(&k->w, 5);
			assert_string_equal(app_list(&k->w, "r0-1"), "a running ready");
			assert_int_equal(fake_apps_count(k->w.host), 1);
			apply_arg(k, policies[i], "y", 0);
		}
	}
}

/* The same when the old one has ended before anybody asks; and for who waits for the new one. */
static void what_comes_in_its_place_starts_after_a_crash_too(void **state)
{
	struct host_app_state ended = {.phase = HOST_APP_ENDED, .status = 15, .stopped = true};
	struct ctl_app_wait wait = {.no_wait = true};
	struct kept_world *k = *state;
	struct recovered recovered;
	struct ending ending = {0};
	struct err err = {0};
	uint32_t was;

	routers(k);
	app_start_later(&k->w, "r0-0", "{run: db, ready: notify}");
	app_is_busy(&k->w, "r0-0", "db");
	was = app_there(&k->w, "r0-0", "db")->id;
	app_start_later(&k->w, "r0-1", "{run: dep, after: [r0-0/db]}");
	assert_int_equal(
		ctl_app_restart(k->w.ctl, "r0-0", "db", &wait, world_ended, &ending, NULL, &err),
		0);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_DONE);
	end(k, true);
	boot(k);
	assert_int_equal(fake_app_become(k->w.host, was, &ended), 0);
	recover(k, &recovered);
	world_settle(&k->w, 5);
	assert_string_equal(app_list(&k->w, "r0-0"),
			    "echo running ready; job ended; db running ready");
	assert_string_equal(app_list(&k->w, "r0-1"), "dep running ready");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_start_is_one_commit_and_one_that_fails_two),
		T(what_runs_is_taken_over),
		T(what_ended_while_nobody_watched_is_told),
		T(after_a_reboot_they_are_started_again),
		T(those_that_are_lost_meanwhile_follow_their_policy),
		T(what_nobody_wants_is_stopped_and_forgotten),
		T(a_router_that_is_made_again_has_its_applications),
		T(a_full_disk_refuses_a_start_and_a_stop),
		T(what_could_not_be_taken_back_at_once_is_later),
		T(a_commit_in_doubt_is_taken_back_whole),
		T(they_go_with_their_router),
		T(a_stop_waits_until_the_machine_has_told),
		T(those_that_wait_for_one_that_was_stopped_stay_so),
		T(those_that_waited_wait_on),
		T(what_comes_in_its_place_waits_after_a_crash_too),
		T(what_comes_in_its_place_starts_after_a_crash_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
