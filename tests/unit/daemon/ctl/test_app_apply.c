// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications of a document: what apply starts, stops, lets alone, and waits for. */
#include "tests/unit/daemon/ctl/app_world.h"

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	world_open(w);
	*state = w;
	return 0;
}

/* r0-0, r0-1, r0-2 in a line. */
static struct topo_doc *line_doc(void)
{
	return world_grid(1, 3);
}

static struct ctl_diff diff_of(struct world *w, const struct topo_doc *doc)
{
	struct ctl_diff diff;
	struct err err = {0};

	if (ctl_topology_diff(w->ctl, doc, &diff, &err) < 0)
		fail_msg("diff refused: %s", err.text);
	return diff;
}

/* Nothing is to be done for the document, and for what runs as a document. */
static void assert_done(struct world *w, const struct topo_doc *doc)
{
	struct topo_doc *export = ctl_topology_export(w->ctl);
	struct ctl_diff diff = diff_of(w, doc);

	assert_int_equal(diff.count, 0);
	ctl_diff_free(&diff);
	diff = diff_of(w, export);
	assert_int_equal(diff.count, 0);
	ctl_diff_free(&diff);
	topo_doc_free(export);
}

static void it_starts_them_and_waits_until_they_are_ready(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ctl_op op;

	DOC_APPS(doc, 0, "{run: echo}", "{run: /bin/job, ready: exit}");
	DOC_APPS(doc, 2, "{run: send, after: [r0-0/echo, r0-0/job]}");
	op = world_apply_flags(w, doc, 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_true(op.converged);
	assert_int_equal(op.summary.routers_added, 3);
	assert_int_equal(op.summary.apps_added, 3);
	assert_string_equal(app_list(w, "r0-0"), "echo running ready; job ended");
	assert_string_equal(app_list(w, "r0-2"), "send running ready");
	assert_true(app_there(w, "r0-0", "echo")->by_topology);
	assert_done(w, doc);
	world_apply(w, doc);
	assert_int_equal(app_there(w, "r0-2", "send")->id, 3);
	topo_doc_free(doc);
}

static void what_is_equal_is_untouched_and_what_differs_starts_anew(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct fake_counts counts;
	struct ctl_diff diff;
	struct ctl_op op;

	DOC_APPS(doc, 0, "{run: echo}", "{run: send, args: [a]}", "{run: recv}");
	world_apply(w, doc);
	counts = world_counts(w);
	DOC_APPS(doc, 0, "{run: echo}", "{run: send, args: [b]}", "{run: trace}");
	diff = diff_of(w, doc);
	assert_int_equal(diff.count, 3);
	assert_int_equal(diff.lines[0].sign, '~');
	assert_string_equal(diff.lines[0].noun, "application");
	assert_string_equal(diff.lines[0].name, "r0-0/send");
	assert_string_equal(diff.lines[0].fields, "started anew");
	assert_int_equal(diff.lines[1].sign, '+');
	assert_string_equal(diff.lines[1].name, "r0-0/trace");
	assert_int_equal(diff.lines[2].sign, '-');
	assert_string_equal(diff.lines[2].name, "r0-0/recv");
	ctl_diff_free(&diff);
	op = world_apply_flags(w, doc, 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.summary.apps_added, 1);
	assert_int_equal(op.summary.apps_changed, 1);
	assert_int_equal(op.summary.apps_removed, 1);
	assert_int_equal(app_there(w, "r0-0", "echo")->id, 1);
	assert_int_equal(app_there(w, "r0-0", "send")->id, 4);
	assert_int_equal(app_there(w, "r0-0", "send")->aid, 2); /* its place */
	assert_string_equal(fake_apps_handed(w->host), "2>4 changed");
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"),
			    "echo running ready; send running ready; trace running ready");
	/* The network is no part of it. */
	assert_int_equal(world_counts(w).batches, counts.batches);
	topo_doc_free(doc);
}

static void those_that_were_started_by_hand_stay(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();

	DOC_APPS(doc, 0, "{run: echo}");
	world_apply(w, doc);
	app_start(w, "r0-0", "{run: send}");
	app_start(w, "r0-1", "{run: recv}");
	assert_done(w, doc);
	DOC_APPS(doc, 0, "{run: trace}");
	world_apply(w, doc);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"), "send running ready; trace running ready");
	assert_string_equal(app_list(w, "r0-1"), "recv running ready");
	/* Also where their router is made again, and where all are. */
	doc->routers[0].address = 0x0a000909;
	world_apply(w, doc);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"), "trace running ready; send running ready");
	assert_int_equal(app_there(w, "r0-0", "send")->aid, 2);
	doc->routers[0].address = 0;
	doc->network = 0x0a140000;
	world_apply(w, doc);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"), "trace running ready; send running ready");
	assert_false(app_there(w, "r0-0", "send")->by_topology);
	assert_string_equal(app_list(w, "r0-1"), "recv running ready");
	assert_int_equal(fake_apps_count(w->host), 3);
	assert_int_equal(world_apply_flags(w, doc, CTL_APPLY_REPLACE).state, CTL_DONE);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"), "trace running ready");
	assert_string_equal(app_list(w, "r0-1"), "");
	assert_int_equal(fake_apps_count(w->host), 1);
	topo_doc_free(doc);
}

static void one_that_fails_fails_the_apply_and_all_else_stays(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ctl_op op;

	DOC_APPS(doc, 0, "{run: echo}", "{run: odd}", "{run: send, after: [odd]}");
	fake_app_refuse(w->host, 1, ENOENT, "run: there is no odd");
	op = world_apply_flags(w, doc, 0);
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_int_equal(op.err.code, ENOEXEC);
	assert_false(op.machine);
	assert_string_equal(op.err.text,
			    "application odd on r0-0: run: there is no odd (and 1 more failed)");
	assert_string_equal(app_list(w, "r0-0"), "echo running ready; odd failed; send failed");
	assert_string_equal(app_there(w, "r0-0", "send")->state.text,
			    "it starts after odd, which failed: run: there is no odd");
	world_check(w);
	/* The next apply tries again what failed, and that alone. */
	op = world_apply_flags(w, doc, 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.summary.apps_changed, 2);
	assert_int_equal(app_there(w, "r0-0", "echo")->id, 1);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"),
			    "echo running ready; odd running ready; send running ready");
	assert_done(w, doc);
	topo_doc_free(doc);
}

static void one_that_ended_well_is_let_alone_and_one_that_did_not_is_not(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ctl_diff diff;

	DOC_APPS(doc, 0, "{run: one, ready: exit}", "{run: two, ready: exit}");
	world_apply(w, doc);
	assert_done(w, doc);
	app_ends(w, app_there(w, "r0-0", "two")->id, 256);
	diff = diff_of(w, doc);
	assert_int_equal(diff.count, 1);
	assert_string_equal(diff.lines[0].name, "r0-0/two");
	assert_string_equal(diff.lines[0].fields, "failed, started anew");
	ctl_diff_free(&diff);
	world_apply(w, doc);
	/* Also one that was ready for long. */
	DOC_APPS(doc, 0, "{run: echo}");
	world_apply(w, doc);
	app_ends(w, app_there(w, "r0-0", "echo")->id, 0);
	assert_done(w, doc);
	app_ends(w, app_there(w, "r0-0", "echo")->id, 9);
	world_apply(w, doc);
	world_settle(w, 2);
	assert_string_equal(app_list(w, "r0-0"), "echo running ready");
	topo_doc_free(doc);
}

static void nobody_waits_who_does_not_want_to(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();

	DOC_APPS(doc, 0, "{run: odd}");
	fake_app_fail(w->host, 0, "no");
	assert_int_equal(world_apply_flags(w, doc, CTL_APPLY_NO_WAIT).state, CTL_DONE);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r0-0"), "odd failed");
	topo_doc_free(doc);
}

static void one_that_is_not_ready_in_time_is_named(void **state)
{
	struct world *w = *state;
	struct host_app_state busy = {.phase = HOST_APP_RUNNING, .status = -1, .pid = 9};
	struct topo_doc *doc = line_doc();
	struct ending ending = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: slow, ready: notify}", "{run: next, after: [slow]}");
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 700, world_ended, &ending, NULL, &err),
			 0);
	while (!model_app_by_id(w->model, 1) ||
	       model_app_by_id(w->model, 1)->state.phase != MODEL_APP_STARTING)
		loop_once(w->loop, 1);
	fake_app_become(w->host, 1, &busy);
	/* Others run meanwhile. */
	while (ctl_op_by_id(w->ctl, 1)->state != CTL_SETTLING)
		loop_once(w->loop, 1);
	assert_int_equal(app_start(w, "r0-1", "{run: echo}").state, CTL_DONE);
	assert_int_equal(ending.calls, 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.err.code, ETIMEDOUT);
	assert_true(ending.op.converged);
	assert_string_equal(ending.op.err.text, "application slow on r0-0 is not ready within 700 "
						"ms: it is running; and 1 more");
	assert_string_equal(app_list(w, "r0-0"), "slow running; next wanted");
	/* The next apply has nothing to do, and waits for the same. */
	ending = (struct ending){0};
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 5000, world_ended, &ending, NULL, &err),
			 0);
	world_settle(w, 10);
	assert_int_equal(ending.calls, 0);
	busy.ready = true;
	fake_app_become(w->host, 1, &busy);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	assert_int_equal(ending.op.summary.apps_changed, 0);
	assert_string_equal(app_list(w, "r0-0"), "slow running ready; next running ready");
	topo_doc_free(doc);
}

static void an_apply_ends_when_what_it_takes_away_is_gone(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc(), *none = line_doc();
	struct ending ending = {0}, again = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: echo}", "{run: send}");
	world_apply(w, doc);
	fake_apps_hold(w->host, true);
	assert_int_equal(ctl_topology_apply(w->ctl, none, 0, 0, world_ended, &ending, NULL, &err),
			 0);
	world_settle(w, 5);
	assert_int_equal(ending.calls, 0);
	assert_string_equal(app_list(w, "r0-0"),
			    "echo stopping ready going; send stopping ready going");
	/* Others run meanwhile; one that has nothing to do waits for the same. */
	assert_int_equal(app_start(w, "r0-0", "{run: recv}").state, CTL_DONE);
	assert_int_equal(ctl_topology_apply(w->ctl, none, 0, 0, world_ended, &again, NULL, &err),
			 0);
	world_settle(w, 5);
	assert_int_equal(ctl_op_by_id(w->ctl, 2)->state, CTL_SETTLING);
	assert_int_equal(ctl_op_by_id(w->ctl, 2)->total, 2);
	assert_int_equal(again.calls, 0);
	fake_apps_hold(w->host, false);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	assert_string_equal(app_list(w, "r0-0"), "recv running ready");
	assert_int_equal(ending.op.summary.apps_removed, 2);
	assert_int_equal(world_wait(w, &again)->state, CTL_DONE);
	assert_int_equal(again.op.summary.apps_removed, 0);
	topo_doc_free(doc);
	topo_doc_free(none);
}

static void what_does_not_end_in_time_is_named(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ending ending = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: echo}", "{run: send}");
	world_apply(w, doc);
	fake_apps_hold(w->host, true);
	DOC_APPS(doc, 0, "{run: send}");
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 50, world_ended, &ending, NULL, &err),
			 0);
	world_wait(w, &ending);
	assert_int_equal(ending.op.err.code, ETIMEDOUT);
	assert_string_equal(ending.op.err.text,
			    "application echo on r0-0 has not ended within 50 ms: it is stopping");
	assert_string_equal(app_list(w, "r0-0"), "echo stopping ready going; send running ready");
	assert_int_equal(world_apply_flags(w, doc, CTL_APPLY_NO_WAIT).state, CTL_DONE);
	fake_apps_hold(w->host, false);
	world_apply(w, doc);
	assert_string_equal(app_list(w, "r0-0"), "send running ready");
	topo_doc_free(doc);
}

/* Under the same name, or another: it may have the same port. */
static void what_comes_in_its_place_starts_when_it_is_gone(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ending ending = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: echo}", "{run: send}");
	world_apply(w, doc);
	fake_apps_hold(w->host, true);
	DOC_APPS(doc, 0, "{run: echo, args: [x]}", "{run: recv}");
	DOC_APPS(doc, 1, "{run: recv}");
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 0, world_ended, &ending, NULL, &err),
			 0);
	world_settle(w, 5);
	assert_string_equal(app_list(w, "r0-0"),
			    "echo stopping ready going; echo wanted; send stopping ready going; "
			    "recv wanted");
	assert_string_equal(app_list(w, "r0-1"), "recv running ready");
	fake_apps_hold(w->host, false);
	assert_int_equal(world_wait(w, &ending)->state, CTL_DONE);
	assert_string_equal(app_list(w, "r0-0"), "echo running ready; recv running ready");
	assert_done(w, doc);
	topo_doc_free(doc);
}

static void what_the_machine_refuses_of_the_network_costs_no_application(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc(), *more = world_grid(2, 3);

	DOC_APPS(doc, 0, "{run: echo}");
	world_apply(w, doc);
	DOC_APPS(more, 0, "{run: echo, args: [x]}");
	DOC_APPS(more, 5, "{run: send}");
	fake_fail_item(w->host, 4, EIO);
	assert_int_equal(world_apply_flags(w, more, 0).state, CTL_OP_FAILED);
	world_settle(w, 3);
	assert_string_equal(app_list(w, "r0-0"), "echo running ready");
	assert_int_equal(w->model->app_count, 1);
	assert_int_equal(app_there(w, "r0-0", "echo")->id, 1);
	assert_int_equal(app_start(w, "r0-1", "{run: echo}").app_id, 4);
	topo_doc_free(doc);
	topo_doc_free(more);
}

static void a_document_may_wait_for_what_is_not_there_no_more_than_for_itself(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct err err = {0};

	DOC_APPS(doc, 0, "{run: a, after: [b]}", "{run: b, after: [r0-0/a]}");
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 0, NULL, NULL, NULL, &err), -EINVAL);
	DOC_APPS(doc, 0, "{run: a, after: [c]}");
	assert_int_equal(ctl_topology_apply(w->ctl, doc, 0, 0, NULL, NULL, NULL, &err), -EINVAL);
	topo_doc_free(doc);
}

/* It started after one that is gone by now: a document cannot say so. */
static void what_is_shown_can_be_applied_whatever_has_gone(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc(), *shown;
	struct ctl_diff diff;

	DOC_APPS(doc, 0, "{run: echo}");
	DOC_APPS(doc, 2, "{run: send, after: [r0-0/echo]}");
	world_apply(w, doc);
	app_start(w, "r0-2", "{run: /bin/job, ready: exit}");
	app_start(w, "r0-2", "{run: recv, after: [send, job]}");
	world_delete_router(w, "r0-0");
	shown = ctl_topology_export(w->ctl);
	assert_int_equal(topo_doc_check(shown, "shown", NULL), 0);
	assert_int_equal(shown->router_count, 2);
	assert_int_equal(topo_apps_find(shown->routers[1].apps, "send")->after_count, 0);
	assert_int_equal(topo_apps_find(shown->routers[1].apps, "recv")->after_count, 1);
	diff = diff_of(w, shown);
	assert_int_equal(diff.count, 0);
	ctl_diff_free(&diff);
	topo_doc_free(shown);
	topo_doc_free(doc);
}

static void they_go_with_the_topology(void **state)
{
	struct world *w = *state;
	struct topo_doc *doc = line_doc();
	struct ctl_op op;

	DOC_APPS(doc, 0, "{run: echo}", "{run: /bin/job, ready: exit}");
	world_apply(w, doc);
	op = world_clear(w);
	assert_int_equal(op.summary.apps_removed, 2);
	world_settle(w, 2);
	assert_int_equal(fake_apps_count(w->host), 0);
	assert_int_equal(w->model->app_count, 0);
	topo_doc_free(doc);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, app_world_close)
	const struct CMUnitTest tests[] = {
		T(it_starts_them_and_waits_until_they_are_ready),
		T(what_is_equal_is_untouched_and_what_differs_starts_anew),
		T(those_that_were_started_by_hand_stay),
		T(one_that_fails_fails_the_apply_and_all_else_stays),
		T(one_that_ended_well_is_let_alone_and_one_that_did_not_is_not),
		T(nobody_waits_who_does_not_want_to),
		T(one_that_is_not_ready_in_time_is_named),
		T(an_apply_ends_when_what_it_takes_away_is_gone),
		T(what_does_not_end_in_time_is_named),
		T(what_comes_in_its_place_starts_when_it_is_gone),
		T(what_the_machine_refuses_of_the_network_costs_no_application),
		T(a_document_may_wait_for_what_is_not_there_no_more_than_for_itself),
		T(what_is_shown_can_be_applied_whatever_has_gone),
		T(they_go_with_the_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
