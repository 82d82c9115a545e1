// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are not as the daemon left them: cut short, with bits turned over, edited by hand,
 * somebody else's. Either what was written is loaded, or it is refused with a text that says where
 * and what to do; never another network, never a crash.
 */
#include "tests/unit/daemon/store/world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_net(struct world *w, struct net *net, uint32_t n)
{
	net_make(net, n);
	world_start(w);
	net_write(w, net, 1);
	world_stop(w, false);
	assert_false(world_has(w, "vlsp.db-wal"));
	return 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct nonsense {
	const char *sql, *text; /* what is done; what is in the message */
};

static const struct nonsense nonsense[] = {
	{"UPDATE state SET last_router_id = 4", "routers, id 5: above the last that was given, 4"},
	{"UPDATE state SET last_link_id = 3", "links, id 4: above the last that was given, 3"},
	{"UPDATE state SET last_op_id = 0", "operations, id 1: above the last"},
	{"UPDATE state SET changes = 0", "1 changes were acknowledged, 0 are in it"},
	{"UPDATE state SET changes = 9223372036854775807", "state: changes: 9223372036854775807"},
	{"UPDATE state SET last_op_id = -1", "state: last_op_id: -1"},
	{"UPDATE state SET last_link_id = 4294967296", "state: last_link_id: 4294967296"},
	{"UPDATE state SET boot_id = printf('%.*c', 40, 'x')", "state: boot_id: longer than 39"},
	{"DELETE FROM state", "state: fewer rows than 1"},
	{"DELETE FROM topology", "topology: fewer rows than 1"},
	{"UPDATE topology SET name = 'a/b'", "topology: name: "},
	{"UPDATE topology SET name = printf('%.*c', 64, 'x')", "topology: name: longer than 63"},
	{"UPDATE topology SET network = '10.0.0.0/8'", "topology: network: "},
	{"UPDATE topology SET network = '10.0.0.1/16'", "topology: network: "},
	{"UPDATE topology SET network = '127.0.0.0/16'", "topology: network: "},
	{"UPDATE topology SET network = '11.0.0.0/16', sum = NULL", "routers, id 1: address: "},
	{"UPDATE topology SET routing = 'magic'", "topology: routing: 'magic'"},
	{"UPDATE topology SET hello_us = 5", "topology: hello_us: 5 is not within 1000"},
	{"UPDATE topology SET hello_us = -1", "topology: hello_us: -1"},
	{"UPDATE topology SET hello_us = 30000", "topology: sum: "},
	{"UPDATE routers SET id = 0 WHERE id = 1", "routers, id 0: id: 0"},
	{"UPDATE routers SET id = -7 WHERE id = 5", "routers, id -7: id: -7"},
	{"UPDATE routers SET name = '..' WHERE id = 2", "routers, id 2: name: "},
	{"UPDATE routers SET name = '' WHERE id = 2", "routers, id 2: name: "},
	{"UPDATE routers SET name = 'a' || char(0) || 'b' WHERE id = 2", "routers, id 2: name: "},
	{"UPDATE routers SET name = 'paris' WHERE id = 2", "routers, id 2: sum: "},
	{"DROP INDEX routers_name; UPDATE routers SET name = 'r1', sum = NULL WHERE id = 2",
	 "routers: name: 'r1' is there twice"},
	{"UPDATE routers SET address = '10.0.0.300' WHERE id = 2", "routers, id 2: address: "},
	{"UPDATE routers SET address = '10.1.0.2' WHERE id = 2",
	 "routers, id 2: address: 10.1.0.2"},
	{"UPDATE routers SET address = '10.0.0.0' WHERE id = 2",
	 "routers, id 2: address: 10.0.0.0"},
	{"UPDATE routers SET address = '10.0.255.255' WHERE id = 2", "routers, id 2: address: "},
	{"DROP INDEX routers_address; UPDATE routers SET address = '10.0.0.1', sum = NULL WHERE id "
	 "= 2",
	 "routers, id 2: address: 10.0.0.1 is that of id 1"},
	{"UPDATE routers SET slot = 16384 WHERE id = 3", "routers, id 3: slot: 16384"},
	{"UPDATE routers SET slot = -1 WHERE id = 3", "routers, id 3: slot: -1"},
	{"DROP INDEX routers_slot; UPDATE routers SET slot = 0, sum = NULL WHERE id = 3",
	 "routers, id 3: slot: 0 is that of id 1"},
	{"UPDATE routers SET edge_port = 15 WHERE id = 3", "routers, id 3: edge_port: 15"},
	{"UPDATE routers SET edge_port = 65536 WHERE id = 3", "routers, id 3: edge_port: 65536"},
	{"UPDATE routers SET edge_port = 16, sum = NULL WHERE id = 3",
	 "routers, id 3: edge_port: 16 is a port of router 1"},
	{"UPDATE routers SET host = 'a b' WHERE id = 3", "routers, id 3: host: "},
	{"UPDATE routers SET label = CAST(x'ff' AS TEXT) WHERE id = 3",
	 "routers, id 3: label: not UTF-8"},
	{"UPDATE routers SET label = char(7) WHERE id = 3", "routers, id 3: label: a control"},
	{"UPDATE routers SET label = printf('%.*c', 1025, 'x') WHERE id = 3",
	 "routers, id 3: label: longer"},
	{"UPDATE routers SET latitude = 91 WHERE id = 2", "routers, id 2: latitude: "},
	{"UPDATE routers SET longitude = -1e300 WHERE id = 2", "routers, id 2: longitude: "},
	{"UPDATE routers SET longitude = 9e999 WHERE id = 2", "routers, id 2: longitude: "},
	{"UPDATE routers SET latitude = NULL WHERE id = 2", "routers, id 2: latitude, longitude: "},
	{"UPDATE routers SET memory = -1 WHERE id = 2", "routers, id 2: memory: -1"},
	{"UPDATE routers SET cpu = 4294967296 WHERE id = 2", "routers, id 2: cpu: 4294967296"},
	{"UPDATE routers SET pids = -1 WHERE id = 2", "routers, id 2: pids: -1"},
	{"UPDATE routers SET created_ms = -1 WHERE id = 2", "routers, id 2: created_ms: -1"},
	{"UPDATE routers SET created_ms = 1 WHERE id = 2", "routers, id 2: sum: "},
	{"UPDATE links SET id = 0 WHERE id = 1", "links, id 0: id: 0"},
	{"UPDATE links SET name = 'a b' WHERE id = 1", "links, id 1: name: "},
	{"UPDATE links SET name = printf('%.*c', 100, '/') WHERE id = 1", "links, id 1: name: "},
	{"UPDATE links SET name = printf('%.*c', 144, 'x') WHERE id = 1",
	 "links, id 1: name: longer"},
	{"DROP INDEX links_name; UPDATE links SET name = 'r1-r2', sum = NULL WHERE id = 2",
	 "links: name: 'r1-r2' is there twice"},
	{"UPDATE links SET router_a = 0 WHERE id = 1", "links, id 1: router_a: 0"},
	{"UPDATE links SET router_b = 99, sum = NULL WHERE id = 1",
	 "links, id 1: router_b: there is no router 99"},
	{"UPDATE links SET router_b = router_a WHERE id = 1", "links, id 1: router_b: is router_a"},
	{"UPDATE links SET port_a = 3 WHERE id = 1", "links, id 1: port_a: 3"},
	{"UPDATE links SET port_b = 70000 WHERE id = 1", "links, id 1: port_b: 70000"},
	{"UPDATE links SET port_b = port_a, sum = NULL WHERE id = 1",
	 "links, id 1: port_b: 30000 is a port of link 1"},
	{"UPDATE links SET port_b = 17, sum = NULL WHERE id = 1",
	 "links, id 1: port_b: 17 is a port of router 2"},
	{"UPDATE links SET ifname_a = 'lo' WHERE id = 1", "links, id 1: ifname_a: 'lo'"},
	{"UPDATE links SET ifname_a = 'to-' WHERE id = 1", "links, id 1: ifname_a: 'to-'"},
	{"UPDATE links SET ifname_b = 'to-a/b' WHERE id = 1", "links, id 1: ifname_b: 'to-a/b'"},
	{"UPDATE links SET ifname_b = 'to-45678901234567' WHERE id = 1",
	 "links, id 1: ifname_b: longer than 15"},
	{"UPDATE links SET ifname_b = 'to-r3', sum = NULL WHERE id = 1",
	 "router 2 has a device to-r3"},
	{"UPDATE links SET weight = 0 WHERE id = 1", "links, id 1: weight: 0"},
	{"UPDATE links SET weight = 65536 WHERE id = 1", "links, id 1: weight: 65536"},
	{"UPDATE links SET weight = 9 WHERE id = 1", "links, id 1: sum: "},
	{"UPDATE links SET admin = 'gone' WHERE id = 1", "links, id 1: admin: 'gone'"},
	{"UPDATE links SET shape_ab = 'delay' WHERE id = 1",
	 "links, id 1: shape_ab: 'delay' is not like"},
	{"UPDATE links SET shape_ba = 'delay=soon' WHERE id = 1", "links, id 1: shape_ba: delay: "},
	{"UPDATE links SET shape_ab = 'speed=1' WHERE id = 1", "links, id 1: shape_ab: speed: "},
	{"UPDATE links SET shape_ab = printf('%.*c', 800, ' ') WHERE id = 1",
	 "links, id 1: shape_ab: longer"},
	{"UPDATE links SET label = x'00' WHERE id = 1", NULL}, /* STRICT: refused by SQLite */
	{"UPDATE state SET last_app_id = 8", "apps, id 9: above the last that was given, 8"},
	{"UPDATE state SET last_app_id = -1", "state: last_app_id: -1"},
	{"UPDATE routers SET last_aid = -1 WHERE id = 2", "routers, id 2: last_aid: -1"},
	{"UPDATE apps SET id = 0 WHERE id = 1", "apps, id 0: id: 0"},
	{"UPDATE apps SET router_id = 9, sum = NULL WHERE id = 3",
	 "apps, id 3: router_id: there is no router 9"},
	{"UPDATE apps SET aid = 0 WHERE id = 3", "apps, id 3: aid: 0"},
	{"UPDATE apps SET place = 0 WHERE id = 3", "apps, id 3: place: 0"},
	{"UPDATE apps SET place = 1 WHERE id = 3", "apps, id 3: sum: "},
	{"UPDATE apps SET place = 1 WHERE id = 1", "apps, id 1: sum: "},
	{"UPDATE apps SET place = NULL WHERE id = 1", "apps, id 1: sum: "},
	{"UPDATE apps SET name = 'a/b' WHERE id = 3", "apps, id 3: name: "},
	{"UPDATE apps SET name = 'other' WHERE id = 3", "apps, id 3: name: 'other' is not that in"},
	{"UPDATE apps SET app = '{}' WHERE id = 3", "apps, id 3: app:1: run: is missing"},
	{"UPDATE apps SET app = '{\"run\":' WHERE id = 3", "apps, id 3: app:1: "},
	{"UPDATE apps SET app = app || ' ' WHERE id = 3", "apps, id 3: sum: "},
	{"UPDATE apps SET origin = 'thin air' WHERE id = 3", "apps, id 3: origin: 'thin air'"},
	{"UPDATE apps SET state = 'running' WHERE id = 3", "apps, id 3: state: 'running'"},
	{"UPDATE apps SET status = 65536 WHERE id = 3", "apps, id 3: status: 65536"},
	{"UPDATE apps SET status = -2 WHERE id = 3", "apps, id 3: status: -2"},
	{"UPDATE apps SET restarts = -1 WHERE id = 3", "apps, id 3: restarts: -1"},
	{"UPDATE apps SET started_ms = -1 WHERE id = 3", "apps, id 3: started_ms: -1"},
	{"UPDATE apps SET ended_ms = -1 WHERE id = 3", "apps, id 3: ended_ms: -1"},
	{"UPDATE apps SET error = 5000 WHERE id = 3", "apps, id 3: error: 5000"},
	{"UPDATE apps SET text = printf('%.*c', 512, 'x') WHERE id = 3",
	 "apps, id 3: text: longer"},
	{"UPDATE apps SET created_ms = 1 WHERE id = 3", "apps, id 3: sum: "},
	{"DROP INDEX apps_name; UPDATE apps SET router_id = 2, aid = 9, sum = NULL WHERE id = 7",
	 "apps, id 7: name: router 2 has an application zz already"},
	{"DROP INDEX apps_aid; UPDATE apps SET router_id = 1, aid = 1, sum = NULL WHERE id = 7",
	 "apps, id 7: aid: router 1 has an application 1 already"},
	{"DROP TABLE apps", "no such table: apps"},
	{"UPDATE removed SET id = 6", "removed, id 6: above the last"},
	{"UPDATE removed SET name = '.'", "removed, id 5: name: "},
	{"UPDATE removed SET time_ms = -1", "removed, id 5: time_ms: -1"},
	{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10001) "
	 "INSERT INTO removed (id, name, time_ms) SELECT 1, 'x', 1 FROM n",
	 "removed: more rows than 10000"},
	{"UPDATE operations SET id = 0", "operations, id 0: id: 0"},
	{"UPDATE operations SET kind = 'Make It So'", "operations, id 1: kind: "},
	{"UPDATE operations SET ended = 2", "operations, id 1: ended: 2"},
	{"UPDATE operations SET error = 5000", "operations, id 1: error: 5000"},
	{"UPDATE operations SET text = printf('%.*c', 320, 'x')", "operations, id 1: text: longer"},
	{"UPDATE operations SET queued_ms = -1", "operations, id 1: queued_ms: -1"},
	{"DROP TABLE links", "no such table: links"},
	{"ALTER TABLE routers DROP COLUMN created_ms", "no such column: created_ms"},
	{"DROP TABLE routers; CREATE TABLE routers (id, name, address, slot, edge_port, host, "
	 "label,"
	 " latitude, longitude, memory, cpu, pids, created_ms, interfaces, sum, last_aid);"
	 "INSERT INTO routers VALUES ('one', 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, NULL, 14, 0)",
	 "routers, id 0: id: not a whole number"},
	{"DROP TABLE routers; CREATE TABLE routers (id, name, address, slot, edge_port, host, "
	 "label,"
	 " latitude, longitude, memory, cpu, pids, created_ms, interfaces, sum, last_aid);"
	 "INSERT INTO routers VALUES (1, x'41', 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, NULL, 14, 0)",
	 "routers, id 1: name: not a text"},
	{"DROP TABLE routers; CREATE TABLE routers (id, name, address, slot, edge_port, host, "
	 "label,"
	 " latitude, longitude, memory, cpu, pids, created_ms, interfaces, sum, last_aid);"
	 "INSERT INTO routers VALUES (1,'a','10.0.0.1',0,16,'','','x',9,10,11,12,13,NULL,NULL,0)",
	 "routers, id 1: latitude: not a number"},
	{"DROP TABLE routers; CREATE TABLE routers (id, name, address, slot, edge_port, host, "
	 "label,"
	 " latitude, longitude, memory, cpu, pids, created_ms, interfaces, sum, last_aid);"
	 "INSERT INTO routers VALUES (1,'a','10.0.0.1',0,16,'',NULL,NULL,NULL,0,0,0,0,NULL,NULL,0),"
	 "(1,'b','10.0.0.2',1,17,'',NULL,NULL,NULL,0,0,0,0,NULL,NULL,0)",
	 "routers, id 1: id: behind id 1"},
	{"DROP TABLE routers; CREATE VIEW routers AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL "
	 "SELECT"
	 " id FROM n) SELECT id, 'x' AS name FROM n WHERE id = 2",
	 "no such table"},
	{"PRAGMA application_id = 0", "not a database of vlspd"},
	{"PRAGMA user_version = 0", "not a database of vlspd"},
};

static int apply(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;
	int rc;

	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

static void every_kind_of_nonsense_is_refused_by_table_row_and_field(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		write_net(w, &net, 5);
		if (!nonsense[i].text) {
			assert_int_not_equal(apply(w, nonsense[i].sql), SQLITE_OK);
		} else {
			world_sql(w, nonsense[i].sql);
			if (world_load(w, &content) != -EUCLEAN)
				fail_msg("%s: loaded, or %s", nonsense[i].sql, w->err.text);
			if (!strstr(w->err.text, nonsense[i].text))
				fail_msg("%s: %s", nonsense[i].sql, w->err.text);
			assert_non_null(strstr(w->err.text, "vlsp.db is damaged ("));
			assert_non_null(strstr(w->err.text, "move vlsp.db* away to start empty"));
			assert_non_null(strstr(w->err.text, "what runs is left alone"));
		}
		assert_int_equal(store_remove(w->dir, &w->err), 0);
		net_free(&net);
	}
}

/* Whoever looked up by name would not find it, and a second one could come. */
static void an_index_that_misses_a_row_is_damage(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	write_net(w, &net, 5);
	world_sql(w, "PRAGMA writable_schema = ON; CREATE TABLE kept AS SELECT * FROM sqlite_schema"
		     " WHERE name = 'routers_name';"
		     "DELETE FROM sqlite_schema WHERE name = 'routers_name'");
	world_sql(w, "UPDATE routers SET name = 'paris', sum = NULL WHERE id = 2");
	world_sql(w, "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM kept");
	world_sql(w, "DROP TABLE kept");
	assert_int_equal(world_load(w, &content), -EUCLEAN);
	assert_non_null(strstr(w->err.text, "routers_name"));
	net_free(&net);
}

static void a_row_that_was_edited_on_purpose_is_taken(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	write_net(w, &net, 5);
	world_sql(w, "UPDATE routers SET name = 'paris', sum = NULL WHERE id = 2;"
		     "UPDATE links SET weight = 77, sum = NULL WHERE id = 1");
	assert_int_equal(world_load(w, &content), 0);
	assert_string_equal(content->routers[1].name, "paris");
	assert_int_equal(content->links[0].weight, 77);
	store_content_free(content);
	net_free(&net);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static char *read_file(const char *path, size_t *ret_size)
{
	struct stat st;
	char *bytes;
	int fd;

	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* What is left of the network: all of it, or a refusal. Returns whether it was refused. */
static bool same_or_refused(struct world *w, const struct net *net, const char *what, size_t at)
{
	struct store_content *content;
	int r = world_load(w, &content);

	if (r == 0) {
		if (content->router_count != net->router_count)
			fail_msg("%s %zu: %zu routers", what, at, content->router_count);
		assert_same(content, net);
		store_content_free(content);
		world_stop(w, false);
		return false;
	}
	if (r != -EUCLEAN && r != -EPROTO)
		fail_msg("%s %zu: %d %s", what, at, r, w->err.text);
	assert_non_null(strstr(w->err.text, w->dir));
	return true;
}

static void a_bit_that_turned_over_makes_no_other_network(void **state)
{
	struct world *w = *state;
	size_t size, refused = 0, count = 0;
	struct net net;
	char *bytes;

	write_net(w, &net, 30);
	bytes = read_file(w->path, &size);
	/* Every 64th byte, and all of the first, where a page's header is; another bit each time.
	 */
	for (size_t at = 0; at < size; at += at % 4096 < 128 && at < 8192 ? 1 : 64 + at % 3) {
		bytes[at] ^= (char)(1 << at % 8);
		write_file(w->path, bytes, size);
		refused += same_or_refused(w, &net, "byte", at);
		bytes[at] ^= (char)(1 << at % 8);
		assert_int_equal(store_remove(w->dir, &w->err), 0);
		assert_int_equal(mkdir(w->dir, 0750), 0);
		count++;
	}
	print_message("%zu of %zu refused\n", refused, count);
	assert_true(refused > count / 10);
	assert_true(refused < count);
	free(bytes);
	net_free(&net);
}

static void a_file_that_was_cut_short_is_refused(void **state)
{
	struct world *w = *state;
	struct net net;
	size_t size;
	char *bytes;

	write_net(w, &net, 30);
	bytes = read_file(w->path, &size);
	for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 512) {
		write_file(w->path, bytes, cut);
		if (!same_or_refused(w, &net, "cut at", cut))
			fail_msg("cut at %zu: loaded", cut);
		unlink(w->path);
	}
	free(bytes);
	net_free(&net);
}

static void assert_file(const char *path, const char *bytes, size_t size)
{
	size_t now_size;
	char *now = read_file(path, &now_size);

	assert_int_equal(now_size, size);
	assert_memory_equal(now, bytes, size);
	free(now);
}

/* A daemon that was killed has left its last changes in the log. Damage there must not take us back
 * to an older network. */
static void a_damaged_log_takes_nobody_back(void **state)
{
	static const char *const names[] = {"vlsp.db", "vlsp.db-wal", "lock"};
	size_t size[3], refused = 0, count = 0, step;
	struct net older, newer;
	struct world *w = *state;
	char path[3][200], *bytes[3];
	int status;

	net_make(&older, 3);
	net_make(&newer, 30);
	world_start(w);
	net_write(w, &older, 1);
	world_stop(w, false);
	if (fork() == 0) {
		world_start(w);
		net_write(w, &older, 2);
		net_write(w, &newer, 3);
		_exit(0);
	}
	assert_true(wait(&status) > 0 && status == 0);
	for (int i = 0; i < 3; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s", w->dir, names[i]);
		bytes[i] = read_file(path[i], &size[i]);
	}
	step = size[1] / 700;
	for (size_t at = 0; at < size[1]; at += at < 60 ? 1 : step) {
		bytes[1][at] ^= (char)(1 << at % 8);
		for (int i = 0; i < 3; i++)
			write_file(path[i], bytes[i], size[i]);
		if (same_or_refused(w, &newer, "log's byte", at)) {
			/* Left as it was, for whoever looks into it. */
			assert_file(path[0], bytes[0], size[0]);
			assert_file(path[1], bytes[1], size[1]);
			refused++;
		}
		bytes[1][at] ^= (char)(1 << at % 8);
		assert_int_equal(store_remove(w->dir, &w->err), 0);
		assert_int_equal(mkdir(w->dir, 0750), 0);
		count++;
	}
	print_message("%zu of %zu refused\n", refused, count);
	assert_true(refused > count / 2);

	/* Cut short, or gone. */
	for (int cut = 0; cut < 2; cut++) {
		for (int i = 0; i < 3; i++)
			write_file(path[i], bytes[i], i == 1 ? size[1] / 3 * (size_t)cut : size[i]);
		assert_true(same_or_refused(w, &newer, "log cut", (size_t)cut));
		assert_non_null(strstr(w->err.text, "3 changes were acknowledged, "));
	}
	/* A row in the log that makes no sense: neither does it get into the database. */
	for (int i = 0; i < 3; i++)
		write_file(path[i], bytes[i], size[i]);
	if (fork() == 0) {
		world_start(w);
		_exit(store_exec((struct store_db *)w->store,
				 "UPDATE routers SET slot = -1 WHERE id = 1"));
	}
	assert_true(wait(&status) > 0 && status == 0);
	assert_true(same_or_refused(w, &newer, "row", 0));
	assert_true(same_or_refused(w, &newer, "row", 0));
	assert_file(path[0], bytes[0], size[0]);
	/* As it was. */
	for (int i = 0; i < 3; i++)
		write_file(path[i], bytes[i], size[i]);
	assert_false(same_or_refused(w, &newer, "log", 0));
	for (int i = 0; i < 3; i++)
		free(bytes[i]);
	net_free(&older);
	net_free(&newer);
}

static void what_is_no_database_is_refused(void **state)
{
	static const char text[] = "This is a letter to my aunt. It is long enough to be one page.";
	struct world *w = *state;
	char path[200];
	sqlite3 *db;

	assert_int_equal(mkdir(w->dir, 0750), 0);
	write_file(w->path, text, sizeof(text));
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	write_file(w->path, text, 0);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	unlink(w->path);
	assert_int_equal(mkdir(w->path, 0700), 0);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	assert_non_null(strstr(w->err.text, "not a file"));
	rmdir(w->path);
	assert_int_equal(symlink("/etc/passwd", w->path), 0);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	unlink(w->path);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE aunts (name)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	assert_non_null(strstr(w->err.text, "not a database of vlspd"));
	unlink(w->path);
	/* The log of a database that is not there would become part of a new one. */
	snprintf(path, sizeof(path), "%s-wal", w->path);
	write_file(path, text, sizeof(text));
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EUCLEAN);
	assert_non_null(strstr(w->err.text, "vlsp.db-wal"));
	unlink(path);
	world_start(w);
}

static void however_damaged_it_can_be_removed(void **state)
{
	struct world *w = *state;
	char path[200];
	struct net net;

	write_net(w, &net, 5);
	write_file(w->path, "x", 1);
	snprintf(path, sizeof(path), "%s/precious", w->dir);
	write_file(path, "y", 1);
	assert_int_equal(store_remove(w->dir, &w->err), 0);
	assert_false(world_has(w, "vlsp.db"));
	assert_false(world_has(w, "lock"));
	assert_true(world_has(w, "precious"));
	net_free(&net);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_of_nonsense_is_refused_by_table_row_and_field),
		TEST(an_index_that_misses_a_row_is_damage),
		TEST(a_row_that_was_edited_on_purpose_is_taken),
		TEST(a_bit_that_turned_over_makes_no_other_network),
		TEST(a_file_that_was_cut_short_is_refused),
		TEST(a_damaged_log_takes_nobody_back),
		TEST(what_is_no_database_is_refused),
		TEST(however_damaged_it_can_be_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
