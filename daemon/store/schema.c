// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tables are, version by version, and how a database comes to the newest. Called by
 * sqlite.c. A version, once released, is never edited: a change of the schema is one more step.
 *
 * Values are as people write them (addresses, networks, shapes, words), times are milliseconds
 * since the epoch, sizes are bytes: whoever looks with sqlite3(1) needs no key.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/store_priv.h"
#include "lib/base/cleanup.h"

static const char version_1[] =
	"CREATE TABLE state ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" changes INTEGER NOT NULL,"	    /* committed so far */
	" last_router_id INTEGER NOT NULL," /* given out so far; never again */
	" last_link_id INTEGER NOT NULL,"
	" last_op_id INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL"
	") STRICT;"
	"INSERT INTO state VALUES (1, 0, 0, 0, 0, '');"

	"CREATE TABLE topology ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" name TEXT NOT NULL,"	  /* '': none */
	" network TEXT NOT NULL," /* 10.0.0.0/16 */
	" routing TEXT NOT NULL," /* distributed, central */
	" hello_us INTEGER NOT NULL,"
	" sum INTEGER" /* of the other columns; NULL: not to be checked */
	") STRICT;"
	"INSERT INTO topology VALUES (1, '', '10.0.0.0/16', 'distributed', 0, NULL);"

	"CREATE TABLE routers ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" slot INTEGER NOT NULL,"
	" edge_port INTEGER NOT NULL,"
	" host TEXT NOT NULL,"
	" label TEXT,"
	" latitude REAL,"
	" longitude REAL,"
	" memory INTEGER NOT NULL," /* limits; 0: the default */
	" cpu INTEGER NOT NULL,"
	" pids INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" sum INTEGER"
	") STRICT;"
	"CREATE UNIQUE INDEX routers_name ON routers (name);"
	"CREATE UNIQUE INDEX routers_address ON routers (address);"
	"CREATE UNIQUE INDEX routers_slot ON routers (slot);"

	"CREATE TABLE links ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" router_a INTEGER NOT NULL REFERENCES routers (id),"
	" router_b INTEGER NOT NULL REFERENCES routers (id),"
	" port_a INTEGER NOT NULL,"
	" port_b INTEGER NOT NULL,"
	" ifname_a TEXT NOT NULL,"
	" ifname_b TEXT NOT NULL,"
	" weight INTEGER NOT NULL,"
	" admin TEXT NOT NULL,"	   /* up, down, silent */
	" shape_ab TEXT NOT NULL," /* rate=10mbit delay=20ms */
	" shape_ba TEXT NOT NULL,"
	" label TEXT,"
	" created_ms INTEGER NOT NULL,"
	" sum INTEGER"
	") STRICT;"
	"CREATE UNIQUE INDEX links_name ON links (name);"
	"CREATE UNIQUE INDEX links_a ON links (router_a, ifname_a);"
	"CREATE UNIQUE INDEX links_b ON links (router_b, ifname_b);"

	"CREATE TABLE removed (" /* history of routers */
	" seq INTEGER PRIMARY KEY,"
	" id INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" time_ms INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE operations ("
	" id INTEGER PRIMARY KEY,"
	" kind TEXT NOT NULL,"
	" ended INTEGER NOT NULL," /* 0: under way, or cut short */
	" error INTEGER NOT NULL," /* errno(3); 0: none */
	" text TEXT NOT NULL,"
	" queued_ms INTEGER NOT NULL,"
	" started_ms INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL,"
	" router_id INTEGER NOT NULL," /* what it made or changed; 0: none */
	" link_id INTEGER NOT NULL"
	") STRICT;";

/* The topology's events and traces, as JSON; NULL: none. It counts for the sum where there are any,
 * so that sums of before stay right. */
static const char version_2[] = "ALTER TABLE topology ADD COLUMN events TEXT;";

/* Interfaces of the host that are attached, as topo_ifaces_text() has them; NULL: none. They count
 * for the sum as events do. */
static const char version_3[] = "ALTER TABLE routers ADD COLUMN interfaces TEXT;";

/* Applications that are wanted, or have ended by themselves. They go with their router. What was
 * given out already does not count for a router's sum. */
static const char version_4[] =
	"CREATE TABLE apps ("
	" id INTEGER PRIMARY KEY,"
	" router_id INTEGER NOT NULL REFERENCES routers (id) ON DELETE CASCADE,"
	" aid INTEGER NOT NULL," /* on its router */
	" name TEXT NOT NULL,"
	" app TEXT NOT NULL,"	 /* JSON, as in a topology file */
	" origin TEXT NOT NULL," /* request, topology */
	" created_ms INTEGER NOT NULL,"
	" state TEXT NOT NULL,"	    /* wanted, ended, failed */
	" status INTEGER NOT NULL," /* as from waitpid(2); -1: none, or unknown */
	" restarts INTEGER NOT NULL,"
	" started_ms INTEGER NOT NULL," /* of the last run */
	" ended_ms INTEGER NOT NULL,"
	" error INTEGER NOT NULL," /* errno(3), of one that failed */
	" text TEXT NOT NULL,"	   /* why */
	" sum INTEGER"
	") STRICT;"
	"CREATE UNIQUE INDEX apps_name ON apps (router_id, name);"
	"CREATE UNIQUE INDEX apps_aid ON apps (router_id, aid);"
	"ALTER TABLE state ADD COLUMN last_app_id INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE routers ADD COLUMN last_aid INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE operations ADD COLUMN app_id INTEGER NOT NULL DEFAULT 0;";

/* An application's place among those of its router; NULL: its aid. It counts for the sum as events
 * do. */
static const char version_5[] = "ALTER TABLE apps ADD COLUMN place INTEGER;";

static const char *const steps[] = {version_1, version_2, version_3, version_4, version_5};

const struct store_schema store_schema = {.steps = steps, .version = ARRAY_SIZE(steps)};

/* In one transaction; the database says its version when all of it is done. */
static int take_steps(struct store_db *s, const struct store_schema *schema, int from)
{
	char sql[80];
	int rc = store_exec(s, "BEGIN IMMEDIATE");

	for (int version = from; rc == SQLITE_OK && version < schema->version; version++)
		rc = store_exec(s, schema->steps[version]);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; PRAGMA application_id = %d",
		 schema->version, STORE_APPLICATION_ID);
	if (rc == SQLITE_OK)
		rc = store_exec(s, sql);
	return rc == SQLITE_OK ? store_exec(s, "COMMIT") : rc;
}

/* A file for SQLite to fill: 0600 whatever the umask, and nobody's link. */
static int make_empty(const char *dir, const char *path, struct err *err)
{
	cleanup_close int fd = -1;

	if (unlink(path) < 0 && errno != ENOENT)
		return store_dir_error(dir, errno, "vlsp.db", err);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? store_dir_error(dir, errno, "vlsp.db", err) : 0;
}

static int fill_new(struct store_db *s, const struct store_schema *schema, const char *path,
		    struct err *err)
{
	int r = store_connect(s, path, err), rc;

	if (r < 0)
		return r;
	rc = store_exec(s, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL");
	if (rc == SQLITE_OK)
		rc = take_steps(s, schema, 0);
	return rc == SQLITE_OK ? 0 : store_failed_now(s, rc, err);
}

int store_schema_create(struct store_db *s, const struct store_schema *schema, struct err *err)
{
	char path[PATH_MAX];
	int r = store_path(s->dir, "vlsp.db.new", path);

	if (r < 0)
		return store_dir_error(s->dir, r, "vlsp.db.new", err);
	r = make_empty(s->dir, path, err);
	if (r < 0)
		return r;
	r = fill_new(s, schema, path, err);
	store_disconnect(s);
	if (r == 0 && rename(path, s->path) < 0)
		r = store_dir_error(s->dir, errno, "vlsp.db", err);
	if (r == 0) {
		r = store_dir_sync(s->dir);
		if (r < 0)
			store_dir_error(s->dir, r, "directory", err);
	}
	if (r < 0)
		unlink(path);
	return r;
}

static int check_version(struct store_db *s, const struct store_schema *schema, int *ret_version,
			 struct err *err)
{
	int64_t application = 0, version = 0;
	int rc = store_number(s, "PRAGMA application_id", &application);

	if (rc == SQLITE_ROW)
		rc = store_number(s, "PRAGMA user_version", &version);
	if (rc != SQLITE_ROW)
		return store_failed_now(s, rc, err);
	if (application != STORE_APPLICATION_ID || version < 1)
		return store_damaged(s->dir, "not a database of vlspd", err);
	if (version > schema->version)
		return err_set(err, EPROTO,
			       "%.*s/vlsp.db was written by a newer vlspd (version %lld of its "
			       "tables; this one knows %d): use that vlspd, or another --state-dir",
			       STORE_DIR_MAX, s->dir, (long long)version, schema->version);
	*ret_version = (int)version;
	return 0;
}

/* Indices too: a router that is in one and not in its table must not be overlooked. */
static int check_sound(struct store_db *s, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL), r = 0;
	const char *text;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (rc != SQLITE_ROW)
		r = store_failed_now(s, rc, err);
	else if (!text || strcmp(text, "ok") != 0)
		r = store_damaged(s->dir, text ? text : "check failed", err);
	sqlite3_finalize(stmt);
	return r;
}

static int sync_file(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* vlsp.db.vN, as it is now. */
static int keep_copy(struct store_db *s, int version, struct err *err)
{
	char path[PATH_MAX], kept[PATH_MAX], name[32], *sql;
	int r, rc;

	snprintf(name, sizeof(name), "vlsp.db.v%d", version);
	if (store_path(s->dir, "vlsp.db.copy", path) < 0 || store_path(s->dir, name, kept) < 0)
		return store_dir_error(s->dir, ENAMETOOLONG, name, err);
	r = make_empty(s->dir, path, err);
	if (r < 0)
		return r;
	sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	rc = sql ? store_exec(s, sql) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (rc != SQLITE_OK) {
		r = store_failed_now(s, rc, err);
	} else {
		r = sync_file(path);
		if (r == 0 && rename(path, kept) < 0)
			r = -errno;
		if (r == 0)
			r = store_dir_sync(s->dir);
		if (r < 0)
			store_dir_error(s->dir, r, name, err);
	}
	if (r < 0)
		unlink(path);
	return r;
}

static int migrate(struct store_db *s, const struct store_schema *schema, int from, struct err *err)
{
	struct store_failure failure;
	int r = keep_copy(s, from, err), rc;

	if (r < 0)
		return err_wrap(err, "a copy before the update");
	/* Tables may be made anew and renamed, which would bend references. */
	rc = store_exec(s, "PRAGMA foreign_keys = OFF");
	if (rc == SQLITE_OK)
		rc = take_steps(s, schema, from);
	if (rc != SQLITE_OK) {
		store_failure_of(s, rc, &failure);
		if (!sqlite3_get_autocommit(s->db))
			store_exec(s, "ROLLBACK");
		return store_failed(s, &failure, err);
	}
	rc = store_exec(s, "PRAGMA foreign_keys = ON");
	return rc == SQLITE_OK ? 0 : store_failed_now(s, rc, err);
}

static int use_wal(struct store_db *s, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc, r = 0;

	if (sqlite3_db_readonly(s->db, "main") == 1)
		return access(s->path, W_OK) < 0
			       ? store_dir_error(s->dir, errno, "vlsp.db", err)
			       : store_damaged(s->dir, "marked as not to be written", err);
	rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		r = store_failed_now(s, rc, err);
	else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") != 0)
		r = err_set(err, EOPNOTSUPP,
			    "%.*s: this file system cannot hold a database with a write-ahead log: "
			    "give another --state-dir",
			    STORE_DIR_MAX, s->dir);
	sqlite3_finalize(stmt);
	if (r < 0)
		return r;
	rc = store_exec(s, "PRAGMA synchronous = FULL");
	return rc == SQLITE_OK ? 0 : store_failed_now(s, rc, err);
}

int store_schema_update(struct store_db *s, const struct store_schema *schema, struct err *err)
{
	int version = 0, r = check_version(s, schema, &version, err);

	if (r == 0)
		r = check_sound(s, err);
	if (r == 0)
		r = use_wal(s, err);
	if (r == 0 && version < schema->version)
		r = migrate(s, schema, version, err);
	return r;
}
