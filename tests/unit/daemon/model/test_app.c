// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications in the model: numbers, look-ups, states, the feed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/model/app.h"
#include "daemon/model/edit.h"

struct world {
	struct model *model;
	struct model_router *r1, *r2;
	char feed[600];
};

static void listen(void *arg, const struct model_change *change)
{
	struct world *w = arg;
	size_t used = strlen(w->feed);

	snprintf(w->feed + used, sizeof(w->feed) - used, "%d %s %s;", change->kind,
		 change->app ? change->app->app->name : "-", change->what);
}

static struct model_router *router(struct model *model, const char *name, uint32_t address)
{
	struct model_router_spec spec = {.name = name, .address = address, .host = "here"};
	struct model_router *made;

	assert_int_equal(model_router_add(model, &spec, &made), 0);
	return made;
}

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(model_new(&w->model), 0);
	w->r1 = router(w->model, "r1", 1);
	w->r2 = router(w->model, "r2", 2);
	assert_int_equal(model_subscribe(w->model, listen, w), 0);
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	model_free(w->model);
	free(w);
	return 0;
}

static struct topo_app *wanted(const char *name)
{
	struct topo_app *app;
	char text[100];

	snprintf(text, sizeof(text), "{\"run\": \"echo\", \"name\": \"%s\"}", name);
	assert_int_equal(topo_app_parse(text, strlen(text), "x", NULL, &app, NULL), 0);
	return app;
}

static struct model_app *add(struct world *w, struct model_router *router, const char *name)
{
	struct model_app_spec spec = {.router = router, .app = wanted(name), .now_ms = 5};
	struct model_app *app;

	assert_int_equal(model_app_add(w->model, &spec, &app), 0);
	topo_app_unref(spec.app);
	return app;
}

static int restore(struct world *w, struct model_router *router, const char *name, uint32_t id,
		   uint32_t aid)
{
	struct model_app_spec spec = {
		.router = router, .app = wanted(name), .by_topology = true, .place = aid};
	struct model_app *app;
	int ret = model_app_restore(w->model, &spec, id, aid, &app);

	topo_app_unref(spec.app);
	return ret;
}

static void numbers_grow_and_are_not_used_again(void **state)
{
	struct world *w = *state;
	struct model_app *a = add(w, w->r1, "a"), *b = add(w, w->r2, "b"), *c = add(w, w->r1, "c");

	assert_int_equal(a->id, 1);
	assert_int_equal(a->aid, 1);
	assert_int_equal(b->id, 2);
	assert_int_equal(b->aid, 1);
	assert_int_equal(c->id, 3);
	assert_int_equal(c->aid, 2);
	assert_int_equal(a->state.phase, MODEL_APP_PLANNED);
	assert_int_equal(a->state.status, -1);
	assert_int_equal(a->created_ms, 5);
	model_app_remove(w->model, c);
	assert_int_equal(w->model->app_count, 2);
	assert_int_equal(w->r1->app_count, 1);
	assert_null(model_app_by_id(w->model, 3));
	c = add(w, w->r1, "c");
	assert_int_equal(c->id, 4);
	assert_int_equal(c->aid, 3);
	assert_int_equal(model_last_app_id(w->model), 4);
}

/* "NAME=AID ...", in order of place. */
static const char *order(const struct model_router *router)
{
	static char text[200];
	size_t used = 0;
	const struct list *pos;

	text[0] = '\0';
	list_for_each (pos, &router->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%u",
					 used ? " " : "", app->app->name, app->aid);
	}
	return text;
}

static void places_change_and_numbers_stay(void **state)
{
	struct world *w = *state;
	const struct model_app_move moves[] = {
		{w->r1, 1, 3}, {w->r1, 3, 1}, {w->r2, 1, 7}, {w->r2, 99, 1}};
	struct model_app *a = add(w, w->r1, "a"), *b = add(w, w->r1, "b"), *c = add(w, w->r1, "c"),
			 *other = add(w, w->r2, "other");
	struct model_app_spec heir = {
		.router = w->r1, .app = wanted("a"), .aid = a->aid, .place = 3};
	struct model_app *next;

	assert_int_equal(a->place, 1);
	assert_int_equal(c->place, 3);
	for (struct list *pos = w->model->apps.next; pos != &w->model->apps; pos = pos->next)
		model_app_set_phase(w->model, list_entry(pos, struct model_app, all),
				    MODEL_APP_RUNNING);
	/* Who is about to come has the place that it was given; who goes, that of its aid. */
	model_app_set_going(w->model, a);
	assert_int_equal(model_app_add(w->model, &heir, &next), 0);
	topo_app_unref(heir.app);
	model_apps_move(w->model, moves, 4);
	assert_string_equal(order(w->r1), "c=3 b=2 a=1 a=1");
	assert_int_equal(a->place, 3);
	assert_int_equal(next->place, 3);
	assert_int_equal(b->place, 2);
	assert_int_equal(other->place, 7);
	assert_int_equal(add(w, w->r2, "last")->place, 8);
	assert_int_equal(model_app_by_name(w->r2, "last")->aid, 2);
}

static void one_is_found_by_name_aid_and_id(void **state)
{
	struct world *w = *state;
	struct model_app *a = add(w, w->r1, "a"), *b = add(w, w->r2, "b");
	struct model_app *two = add(w, w->r2, "two");

	assert_ptr_equal(model_app_by_id(w->model, 2), b);
	assert_ptr_equal(model_app_by_name(w->r1, "a"), a);
	assert_null(model_app_by_name(w->r2, "a"));
	assert_ptr_equal(model_app_find(w->r2, "two"), two);
	assert_ptr_equal(model_app_find(w->r2, "2"), two); /* its aid, before b's id */
	assert_ptr_equal(model_app_find(w->r2, "3"), two);
	assert_null(model_app_find(w->r2, "03"));
	assert_null(model_app_find(w->r1, "2"));
}

static void a_name_can_be_given_again_while_its_holder_goes(void **state)
{
	struct world *w = *state;
	struct model_app *a = add(w, w->r1, "a"), *again = add(w, w->r1, "a");

	assert_ptr_equal(model_app_by_name(w->r1, "a"), a);
	model_app_set_going(w->model, a);
	model_app_set_going(w->model, a);
	assert_ptr_equal(model_app_by_name(w->r1, "a"), again);
	model_app_remove(w->model, again);
	assert_ptr_equal(model_app_by_name(w->r1, "a"), a);
	assert_string_equal(w->feed, "7 a added;7 a added;8 a going;9 a removed;");
}

static void states_are_told_when_they_differ(void **state)
{
	struct world *w = *state;
	struct model_app_state is = {.phase = MODEL_APP_RUNNING, .pid = 9, .status = -1};
	struct model_app *a = add(w, w->r1, "a");

	w->feed[0] = '\0';
	model_app_set_state(w->model, a, &is);
	model_app_set_state(w->model, a, &is);
	assert_false(a->was_ready);
	is.ready = true;
	model_app_set_state(w->model, a, &is);
	is.ready = false;
	strcpy(is.text, "busy");
	model_app_set_state(w->model, a, &is);
	assert_true(a->was_ready);
	assert_false(model_app_over(a));
	is.phase = MODEL_APP_ENDED;
	model_app_set_state(w->model, a, &is);
	assert_true(a->was_ready);
	assert_true(model_app_over(a));
	assert_string_equal(w->feed, "8 a state;8 a state;8 a state;8 a state;");
	model_app_set_phase(w->model, a, MODEL_APP_WANTED);
	assert_false(a->was_ready);
	assert_string_equal(a->state.text, "");
	model_app_set_phase(w->model, a, MODEL_APP_FAILED);
	assert_true(model_app_over(a));
	assert_string_equal(model_app_phase_name(a->state.phase), "failed");
}

static void they_go_with_their_router(void **state)
{
	struct world *w = *state;

	add(w, w->r1, "a");
	add(w, w->r2, "b");
	add(w, w->r1, "c");
	w->feed[0] = '\0';
	model_router_remove(w->model, w->r1, true, 1);
	assert_string_equal(w->feed, "9 a removed;9 c removed;2 - removed;");
	assert_int_equal(w->model->app_count, 1);
	assert_null(model_app_by_id(w->model, 1));
	assert_non_null(model_app_by_id(w->model, 2));
}

static void one_is_restored_under_its_numbers(void **state)
{
	struct world *w = *state;

	assert_int_equal(restore(w, w->r1, "a", 7, 3), 0);
	assert_int_equal(restore(w, w->r1, "b", 7, 4), -EEXIST);
	assert_int_equal(restore(w, w->r1, "a", 8, 4), -EEXIST);
	assert_int_equal(restore(w, w->r1, "b", 8, 3), -EEXIST);
	assert_int_equal(restore(w, w->r1, "b", 0, 4), -ERANGE);
	assert_int_equal(restore(w, w->r1, "b", 8, 0), -ERANGE);
	assert_int_equal(restore(w, w->r2, "a", 2, 3), 0);
	assert_true(model_app_by_id(w->model, 7)->by_topology);
	/* In order of id, and of place. */
	assert_int_equal(list_entry(w->model->apps.next, struct model_app, all)->id, 2);
	assert_int_equal(restore(w, w->r1, "z", 1, 1), 0);
	assert_int_equal(list_entry(w->r1->apps.next, struct model_app, of_router)->aid, 1);
	assert_int_equal(add(w, w->r1, "n")->id, 8);
	assert_int_equal(model_app_by_name(w->r1, "n")->place, 4);
	model_restore_app_ids(w->model, 20);
	model_restore_app_ids(w->model, 10);
	model_restore_aids(w->r1, 9);
	model_restore_aids(w->r1, 2);
	assert_int_equal(add(w, w->r1, "m")->id, 21);
	assert_int_equal(model_app_by_name(w->r1, "m")->aid, 10);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
	const struct CMUnitTest tests[] = {
		T(numbers_grow_and_are_not_used_again),
		T(places_change_and_numbers_stay),
		T(one_is_found_by_name_aid_and_id),
		T(a_name_can_be_given_again_while_its_holder_goes),
		T(states_are_told_when_they_differ),
		T(they_go_with_their_router),
		T(one_is_restored_under_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
