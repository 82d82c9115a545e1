/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single operations: routers and links come, change and go; the queue; what is refused. */
#include "tests/unit/daemon/ctl/world.h"

static void a_router_and_a_link_are_made_changed_and_deleted(void **state)
{
	struct world w;
	struct ctl_op op;

	(void)state;
	world_open(&w);
	op = world_router(&w, "r1", 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.router_id, 1);
	assert_int_equal(op.summary.routers_added, 1);
	world_router(&w, "r2", 0x0a000007);
	op = world_link(&w, "r2", "1", NULL);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.link_id, 1);
	assert_string_equal(model_link_by_id(w.model, 1)->name, "r1-r2");
	world_check(&w);

	op = world_set(&w, "r1:r2", 9, true, MODEL_SILENT);
	assert_int_equal(op.summary.links_changed, 1);
	assert_int_equal(op.link_id, 1);
	assert_int_equal(model_link_by_id(w.model, 1)->weight, 9);
	assert_int_equal(model_link_by_id(w.model, 1)->admin, MODEL_SILENT);
	world_check(&w);

	op = world_delete_router(&w, "10.0.0.7");
	assert_int_equal(op.summary.links_removed, 1);
	assert_int_equal(w.model->link_count, 0);
	world_check(&w);
	world_delete_router(&w, "r1");
	assert_int_equal(world_counts(&w).routers, 0);
	assert_int_equal(world_counts(&w).refused, 0);
	world_close(&w);
}

static void what_is_left_out_is_given(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_router(&w, "a", 0x0a000002);
	world_router(&w, NULL, 0);
	world_router(&w, NULL, 0);
	assert_int_equal(model_router_by_name(w.model, "Router-2")->address, 0x0a000001);
	assert_int_equal(model_router_by_name(w.model, "Router-3")->address, 0x0a000003);
	world_router(&w, "Router-5", 0);
	world_router(&w, NULL, 0);
	assert_non_null(model_router_by_name(w.model, "Router-5.2"));
	world_link(&w, "a", "Router-2", NULL);
	world_link(&w, "Router-2", "a", NULL);
	assert_non_null(model_link_by_name(w.model, "Router-2-a"));
	assert_non_null(model_link_by_name(w.model, "Router-2-a.2"));
	world_check(&w);
	world_close(&w);
}

static void changing_nothing_asks_nothing_of_the_machine(void **state)
{
	struct world w;
	uint64_t batches;
	struct ctl_op op;

	(void)state;
	world_open(&w);
	world_router(&w, "a", 0);
	world_router(&w, "b", 0);
	world_link(&w, "a", "b", NULL);
	batches = world_counts(&w).batches;
	op = world_set(&w, "a-b", 1, true, MODEL_UP);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.summary.links_changed, 0);
	assert_int_equal(world_counts(&w).batches, batches);
	world_close(&w);
}

static void a_bad_router_is_refused_at_once_and_changes_nothing(void **state)
{
	static const struct {
		const char *name;
		uint32_t address;
		int code;
		const char *text;
	} rows[] = {
		{"r1", 0, EEXIST, "name: a router r1 exists already"},
		{"a/b", 0, EINVAL, "name"},
		{"", 0, EINVAL, "name"},
		{"..", 0, EINVAL, "name"},
		{"a\nb", 0, EINVAL, "name"},
		{"n234567890123456789012345678901234567890123456789012345678901234", 0, EINVAL,
		 "name"},
		{"x", 0x0a000001, EEXIST, "address: 10.0.0.1 is the address of router r1"},
		{"x", 0x0b000001, ERANGE,
		 "address: 11.0.0.1 is outside of the network 10.0.0.0/16"},
		{"x", 0x0a000000, ERANGE, "address: 10.0.0.0 is the first address"},
		{"x", 0x0a00ffff, ERANGE, "address: 10.0.255.255 is the last address"},
	};
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	world_router(&w, "r1", 0x0a000001);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctl_router_spec spec = {.name = rows[i].name, .address = rows[i].address};
		struct ending ending = {0};
		struct err err = {0};
		uint64_t op = 77;
		char *before = world_picture(&w), *after;

		assert_int_equal(ctl_router_add(w.ctl, &spec, world_ended, &ending, &op, &err),
				 -rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_non_null(strstr(err.text, rows[i].text));
		assert_int_equal(op, 77);
		world_settle(&w, 2);
		assert_int_equal(ending.calls, 0);
		after = world_picture(&w);
		assert_string_equal(before, after);
		free(before);
		free(after);
	}
	assert_null(ctl_op_by_id(w.ctl, 2));
	world_close(&w);
}

static void a_bad_link_is_refused_at_once_and_changes_nothing(void **state)
{
	static const struct {
		const char *a, *b, *name;
		uint32_t weight;
		int code;
		const char *text;
	} rows[] = {
		{"r1", "r9", NULL, 1, ENOENT, "router2: there is no router r9"},
		{"r9", "r1", NULL, 1, ENOENT, "router1: there is no router r9"},
		{"r1", "r1", NULL, 1, EINVAL, "router2: r1 and r1 are the same router"},
		{"r1", "10.0.0.1", NULL, 1, EINVAL, "same router"},
		{NULL, "r1", NULL, 1, EINVAL, "router1: is required"},
		{"r1", "", NULL, 1, EINVAL, "router2: is required"},
		{"r1", "r2", "r1-r2", 1, EEXIST, "linkName: a link r1-r2 exists already"},
		{"r1", "r2", "a:b", 1, EINVAL, "linkName"},
		{"r1", "r2", NULL, 65536, ERANGE, "weight: 65536"},
		{"n234567890123456789012345678901234567890123456789012345678901234", "r2", NULL, 1,
		 ENOENT, "router1"},
	};
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	world_router(&w, "r1", 0);
	world_router(&w, "r2", 0);
	world_link(&w, "r1", "r2", NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctl_link_spec spec = {.router1 = rows[i].a,
					     .router2 = rows[i].b,
					     .name = rows[i].name,
					     .weight = rows[i].weight};
		struct err err = {0};
		char *before = world_picture(&w), *after;

		assert_int_equal(ctl_link_add(w.ctl, &spec, NULL, NULL, NULL, &err), -rows[i].code);
		assert_non_null(strstr(err.text, rows[i].text));
		world_settle(&w, 2);
		after = world_picture(&w);
		assert_string_equal(before, after);
		free(before);
		free(after);
	}
	world_close(&w);
}

static void changes_of_what_is_not_there_are_refused(void **state)
{
	struct ctl_link_change heavy = {.weight = 70000}, odd = {.set_admin = true, .admin = 3};
	struct ctl_link_change fine = {.weight = 2};
	char lengthy[1000];
	struct world w;
	struct err err;

	(void)state;
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = '\0';
	world_open(&w);
	assert_int_equal(ctl_router_delete(w.ctl, "r1", NULL, NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "router: there is no router r1");
	assert_int_equal(ctl_router_delete(w.ctl, lengthy, NULL, NULL, NULL, &err), -ENOENT);
	assert_int_equal(ctl_link_delete(w.ctl, "7", NULL, NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "link: there is no '7'");
	assert_int_equal(ctl_link_delete(w.ctl, lengthy, NULL, NULL, NULL, &err), -ENOENT);
	assert_int_equal(ctl_link_set(w.ctl, "a:b", &fine, NULL, NULL, NULL, &err), -ENOENT);
	assert_int_equal(ctl_link_set(w.ctl, "a:b", &heavy, NULL, NULL, NULL, &err), -ERANGE);
	assert_int_equal(ctl_link_set(w.ctl, "a:b", &odd, NULL, NULL, NULL, &err), -EINVAL);
	assert_int_equal(ctl_routes_dump(w.ctl, "r1", NULL, NULL, &err), -ENOENT);
	assert_int_equal(ctl_netns_path(w.ctl, "r1", lengthy, sizeof(lengthy)), -ENOENT);
	world_close(&w);
}

static void which_of_several_links_is_not_guessed(void **state)
{
	struct ctl_link_change fine = {.weight = 2};
	struct model_link *link = NULL;
	char *before, *after;
	struct world w;
	struct err err;

	(void)state;
	world_open(&w);
	world_router(&w, "a", 0);
	world_router(&w, "b", 0);
	world_link(&w, "a", "b", NULL);
	assert_int_equal(ctl_link_find(w.ctl, "b:a", &link, &err), 0);
	assert_int_equal(link->id, 1);
	world_link(&w, "b", "a", "alpine");
	world_link(&w, "b", "a", NULL);
	before = world_picture(&w);
	assert_int_equal(ctl_link_find(w.ctl, "b:a", &link, &err), -ENOTUNIQ);
	assert_string_equal(err.text, "b:a: 3 links join them: a-b (id 1), alpine (id 2), a-b.2 "
				      "(id 3): name one by id or name");
	assert_int_equal(ctl_link_set(w.ctl, "b:1", &fine, NULL, NULL, NULL, &err), -ENOTUNIQ);
	assert_int_equal(ctl_link_delete(w.ctl, "a:b", NULL, NULL, NULL, NULL), -ENOTUNIQ);
	world_settle(&w, 5);
	after = world_picture(&w);
	assert_string_equal(before, after);
	world_link(&w, "b", "a", "more");
	assert_int_equal(ctl_link_delete(w.ctl, "a:b", NULL, NULL, NULL, &err), -ENOTUNIQ);
	assert_non_null(strstr(err.text, "a:b: 4 links"));
	assert_non_null(strstr(err.text, "a-b.2 (id 3), ...: name one"));
	assert_int_equal(ctl_link_find(w.ctl, "more", &link, &err), 0);
	free(before);
	free(after);
	world_close(&w);
}

static void operations_run_one_after_the_other_in_order_of_arrival(void **state)
{
	struct ctl_router_spec a = {.name = "a"}, b = {.name = "b"};
	struct ctl_link_spec ab = {.router1 = "a", .router2 = "b"};
	struct ending endings[5] = {0};
	struct world w;
	struct err err;
	int i;

	(void)state;
	world_open(&w);
	/* The link's routers do not exist yet when it is asked for. */
	assert_int_equal(ctl_router_add(w.ctl, &a, world_ended, &endings[0], NULL, &err), 0);
	assert_int_equal(ctl_router_add(w.ctl, &b, world_ended, &endings[1], NULL, &err), 0);
	assert_int_equal(ctl_link_add(w.ctl, &ab, world_ended, &endings[2], NULL, &err), 0);
	assert_int_equal(ctl_router_add(w.ctl, &a, world_ended, &endings[3], NULL, &err), 0);
	assert_int_equal(ctl_link_delete(w.ctl, "a-b", world_ended, &endings[4], NULL, &err), 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(endings[i].calls, 0); /* never from within the call */
	world_wait(&w, &endings[4]);
	for (i = 0; i < 5; i++) {
		assert_int_equal(endings[i].calls, 1);
		assert_int_equal(endings[i].order, i + 1);
		assert_int_equal(endings[i].op.id, i + 1);
		assert_int_equal(endings[i].op.state, i == 3 ? CTL_OP_FAILED : CTL_DONE);
	}
	/* What could only be seen at its turn is answered then. */
	assert_int_equal(endings[3].op.err.code, EEXIST);
	assert_string_equal(endings[3].op.err.text, "name: a router a exists already");
	assert_int_equal(endings[3].op.router_id, 0);
	world_check(&w);
	world_close(&w);
}

static void too_many_waiting_operations_are_refused(void **state)
{
	struct ctl_router_spec spec = {0};
	struct world w;
	struct err err;
	int count = 0;

	(void)state;
	world_open(&w);
	while (ctl_router_add(w.ctl, &spec, NULL, NULL, NULL, &err) == 0)
		assert_true(++count < 20000);
	assert_int_equal(err.code, EAGAIN);
	assert_int_equal(count, 10000);
	world_close(&w);
}

static void the_last_thousand_operations_are_remembered(void **state)
{
	struct ctl_link_change change;
	struct ending ending;
	struct list *pos;
	struct world w;
	struct err err;
	int i, count = 0;

	(void)state;
	world_open(&w);
	world_router(&w, "a", 0);
	world_router(&w, "b", 0);
	world_link(&w, "a", "b", NULL);
	for (i = 0; i < 1100; i++) {
		change = (struct ctl_link_change){.weight = 1};
		memset(&ending, 0, sizeof(ending));
		assert_int_equal(
			ctl_link_set(w.ctl, "a-b", &change, world_ended, &ending, NULL, &err), 0);
		world_wait(&w, &ending);
	}
	list_for_each (pos, (struct list *)ctl_op_list(w.ctl))
		count++;
	assert_int_equal(count, 1000);
	assert_null(ctl_op_by_id(w.ctl, 103));
	assert_non_null(ctl_op_by_id(w.ctl, 104));
	assert_string_equal(ctl_op_by_id(w.ctl, 1103)->kind, "link-set");
	world_close(&w);
}

struct watch {
	char text[2000];
	uint64_t done, total;
};

static void watch(void *arg, const struct ctl_op *op)
{
	struct watch *seen = arg;
	size_t used = strlen(seen->text);

	if (op->state == CTL_RUNNING) {
		assert_true(op->done >= seen->done);
		seen->done = op->done;
		seen->total = op->total;
		if (op->done)
			return;
	}
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s ", ctl_op_state_name(op->state));
}

static void subscribers_see_states_and_progress(void **state)
{
	struct topo_doc *doc = world_grid(3, 3);
	struct watch seen = {0};
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(ctl_op_subscribe(w.ctl, watch, &seen), 0);
	world_apply(&w, doc);
	assert_string_equal(seen.text, "queued running running converging done ");
	assert_int_equal(seen.total, 9 + 12);
	assert_int_equal(seen.done, 9 + 12);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_controller_can_end_in_the_middle_of_an_operation(void **state)
{
	struct topo_doc *doc = world_grid(3, 3);
	struct ending ending = {0};
	struct world w;
	struct err err;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		world_open(&w);
		assert_int_equal(
			ctl_topology_apply(w.ctl, doc, 0, 0, world_ended, &ending, NULL, &err), 0);
		for (int round = 0; round < i; round++)
			loop_once(w.loop, 1);
		world_close(&w);
	}
	topo_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_router_and_a_link_are_made_changed_and_deleted),
		cmocka_unit_test(what_is_left_out_is_given),
		cmocka_unit_test(changing_nothing_asks_nothing_of_the_machine),
		cmocka_unit_test(a_bad_router_is_refused_at_once_and_changes_nothing),
		cmocka_unit_test(a_bad_link_is_refused_at_once_and_changes_nothing),
		cmocka_unit_test(changes_of_what_is_not_there_are_refused),
		cmocka_unit_test(which_of_several_links_is_not_guessed),
		cmocka_unit_test(operations_run_one_after_the_other_in_order_of_arrival),
		cmocka_unit_test(too_many_waiting_operations_are_refused),
		cmocka_unit_test(the_last_thousand_operations_are_remembered),
		cmocka_unit_test(subscribers_see_states_and_progress),
		cmocka_unit_test(a_controller_can_end_in_the_middle_of_an_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
