/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every item of every kind of batch fails once: the operation says so, the model is what it was,
 * the machine has exactly what the model has, and the next operation works.
 */
#include "tests/unit/daemon/ctl/world.h"

/* A diamond with a tail, and a second version of it that touches everything there is to touch. */
static struct topo_doc *first_version(void)
{
	struct topo_doc *doc = topo_doc_new();

	topo_doc_add_router(doc, "a");
	topo_doc_add_router(doc, "b");
	topo_doc_add_router(doc, "c");
	topo_doc_add_router(doc, "gone");
	topo_doc_add_link(doc, 0, 1);
	topo_doc_add_link(doc, 1, 2);
	topo_doc_add_link(doc, 2, 3);
	topo_doc_add_link(doc, 0, 2);
	return doc;
}

static struct topo_doc *second_version(void)
{
	struct topo_doc *doc = topo_doc_new();

	strcpy(doc->name, "second");
	doc->hello_us = 5000;
	topo_doc_add_router(doc, "a")->limits.pids = 50;
	topo_doc_add_router(doc, "b")->address = 0x0a000099; /* made again */
	topo_doc_add_router(doc, "c")->limits.pids = 60;
	topo_doc_add_router(doc, "new1")->limits.pids = 70;
	topo_doc_add_router(doc, "new2");
	topo_doc_add_link(doc, 0, 1);
	topo_doc_add_link(doc, 1, 2);
	topo_doc_add_link(doc, 2, 3);
	topo_doc_add_link(doc, 3, 4);
	topo_doc_add_link(doc, 0, 2)->weight = 7;
	doc->links[4].label = strdup("changed");
	return doc;
}

static void assert_same_network(const struct world *w, const struct host_network *before)
{
	const struct host_network *now = fake_network(w->host);

	assert_int_equal(now->network, before->network);
	assert_int_equal(now->prefix_len, before->prefix_len);
	assert_int_equal(now->mode, before->mode);
	assert_int_equal(now->hello_us, before->hello_us);
}

/* n-th item fails; false: there were fewer, so the apply went through. */
static bool apply_failing(struct world *w, const struct topo_doc *doc, unsigned flags, uint64_t n,
			  int error)
{
	struct host_network network = *fake_network(w->host);
	char *before = world_picture(w), *after;
	struct ctl_op op;

	fake_fail_item(w->host, n, error);
	op = world_apply_flags(w, doc, flags);
	fake_fail_item(w->host, 0, 0);
	if (op.state == CTL_DONE) {
		free(before);
		return false;
	}
	assert_int_equal(op.err.code, error);
	assert_non_null(strstr(op.err.text, strerror(error)));
	after = world_picture(w);
	assert_string_equal(before, after);
	world_check(w);
	if (network.prefix_len && w->model->router_count)
		assert_same_network(w, &network);
	free(before);
	free(after);
	return true;
}

static void a_first_apply_that_fails_at_any_item_leaves_nothing(void **state)
{
	struct topo_doc *doc = first_version();
	struct world w;
	uint64_t n;

	(void)state;
	world_open(&w);
	for (n = 0; apply_failing(&w, doc, 0, n, ENOMEM); n++) {
		assert_int_equal(world_counts(&w).routers, 0);
		assert_int_equal(world_counts(&w).links, 0);
		assert_true(list_empty(&w.model->removed));
	}
	assert_int_equal(n, 8);
	world_check(&w);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_change_that_fails_at_any_item_is_taken_back(void **state)
{
	struct topo_doc *one = first_version(), *two = second_version();
	struct world w;
	uint64_t n;

	(void)state;
	world_open(&w);
	world_apply(&w, one);
	for (n = 0; apply_failing(&w, two, 0, n, EPERM); n++) {
		/* It is as it was, and routes are, too. */
		struct ctl_diff diff;
		struct err err;

		assert_int_equal(ctl_topology_diff(w.ctl, one, &diff, &err), 0);
		assert_int_equal(diff.count, 0);
		ctl_diff_free(&diff);
		world_apply(&w, one);
	}
	/* 3 links and 2 routers go, 3 routers and 4 links come, 2 routers and 1 link change. */
	assert_int_equal(n, 15);
	world_check(&w);
	topo_doc_free(one);
	topo_doc_free(two);
	world_close(&w);
}

static void a_replacement_in_another_network_that_fails_is_taken_back(void **state)
{
	struct topo_doc *one = first_version(), *two = second_version();
	struct world w;
	uint64_t n;

	(void)state;
	two->network = 0xc0a80000;
	two->prefix_len = 24;
	two->routers[1].address = 0;
	world_open(&w);
	world_apply(&w, one);
	for (n = 0; apply_failing(&w, two, 0, n, EIO); n++)
		;
	assert_int_equal(n, 4 + 4 + 5 + 5);
	world_check(&w);
	assert_int_equal(w.model->network, 0xc0a80000);
	for (n = 0; apply_failing(&w, two, CTL_APPLY_REPLACE, n, EIO); n++)
		;
	assert_int_equal(n, 20);
	topo_doc_free(one);
	topo_doc_free(two);
	world_close(&w);
}

static void a_deletion_that_fails_at_any_item_is_taken_back(void **state)
{
	struct topo_doc *doc = first_version();
	struct world w;
	struct ctl_op op;
	uint64_t n;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	world_set(&w, "a-b", 3, true, MODEL_DOWN);
	for (n = 0;; n++) {
		char *before = world_picture(&w), *after;

		fake_fail_item(w.host, n, EBUSY);
		op = world_clear(&w);
		fake_fail_item(w.host, 0, 0);
		after = world_picture(&w);
		if (op.state == CTL_OP_FAILED) {
			assert_string_equal(before, after);
			world_check(&w);
		}
		free(before);
		free(after);
		if (op.state == CTL_DONE)
			break;
	}
	assert_int_equal(n, 8);
	assert_int_equal(w.model->router_count, 0);
	assert_int_equal(world_counts(&w).routers, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void single_operations_that_fail_change_nothing(void **state)
{
	struct topo_doc *doc = first_version();
	char *before, *after;
	struct world w;
	int i;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	before = world_picture(&w);
	for (i = 0; i < 4; i++) {
		struct ctl_op op = {0};

		fake_fail_item(w.host, 0, ENODEV);
		if (i == 0)
			op = world_router(&w, "x", 0);
		else if (i == 1)
			op = world_link(&w, "a", "gone", NULL);
		else if (i == 2)
			op = world_set(&w, "a-b", 2, true, MODEL_SILENT);
		else
			op = world_delete_router(&w, "a");
		assert_int_equal(op.state, CTL_OP_FAILED);
		assert_int_equal(op.err.code, ENODEV);
		assert_int_equal(op.router_id, 0);
		assert_int_equal(op.link_id, 0);
		after = world_picture(&w);
		assert_string_equal(before, after);
		free(after);
		world_check(&w);
	}
	free(before);
	topo_doc_free(doc);
	world_close(&w);
}

static void every_id_is_new_after_a_failure(void **state)
{
	struct world w;
	struct ctl_op op;

	(void)state;
	world_open(&w);
	fake_fail_item(w.host, 0, EIO);
	op = world_router(&w, "r", 0);
	assert_int_equal(op.state, CTL_OP_FAILED);
	op = world_router(&w, "r", 0);
	assert_int_equal(op.router_id, 2);
	world_close(&w);
}

/* Both the batch and its undo fail: the model says what the machine has. */

static void when_the_undo_fails_too_the_model_says_what_the_machine_has(void **state)
{
	struct topo_doc *one = first_version(), *two = second_version();
	struct fake_counts counts;
	struct ctl_op op;
	struct world w;
	uint64_t first, second;
	struct list *pos;

	(void)state;
	for (first = 0; first < 13; first++) {
		for (second = 0; second < first; second++) {
			world_open(&w);
			world_apply(&w, one);
			fake_fail_item(w.host, first, EPERM);
			fake_fail_second(w.host, second, EIO);
			op = world_apply_flags(&w, two, 0);
			assert_int_equal(op.state, CTL_OP_FAILED);
			assert_int_equal(op.err.code, EPERM);
			assert_non_null(strstr(op.err.text, "undoing it failed too"));
			counts = world_counts(&w);
			assert_int_equal(counts.routers, w.model->router_count);
			assert_int_equal(counts.links, w.model->link_count);
			list_for_each (pos, &w.model->routers) {
				struct model_router *r = list_entry(pos, struct model_router, all);

				assert_non_null(fake_router(w.host, r->slot));
				assert_true(r->state == MODEL_RUNNING || r->state == MODEL_FAILED);
			}
			/* And there is a way out of it: apply makes again what is wrong. */
			world_apply(&w, two);
			world_check(&w);
			world_close(&w);
		}
	}
	topo_doc_free(one);
	topo_doc_free(two);
}

/* Made again by an undo that did not come to its process: it is not said to run before it does. */
static void a_router_without_its_process_does_not_run_until_that_is_there(void **state)
{
	struct topo_doc *one = first_version();
	struct model_router *router;
	struct ctl_op op;
	struct world w;
	uint32_t id;

	(void)state;
	world_open(&w);
	world_apply(&w, one);
	id = model_router_by_name(w.model, "b")->id;
	one->routers[1].address = 0x0a000099; /* b: two links and b deleted, made, */
	fake_fail_item(w.host, 4, EPERM);     /* the first link not */
	fake_fail_second(w.host, 2, EIO);     /* nor back; b is */
	op = world_apply_flags(&w, one, 0);
	assert_non_null(strstr(op.err.text, "undoing it failed too"));
	router = model_router_by_name(w.model, "b");
	assert_int_equal(router->id, id);
	assert_int_equal(router->state, MODEL_FAILED);
	assert_int_equal(router->restarts, 0);
	world_settle(&w, 20);
	assert_int_equal(router->state, MODEL_RUNNING);
	assert_int_equal(router->restarts, 1);
	topo_doc_free(one);
	world_close(&w);
}

struct victim {
	struct world *w;
	uint32_t slot;
	bool dead;
};

static void kill_when_given_to_the_machine(void *arg, const struct ctl_op *op)
{
	struct victim *victim = arg;

	if (victim->dead || op->total == 0)
		return;
	victim->dead = true;
	assert_int_equal(fake_kill(victim->w->host, victim->slot, 9), 0);
}

static void a_process_that_dies_while_its_router_is_to_go_is_not_forgotten(void **state)
{
	struct topo_doc *one = first_version();
	struct model_router *router;
	struct victim victim;
	struct ctl_op op;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, one);
	router = model_router_by_name(w.model, "gone");
	victim = (struct victim){.w = &w, .slot = router->slot};
	ctl_op_subscribe(w.ctl, kill_when_given_to_the_machine, &victim);
	fake_fail_item(w.host, 1, EPERM); /* its link goes, it does not */
	op = world_delete_router(&w, "gone");
	assert_int_equal(op.err.code, EPERM);
	assert_true(victim.dead);
	/* On a slow machine it has been started again by now. */
	assert_true(router->state == MODEL_FAILED || router->restarts == 1);
	world_settle(&w, 20);
	assert_int_equal(router->state, MODEL_RUNNING);
	assert_int_equal(router->restarts, 1);
	world_check(&w);
	topo_doc_free(one);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_apply_that_fails_at_any_item_leaves_nothing),
		cmocka_unit_test(a_change_that_fails_at_any_item_is_taken_back),
		cmocka_unit_test(a_replacement_in_another_network_that_fails_is_taken_back),
		cmocka_unit_test(a_deletion_that_fails_at_any_item_is_taken_back),
		cmocka_unit_test(single_operations_that_fail_change_nothing),
		cmocka_unit_test(every_id_is_new_after_a_failure),
		cmocka_unit_test(when_the_undo_fails_too_the_model_says_what_the_machine_has),
		cmocka_unit_test(a_router_without_its_process_does_not_run_until_that_is_there),
		cmocka_unit_test(a_process_that_dies_while_its_router_is_to_go_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
