// SPDX-License-Identifier: GPL-2.0-or-later
/* The store as daemon/ctl and main see it: what is committed is what is loaded and restored. */
#include "tests/unit/daemon/store/world.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static void a_directory_that_everybody_may_write_in_is_refused(void **state)
{
	struct world *w = *state;
	struct store *store;
	struct err err;

	assert_return_code(mkdir(w->dir, 0700), errno);
	assert_return_code(chmod(w->dir, 01777), errno);
	assert_int_equal(store_open(w->dir, &store, &err), -EPERM);
	assert_non_null(strstr(err.text, "mode 1777"));
	assert_int_equal(access(w->path, F_OK), -1);
	assert_return_code(chmod(w->dir, 0700), errno);
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
		assert_true(topo_ifaces_equal(router->interfaces, r->interfaces));
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
	assert_int_equal(w->store->ops->end(w->store, &op, &w->err), 0);
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

static struct store_change change_of(const struct net *net)
{
	return (struct store_change){.last_router_id = (uint32_t)net->router_count,
				     .last_link_id = (uint32_t)net->link_count};
}

static void a_change_touches_what_it_names(void **state)
{
	uint32_t gone_links[] = {1, 2, 77}, gone_routers[] = {2, 77};
	struct store_content *content;
	struct store_change change;
	struct world *w = *state;
	struct store_router router;
	struct net net;

	net_make(&net, 10);
	world_start(w);
	net_write(w, &net, 1);
	/* Router 2 goes with its links; 11 comes under its name, address, slot and port. */
	change = change_of(&net);
	router = net.routers[1];
	router.id = 11;
	net.links[4].weight = 4711;
	net.links[4].admin = MODEL_SILENT;
	change.last_router_id = 11;
	change.links_gone = gone_links;
	change.links_gone_count = 3;
	change.routers_gone = gone_routers;
	change.routers_gone_count = 2;
	change.routers = &router;
	change.router_count = 1;
	change.links = &net.links[4];
	change.link_count = 1;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->router_count, 10);
	assert_int_equal(content->routers[1].id, 3);
	assert_int_equal(content->routers[9].id, 11);
	assert_string_equal(content->routers[9].name, "r2");
	assert_int_equal(content->link_count, 7);
	assert_int_equal(content->links[2].id, 5);
	assert_int_equal(content->links[2].weight, 4711);
	assert_int_equal(content->links[2].admin, MODEL_SILENT);
	assert_string_equal(content->topology.name, "line");
	assert_int_equal(content->last_router_id, 11);
	assert_int_equal(content->last_op_id, 1);
	assert_int_equal(content->op_count, 1);
	store_content_free(content);
	/* Ids that were given stay given. */
	change = (struct store_change){.all = true};
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->router_count + content->link_count, 0);
	assert_int_equal(content->last_router_id, 11);
	assert_int_equal(content->last_link_id, 9);
	store_content_free(content);
	net_free(&net);
}

static void what_could_not_be_read_again_is_not_written(void **state)
{
	struct store_content *content;
	struct store_change change;
	struct world *w = *state;
	struct store_router router;
	struct store_link link;
	uint32_t gone = 1;
	struct net net;

	net_make(&net, 5);
	world_start(w);
	net_write(w, &net, 1);

	change = change_of(&net);
	router = net.routers[1];
	router.slot = 16384;
	change.routers = &router;
	change.router_count = 1;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), -EINVAL);
	assert_string_equal(w->err.text, "router 2: slot: 16384 is not within 0 to 16383");

	/* Another's name; an end that is not there; a router that has links still. */
	router = net.routers[1];
	router.id = 6;
	change.last_router_id = 6;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), -EINVAL);
	assert_non_null(strstr(w->err.text, "routers.slot"));
	change = change_of(&net);
	link = net.links[1];
	link.router[1] = 9;
	change.links = &link;
	change.link_count = 1;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), -EINVAL);
	change = change_of(&net);
	change.routers_gone = &gone;
	change.routers_gone_count = 1;
	assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), -EINVAL);
	assert_false(w->store->stale);

	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_same(content, &net);
	store_content_free(content);
	net_free(&net);
}

static void what_began_and_did_not_end_is_known(void **state)
{
	struct store_op op = {.id = 5, .kind = "router-add", .queued_ms = 9};
	struct store_content *content;
	struct world *w = *state;

	world_start(w);
	assert_int_equal(w->store->ops->begin(w->store, &op, 40, 50, 60, 2, &w->err), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->op_count, 1);
	assert_false(content->ops[0].ended);
	assert_int_equal(content->last_router_id, 40);
	assert_int_equal(content->last_link_id, 50);
	assert_int_equal(content->last_app_id, 60);
	assert_int_equal(content->last_op_id, 5);
	store_content_free(content);
	op.ended = true;
	op.error = EIO;
	op.ended_ms = 10;
	strcpy(op.text, "the machine refused");
	assert_int_equal(w->store->ops->end(w->store, &op, &w->err), 0);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_int_equal(content->op_count, 1);
	assert_true(content->ops[0].ended);
	assert_string_equal(content->ops[0].text, "the machine refused");
	store_content_free(content);
}

static void history_has_an_end(void **state)
{
	struct store_removed *removed = calloc(4000, sizeof(*removed));
	struct store_change change = {.removed = removed, .removed_count = 4000};
	struct store_op op = {.kind = "router-add", .ended = true};
	struct store_content *content;
	struct world *w = *state;
	uint32_t id = 0;

	world_start(w);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 4000; k++) {
			removed[k] = (struct store_removed){.id = ++id, .name = "r", .time_ms = id};
		}
		change.last_router_id = id;
		assert_int_equal(w->store->ops->commit(w->store, &change, &w->err), 0);
	}
	for (op.id = 1; op.id <= STORE_OPS_MAX + 50; op.id++)
		assert_int_equal(w->store->ops->end(w->store, &op, &w->err), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->removed_count, STORE_REMOVED_MAX);
	assert_int_equal(content->removed[0].id, 2001);
	assert_int_equal(content->removed[STORE_REMOVED_MAX - 1].id, 12000);
	assert_int_equal(content->op_count, STORE_OPS_MAX);
	assert_int_equal(content->ops[0].id, 51);
	store_content_free(content);
	free(removed);
}

static void a_second_daemon_is_refused(void **state)
{
	struct world *w = *state;
	struct store *second = NULL;

	world_start(w);
	assert_int_equal(store_open(w->dir, &second, &w->err), -EBUSY);
	assert_non_null(strstr(w->err.text, w->dir));
	assert_non_null(strstr(w->err.text, "another vlspd"));
	assert_null(second);
	assert_int_equal(store_remove(w->dir, &w->err), -EBUSY);
	assert_true(world_has(w, "vlsp.db"));
	world_stop(w, false);
	world_start(w);
}

/* Opens, and removes it all again, as often as it gets it; while it has it, nobody else does. */
static void come_and_go(struct world *w, const char *mark)
{
	int had = 0, r, fd;

	while (had < 50) {
		r = store_open(w->dir, &w->store, &w->err);
		if (r == -EBUSY) {
			usleep((useconds_t)getpid() % 7 * 30);
			continue;
		}
		if (r < 0)
			_exit(100 - r % 100);
		fd = open(mark, O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			_exit(1);
		close(fd);
		if (unlink(mark) < 0)
			_exit(2);
		world_stop(w, ++had % 3 != 0);
	}
	_exit(0);
}

static void one_has_it_at_a_time_also_while_it_goes(void **state)
{
	struct world *w = *state;
	char mark[100];
	int status;

	snprintf(mark, sizeof(mark), "%s/mark", w->top);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			come_and_go(w, mark);
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* In place of libc's, for the store, too: what happens between opening a lock and taking it. */
static struct store *goes_now;
static struct world *comes_now;
int flock(int fd, int operation)
{
	struct store *store = goes_now;

	goes_now = NULL;
	if (store)
		store->ops->close(store, true);
	if (store && comes_now)
		world_start(comes_now);
	return (int)syscall(SYS_flock, fd, operation);
}

static void a_lock_that_goes_while_we_wait_is_not_taken(void **state)
{
	struct store *first, *third;
	struct world *w = *state;

	assert_int_equal(store_open(w->dir, &first, &w->err), 0);
	goes_now = first;
	world_start(w);
	assert_null(goes_now);
	assert_true(world_has(w, "lock"));
	assert_int_equal(store_open(w->dir, &third, &w->err), -EBUSY);
	/* And another one was faster. */
	goes_now = w->store;
	comes_now = w;
	w->store = NULL;
	assert_int_equal(store_open(w->dir, &third, &w->err), -EBUSY);
	assert_non_null(w->store);
	comes_now = NULL;
}

static void others_may_look_while_it_is_open(void **state)
{
	struct world *w = *state;
	sqlite3 *db;
	struct net net;

	net_make(&net, 5);
	world_start(w);
	net_write(w, &net, 1);
	assert_int_equal(world_number(w, "SELECT count(*) FROM routers"), 5);
	/* One that is writing, and does not finish, is named after a while. */
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	net.op.id = 2;
	assert_int_equal(w->store->ops->begin(w->store, &net.op, 0, 0, 0, 1, &w->err), -EBUSY);
	assert_non_null(strstr(w->err.text, "another program is writing"));
	sqlite3_close(db);
	net_write(w, &net, 2);
	assert_int_equal(w->store->trouble[0], 0);
	net_free(&net);
}

static void a_database_that_was_moved_away_takes_no_change(void **state)
{
	struct world *w = *state;
	char other[200];
	struct net net;

	net_make(&net, 5);
	world_start(w);
	net_write(w, &net, 1);
	snprintf(other, sizeof(other), "%s/elsewhere", w->dir);
	assert_int_equal(rename(w->path, other), 0);
	net.op.id = 2;
	assert_int_equal(w->store->ops->begin(w->store, &net.op, 0, 0, 0, 1, &w->err), -ESTALE);
	assert_non_null(strstr(w->err.text, "was moved or removed"));
	assert_int_equal(rename(other, w->path), 0);
	net_write(w, &net, 2);
	net_free(&net);
}

static void what_is_not_ours_stays(void **state)
{
	static const char *const names[] = {"vlsp.db.old", "vlsp.db.v1.gz", "reserve.d", "notes"};
	struct world *w = *state;
	char path[200];

	world_start(w);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	world_stop(w, true);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(world_has(w, names[i]));
	assert_false(world_has(w, "vlsp.db"));
	assert_false(world_has(w, "reserve"));
	assert_false(world_has(w, "lock"));
}

/* Any shape that can be asked for comes back as it was. */
static void shapes_come_back_exactly(void **state)
{
	struct topo_shape shape, back;
	char text[STORE_SHAPE_SIZE];
	struct err err;

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();

		shape = (struct topo_shape){.set = (uint32_t)rand() & 0x7fff,
					    .rate = 1 + bits % 1000000000000ull,
					    .delay_ns = bits % 1000000000001ull,
					    .jitter_ns = (bits >> 7) % 1000000000001ull,
					    .distribution = (enum topo_distribution)(rand() % 4),
					    .loss_ppm = (uint32_t)rand() % 1000001,
					    .duplicate_ppm = (uint32_t)rand() % 1000001,
					    .corrupt_ppm = (uint32_t)rand() % 1000001,
					    .reorder_ppm = (uint32_t)rand() % 1000001,
					    .limit_packets = 1 + (uint32_t)rand() % 1000000,
					    .seed = bits * 0x9e3779b97f4a7c15ull,
					    .burst_milli = 1000 + (uint32_t)(bits % 999999001),
					    .burst_loss_ppm = 1 + (uint32_t)rand() % 1000000,
					    .overhead = rand() % 1015 - 14,
					    .order = (enum topo_order)(rand() % 2),
					    .backend = (enum topo_backend)(1 + rand() % 4)};
		store_shape_write(&shape, text);
		if (store_shape_read(text, &back, &err) < 0)
			fail_msg("%s: %s", text, err.text);
		if (!topo_shape_equal(&shape, &back))
			fail_msg("%s", text);
	}
}

/* Every property, each with the longest text that it may have. */
static void the_longest_shape_has_room(void **state)
{
	struct topo_shape shape = {.set = 0x7fff,
				   .rate = 9999999999999ull,
				   .delay_ns = 999999999999ull,
				   .jitter_ns = 999999999999ull,
				   .distribution = TOPO_DIST_PARETONORMAL,
				   .loss_ppm = 123456,
				   .duplicate_ppm = 123456,
				   .corrupt_ppm = 123456,
				   .reorder_ppm = 123456,
				   .limit_packets = 1000000,
				   .seed = UINT64_MAX,
				   .burst_milli = 999999999,
				   .burst_loss_ppm = 123456,
				   .overhead = 1000,
				   .backend = TOPO_BACKEND_RELAY};
	char text[STORE_SHAPE_SIZE];
	struct topo_shape back;

	(void)state;
	store_shape_write(&shape, text);
	assert_in_range(strlen(text), 250, sizeof(text) / 2);
	assert_int_equal(store_shape_read(text, &back, NULL), 0);
	assert_true(topo_shape_equal(&shape, &back));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_is_empty_and_private),
		TEST(a_directory_that_everybody_may_write_in_is_refused),
		TEST(what_is_committed_is_loaded),
		TEST(what_is_loaded_is_restored),
		TEST(an_operation_that_never_began_is_history_too),
		TEST(nothing_is_left_when_it_is_removed),
		TEST(a_change_touches_what_it_names),
		TEST(what_could_not_be_read_again_is_not_written),
		TEST(what_began_and_did_not_end_is_known),
		TEST(history_has_an_end),
		TEST(a_second_daemon_is_refused),
		TEST(one_has_it_at_a_time_also_while_it_goes),
		TEST(a_lock_that_goes_while_we_wait_is_not_taken),
		TEST(others_may_look_while_it_is_open),
		TEST(a_database_that_was_moved_away_takes_no_change),
		TEST(what_is_not_ours_stays),
		TEST(shapes_come_back_exactly),
		TEST(the_longest_shape_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
