/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Apply, diff, export and delete of whole topologies. */
#include "tests/unit/daemon/ctl/world.h"

static struct topo_doc *generate(const char *kind, int argc, const char *const *argv)
{
	struct topo_doc *doc;
	struct err err;

	if (topo_generate(kind, argc, argv, &doc, &err) < 0)
		fail_msg("%s: %s", kind, err.text);
	return doc;
}

/* Three routers in a line; named links. */
static struct topo_doc *line(void)
{
	struct topo_doc *doc = topo_doc_new();

	topo_doc_add_router(doc, "a");
	topo_doc_add_router(doc, "b");
	topo_doc_add_router(doc, "c");
	topo_doc_add_link(doc, 0, 1);
	topo_doc_add_link(doc, 1, 2);
	return doc;
}

static void assert_summary(const struct ctl_summary *s, uint32_t r_add, uint32_t r_del,
			   uint32_t r_set, uint32_t l_add, uint32_t l_del, uint32_t l_set)
{
	assert_int_equal(s->routers_added, r_add);
	assert_int_equal(s->routers_removed, r_del);
	assert_int_equal(s->routers_changed, r_set);
	assert_int_equal(s->links_added, l_add);
	assert_int_equal(s->links_removed, l_del);
	assert_int_equal(s->links_changed, l_set);
}

/* Applies doc after checking that diff says the same and that the lines count up to it. */
static struct ctl_summary apply(struct world *w, const struct topo_doc *doc)
{
	struct ctl_diff diff;
	struct ctl_op op;
	struct err err;
	uint32_t signs[128] = {0};
	size_t i;

	assert_int_equal(ctl_topology_diff(w->ctl, doc, &diff, &err), 0);
	op = world_apply_flags(w, doc, 0);
	if (op.state != CTL_DONE)
		fail_msg("apply: %s", op.err.text);
	assert_true(op.converged);
	assert_memory_equal(&diff.summary, &op.summary, sizeof(op.summary));
	for (i = 0; i < diff.count; i++) {
		if (strcmp(diff.lines[i].noun, "topology") != 0)
			signs[(unsigned char)diff.lines[i].sign]++;
	}
	assert_int_equal(signs['+'], op.summary.routers_added + op.summary.links_added);
	assert_int_equal(signs['-'], op.summary.routers_removed + op.summary.links_removed);
	ctl_diff_free(&diff);
	world_check(w);
	return op.summary;
}

static void generated_topologies_come_up_converge_and_need_nothing_the_second_time(void **state)
{
	static const struct {
		const char *kind, *argv[3];
		int argc;
		uint32_t routers, links;
	} rows[] = {
		{"grid", {"10", "10"}, 2, 100, 180}, {"tree", {"4", "4"}, 2, 85, 84},
		{"tree", {"16", "2"}, 2, 17, 16},    {"star", {"50"}, 1, 50, 49},
		{"ring", {"30"}, 1, 30, 30},
	};
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topo_doc *doc = generate(rows[i].kind, rows[i].argc, rows[i].argv);
		struct ctl_summary s;
		uint64_t batches;

		apply(&w, doc);
		assert_int_equal(w.model->router_count, rows[i].routers);
		assert_int_equal(w.model->link_count, rows[i].links);
		batches = world_counts(&w).batches;
		s = apply(&w, doc);
		assert_summary(&s, 0, 0, 0, 0, 0, 0);
		assert_int_equal(world_counts(&w).batches, batches);
		topo_doc_free(doc);
	}
	world_clear(&w);
	assert_int_equal(world_counts(&w).routers, 0);
	assert_int_equal(world_counts(&w).links, 0);
	assert_int_equal(world_counts(&w).refused, 0);
	world_close(&w);
}

static void the_same_file_on_an_empty_instance_gives_the_same_addresses(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	uint32_t first;

	(void)state;
	topo_doc_add_router(doc, "d");
	doc->routers[3].address = 0x0a000001; /* reserved before anything is assigned */
	world_open(&w);
	apply(&w, doc);
	assert_int_equal(model_router_by_name(w.model, "a")->address, 0x0a000002);
	assert_int_equal(model_router_by_name(w.model, "b")->address, 0x0a000003);
	assert_int_equal(model_router_by_name(w.model, "c")->address, 0x0a000004);
	first = model_router_by_name(w.model, "c")->id;
	world_clear(&w);
	apply(&w, doc);
	assert_int_equal(model_router_by_name(w.model, "c")->address, 0x0a000004);
	assert_true(model_router_by_name(w.model, "c")->id > first);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_running_router_keeps_its_address_and_id(void **state)
{
	struct topo_doc *one = line(), *two = topo_doc_new();
	struct world w;
	struct ctl_summary s;
	uint32_t id, c;

	(void)state;
	world_open(&w);
	apply(&w, one);
	id = model_router_by_name(w.model, "b")->id;
	c = model_router_by_name(w.model, "c")->address;
	topo_doc_add_router(two, "new");
	topo_doc_add_router(two, "c");
	topo_doc_add_router(two, "b");
	topo_doc_add_link(two, 0, 2);
	s = apply(&w, two);
	assert_summary(&s, 1, 1, 0, 1, 2, 0);
	assert_int_equal(model_router_by_name(w.model, "b")->id, id);
	assert_int_equal(model_router_by_name(w.model, "b")->address, 0x0a000002);
	assert_int_equal(model_router_by_name(w.model, "c")->address, c);
	assert_int_equal(model_router_by_name(w.model, "new")->address, 0x0a000001);
	topo_doc_free(one);
	topo_doc_free(two);
	world_close(&w);
}

static void another_explicit_address_makes_the_router_again_with_its_links(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_diff diff;
	struct ctl_summary s;
	struct err err;
	uint32_t a, b;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	a = model_router_by_name(w.model, "a")->id;
	b = model_router_by_name(w.model, "b")->id;
	doc->routers[1].address = 0x0a000042;
	assert_int_equal(ctl_topology_diff(w.ctl, doc, &diff, &err), 0);
	assert_int_equal(diff.count, 3);
	assert_int_equal(diff.lines[0].sign, '~');
	assert_string_equal(diff.lines[0].name, "b");
	assert_string_equal(diff.lines[0].fields, "address 10.0.0.2 -> 10.0.0.66, made again");
	assert_string_equal(diff.lines[1].noun, "link");
	assert_string_equal(diff.lines[1].fields, "made again");
	ctl_diff_free(&diff);
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 1, 0, 0, 2);
	assert_int_equal(model_router_by_name(w.model, "a")->id, a);
	assert_true(model_router_by_name(w.model, "b")->id > b);
	/* The devices have their names back. */
	assert_string_equal(model_link_by_name(w.model, "a-b")->end[0].ifname, "to-b");
	/* Two exchange addresses: one explicitly, so the other has to move. */
	doc->routers[1].address = 0x0a000001;
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 2, 0, 0, 2);
	assert_int_equal(model_router_by_name(w.model, "b")->address, 0x0a000001);
	assert_int_equal(model_router_by_name(w.model, "a")->address, 0x0a000002);
	topo_doc_free(doc);
	world_close(&w);
}

static void weight_label_and_shape_change_in_place(void **state)
{
	struct topo_doc *doc = line();
	struct model_link *link;
	struct world w;
	struct ctl_summary s;
	struct ctl_diff diff;
	struct err err;
	uint32_t id;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	id = model_link_by_name(w.model, "a-b")->id;
	doc->links[0].weight = 5;
	doc->links[0].label = strdup("main");
	doc->links[0].shape[0] = (struct topo_shape){.set = TOPO_DELAY, .delay_ns = 5000000};
	doc->routers[2].label = strdup("the end");
	assert_int_equal(ctl_topology_diff(w.ctl, doc, &diff, &err), 0);
	assert_int_equal(diff.count, 2);
	assert_string_equal(diff.lines[0].fields, "label");
	assert_string_equal(diff.lines[1].fields, "weight 1 -> 5, shape, label");
	ctl_diff_free(&diff);
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 1, 0, 0, 1);
	link = model_link_by_name(w.model, "a-b");
	assert_int_equal(link->id, id);
	assert_int_equal(link->weight, 5);
	assert_string_equal(link->label, "main");
	assert_int_equal(link->shape[0].delay_ns, 5000000);
	assert_int_equal(link->shape[1].set, 0);
	assert_string_equal(model_router_by_name(w.model, "c")->label, "the end");
	/* The other way round it is the same link. */
	doc->links[0].a = 1;
	doc->links[0].b = 0;
	doc->links[0].shape[1] = doc->links[0].shape[0];
	doc->links[0].shape[0].set = 0;
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 0, 0, 0, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_link_with_other_ends_is_made_again(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_summary s;
	uint32_t id;

	(void)state;
	strcpy(doc->links[0].name, "backbone");
	doc->links[0].named = true;
	world_open(&w);
	apply(&w, doc);
	id = model_link_by_name(w.model, "backbone")->id;
	doc->links[0].b = 2;
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 0, 0, 0, 1);
	assert_true(model_link_by_name(w.model, "backbone")->id > id);
	assert_string_equal(model_link_by_name(w.model, "backbone")->end[1].router->name, "c");
	topo_doc_free(doc);
	world_close(&w);
}

static void a_link_that_was_taken_down_by_hand_stays_down(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_summary s;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	world_set(&w, "a-b", 0, true, MODEL_DOWN);
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 0, 0, 0, 0);
	assert_int_equal(model_link_by_name(w.model, "a-b")->admin, MODEL_DOWN);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_link_that_is_made_again_keeps_its_state(void **state)
{
	struct topo_doc *doc = line();
	struct world w;

	(void)state;
	strcpy(doc->links[1].name, "backbone");
	world_open(&w);
	apply(&w, doc);
	world_set(&w, "a-b", 0, true, MODEL_DOWN);
	world_set(&w, "backbone", 0, true, MODEL_SILENT);
	doc->routers[1].address = 0x0a000099; /* b: made again, with both */
	apply(&w, doc);
	assert_int_equal(model_link_by_name(w.model, "a-b")->admin, MODEL_DOWN);
	assert_int_equal(model_link_by_name(w.model, "backbone")->admin, MODEL_SILENT);
	world_check(&w);
	doc->routers[1].address = 0;
	doc->network = 0xac100000; /* everything is made again */
	apply(&w, doc);
	assert_int_equal(model_link_by_name(w.model, "a-b")->admin, MODEL_DOWN);
	assert_int_equal(model_link_by_name(w.model, "backbone")->admin, MODEL_SILENT);
	world_check(&w);
	/* Not the same link any more; and replace starts anew. */
	doc->links[1].a = 0;
	doc->links[1].b = 2;
	apply(&w, doc);
	assert_int_equal(model_link_by_name(w.model, "backbone")->admin, MODEL_UP);
	world_apply_flags(&w, doc, CTL_APPLY_REPLACE);
	assert_int_equal(model_link_by_name(w.model, "a-b")->admin, MODEL_UP);
	world_check(&w);
	topo_doc_free(doc);
	world_close(&w);
}

static void another_network_makes_everything_again(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_summary s;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	doc->network = 0xac100000;
	doc->prefix_len = 24;
	s = apply(&w, doc);
	assert_summary(&s, 3, 3, 0, 2, 2, 0);
	assert_int_equal(model_router_by_name(w.model, "a")->address, 0xac100001);
	assert_int_equal(fake_network(w.host)->network, 0xac100000);
	assert_int_equal(fake_network(w.host)->prefix_len, 24);
	world_clear(&w);
	assert_int_equal(w.model->network, 0x0a000000);
	assert_int_equal(w.model->prefix_len, 16);
	topo_doc_free(doc);
	world_close(&w);
}

static void replace_starts_anew(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_op op;

	(void)state;
	doc->routers[0].address = 0x0a000009;
	world_open(&w);
	apply(&w, doc);
	doc->routers[0].address = 0;
	op = world_apply_flags(&w, doc, 0);
	assert_int_equal(model_router_by_name(w.model, "a")->address, 0x0a000009);
	op = world_apply_flags(&w, doc, CTL_APPLY_REPLACE);
	assert_int_equal(op.state, CTL_DONE);
	assert_summary(&op.summary, 3, 3, 0, 2, 2, 0);
	assert_int_equal(model_router_by_name(w.model, "a")->address, 0x0a000001);
	assert_int_equal(model_router_by_name(w.model, "a")->id, 4);
	world_check(&w);
	topo_doc_free(doc);
	world_close(&w);
}

static void hello_and_name_reach_a_running_network(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_summary s;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	assert_int_equal(fake_network(w.host)->hello_us, 40000);
	assert_int_equal(fake_network(w.host)->dead_us, 120000);
	doc->hello_us = 7000;
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 3, 0, 0, 0);
	assert_int_equal(fake_network(w.host)->hello_us, 7000);
	assert_int_equal(fake_network(w.host)->dead_us, 21000);
	strcpy(doc->name, "other");
	s = apply(&w, doc);
	assert_summary(&s, 0, 0, 0, 0, 0, 0);
	assert_string_equal(w.model->name, "other");
	topo_doc_free(doc);
	world_close(&w);
}

static void the_default_hello_interval_follows_the_number_of_links(void **state)
{
	static const char *const argv[] = {"30", "30"};
	struct topo_doc *doc = generate("grid", 2, argv); /* 1,740 links */
	struct world w;

	(void)state;
	world_open(&w);
	apply(&w, doc);
	/* 3,480 ends * 5 us / 5 % = 348 ms, in steps of 10 ms. */
	assert_int_equal(fake_network(w.host)->hello_us, 350000);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_wrong_document_is_refused_at_once(void **state)
{
	struct topo_doc *doc;
	struct world w;
	struct err err;
	char *before, *after;
	uint32_t i;
	char name[16];

	(void)state;
	world_open(&w);
	doc = line();
	apply(&w, doc);
	before = world_picture(&w);
	doc->routers[2].address = 0x0b000001;
	assert_int_equal(ctl_topology_apply(w.ctl, doc, 0, 0, NULL, NULL, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "routers[2].address"));
	topo_doc_free(doc);

	doc = topo_doc_new();
	for (i = 0; i < TOPO_ROUTERS_DISTRIBUTED_MAX + 1; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		topo_doc_add_router(doc, name);
	}
	assert_true(ctl_topology_apply(w.ctl, doc, 0, 0, NULL, NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "routing: central"));
	topo_doc_free(doc);
	world_settle(&w, 2);
	after = world_picture(&w);
	assert_string_equal(before, after);
	free(before);
	free(after);
	world_close(&w);
}

static void one_router_too_many_for_distributed_routing_is_refused(void **state)
{
	struct ctl_router_spec spec = {.name = "one-more"};
	struct topo_doc *doc = topo_doc_new();
	struct world w;
	struct err err;
	uint32_t i;
	char name[16];

	(void)state;
	for (i = 0; i < TOPO_ROUTERS_DISTRIBUTED_MAX; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		topo_doc_add_router(doc, name);
	}
	world_open(&w);
	apply(&w, doc);
	assert_int_equal(ctl_router_add(w.ctl, &spec, NULL, NULL, NULL, &err), -ERANGE);
	assert_non_null(strstr(err.text, "routing: central"));
	topo_doc_free(doc);
	world_close(&w);
}

static void a_network_without_a_free_address_is_refused(void **state)
{
	struct ctl_router_spec spec = {.name = "d"};
	struct topo_doc *doc = topo_doc_new();
	struct world w;
	struct err err;

	(void)state;
	doc->prefix_len = 30;
	topo_doc_add_router(doc, "a");
	topo_doc_add_router(doc, "b");
	world_open(&w);
	apply(&w, doc);
	assert_int_equal(ctl_router_add(w.ctl, &spec, NULL, NULL, NULL, &err), -ENOSPC);
	assert_string_equal(err.text, "address: the network 10.0.0.0/30 has no free address left");
	topo_doc_free(doc);
	world_close(&w);
}

static void no_wait_ends_without_convergence(void **state)
{
	struct topo_doc *doc = line();
	struct world w;
	struct ctl_op op;

	(void)state;
	world_open(&w);
	fake_mute(w.host, true);
	op = world_apply_flags(&w, doc, CTL_APPLY_NO_WAIT);
	assert_int_equal(op.state, CTL_DONE);
	assert_false(op.converged);
	topo_doc_free(doc);
	world_close(&w);
}

static void deleting_an_empty_topology_does_nothing(void **state)
{
	struct world w;
	struct ctl_op op;

	(void)state;
	world_open(&w);
	op = world_clear(&w);
	assert_int_equal(op.state, CTL_DONE);
	assert_summary(&op.summary, 0, 0, 0, 0, 0, 0);
	assert_int_equal(world_counts(&w).batches, 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			generated_topologies_come_up_converge_and_need_nothing_the_second_time),
		cmocka_unit_test(the_same_file_on_an_empty_instance_gives_the_same_addresses),
		cmocka_unit_test(a_running_router_keeps_its_address_and_id),
		cmocka_unit_test(another_explicit_address_makes_the_router_again_with_its_links),
		cmocka_unit_test(weight_label_and_shape_change_in_place),
		cmocka_unit_test(a_link_with_other_ends_is_made_again),
		cmocka_unit_test(a_link_that_was_taken_down_by_hand_stays_down),
		cmocka_unit_test(a_link_that_is_made_again_keeps_its_state),
		cmocka_unit_test(another_network_makes_everything_again),
		cmocka_unit_test(replace_starts_anew),
		cmocka_unit_test(hello_and_name_reach_a_running_network),
		cmocka_unit_test(the_default_hello_interval_follows_the_number_of_links),
		cmocka_unit_test(a_wrong_document_is_refused_at_once),
		cmocka_unit_test(one_router_too_many_for_distributed_routing_is_refused),
		cmocka_unit_test(a_network_without_a_free_address_is_refused),
		cmocka_unit_test(no_wait_ends_without_convergence),
		cmocka_unit_test(deleting_an_empty_topology_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
