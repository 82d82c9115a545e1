// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications of a router that swap places on it, while their numbers stay. */
#include "tests/unit/daemon/store/world.h"

static struct store_app row(uint32_t id, uint32_t aid, uint32_t place, struct topo_app *app)
{
	return (struct store_app){.id = id,
				  .router_id = 1,
				  .aid = aid,
				  .place = place,
				  .app = app,
				  .state = {.phase = MODEL_APP_WANTED, .status = -1}};
}

static void assert_places(struct world *w, uint32_t first, uint32_t second)
{
	struct store_content *content;

	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_int_equal(content->app_count, 3);
	assert_int_equal(content->apps[1].id, 100);
	assert_string_equal(content->apps[1].app->name, "a");
	assert_int_equal(content->apps[1].aid, 5);
	assert_int_equal(content->apps[1].place, first);
	assert_int_equal(content->apps[2].aid, 6);
	assert_int_equal(content->apps[2].place, second);
	assert_int_equal(content->routers[0].last_aid, 6);
	store_content_free(content);
}

static void places_are_swapped_and_swapped_back(void **state)
{
	struct world *w = *state;
	struct topo_app *first, *second;
	struct store_app rows[2];
	struct store_change change = {.apps = rows, .app_count = 2, .last_app_id = 101};
	struct net net;

	net_make(&net, 1);
	world_start(w);
	net_write(w, &net, 1);
	assert_int_equal(
		topo_app_parse("{\"run\":\"/x\",\"name\":\"a\"}", 23, "", NULL, &first, NULL), 0);
	assert_int_equal(
		topo_app_parse("{\"run\":\"/x\",\"name\":\"b\"}", 23, "", NULL, &second, NULL), 0);
	rows[0] = row(100, 5, 5, first);
	rows[1] = row(101, 6, 6, second);
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	rows[0].place = 6;
	rows[1].place = 5;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	assert_places(w, 6, 5);
	assert_int_equal(world_number(w, "SELECT count(*) FROM apps WHERE place IS NULL"), 0);
	rows[0].place = 5;
	rows[1].place = 6;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	assert_places(w, 5, 6);
	topo_app_unref(first);
	topo_app_unref(second);
	net_free(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places_are_swapped_and_swapped_back, world_open,
						world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
