// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications of a router that swap their numbers on it, which no two may have at once. */
#include "tests/unit/daemon/store/world.h"

static struct store_app row(uint32_t id, uint32_t aid, struct topo_app *app)
{
	return (struct store_app){.id = id,
				  .router_id = 1,
				  .aid = aid,
				  .app = app,
				  .state = {.phase = MODEL_APP_WANTED, .status = -1}};
}

static void rows_in_both_lists_are_written_anew(void **state)
{
	struct world *w = *state;
	struct store_content *content;
	struct topo_app *first, *second;
	uint32_t gone[2] = {100, 101};
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
	rows[0] = row(100, 5, first);
	rows[1] = row(101, 6, second);
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	rows[0].aid = 6;
	rows[1].aid = 5;
	assert_true(w->store->ops->commit(w->store, &change, &w->err) < 0); /* one by one */
	w->store->stale = false;
	change.apps_gone = gone;
	change.apps_gone_count = 2;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_int_equal(content->app_count, 3);
	assert_int_equal(content->apps[1].id, 100);
	assert_int_equal(content->apps[1].aid, 6);
	assert_string_equal(content->apps[1].app->name, "a");
	assert_int_equal(content->apps[2].aid, 5);
	assert_int_equal(content->routers[0].last_aid, 6);
	store_content_free(content);
	topo_app_unref(first);
	topo_app_unref(second);
	net_free(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_in_both_lists_are_written_anew, world_open,
						world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
