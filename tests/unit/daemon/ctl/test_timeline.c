/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on the fake host: what happens to the network, what is undone, what is kept of it, and how
 * timelines begin and end. Timelines run a hundred times as fast, so that seconds are nothing.
 */
#include "tests/unit/daemon/ctl/timeline_world.h"

static void post(struct events *e, const char *text)
{
	struct topo_events *events = NULL;
	struct err err = {0};
	uint64_t number;

	if (topo_events_read_one(text, strlen(text), "body", &events, &err) < 0 ||
	    ctl_event_post(e->w.ctl, events, &number, &err) < 0)
		fail_msg("%s", err.text);
	topo_events_free(events);
}

static void look_at_backup(struct events *e, unsigned n)
{
	assert_int_equal(link_of(e, "backup")->admin, n == 1 ? MODEL_DOWN : MODEL_UP);
}

static void events_begin_when_the_file_is_applied(void **state)
{
	struct events *e = *state;

	e->look = look_at_backup;
	apply(e,
	      NET "events:\n - {at: 10ms, link-down: backup}\n - {after: 5ms, link-up: backup}\n",
	      0);
	assert_string_equal(state_of(e), "running");
	wait_done(e);
	assert_string_equal(e->seen, "link-down backup 10\nlink-up backup 15\n");
	assert_string_equal(state_of(e), "done");
	assert_int_equal(e->failed, 0);
	assert_true(e->last.op > 0);
	assert_string_equal(ctl_op_by_id(e->w.ctl, e->last.op)->kind, "link-set");
	world_check(&e->w);
}

static void the_same_file_does_not_begin_again(void **state)
{
	static const char file[] = NET "events: [{at: 0s, link-set: {link: backup, delay: 9ms}, "
				       "for: 60s}]\n";
	struct events *e = *state;
	struct topo_doc *doc = doc_of(file);
	struct ctl_diff diff;
	struct err err;

	apply(e, file, 0);
	wait_for(e, 1);
	assert_true(link_of(e, "backup")->shape[0].delay_ns == 9000000);
	assert_int_equal(ctl_topology_diff(e->w.ctl, doc, &diff, &err), 0);
	assert_int_equal(diff.count, 0); /* what passes is no difference */
	ctl_diff_free(&diff);
	apply(e, file, 0);
	world_settle(&e->w, 5);
	assert_int_equal(e->count, 1);
	assert_true(link_of(e, "backup")->shape[0].delay_ns == 9000000);
	topo_doc_free(doc);
}

static void other_events_begin_anew_and_undo_the_old(void **state)
{
	struct events *e = *state;

	apply(e, NET "events: [{at: 0s, link-down: backup, for: 60s}]\n", 0);
	wait_for(e, 1);
	apply(e, NET "events: [{at: 0s, link-silent: r1-r3, for: 60s}]\n", 0);
	wait_for(e, 3);
	assert_string_equal(strchr(e->seen, '\n') + 1, strstr(e->seen, "-link-down"));
	assert_int_equal(link_of(e, "backup")->admin, MODEL_UP);
	assert_int_equal(link_of(e, "r1-r3")->admin, MODEL_SILENT);
	apply(e, NET, 0);
	wait_for(e, 4);
	world_settle(&e->w, 5);
	assert_int_equal(link_of(e, "r1-r3")->admin, MODEL_UP);
	assert_string_equal(state_of(e), "none");
	world_check(&e->w);
}

static void no_events_leaves_them_ready(void **state)
{
	static const char file[] = NET "events: [{at: 0s, link-down: backup}]\n";
	struct events *e = *state;

	apply(e, file, CTL_APPLY_NO_EVENTS);
	world_settle(&e->w, 5);
	assert_int_equal(e->count, 0);
	assert_string_equal(state_of(e), "ready");
	apply(e, file, 0); /* there is nothing to do */
	assert_string_equal(state_of(e), "ready");
	run(e);
	wait_for(e, 1);
	assert_int_equal(link_of(e, "backup")->admin, MODEL_DOWN);
}

static void the_export_has_the_events(void **state)
{
	static const char file[] = NET "traces: {t: {data: [[0s, {rate: 1mbit}]]}}\n"
				       "events: [{at: 1s, link-down: backup}]\n";
	struct events *e = *state;
	struct topo_doc *doc = doc_of(file), *out;

	apply(e, file, CTL_APPLY_NO_EVENTS);
	out = ctl_topology_export(e->w.ctl);
	assert_true(topo_events_same(out->events, doc->events));
	topo_doc_free(out);
	topo_doc_free(doc);
	assert_int_equal(world_clear(&e->w).state, CTL_DONE);
	out = ctl_topology_export(e->w.ctl);
	assert_null(out->events);
	topo_doc_free(out);
}

static void a_delete_stops_everything(void **state)
{
	struct events *e = *state;

	apply(e,
	      NET "traces: {t: {loop: true, data: [[0s, {rate: 1mbit}], [5ms, {rate: 2mbit}]]}}\n"
		  "events:\n - {at: 0s, every: 2ms, link-up: backup}\n"
		  " - {at: 0s, trace-play: {link: backup, trace: t}}\n"
		  " - {at: 0s, partition: [r1]}\n",
	      0);
	wait_for(e, 4);
	assert_int_equal(world_clear(&e->w).state, CTL_DONE);
	assert_string_equal(state_of(e), "none");
	world_settle(&e->w, 20);
	assert_int_equal(e->w.model->link_count, 0);
	world_check(&e->w);
}

static void look_at_shapes(struct events *e, unsigned n)
{
	const struct model_link *link = link_of(e, "r1-r2");
	struct topo_doc *doc;

	if (n == 1)
		assert_true(link->shape[1].delay_ns == 20000000);
	if (n == 2) {
		assert_true(link->shape[1].delay_ns == 20000000);
		assert_true(link->shape[0].delay_ns == 5000000);
		assert_int_equal(link->shape[1].loss_ppm, 100000);
		assert_true(link->lasting[1].delay_ns == 5000000);
		assert_int_equal(link->weight, 7);
		doc = ctl_topology_export(e->w.ctl);
		assert_int_equal(doc->links[0].shape[1].set, TOPO_DELAY);
		topo_doc_free(doc);
	}
	if (n == 3) { /* the first is over, the second is not */
		assert_true(link->shape[1].delay_ns == 5000000);
		assert_int_equal(link->shape[1].loss_ppm, 100000);
	}
}

static void shapes_that_are_set_for_a_while_are_not_kept(void **state)
{
	struct events *e = *state;

	e->look = look_at_shapes;
	apply(e,
	      NET "events:\n"
		  " - {at: 10ms, link-set: {link: r1-r2, from: r2, delay: 20ms, loss: 5%}, for: "
		  "20ms}\n"
		  " - {at: 20ms, link-set: {link: r1-r2, loss: 10%, weight: 7}, for: 20ms}\n",
	      CTL_APPLY_NO_EVENTS);
	run(e);
	wait_done(e);
	assert_int_equal(e->count, 4);
	assert_int_equal(link_of(e, "r1-r2")->shape[1].set, TOPO_DELAY);
	assert_int_equal(link_of(e, "r1-r2")->weight, 1);
	assert_int_equal(e->failed, 0);
	world_check(&e->w);
}

static void what_somebody_sets_meanwhile_lasts(void **state)
{
	struct ctl_link_change change = {0};
	struct events *e = *state;
	struct ending ending = {0};
	struct err err;

	apply(e, NET "events: [{at: 0s, link-set: {link: r1-r2, loss: 5%}, for: 60s}]\n", 0);
	wait_for(e, 1);
	for (int side = 0; side < 2; side++) {
		assert_int_equal(topo_shape_parse(&change.shape[side], "loss", "1%", NULL), 0);
		assert_int_equal(topo_shape_parse(&change.shape[side], "rate", "1mbit", NULL), 0);
	}
	assert_int_equal(ctl_link_set(e->w.ctl, "r1-r2", &change, world_ended, &ending, NULL, &err),
			 0);
	world_wait(&e->w, &ending);
	assert_int_equal(link_of(e, "r1-r2")->shape[0].loss_ppm, 50000);
	assert_true(link_of(e, "r1-r2")->shape[0].rate == 1000000);
	assert_int_equal(ctl_event_stop(e->w.ctl), 1);
	wait_for(e, 2);
	assert_int_equal(link_of(e, "r1-r2")->shape[0].loss_ppm, 10000);
	assert_true(link_of(e, "r1-r2")->shape[0].rate == 1000000);
	assert_string_equal(state_of(e), "stopped");
}

static void look_at_partitions(struct events *e, unsigned n)
{
	static const enum model_admin states[][3] = {
		{MODEL_SILENT, MODEL_SILENT, MODEL_UP},
		{MODEL_SILENT, MODEL_SILENT, MODEL_SILENT},
		{MODEL_UP, MODEL_SILENT, MODEL_SILENT}, /* what the second cuts, too, stays */
		{MODEL_UP, MODEL_UP, MODEL_UP},
	};

	assert_int_equal(link_of(e, "r1-r2")->admin, states[n - 1][0]);
	assert_int_equal(link_of(e, "r1-r3")->admin, states[n - 1][1]);
	assert_int_equal(link_of(e, "backup")->admin, states[n - 1][2]);
}

static void partitions_cut_what_joins_them(void **state)
{
	struct events *e = *state;

	e->look = look_at_partitions;
	apply(e,
	      NET "events:\n - {at: 10ms, partition: [r1], for: 40ms}\n"
		  " - {at: 20ms, partition: [r3]}\n - {at: 90ms, heal: true}\n",
	      CTL_APPLY_NO_EVENTS);
	run(e);
	wait_done(e);
	assert_int_equal(e->count, 4);
	assert_int_equal(e->failed, 0);
	world_check(&e->w);
}

static void flaps_go_down_and_up(void **state)
{
	struct events *e = *state;

	apply(e,
	      NET
	      "events: [{at: 10ms, link-flap: {link: backup, down: 10ms, up: 20ms, times: 2}}]\n",
	      CTL_APPLY_NO_EVENTS);
	run(e);
	wait_done(e);
	assert_string_equal(e->seen, "link-flap backup 10\n-link-flap backup 20\n"
				     "link-flap backup 40\n-link-flap backup 50\n");
	assert_int_equal(link_of(e, "backup")->admin, MODEL_UP);
}

static void routers_are_killed_and_come_back(void **state)
{
	struct events *e = *state;

	apply(e, NET "events: [{at: 0s, router-kill: r2}, {at: 5ms, router-restart: r3}]\n", 0);
	wait_for(e, 2);
	world_settle(&e->w, 10);
	assert_int_equal(model_router_by_name(e->w.model, "r2")->restarts, 1);
	assert_int_equal(model_router_by_name(e->w.model, "r3")->restarts, 1);
	assert_int_equal(e->failed, 0);
	world_check(&e->w);
}

static void what_is_shown_names_nothing_that_is_gone(void **state)
{
	struct events *e = *state;
	struct topo_doc *shown;

	apply(e,
	      NET "events: [{at: 90s, router-kill: r2}, {at: 91s, partition: [r1, r2]},\n"
		  " {at: 92s, link-down: backup}, {at: 93s, router-kill: r1}]\n",
	      CTL_APPLY_NO_EVENTS);
	world_delete_router(&e->w, "r2");
	shown = ctl_topology_export(e->w.ctl);
	assert_int_equal(topo_doc_check(shown, "shown", NULL), 0);
	assert_int_equal(shown->events->count, 1);
	assert_string_equal(shown->events->events[0].name, "r1");
	assert_null(strstr(shown->events->text, "r2"));
	topo_doc_free(shown);
	world_delete_router(&e->w, "r1");
	shown = ctl_topology_export(e->w.ctl);
	assert_null(shown->events);
	topo_doc_free(shown);
	assert_int_equal(e->w.model->events->count, 4);
}

static void what_cannot_be_done_is_told(void **state)
{
	struct events *e = *state;

	apply(e,
	      NET "events: [{at: 0s, link-set: {link: backup, jitter: 5ms}, for: 10ms}, {at: 1ms, "
		  "router-kill: r2}, {at: 1ms, router-kill: r2}]\n",
	      0);
	wait_for(e, 4);
	world_settle(&e->w, 5);
	assert_in_range(e->failed, 1, 2); /* jitter without delay; r2 may be dead already */
	assert_int_equal(link_of(e, "backup")->shape[0].set, 0);
	world_check(&e->w);
}

static void posted_events_happen_now_or_later(void **state)
{
	struct topo_events *events = NULL;
	struct events *e = *state;
	struct err err = {0};
	uint64_t number;

	apply(e, NET, 0);
	e->look = look_at_backup;
	post(e, "link-down: backup");
	post(e, "{\"after\": \"5ms\", \"link-up\": \"backup\"}");
	wait_for(e, 2);
	assert_true(e->last.posted && e->last.number == 2);
	e->look = NULL;
	assert_int_equal(topo_events_read_one("link-down: x", 12, "body", &events, &err), 0);
	assert_int_equal(ctl_event_post(e->w.ctl, events, &number, &err), -ENOENT);
	topo_events_free(events);
}

static void count_log(void *arg, const struct ctl_firing *firing)
{
	unsigned *count = arg;

	assert_true(firing->id > 0);
	++*count;
}

static void the_log_keeps_the_last_thousand(void **state)
{
	struct events *e = *state;
	unsigned count = 0;

	apply(e, NET "events: [{every: 1ms, times: 1100, heal: true}]\n", CTL_APPLY_NO_EVENTS);
	e->size = 0;
	ctl_event_watch(e->w.ctl, NULL, NULL);
	run(e);
	wait_done(e);
	ctl_event_log(e->w.ctl, 0, count_log, &count);
	assert_int_equal(count, CTL_EVENT_LOG);
	count = 0;
	ctl_event_log(e->w.ctl, 1090, count_log, &count);
	assert_int_equal(count, 10);
}

static void count_ops(void *arg, const struct ctl_op *op)
{
	(void)op;
	++*(unsigned *)arg;
}

static void traces_change_shapes_and_leave_none(void **state)
{
	struct events *e = *state;
	unsigned told = 0;
	uint64_t rates = 0;
	size_t kept = 0;
	struct list *pos;

	apply(e,
	      NET "traces:\n"
		  "  t: {loop: true, data: [[0s, {rate: 1mbit}], [100ms, {rate: 2mbit, loss: 1%}], "
		  "[200ms, {delay: none}]]}\n"
		  "events:\n - {at: 0s, trace-play: {link: r1-r2, from: r1, trace: t}, for: 5s}\n",
	      CTL_APPLY_NO_EVENTS);
	run(e);
	wait_for(e, 1);
	assert_int_equal(ctl_op_subscribe(e->w.ctl, count_ops, &told), 0);
	for (int i = 0; e->count < 2 && i < 100000; i++) {
		const struct topo_shape *shape = &link_of(e, "r1-r2")->shape[0];

		rates |= shape->rate == 1000000 ? 1 : shape->rate == 2000000 ? 2 : 4;
		if (shape->rate == 2000000)
			assert_int_equal(shape->loss_ppm, 10000);
		if (!shape->rate) /* a step says all: the rest is the link's own */
			assert_int_equal(shape->set, 0);
		else
			assert_true(shape->delay_ns == 5000000);
		assert_int_equal(link_of(e, "r1-r2")->lasting[0].set, TOPO_DELAY);
		assert_true(topo_shape_equal(&link_of(e, "r1-r2")->shape[1],
					     &link_of(e, "r1-r2")->lasting[1]));
		loop_once(e->w.loop, 5000);
	}
	world_settle(&e->w, 5);
	assert_int_equal(rates, 7);
	assert_int_equal(link_of(e, "r1-r2")->shape[0].set, TOPO_DELAY);
	assert_in_range(told, 1, 6); /* the last operation; steps are quiet */
	list_for_each (pos, ctl_op_list(e->w.ctl))
		kept++;
	assert_int_equal(kept, 3); /* apply, first, last */
	world_check(&e->w);
}

static void look_at_traces(struct events *e, unsigned n)
{
	const struct model_link *link = link_of(e, "backup");
	struct ctl_event_status status;

	ctl_event_status(e->w.ctl, &status);
	if (n == 2)
		assert_int_equal(status.traces, 2);
	if (n == 4) {
		assert_int_equal(status.traces, 1);
		assert_int_equal(link->shape[0].set, 0);
		assert_int_equal(link->shape[1].set, TOPO_RATE | TOPO_BACKEND);
	}
}

static void a_trace_ends_by_itself_and_by_another(void **state)
{
	struct events *e = *state;

	e->look = look_at_traces;
	apply(e,
	      NET "traces:\n"
		  "  t: {data: [[0s, {rate: 1mbit}], [10ms, {rate: 2mbit}]]}\n"
		  "  m: {format: mahimahi, data: \"1 2 3 40\"}\n"
		  "events:\n - {at: 0s, trace-play: {link: backup, trace: t}}\n"
		  " - {at: 100ms, trace-play: {link: backup, trace: m}}\n"
		  " - {at: 200ms, trace-play: {link: backup, trace: m, from: r2}}\n"
		  " - {at: 300ms, trace-stop: {link: backup, from: r2}}\n",
	      0);
	wait_for(e, 4);
	assert_true(ctl_event_stop(e->w.ctl) >= 1);
	world_settle(&e->w, 30);
	assert_int_equal(link_of(e, "backup")->shape[1].set, 0);
	assert_int_equal(e->failed, 0);
	world_check(&e->w);
}

static void a_trace_that_cannot_be_is_told_and_ends(void **state)
{
	struct events *e = *state;

	apply(e,
	      NET "traces: {t: {data: [[0s, {rate: 1mbit}], [10ms, {jitter: 1ms}], [20ms, {rate: "
		  "3mbit}]]}}\n"
		  "events: [{at: 0s, trace-play: {link: backup, trace: t, from: r2}}]\n",
	      0);
	wait_for(e, 2);
	world_settle(&e->w, 5);
	assert_int_equal(e->failed, 1);
	assert_non_null(strstr(e->last.error, "jitter"));
	assert_string_equal(e->last.object, "backup from r2: t");
	assert_int_equal(link_of(e, "backup")->shape[0].set, 0);
	world_check(&e->w);
}

static void runs_are_refused_that_name_what_is_not_there(void **state)
{
	static const char text[] = "- {at: 0s, link-down: nowhere}";
	struct ctl_event_options options = {0};
	struct topo_events *events = NULL;
	struct events *e = *state;
	struct err err = {0};

	apply(e, NET, 0);
	assert_int_equal(ctl_event_run(e->w.ctl, NULL, "x", &options, &err), -ENOENT);
	assert_int_equal(topo_events_read(text, sizeof(text) - 1, "x", NULL, &events, &err), 0);
	assert_int_equal(ctl_event_run(e->w.ctl, events, "ev.yaml", &options, &err), -EINVAL);
	assert_string_equal(err.text, "ev.yaml:1: events[0].link-down: there is no link 'nowhere'");
	options.speed = 1e9;
	assert_int_equal(ctl_event_run(e->w.ctl, events, "x", &options, &err), -EINVAL);
	topo_events_free(events);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_begin_when_the_file_is_applied),
		TEST(the_same_file_does_not_begin_again),
		TEST(other_events_begin_anew_and_undo_the_old),
		TEST(no_events_leaves_them_ready),
		TEST(the_export_has_the_events),
		TEST(a_delete_stops_everything),
		TEST(shapes_that_are_set_for_a_while_are_not_kept),
		TEST(what_somebody_sets_meanwhile_lasts),
		TEST(partitions_cut_what_joins_them),
		TEST(flaps_go_down_and_up),
		TEST(routers_are_killed_and_come_back),
		TEST(what_is_shown_names_nothing_that_is_gone),
		TEST(what_cannot_be_done_is_told),
		TEST(posted_events_happen_now_or_later),
		TEST(the_log_keeps_the_last_thousand),
		TEST(traces_change_shapes_and_leave_none),
		TEST(a_trace_ends_by_itself_and_by_another),
		TEST(a_trace_that_cannot_be_is_told_and_ends),
		TEST(runs_are_refused_that_name_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
