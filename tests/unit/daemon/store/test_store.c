// SPDX-License-Identifier: GPL-2.0-or-later
/* The store as daemon/ctl and main see it: what is committed is what is loaded and restored. */
#include "tests/unit/daemon/store/world.h"

#include <sys/stat.h>
#include <unistd.h>

static void a_new_store_is_empty_and_private(void **state)
{
	struct world *w = *state;
	struct store_content *content;
	struct stat st;

	assert_int_equal(world_load(w, &content), 0);
	assert_int_equal(content->router_count, 0);
	assert_int_equal(content->link_count, 0);
	assert_int_equal(content->last_router_id, 0);
	assert_int_equal(content->last_op_id, 0);
	assert_string_equal(content->topology.name, "");
	assert_int_equal(content->topology.network, 0x0a000000);
	assert_int_equal(content->topology.prefix_len, 16);
	assert_string_equal(content->boot_id, "");
	store_content_free(content);
	assert_int_equal(stat(w->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void what_is_committed_is_loaded(void **state)
{
	struct world *w = *state;
	struct store_content *content;
	struct net net;

	net_make(&net, 500);
	world_start(w);
	net_write(w, &net, 7);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &net);
	assert_int_equal(content->last_router_id, 500);
	assert_int_equal(content->last_link_id, 499);
	assert_int_equal(content->last_op_id, 7);
	assert_int_equal(strlen(content->boot_id), 36);
	assert_int_equal(content->removed_count, 1);
	assert_string_equal(content->removed[0].name, "gone");
	assert_int_equal(content->removed[0].id, 500);
	assert_int_equal(content->removed[0].time_ms, 5);
	assert_int_equal(content->op_count, 1);
	assert_int_equal(content->ops[0].id, 7);
	assert_string_equal(content->ops[0].kind, "topology-apply");
	assert_true(content->ops[0].ended);
	assert_int_equal(content->ops[0].error, 5);
	assert_string_equal(content->ops[0].text, "a text");
	assert_int_equal(content->ops[0].queued_ms, 1);
	assert_int_equal(content->ops[0].started_ms, 2);
	assert_int_equal(content->ops[0].ended_ms, 3);
	assert_int_equal(content->ops[0].router_id, 1);
	assert_int_equal(content->ops[0].link_id, 1);
	assert_int_equal(content->ops[0].who_uid, UINT32_MAX);
	store_content_free(content);
	net_free(&net);
}

static void what_is_loaded_is_restored(void **state)
{
	struct world *w = *state;
	struct store_content *content;
	struct model_router *router;
	struct model *model;
	struct list *pos;
	uint32_t last_router, last_link;
	struct net net;
	size_t i = 0;

	net_make(&net, 50);
	world_start(w);
	net_write(w, &net, 1);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(model_new(&model), 0);
	assert_int_equal(store_restore(content, model, &w->err), 0);
	assert_string_equal(model->name, "line");
	assert_int_equal(model->router_count, 50);
	assert_int_equal(model->link_count, 49);
	list_for_each (pos, &model->routers) {
		const struct store_router *r = &net.routers[i++];

		router = list_entry(pos, struct model_router, all);
		assert_int_equal(router->state, MODEL_PLANNED);
		assert_int_equal(router->id, r->id);
		assert_int_equal(router->slot, r->slot);
		assert_int_equal(router->edge_port, r->edge_port);
		assert_int_equal(router->address, r->address);
		assert_int_equal(router->limits.memory, r->limits.memory);
		assert_int_equal(router->created_ms, r->created_ms);
		assert_string_equal(router->host, "here");
	}
	i = 0;
	list_for_each (pos, &model->links) {
		struct model_link *link = list_entry(pos, struct model_link, all);
		const struct store_link *l = &net.links[i++];

		assert_int_equal(link->state, MODEL_PLANNED);
		assert_int_equal(link->id, l->id);
		assert_int_equal(link->admin, l->admin);
		for (int side = 0; side < 2; side++) {
			assert_int_equal(link->end[side].router->id, l->router[side]);
			assert_int_equal(link->end[side].port, l->port[side]);
			assert_string_equal(link->end[side].ifname, l->ifname[side]);
			assert_true(topo_shape_equal(&link->shape[side], &l->shape[side]));
		}
	}
	model_last_ids(model, &last_router, &last_link);
	assert_int_equal(last_router, 50);
	assert_int_equal(last_link, 49);
	assert_false(list_empty(&model->removed));
	model_free(model);
	store_content_free(content);
	net_free(&net);
}

/* Refused at its turn: it ends without having begun. */
static void an_operation_that_never_began_is_history_too(void **state)
{
	struct world *w = *state;
	struct store_content *content;
	struct store_op op = {.id = 7, .kind = "link-add", .ended = true, .error = ENOENT};
	struct net net;

	net_make(&net, 2);
	world_start(w);
	net_write(w, &net, 1);
	w->store->ops->end(w->store, &op);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->last_op_id, 7);
	assert_int_equal(content->op_count, 2);
	store_content_free(content);
	net_free(&net);
}

static void nothing_is_left_when_it_is_removed(void **state)
{
	struct world *w = *state;
	struct net net;

	net_make(&net, 5);
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, true);
	assert_int_equal(access(w->dir, F_OK), -1);
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, false);
	assert_int_equal(store_remove(w->dir, &w->err), 0);
	assert_int_equal(access(w->dir, F_OK), -1);
	assert_int_equal(store_remove(w->dir, &w->err), 0);
	net_free(&net);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_is_empty_and_private),
		TEST(what_is_committed_is_loaded),
		TEST(what_is_loaded_is_restored),
		TEST(an_operation_that_never_began_is_history_too),
		TEST(nothing_is_left_when_it_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
