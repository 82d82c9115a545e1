/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written to the store and when; what happens while it cannot be written; what the next
 * daemon finds. Step by step, where test_crash.c is random.
 */
#include "lib/base/clock.h"
#include "tests/unit/daemon/ctl/kept.h"

static void grid(struct kept_world *k, unsigned n)
{
	struct topo_doc *doc = world_grid(n, n);

	doc->routers[0].label = strdup("corner");
	doc->routers[1].has_position = true;
	doc->routers[1].latitude = 51.5;
	world_apply(&k->w, doc);
	topo_doc_free(doc);
}

static void a_change_is_one_begin_and_one_commit_and_nothing_to_do_is_none(void **state)
{
	struct kept_world *k = *state;

	grid(k, 3);
	assert_int_equal(k->store.begins, 1);
	assert_int_equal(k->store.commits, 1);
	assert_int_equal(k->store.ends, 0);
	assert_int_equal(k->store.kept.router_count, 9);
	assert_int_equal(k->store.kept.link_count, 12);
	assert_string_equal(k->store.kept.routers[0].label, "corner");
	assert_string_equal(k->store.kept.topology.name, "grid");
	assert_true(k->store.kept.ops[0].ended);
	grid(k, 3);
	assert_int_equal(k->store.begins, 1);
	assert_int_equal(k->store.commits, 1);
	world_set(&k->w, "r0-0-r0-1", 9, true, MODEL_DOWN);
	world_delete_router(&k->w, "r2-2");
	assert_int_equal(k->store.commits, 3);
	assert_int_equal(k->store.kept.removed_count, 1);
	assert_string_equal(k->store.kept.removed[0].name, "r2-2");
}

static void a_restart_takes_over_and_touches_nothing(void **state)
{
	struct kept_world *k = *state;
	struct fake_counts was, now;
	struct recovered recovered;
	char *before, *after;

	grid(k, 4);
	world_set(&k->w, "r0-0-r0-1", 7, true, MODEL_SILENT);
	world_delete_router(&k->w, "r3-3");
	before = world_picture(&k->w);
	was = world_counts(&k->w);
	restart(k, &recovered);
	after = world_picture(&k->w);
	now = world_counts(&k->w);
	assert_string_equal(before, after);
	assert_int_equal(now.started, was.started);
	assert_int_equal(now.batches, 0);
	assert_true(recovered.result.nothing);
	assert_int_equal(recovered.result.routers_adopted, 15);
	assert_int_equal(recovered.result.links_adopted, 22);
	world_check(&k->w);
	/* Routes, history, and numbers go on. */
	grid(k, 4);
	assert_int_equal(model_router_by_name(k->w.model, "r3-3")->id, 17);
	assert_non_null(ctl_op_by_id(k->w.ctl, 1));
	assert_string_equal(ctl_op_by_id(k->w.ctl, 1)->kind, "topology-apply");
	assert_int_equal(ctl_op_by_id(k->w.ctl, 1)->state, CTL_DONE);
	assert_int_equal(ctl_op_by_id(k->w.ctl, 4)->state, CTL_DONE);
	assert_null(ctl_op_by_id(k->w.ctl, 5));
	free(before);
	free(after);
}

static void after_a_reboot_everything_is_made_again_with_its_numbers(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;
	char *before, *after;

	grid(k, 3);
	world_set(&k->w, "r0-0-r0-1", 7, true, MODEL_DOWN);
	before = world_picture(&k->w);
	end(k, false);
	boot(k);
	recover(k, &recovered);
	after = world_picture(&k->w);
	assert_string_equal(before, after);
	assert_int_equal(recovered.result.routers_made, 9);
	assert_int_equal(recovered.result.links_made, 12);
	assert_int_equal(recovered.result.routers_adopted, 0);
	world_check(&k->w);
	free(before);
	free(after);
}

static void an_operation_that_was_cut_short_has_failed(void **state)
{
	struct kept_world *k = *state;
	struct store_op cut = {.id = 7, .kind = "link-add", .queued_ms = 5, .started_ms = 6};
	const struct ctl_op *op;
	struct recovered recovered;

	grid(k, 2);
	fake_store_op(&k->store, &cut);
	k->store.kept.last_op_id = 20; /* later ones were not kept */
	restart(k, &recovered);
	op = ctl_op_by_id(k->w.ctl, 7);
	assert_non_null(op);
	assert_int_equal(op->state, CTL_OP_FAILED);
	assert_string_equal(op->kind, "link-add");
	assert_string_equal(op->err.text,
			    "vlspd ended before it was done; the network is as it was before");
	assert_true(op->ended_ms >= op->started_ms);
	assert_true(k->store.kept.ops[1].ended);
	assert_true(k->store.kept.ops[1].error != 0);
	assert_int_equal(world_router(&k->w, "new", 0).id, 21);
}

static void an_end_that_cannot_be_written_is_written_later(void **state)
{
	struct kept_world *k = *state;
	const struct store_op *row;
	uint64_t begun;
	int rounds = 0;

	grid(k, 2);
	k->store.no_ends = true;
	for (int i = 0; i < 2; i++) { /* with the next operation; without any, soon */
		fake_fail_item(k->w.host, 0, EPERM);
		begun = world_router(&k->w, "x", 0).id;
		row = &k->store.kept.ops[k->store.kept.op_count - 1];
		assert_int_equal(row->id, begun);
		assert_false(row->ended);
		k->store.no_ends = false;
		if (i == 0)
			assert_int_equal(world_router(&k->w, "y", 0).state, CTL_DONE);
		while (i == 1 && !row->ended) {
			assert_true(loop_once(k->w.loop, 5000) >= 0);
			assert_true(++rounds < 20);
		}
		for (size_t r = 0; r < k->store.kept.op_count; r++)
			assert_true(k->store.kept.ops[r].ended);
		k->store.no_ends = true;
	}
	k->store.no_ends = false;
}

/* Asked for without waiting, acknowledged, and its turn had not come when the daemon was killed. */
static void a_promised_operation_is_known_to_the_next_daemon(void **state)
{
	struct kept_world *k = *state;
	struct ctl_router_spec spec = {.name = "x"};
	struct ending ending = {0};
	const struct ctl_op *op;
	struct recovered recovered;
	struct err err = {0};
	uint64_t id = 0;

	grid(k, 2);
	assert_int_equal(ctl_router_add(k->w.ctl, &spec, world_ended, &ending, &id, &err), 0);
	assert_int_equal(ctl_op_promise(k->w.ctl, id, &err), 0);
	restart(k, &recovered);
	assert_true(recovered.result.nothing);
	assert_int_equal(ending.calls, 0);
	op = ctl_op_by_id(k->w.ctl, id);
	assert_non_null(op);
	assert_int_equal(op->state, CTL_OP_FAILED);
	assert_string_equal(op->kind, "router-add");
	assert_non_null(strstr(op->err.text, "ended before it was done"));
	assert_true(world_router(&k->w, "y", 0).id > id);
	/* What cannot be promised is not done either, whether or not there is room by then. */
	k->store.fault = STORE_FULL;
	assert_int_equal(ctl_router_add(k->w.ctl, &spec, world_ended, &ending, &id, &err), 0);
	assert_int_equal(ctl_op_promise(k->w.ctl, id, &err), -EDQUOT);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_OP_FAILED);
	assert_int_equal(ending.op.err.code, EDQUOT);
	assert_null(model_router_by_name(k->w.model, "x"));
	/* Otherwise it goes its way, to one end. */
	ending.calls = 0;
	assert_int_equal(ctl_router_add(k->w.ctl, &spec, world_ended, &ending, &id, &err), 0);
	assert_int_equal(ctl_op_promise(k->w.ctl, id, &err), 0);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_DONE);
	assert_true(k->store.kept.ops[k->store.kept.op_count - 1].ended);
}

static void while_there_is_no_room_changes_are_refused_and_it_heals(void **state)
{
	struct kept_world *k = *state;
	struct ctl_health health;
	char *before, *after;
	struct ctl_op op;
	uint64_t batches;

	grid(k, 2);
	before = world_picture(&k->w);
	batches = world_counts(&k->w).batches;
	k->store.fault = STORE_FULL;
	k->store.stays = true;
	op = world_router(&k->w, "x", 0);
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_int_equal(op.err.code, EDQUOT);
	assert_non_null(strstr(op.err.text, "/test/state"));
	assert_int_equal(world_clear(&k->w).err.code, EDQUOT);
	/* Nothing was touched, everything can be read, and what changes nothing goes through. */
	assert_int_equal(world_counts(&k->w).batches, batches);
	after = world_picture(&k->w);
	assert_string_equal(before, after);
	grid(k, 2);
	ctl_health(k->w.ctl, &health);
	assert_non_null(strstr(health.store_trouble, "No space left"));
	k->store.fault = STORE_WELL;
	assert_int_equal(world_router(&k->w, "x", 0).state, CTL_DONE);
	ctl_health(k->w.ctl, &health);
	assert_string_equal(health.store_trouble, "");
	free(before);
	free(after);
}

static void a_commit_that_fails_is_undone(void **state)
{
	enum fake_store_fault faults[] = {STORE_FULL, STORE_DOUBT};
	struct kept_world *k = *state;
	struct recovered recovered;
	char *before, *after;
	struct ctl_op op;
	int i;

	grid(k, 3);
	before = world_picture(&k->w);
	for (i = 0; i < 2; i++) {
		struct topo_doc *doc = world_grid(2, 4);

		k->store.fault = faults[i];
		k->store.fault_in = 1; /* begin is well */
		op = world_apply_flags(&k->w, doc, 0);
		assert_int_equal(op.state, CTL_OP_FAILED);
		assert_int_equal(op.err.code, faults[i] == STORE_FULL ? EDQUOT : EROFS);
		after = world_picture(&k->w);
		assert_string_equal(before, after);
		world_check(&k->w);
		free(after);
		topo_doc_free(doc);
		/* In doubt, everything was written anew: the next daemon finds what is. */
		assert_int_equal(k->store.wholes, i);
		restart(k, &recovered);
		assert_true(recovered.result.nothing);
		after = world_picture(&k->w);
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
}

static void in_doubt_and_still_not_writable_changes_are_refused_until_all_is_written(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(2, 4);
	struct recovered recovered;
	struct ctl_op op;
	char *before, *after;

	grid(k, 3);
	before = world_picture(&k->w);
	k->store.fault = STORE_DOUBT;
	k->store.fault_in = 1;
	k->store.stays = true;
	op = world_apply_flags(&k->w, doc, 0);
	assert_non_null(strstr(op.err.text, "what is kept may differ"));
	k->store.fault = STORE_FULL;
	assert_int_equal(world_router(&k->w, "x", 0).err.code, EDQUOT);
	k->store.fault = STORE_WELL;
	op = world_router(&k->w, "x", 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_false(k->store.store.stale);
	world_delete_router(&k->w, "x");
	restart(k, &recovered);
	after = world_picture(&k->w);
	assert_string_equal(before, after);
	free(before);
	free(after);
	topo_doc_free(doc);
}

static void an_undo_that_failed_is_kept_as_the_machine_has_it(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(2, 4);
	struct ctl_op op;

	grid(k, 3);
	fake_fail_item(k->w.host, 10, EPERM);
	fake_fail_second(k->w.host, 3, EIO);
	op = world_apply_flags(&k->w, doc, 0);
	assert_non_null(strstr(op.err.text, "things are not as before"));
	assert_int_equal(k->store.wholes, 1);
	assert_int_equal(k->store.kept.router_count, k->w.model->router_count);
	assert_int_equal(k->store.kept.link_count, k->w.model->link_count);
	world_apply(&k->w, doc);
	world_check(&k->w);
	topo_doc_free(doc);
}

static void a_recovery_gives_up_what_cannot_be_made_and_makes_the_rest(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;
	struct ctl_reconcile result;
	struct list *pos;
	unsigned failed = 0;

	grid(k, 3);
	end(k, false);
	k->restart_ns = NSEC_PER_SEC / 2; /* there is time to see them before */
	boot(k);
	fake_fail_item(k->w.host, 4, EPERM); /* router r1-1, in the middle, with four links */
	recover(k, &recovered);
	assert_int_equal(recovered.err.code, EPERM);
	assert_non_null(strstr(recovered.err.text, "5 things"));
	assert_int_equal(recovered.result.routers_made, 8);
	assert_int_equal(recovered.result.links_made, 8);
	assert_int_equal(model_router_by_name(k->w.model, "r1-1")->state, MODEL_FAILED);
	/* That batch did not come to their processes: they start by themselves. */
	assert_int_equal(model_router_by_name(k->w.model, "r0-0")->state, MODEL_FAILED);
	assert_int_equal(model_router_by_name(k->w.model, "r2-2")->state, MODEL_RUNNING);
	world_settle(&k->w, 1000);
	assert_int_equal(model_router_by_name(k->w.model, "r0-0")->state, MODEL_RUNNING);
	list_for_each (pos, &k->w.model->links)
		failed += list_entry(pos, struct model_link, all)->state == MODEL_FAILED;
	assert_int_equal(failed, 4);
	assert_int_equal(reconcile(k, false, &result).state, CTL_DONE);
	assert_int_equal(result.routers_made, 1);
	assert_int_equal(result.links_made, 4);
	world_check(&k->w);
}

/* Sabotage while the daemon runs. */

static void reconcile_puts_right_just_what_differs(void **state)
{
	struct kept_world *k = *state;
	struct ctl_reconcile result;
	struct fake_counts was, now;
	char *before, *after;

	grid(k, 3);
	before = world_picture(&k->w);
	reconcile(k, false, &result);
	assert_true(result.nothing);
	fake_lose_link(k->machine, model_link_by_name(k->w.model, "r0-0-r0-1")->end[0].port);
	fake_spoil_link(k->machine, model_link_by_name(k->w.model, "r1-0-r1-1")->end[1].port);
	fake_alter_link(k->machine, model_link_by_name(k->w.model, "r2-0-r2-1")->end[0].port,
			HOST_DOWN);
	fake_lose_router(k->machine, model_router_by_name(k->w.model, "r0-2")->slot);
	fake_spoil_router(k->machine, model_router_by_name(k->w.model, "r2-2")->slot);
	fake_add_strays(k->machine, 3);
	was = world_counts(&k->w);
	reconcile(k, true, &result);
	assert_false(result.nothing);
	assert_int_equal(result.routers_made, 2);
	assert_int_equal(result.links_made, 6); /* its two go with a router, well as they are */
	assert_int_equal(result.links_set, 1);
	assert_int_equal(result.strays, 3);
	assert_true(result.example[0]);
	now = world_counts(&k->w);
	assert_int_equal(now.batches, was.batches);
	assert_int_equal(fake_strays(k->machine), 3);
	assert_int_equal(reconcile(k, false, &result).state, CTL_DONE);
	assert_int_equal(result.routers_made, 2);
	assert_int_equal(result.links_made, 6); /* its two go with a router, well as they are */
	assert_int_equal(result.links_set, 1);
	now = world_counts(&k->w);
	assert_int_equal(now.started, was.started + 2);
	assert_int_equal(fake_strays(k->machine), 0);
	after = world_picture(&k->w);
	assert_string_equal(before, after);
	world_check(&k->w);
	reconcile(k, true, &result);
	assert_true(result.nothing);
	assert_int_equal(k->store.commits, 1);
	free(before);
	free(after);
}

static void apply_of_the_same_file_repairs_what_routers_report(void **state)
{
	struct kept_world *k = *state;
	struct model_link *link;
	struct fake_counts was;

	grid(k, 3);
	was = world_counts(&k->w);
	link = model_link_by_name(k->w.model, "r0-0-r0-1");
	fake_alter_link(k->machine, link->end[0].port, HOST_DOWN);
	fake_break(k->w.host, link->end[0].port, false); /* they report */
	world_settle(&k->w, 20);
	assert_false(link->end[0].oper_up);
	grid(k, 3);
	assert_int_equal(world_counts(&k->w).batches, was.batches + 1);
	assert_int_equal(world_counts(&k->w).started, was.started);
	world_check(&k->w);
	/* And where all is well it asks nobody. */
	world_settle(&k->w, 20);
	grid(k, 3);
	assert_int_equal(world_counts(&k->w).batches, was.batches + 1);
}

static void a_router_that_is_about_to_come_back_is_left_alone(void **state)
{
	struct kept_world *k = *state;
	struct ctl_reconcile result;
	struct model_router *router;
	struct fake_counts was;

	grid(k, 2);
	was = world_counts(&k->w);
	router = model_router_by_name(k->w.model, "r0-0");
	fake_kill(k->w.host, router->slot, 9);
	assert_int_equal(reconcile(k, false, &result).state, CTL_DONE);
	assert_true(result.nothing);
	world_settle(&k->w, 20);
	assert_int_equal(router->state, MODEL_RUNNING);
	assert_int_equal(router->restarts, 1);
	assert_int_equal(world_counts(&k->w).started, was.started);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_change_is_one_begin_and_one_commit_and_nothing_to_do_is_none),
		T(a_restart_takes_over_and_touches_nothing),
		T(after_a_reboot_everything_is_made_again_with_its_numbers),
		T(an_operation_that_was_cut_short_has_failed),
		T(an_end_that_cannot_be_written_is_written_later),
		T(a_promised_operation_is_known_to_the_next_daemon),
		T(while_there_is_no_room_changes_are_refused_and_it_heals),
		T(a_commit_that_fails_is_undone),
		T(in_doubt_and_still_not_writable_changes_are_refused_until_all_is_written),
		T(an_undo_that_failed_is_kept_as_the_machine_has_it),
		T(a_recovery_gives_up_what_cannot_be_made_and_makes_the_rest),
		T(reconcile_puts_right_just_what_differs),
		T(apply_of_the_same_file_repairs_what_routers_report),
		T(a_router_that_is_about_to_come_back_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
