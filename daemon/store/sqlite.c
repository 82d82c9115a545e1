// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine: opening and closing STATE/vlsp.db, and what SQLite's failures mean to a person.
 *
 * The database is trusted no further than the user who can write it, yet it may be damaged: cells
 * are checked when they are read; views, triggers and functions in the schema do nothing; values
 * are bounded in length, and nothing is mapped.
 */
#include "daemon/store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/store_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"

#define BUSY_MS	   1000	     /* how long to wait for another program that is writing */
#define LENGTH_MAX (1 << 20) /* bytes of a value */
#define WAL_BYTES  "4194304" /* what the -wal file is cut back to */

void store_failure_of(const struct store_db *s, int code, struct store_failure *ret_failure)
{
	ret_failure->code = code;
	ret_failure->error = s->db ? sqlite3_system_errno(s->db) : 0;
	snprintf(ret_failure->text, sizeof(ret_failure->text), "%s",
		 s->db && sqlite3_errcode(s->db) != SQLITE_OK ? sqlite3_errmsg(s->db)
							      : sqlite3_errstr(code));
}

int store_damaged(const char *dir, const char *detail, struct err *err)
{
	char path[PATH_MAX], copy[64] = "";

	for (int version = 1; version <= STORE_COPIES_MAX; version++) {
		char name[32];

		snprintf(name, sizeof(name), "vlsp.db.v%d", version);
		if (store_path(dir, name, path) == 0 && access(path, F_OK) == 0)
			snprintf(copy, sizeof(copy), ", or restore %s", name);
	}
	return err_set(
		err, EUCLEAN,
		"%.*s/vlsp.db is damaged (%.200s): move vlsp.db* away to start empty%s; what "
		"runs is left alone",
		STORE_DIR_MAX, dir, detail, copy);
}

int store_failed(const struct store_db *s, const struct store_failure *failure, struct err *err)
{
	int error = failure->error;

	switch (failure->code & 0xff) {
	case SQLITE_FULL:
		return store_dir_error(s->dir, ENOSPC, "write", err);
	case SQLITE_READONLY:
		return store_dir_error(s->dir, EROFS, "write", err);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return store_dir_error(s->dir, EACCES, "vlsp.db", err);
	case SQLITE_NOMEM:
		return err_set(err, ENOMEM, "%.*s: out of memory", STORE_DIR_MAX, s->dir);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, EBUSY,
			       "%.*s: another program is writing vlsp.db (sqlite3?): let it finish",
			       STORE_DIR_MAX, s->dir);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (error == ENOSPC || error == EDQUOT || error == EROFS || error == EACCES ||
		    error == EPERM)
			return store_dir_error(s->dir, error, "vlsp.db", err);
		return err_set(err, EIO, "%.*s: %s (%s): see the kernel's log about this disk",
			       STORE_DIR_MAX, s->dir, failure->text,
			       error ? strerror(error) : "no reason given");
	case SQLITE_CONSTRAINT:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return err_set(err, EINVAL, "%.*s: the change contradicts what is stored: %s",
			       STORE_DIR_MAX, s->dir, failure->text);
	default: /* CORRUPT, NOTADB, a table that is not there, ... */
		return store_damaged(s->dir, failure->text, err);
	}
}

int store_failed_now(const struct store_db *s, int code, struct err *err)
{
	struct store_failure failure;

	store_failure_of(s, code, &failure);
	return store_failed(s, &failure, err);
}

void store_note(struct store_db *s, const struct err *why)
{
	snprintf(s->base.trouble, sizeof(s->base.trouble), "%.255s", why->text);
}

int store_exec(struct store_db *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

int store_number(struct store_db *s, const char *sql, int64_t *ret_value)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc;
}

int store_connect(struct store_db *s, const char *path, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &s->db, flags, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
		sqlite3_limit(s->db, SQLITE_LIMIT_WORKER_THREADS, 0);
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		sqlite3_busy_timeout(s->db, BUSY_MS);
		rc = store_exec(s, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
				   "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
				   "PRAGMA journal_size_limit = " WAL_BYTES);
	}
	return rc == SQLITE_OK ? 0 : store_failed_now(s, rc, err);
}

void store_disconnect(struct store_db *s)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

void store_leave_alone(struct store_db *s)
{
	if (s->db)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void read_boot_id(struct store_db *s)
{
	cleanup_fclose FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(s->boot_id, sizeof(s->boot_id), f))
		s->boot_id[0] = '\0';
	s->boot_id[strcspn(s->boot_id, "\n")] = '\0';
}

/* No vlsp.db: makes one. A -wal without its database would be taken for the new one's. */
static int create(struct store_db *s, const struct store_schema *schema, struct err *err)
{
	char path[PATH_MAX];

	if (store_path(s->dir, "vlsp.db-wal", path) == 0 && access(path, F_OK) == 0)
		return err_set(err, EUCLEAN,
			       "%.*s: vlsp.db-wal is there without its vlsp.db: move it away too, "
			       "or put vlsp.db back",
			       STORE_DIR_MAX, s->dir);
	return store_schema_create(s, schema, err);
}

/* Where the table makes no sense, loading tells. */
static int check_count(struct store_db *s, struct err *err)
{
	int64_t noted = store_count_read(s->lock_fd), there = 0;
	char text[160];

	if (store_number(s, "SELECT changes FROM state", &there) != SQLITE_ROW)
		return 0;
	if (there < noted) {
		snprintf(text, sizeof(text),
			 "%lld changes were acknowledged, %lld are in it; if it is a copy that was "
			 "put here, remove lock",
			 (long long)noted, (long long)there);
		return store_damaged(s->dir, text, err);
	}
	store_count_write(s->lock_fd, there);
	return 0;
}

static int open_database(struct store_db *s, const struct store_schema *schema, struct err *err)
{
	struct stat st;
	int r = 0;

	if (lstat(s->path, &st) < 0) {
		if (errno != ENOENT)
			return store_dir_error(s->dir, errno, "vlsp.db", err);
		r = create(s, schema, err);
		if (r == 0)
			store_count_write(s->lock_fd, 0);
	} else if (!S_ISREG(st.st_mode)) {
		r = store_damaged(s->dir, "not a file", err);
	}
	if (r == 0)
		r = store_connect(s, s->path, err);
	if (r == 0)
		r = store_schema_update(s, schema, err);
	if (r == 0)
		r = check_count(s, err);
	if (r < 0) {
		store_leave_alone(s);
		store_disconnect(s);
	}
	return r;
}

/* Nothing is left of an attempt where there is no database. */
static void give_up(struct store_db *s)
{
	char path[PATH_MAX];
	bool none = access(s->path, F_OK) < 0 && errno == ENOENT &&
		    store_path(s->dir, "vlsp.db-wal", path) == 0 && access(path, F_OK) < 0 &&
		    errno == ENOENT;

	store_disconnect(s);
	if (s->lock_fd >= 0) {
		if (none)
			store_reserve_drop(s->dir);
		store_unlock(s->dir, s->lock_fd, none);
	}
	free(s);
}

/* On a full disk the reserve of the run before makes room for SQLite's own files. Without a reserve
 * the store is open for reading, so that what runs can be taken over; begin() refuses. */
static int open_with_reserve(struct store_db *s, const struct store_schema *schema, struct err *err)
{
	struct err first;
	int r = open_database(s, schema, &first);

	if (r == -ENOSPC) {
		store_reserve_drop(s->dir);
		r = open_database(s, schema, &first);
	}
	if (r < 0) {
		if (err)
			*err = first;
		return r;
	}
	r = store_reserve_make(s->dir, STORE_RESERVE_MIN);
	if (r == 0)
		s->reserve = STORE_RESERVE_MIN;
	else if (r != -ENOSPC)
		return store_dir_error(s->dir, r, "reserve", err);
	else if (store_dir_error(s->dir, r, "reserve", &first) < 0)
		store_note(s, &first);
	return 0;
}

/* Makes the directory and locks it. The daemon before may be removing both at this time. */
static int enter(struct store_db *s, const char *dir, struct err *err)
{
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < 100; i++) {
		r = store_dir_make(dir, s->dir, err);
		if (r == 0)
			r = store_lock(s->dir, &s->lock_fd, err);
	}
	return r;
}

int store_open_schema(const char *dir, const struct store_schema *schema, struct store **ret_store,
		      struct err *err)
{
	struct store_db *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ENOMEM, "out of memory");
	s->base.ops = &store_sqlite_ops;
	s->lock_fd = -1;
	read_boot_id(s);
	r = enter(s, dir, err);
	if (r == 0 && store_path(s->dir, "vlsp.db", s->path) < 0)
		r = err_set(err, ENAMETOOLONG, "%.*s...: too long", STORE_DIR_MAX, dir);
	if (r == 0)
		r = open_with_reserve(s, schema, err);
	if (r < 0) {
		give_up(s);
		return r;
	}
	*ret_store = &s->base;
	return 0;
}

int store_open(const char *dir, struct store **ret_store, struct err *err)
{
	return store_open_schema(dir, &store_schema, ret_store, err);
}
