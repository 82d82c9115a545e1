/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of daemon/store share: the open database, its files, its errors. */
#ifndef VLSP_DAEMON_STORE_STORE_PRIV_H
#define VLSP_DAEMON_STORE_STORE_PRIV_H

#include <limits.h>
#include <sqlite3.h>

#include "daemon/store/store.h"

#define STORE_APPLICATION_ID  0x564c5350 /* "VLSP", in bytes 68 to 71 of the file */
#define STORE_DIR_MAX	      200	 /* characters of a directory that are told in a message */
#define STORE_RESERVE_MIN     (1u << 20) /* bytes */
#define STORE_COPIES_MAX      99	 /* N of vlsp.db.vN */
#define STORE_SHAPE_SIZE      800	 /* "rate=10mbit delay=20ms ..." */
#define STORE_INTERFACES_SIZE 16384	 /* "host=eth1 mode=move ...; host=..." */

/* Each is prepared when it is needed first, and kept. SQL in write_rows.c. */
enum store_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_IDS,
	SQL_STATE,
	SQL_CHANGES,
	SQL_TOPOLOGY,
	SQL_ALL_LINKS_GONE,
	SQL_ALL_ROUTERS_GONE,
	SQL_LINK_GONE,
	SQL_ROUTER_GONE,
	SQL_ROUTER,
	SQL_LINK,
	SQL_LAST_AID,
	SQL_ALL_APPS_GONE,
	SQL_APP_GONE,
	SQL_APP,
	SQL_REMOVED,
	SQL_REMOVED_PRUNE,
	SQL_OP,
	SQL_OP_PRUNE,
	SQL_COUNT
};

struct store_db {
	struct store base;
	char dir[PATH_MAX]; /* without symbolic links */
	char path[PATH_MAX];
	int lock_fd;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	uint64_t reserve; /* bytes of STATE/reserve that are there; 0: it was given up */
	char boot_id[40];
};

/* A failure as SQLite told it, kept before a rollback makes it forget. */
struct store_failure {
	int code;  /* SQLITE_*, extended */
	int error; /* errno; 0: not known */
	char text[160];
};

/* --- files.c: the directory and what is in it --- */
int store_path(const char *dir, const char *name, char path[PATH_MAX]); /* 0, -ENAMETOOLONG */
/* Makes the directory (0750, those above 0755) and writes its path without links. */
int store_dir_make(const char *dir, char ret_dir[PATH_MAX], struct err *err);
/* 0 and *ret_fd; -EBUSY: another daemon has it. */
int store_lock(const char *dir, int *ret_fd, struct err *err);
/* The number of changes that were acknowledged; 0 where none is noted. */
void store_count_write(int lock_fd, int64_t count);
int64_t store_count_read(int lock_fd);
/* remove: the lock goes, and the directory if it is empty then. */
void store_unlock(const char *dir, int lock_fd, bool remove);
/* A file of that size that has its blocks; 0 bytes: it goes. 0 or -errno. */
int store_reserve_make(const char *dir, uint64_t bytes);
void store_reserve_drop(const char *dir);
int store_dir_sync(const char *dir);
/* All that a store has in dir, but the lock. */
int store_files_remove(const char *dir, struct err *err);
/* The text for an errno value; what is NULL or says what could not be done. */
int store_dir_error(const char *dir, int error, const char *what, struct err *err);

/* --- sqlite.c: the connection --- */
void store_failure_of(const struct store_db *s, int code, struct store_failure *ret_failure);
/* Turns it into -errno and a text that names the directory and what to do. */
int store_failed(const struct store_db *s, const struct store_failure *failure, struct err *err);
int store_failed_now(const struct store_db *s, int code, struct err *err);
/* -EUCLEAN: "DIR/vlsp.db is damaged (...): what to do". */
int store_damaged(const char *dir, const char *detail, struct err *err);
/* For health: struct store.trouble. */
void store_note(struct store_db *s, const struct err *why);
/* SQLITE_OK or the code. */
int store_exec(struct store_db *s, const char *sql);
/* The value of a statement that gives one whole number. SQLITE_ROW or the code. */
int store_number(struct store_db *s, const char *sql, int64_t *ret_value);
int store_connect(struct store_db *s, const char *path, struct err *err);
void store_disconnect(struct store_db *s);
/* What was refused stays as it is, for whoever looks into it: closing does not move the log into
 * the database. */
void store_leave_alone(struct store_db *s);

/* --- schema.c --- */
struct store_schema {
	const char *const *steps; /* [v]: makes version v + 1 of version v */
	int version;		  /* how many there are: the newest version */
};
extern const struct store_schema store_schema;
/* A new, empty database of the newest version: made beside path and renamed, so that path is never
 * half of one. */
int store_schema_create(struct store_db *s, const struct store_schema *schema, struct err *err);
/* The database is open: checks that it is ours and sound, and brings it up to date. */
int store_schema_update(struct store_db *s, const struct store_schema *schema, struct err *err);
/* store_open() with another schema, for tests of migration. */
int store_open_schema(const char *dir, const struct store_schema *schema, struct store **ret_store,
		      struct err *err);

/* --- write.c --- */
extern const struct store_ops store_sqlite_ops;

/* --- check.c: what one row may hold, the same when it is written and when it is read --- */
int store_check_topology(const struct model_topology *topology, struct err *err);
/* topology NULL: the address is not held against the network. */
int store_check_router(const struct store_router *router, const struct model_topology *topology,
		       struct err *err);
int store_check_link(const struct store_link *link, struct err *err);
int store_check_app(const struct store_app *app, struct err *err);
int store_check_removed(const struct store_removed *removed, struct err *err);
int store_check_op(const struct store_op *op, struct err *err);
/* What rows are to each other: names, addresses, slots, ports, device names given once, routers of
 * links there, ids not above the last. Rows are in order of id. */
int store_check_whole(const struct store_content *content, struct err *err);

/* By enum model_admin and enum topo_routing. */
#define STORE_ADMIN_WORDS   3
#define STORE_ROUTING_WORDS 2
extern const char *const store_admin_words[STORE_ADMIN_WORDS];
extern const char *const store_routing_words[STORE_ROUTING_WORDS];
#define STORE_ORIGIN_WORDS 2
extern const char
	*const store_origin_words[STORE_ORIGIN_WORDS]; /* by struct store_app.by_topology */
/*
 * Sums over a row's values, in order (FNV-1a, 64 bits): a bit that turned over on the disk must not
 * become another network. Against accidents only.
 */
#define STORE_SUM_START 14695981039346656037ull
uint64_t store_sum_int(uint64_t sum, uint64_t value);
uint64_t store_sum_text(uint64_t sum, const char *text); /* NULL is not "" */
uint64_t store_sum_real(uint64_t sum, bool is, double value);

void store_shape_write(const struct topo_shape *shape, char text[STORE_SHAPE_SIZE]);
int store_shape_read(const char *text, struct topo_shape *ret_shape, struct err *err);

#endif
