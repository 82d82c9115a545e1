// SPDX-License-Identifier: GPL-2.0-or-later
/* Versions of the tables: older ones are brought up to date with a copy kept, newer ones refused,
 * and a disk that fails on the way leaves the one or the other. */
#include "tests/unit/daemon/store/world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/daemon/store/fault_vfs.h"

/* Made up: a version before the first, with other tables. */
#define OLD                                                                                        \
	"CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT, address TEXT);"                    \
	"INSERT INTO nodes VALUES (1, 'r1', '10.0.0.1'), (2, 'r2', '10.0.0.2');"
#define FROM_OLD                                                                                   \
	"INSERT INTO routers SELECT id, name, address, id - 1, id + 15, '', NULL, NULL, NULL,"     \
	" 0, 0, 0, 0, NULL FROM nodes; DROP TABLE nodes;"                                          \
	"UPDATE state SET last_router_id = (SELECT max(id) FROM routers);"
#define COLOUR "ALTER TABLE routers ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';"

static int open_with(struct world *w, const char *const *steps, int version)
{
	struct store_schema schema = {.steps = steps, .version = version};

	return store_open_schema(w->dir, &schema, &w->store, &w->err);
}

static void an_older_database_is_brought_up_to_date_and_kept(void **state)
{
	const char *steps[] = {OLD,
			       store_schema.steps[0],
			       FROM_OLD COLOUR,
			       store_schema.steps[1],
			       store_schema.steps[2],
			       store_schema.steps[3],
			       store_schema.steps[4]};
	struct store_content *content;
	struct world *w = *state;
	struct stat st;

	assert_int_equal(open_with(w, steps, 1), 0);
	world_stop(w, false);
	assert_int_equal(world_number(w, "PRAGMA user_version"), 1);
	assert_int_equal(open_with(w, steps, 7), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), 0);
	assert_int_equal(content->router_count, 2);
	assert_string_equal(content->routers[1].name, "r2");
	assert_int_equal(content->routers[1].address, 0x0a000002);
	assert_int_equal(content->last_router_id, 2);
	store_content_free(content);
	world_stop(w, false);
	assert_int_equal(world_number(w, "PRAGMA user_version"), 7);
	assert_int_equal(world_number(w, "SELECT count(*) FROM routers WHERE colour = 'red'"), 2);
	/* The copy is a database of the old version. */
	assert_true(world_has(w, "vlsp.db.v1"));
	assert_false(world_has(w, "vlsp.db.copy"));
	assert_false(world_has(w, "vlsp.db.v2"));
	strcat(w->path, ".v1");
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(world_number(w, "PRAGMA user_version"), 1);
	assert_int_equal(world_number(w, "PRAGMA application_id"), STORE_APPLICATION_ID);
	assert_int_equal(world_number(w, "SELECT count(*) FROM nodes"), 2);
	w->path[strlen(w->path) - 3] = '\0';

	/* It is named where the database is damaged, and goes with the store. */
	world_sql(w, "DROP TABLE links");
	assert_int_equal(open_with(w, steps, 7), 0);
	assert_int_equal(store_load(w->store, &content, &w->err), -EUCLEAN);
	assert_non_null(strstr(w->err.text, "or restore vlsp.db.v1"));
	world_stop(w, true);
	assert_int_equal(access(w->dir, F_OK), -1);
}

/* The sum of a row of before stands, and counts events from then on. */
static void version_2_keeps_events(void **state)
{
	static const char text[] = "events: [{at: 1s, link-down: x}]";
	struct store_content *content;
	struct topo_events *events = NULL;
	struct world *w = *state;
	uint64_t sum = STORE_SUM_START;
	char sql[200];
	struct net net;

	assert_int_equal(open_with(w, store_schema.steps, 1), 0);
	world_stop(w, false);
	sum = store_sum_text(store_sum_text(sum, "lab"), "10.0.0.0/16");
	sum = store_sum_int(store_sum_text(sum, "distributed"), 0);
	snprintf(sql, sizeof(sql), "UPDATE topology SET name = 'lab', sum = %lld", (long long)sum);
	world_sql(w, sql);
	assert_int_equal(world_load(w, &content), 0);
	assert_string_equal(content->topology.name, "lab");
	assert_null(content->topology.events);
	store_content_free(content);

	assert_int_equal(topo_events_read(text, sizeof(text) - 1, "x", NULL, &events, &w->err), 0);
	net_make(&net, 3);
	net.topology.events = events;
	net_write(w, &net, 1);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_true(topo_events_same(content->topology.events, events));
	store_content_free(content);
	world_stop(w, false);
	topo_events_free(events);
	net_free(&net);
	world_sql(w, "UPDATE topology SET events = replace(events, '1s', '2s')");
	assert_int_equal(world_load(w, &content), -EUCLEAN);
	world_sql(w, "UPDATE topology SET events = '[1', sum = NULL");
	assert_int_equal(world_load(w, &content), -EUCLEAN);
}

/* Rows of before stand as they are, with their sums; then there may be applications. */
static void version_4_has_applications(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	uint64_t sum = STORE_SUM_START;
	char sql[400];
	struct net net;

	assert_int_equal(open_with(w, store_schema.steps, 3), 0);
	world_stop(w, false);
	sum = store_sum_text(store_sum_text(store_sum_int(sum, 1), "r1"), "10.0.0.1");
	sum = store_sum_text(store_sum_int(store_sum_int(sum, 0), 16), "here");
	sum = store_sum_real(store_sum_real(store_sum_text(sum, NULL), false, 0), false, 0);
	sum = store_sum_int(store_sum_int(store_sum_int(store_sum_int(sum, 0), 0), 0), 9);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO routers VALUES (1, 'r1', '10.0.0.1', 0, 16, 'here', NULL, NULL, NULL,"
		 " 0, 0, 0, 9, %lld, NULL); UPDATE state SET last_router_id = 1;"
		 "INSERT INTO operations VALUES (1, 'router-add', 1, 0, '', 1, 2, 3, 1, 0);"
		 "UPDATE state SET last_op_id = 1",
		 (long long)sum);
	world_sql(w, sql);
	assert_int_equal(world_load(w, &content), 0);
	assert_true(world_has(w, "vlsp.db.v3"));
	assert_int_equal(content->router_count, 1);
	assert_int_equal(content->routers[0].last_aid, 0);
	assert_int_equal(content->ops[0].app_id, 0);
	assert_int_equal(content->app_count, 0);
	assert_int_equal(content->last_app_id, 0);
	store_content_free(content);

	net_make(&net, 3);
	net_write(w, &net, 2);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &net);
	assert_int_equal(content->last_app_id, 6);
	assert_int_equal(content->ops[1].app_id, 1);
	store_content_free(content);
	net_free(&net);
}

/* An application of before is where it was: by its number. */
static void version_5_has_places(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	uint64_t sum = STORE_SUM_START;
	char sql[600];

	assert_int_equal(open_with(w, store_schema.steps, 4), 0);
	world_stop(w, false);
	sum = store_sum_int(store_sum_int(store_sum_int(sum, 5), 1), 3);
	sum = store_sum_text(store_sum_text(sum, "x"), "{\"run\":\"/x\"}");
	sum = store_sum_text(store_sum_int(store_sum_text(sum, "request"), 9), "wanted");
	sum = store_sum_int(store_sum_int(sum, UINT64_MAX), 0);
	sum = store_sum_int(store_sum_int(store_sum_int(sum, 0), 0), 0);
	sum = store_sum_text(sum, "");
	snprintf(
		sql, sizeof(sql),
		"INSERT INTO routers VALUES (1, 'r1', '10.0.0.1', 0, 16, 'here', NULL, NULL, NULL,"
		" 0, 0, 0, 9, NULL, NULL, 3);"
		"INSERT INTO apps VALUES (5, 1, 3, 'x', '{\"run\":\"/x\"}', 'request', 9, 'wanted',"
		" -1, 0, 0, 0, 0, '', %lld);"
		"UPDATE state SET last_router_id = 1, last_app_id = 5",
		(long long)sum);
	world_sql(w, sql);
	assert_int_equal(world_load(w, &content), 0);
	assert_true(world_has(w, "vlsp.db.v4"));
	assert_int_equal(content->app_count, 1);
	assert_int_equal(content->apps[0].aid, 3);
	assert_int_equal(content->apps[0].place, 3);
	store_content_free(content);
}

static void what_is_up_to_date_is_not_copied(void **state)
{
	struct world *w = *state;
	struct net net;

	net_make(&net, 3);
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, false);
	world_start(w);
	assert_false(world_has(w, "vlsp.db.v1"));
	net_free(&net);
}

static void a_newer_database_is_refused_and_left_alone(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	net_make(&net, 3);
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, false);
	world_sql(w, "PRAGMA user_version = 99");
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EPROTO);
	assert_non_null(strstr(w->err.text, "newer vlspd"));
	assert_non_null(strstr(w->err.text, "version 99"));
	assert_int_equal(world_number(w, "PRAGMA user_version"), 99);
	world_sql(w, "PRAGMA user_version = 5");
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &net);
	store_content_free(content);
	net_free(&net);
}

static void a_step_that_fails_changes_nothing(void **state)
{
	const char *steps[] = {store_schema.steps[0], store_schema.steps[1],
			       store_schema.steps[2], store_schema.steps[3],
			       store_schema.steps[4], "CREATE TABLE half (a); NONSENSE"};
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	net_make(&net, 3);
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, false);
	assert_int_equal(open_with(w, steps, 6), -EUCLEAN);
	assert_int_equal(world_number(w, "PRAGMA user_version"), 5);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &net);
	store_content_free(content);
	assert_int_equal(world_number(w, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"),
			 0);
	net_free(&net);
}

static void a_disk_that_fails_while_it_is_made_leaves_none_or_all(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	int at, r = -1;

	for (at = 1; r < 0; at++) {
		fault = (struct fault){.fail_at = at, .code = SQLITE_IOERR_WRITE};
		r = store_open(w->dir, &w->store, &w->err);
		if (r == 0) {
			if (fault.count < at)
				break;
			world_stop(w, false); /* it was none that matters */
			r = -1;
		} else if (r != -EIO && r != -EUCLEAN) {
			fail_msg("%d: %d %s", at, r, w->err.text);
		}
		fault = (struct fault){0};
		if (world_load(w, &content) < 0)
			fail_msg("%d: %s", at, w->err.text);
		assert_int_equal(content->router_count, 0);
		store_content_free(content);
		world_stop(w, true);
	}
	assert_true(at > 10);
}

static void a_disk_that_fails_while_it_is_updated_leaves_old_or_new(void **state)
{
	const char *steps[] = {store_schema.steps[0], store_schema.steps[1], store_schema.steps[2],
			       store_schema.steps[3], store_schema.steps[4], COLOUR};
	struct store_content *content;
	struct world *w = *state;
	bool hit = true;
	struct net net;
	int at, r;

	net_make(&net, 30);
	for (at = 1; hit; at++) {
		world_start(w);
		net_write(w, &net, 1);
		world_stop(w, false);
		fault = (struct fault){.fail_at = at, .code = SQLITE_IOERR_WRITE};
		r = open_with(w, steps, 6);
		hit = fault.count >= at;
		fault = (struct fault){0};
		if (r == 0)
			world_stop(w, false);
		else
			assert_null(w->store);
		assert_int_equal(open_with(w, steps, 6), 0);
		assert_int_equal(store_load(w->store, &content, &w->err), 0);
		assert_same(content, &net);
		store_content_free(content);
		world_stop(w, true);
	}
	assert_true(at > 10);
	net_free(&net);
}

static int open_well(void **state)
{
	fault = (struct fault){0};
	return world_open(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_well, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_older_database_is_brought_up_to_date_and_kept),
		TEST(version_2_keeps_events),
		TEST(version_4_has_applications),
		TEST(version_5_has_places),
		TEST(what_is_up_to_date_is_not_copied),
		TEST(a_newer_database_is_refused_and_left_alone),
		TEST(a_step_that_fails_changes_nothing),
		TEST(a_disk_that_fails_while_it_is_made_leaves_none_or_all),
		TEST(a_disk_that_fails_while_it_is_updated_leaves_old_or_new),
	};

	fault_vfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
