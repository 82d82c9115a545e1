// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of a router's applications is the document's, by which functions are in order. */
#include "tests/unit/daemon/ctl/app_world.h"
#include "tests/unit/daemon/ctl/kept.h"

/* "NAME=AID@PLACE ...", in order; of those that do not go. */
static const char *places(const struct kept_world *k)
{
	static char text[2000];
	const struct model_router *at = model_router_by_name(k->w.model, "r0-0");
	size_t used = 0;
	struct list *pos;

	text[0] = '\0';
	list_for_each (pos, &at->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		if (!app->going)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%u@%u",
						 used ? " " : "", app->app->name, app->aid,
						 app->place);
	}
	return text;
}

/* What the store has is what there is. */
static void assert_kept(const struct kept_world *k)
{
	struct list *pos;

	assert_int_equal(k->store.kept.app_count, k->w.model->app_count);
	list_for_each (pos, &k->w.model->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, all);
		long at = fake_store_app(&k->store, app->id);

		assert_true(at >= 0);
		assert_int_equal(k->store.kept.apps[at].aid, app->aid);
		assert_int_equal(k->store.kept.apps[at].place, app->place);
		assert_true(k->store.kept.routers[0].last_aid >= app->aid);
	}
}

static size_t differs(struct kept_world *k, const struct topo_doc *doc, const char *lines)
{
	struct ctl_diff diff;
	struct err err = {0};
	char text[500] = "";
	size_t count;

	if (ctl_topology_diff(k->w.ctl, doc, &diff, &err) < 0)
		fail_msg("diff refused: %s", err.text);
	for (size_t i = 0; i < diff.count && lines; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c%s %s;",
			 diff.lines[i].sign, strchr(diff.lines[i].name, '/') + 1,
			 diff.lines[i].fields);
	if (lines)
		assert_string_equal(text, lines);
	count = diff.count;
	ctl_diff_free(&diff);
	return count;
}

/* A second time there is nothing to do, nor for what is exported; and the next daemon has it. */
static void assert_lasts(struct kept_world *k, const struct topo_doc *doc)
{
	struct topo_doc *export = ctl_topology_export(k->w.ctl);
	struct recovered recovered;
	char text[2000];

	world_settle(&k->w, 3);
	differs(k, doc, "");
	differs(k, export, "");
	topo_doc_free(export);
	assert_kept(k);
	snprintf(text, sizeof(text), "%s", places(k));
	restart(k, &recovered);
	world_settle(&k->w, 3);
	assert_string_equal(places(k), text);
	differs(k, doc, "");
}

#define A     "{run: a, env: {x: 1}}"
#define A_NEW "{run: a, env: {x: 2}}"

static void a_swap_changes_places_and_nothing_else(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(1, 1);
	struct ctl_op op;
	int32_t pid;

	DOC_APPS(doc, 0, A, "{run: b}", "{run: c}", "{bpf: /d.o}");
	world_apply(&k->w, doc);
	assert_string_equal(places(k), "a=1@1 b=2@2 c=3@3 d.o=4@4");
	pid = app_there(&k->w, "r0-0", "c")->state.pid;
	DOC_APPS(doc, 0, "{run: c}", "{run: b}", A, "{bpf: /d.o}");
	differs(k, doc, "~c order;~a order;");
	assert_int_equal(fake_apps_reordered(k->w.host), 0);
	op = world_apply_flags(&k->w, doc, 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_int_equal(op.summary.apps_changed, 2);
	assert_int_equal(op.summary.apps_added + op.summary.apps_removed, 0);
	assert_true(fake_apps_reordered(k->w.host) > 0);
	assert_string_equal(places(k), "c=3@1 b=2@2 a=1@3 d.o=4@4");
	assert_int_equal(app_there(&k->w, "r0-0", "c")->state.pid, pid);
	assert_string_equal(app_list(&k->w, "r0-0"),
			    "c running ready; b running ready; a running ready; d.o running ready");
	assert_lasts(k, doc);
	topo_doc_free(doc);
}

static void what_is_new_comes_where_the_document_has_it(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(1, 1);

	DOC_APPS(doc, 0, A, "{run: b}");
	world_apply(&k->w, doc);
	app_start(&k->w, "r0-0", "{run: hand}");
	DOC_APPS(doc, 0, A, "{run: x}", "{run: b}", "{run: y}");
	differs(k, doc, "+x ;+y ;");
	world_apply(&k->w, doc);
	assert_string_equal(places(k), "a=1@1 x=4@2 b=2@3 hand=3@4 y=5@5");
	assert_lasts(k, doc);
	/* What is removed leaves its place; whoever is first is in front of all that was there. */
	DOC_APPS(doc, 0, "{run: z}", A, "{run: b}", "{run: y}");
	differs(k, doc, "+z ;-x ;");
	world_apply(&k->w, doc);
	assert_string_equal(places(k), "z=6@1 a=1@3 b=2@4 hand=3@5 y=5@6");
	assert_lasts(k, doc);
	/* Numbers that were given are not given again, and stay: clients may have noted them. */
	assert_int_equal(app_start(&k->w, "r0-0", "{run: more}").state, CTL_DONE);
	assert_int_equal(app_there(&k->w, "r0-0", "more")->aid, 7);
	topo_doc_free(doc);
}

static void one_that_starts_anew_may_move_too(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(1, 1);

	DOC_APPS(doc, 0, A, "{run: b}", "{run: c}");
	world_apply(&k->w, doc);
	fake_apps_hold(k->w.host, true);
	DOC_APPS(doc, 0, "{run: c}", A_NEW, "{run: b}");
	differs(k, doc, "~a started anew;~c order;~b order;");
	assert_int_equal(world_apply_flags(&k->w, doc, CTL_APPLY_NO_WAIT).state, CTL_DONE);
	world_settle(&k->w, 3);
	/* Whoever is on its way out has the place of who comes. */
	assert_string_equal(app_list(&k->w, "r0-0"),
			    "c running ready; a stopping ready going; a wanted; b running ready");
	assert_string_equal(fake_apps_handed(k->w.host), "1>4 changed");
	DOC_APPS(doc, 0, "{run: b}", "{run: c}", A_NEW);
	assert_int_equal(world_apply_flags(&k->w, doc, CTL_APPLY_NO_WAIT).state, CTL_DONE);
	world_settle(&k->w, 3);
	assert_string_equal(app_list(&k->w, "r0-0"),
			    "b running ready; c running ready; a stopping ready going; a wanted");
	fake_apps_hold(k->w.host, false);
	world_settle(&k->w, 3);
	assert_string_equal(places(k), "b=2@1 c=3@2 a=1@3");
	assert_lasts(k, doc);
	topo_doc_free(doc);
}

static void what_is_refused_moves_nobody(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(1, 1);

	DOC_APPS(doc, 0, A, "{run: b}");
	world_apply(&k->w, doc);
	DOC_APPS(doc, 0, "{run: b}", "{run: x}", A);
	for (unsigned in = 0; in < 2; in++) {
		k->store.fault = STORE_FULL;
		k->store.fault_in = in;
		assert_int_equal(world_apply_flags(&k->w, doc, 0).state, CTL_OP_FAILED);
		assert_string_equal(places(k), "a=1@1 b=2@2");
		assert_kept(k);
	}
	assert_int_equal(fake_apps_reordered(k->w.host), 0);
	k->store.fault = STORE_DOUBT;
	k->store.fault_in = 1;
	assert_int_equal(world_apply_flags(&k->w, doc, 0).state, CTL_OP_FAILED);
	assert_string_equal(places(k), "a=1@1 b=2@2");
	assert_kept(k);
	world_apply(&k->w, doc);
	assert_lasts(k, doc);
	topo_doc_free(doc);
}

/* What an operation under way is about to bring counts as there, as for all of diff. */
static void a_diff_may_come_while_an_apply_is_under_way(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = world_grid(1, 1), *more = world_grid(1, 2);
	struct ending ending = {0};
	struct err err = {0};

	DOC_APPS(doc, 0, A, "{run: b}");
	world_apply(&k->w, doc);
	DOC_APPS(more, 0, "{run: new}", "{run: b}", A_NEW);
	assert_int_equal(
		ctl_topology_apply(k->w.ctl, more, 0, 5000, world_ended, &ending, NULL, &err), 0);
	while (!model_router_by_name(k->w.model, "r0-1"))
		loop_once(k->w.loop, 1);
	assert_int_equal(model_router_by_name(k->w.model, "r0-1")->state, MODEL_PLANNED);
	differs(k, more, NULL);
	DOC_APPS(more, 0, A_NEW, "{run: other}", "{run: new}");
	differs(k, more, NULL);
	differs(k, doc, NULL);
	assert_int_equal(world_wait(&k->w, &ending)->state, CTL_DONE);
	assert_string_equal(places(k), "new=3@1 b=2@2 a=1@3");
	topo_doc_free(doc);
	topo_doc_free(more);
}

/* Those of the document are in its order, and others in theirs. */
static void assert_order(const struct kept_world *k, const struct topo_apps *wanted)
{
	const struct model_router *at = model_router_by_name(k->w.model, "r0-0");
	uint32_t last = 0, by_hand = 0;
	size_t next = 0;
	struct list *pos;

	list_for_each (pos, &at->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		assert_true(app->place > last && app->aid <= at->last_aid);
		last = app->place;
		if (app->by_topology) {
			assert_string_equal(app->app->name, wanted->list[next++]->name);
		} else {
			assert_true(app->id > by_hand);
			by_hand = app->id;
		}
	}
	assert_int_equal(next, topo_apps_count(wanted));
}

static void whatever_the_order_was(void **state)
{
	struct kept_world *k = *state;
	char name[8][40], hand[40];
	const char *texts[8];

	srand(1);
	for (int round = 0; round < 300; round++) {
		struct topo_doc *doc = world_grid(1, 1);
		int count = 0, start = rand() % 8, stride = (rand() % 4) * 2 + 1;

		for (int i = 0; i < 8; i++) {
			int n = (start + i * stride) % 8;

			if (rand() % 4 == 0)
				continue;
			snprintf(name[count], sizeof(name[0]), "{run: p%d, args: [%s]}", n,
				 rand() % 5 ? "same" : "other");
			texts[count] = name[count];
			count++;
		}
		doc_apps(doc, 0, count, texts);
		world_apply(&k->w, doc);
		world_settle(&k->w, 1);
		assert_order(k, doc->routers[0].apps);
		assert_int_equal(differs(k, doc, NULL), 0);
		assert_kept(k);
		if (round % 50 == 20) {
			snprintf(hand, sizeof(hand), "{run: hand, name: hand-%d}", round);
			app_start(&k->w, "r0-0", hand);
		}
		if (round % 20 == 0)
			assert_lasts(k, doc);
		topo_doc_free(doc);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_swap_changes_places_and_nothing_else),
		T(what_is_new_comes_where_the_document_has_it),
		T(one_that_starts_anew_may_move_too),
		T(what_is_refused_moves_nobody),
		T(a_diff_may_come_while_an_apply_is_under_way),
		T(whatever_the_order_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
