// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing: one change, one transaction. Called by daemon/ctl through struct store_ops.
 *
 * What an operation begins with and ends with (when it changed nothing) is written without waiting
 * for the disk (synchronous = NORMAL): it survives this process, not a power failure, and nobody
 * was told of it. A commit waits (FULL), and carries to the disk what was written before it.
 *
 * A COMMIT that fails with an input/output error may or may not be in the log that the next daemon
 * reads. Here it is not visible, and the next transaction is written over it. So one is
 * written at once; when that works, it is certain that nothing of the change was done. When not,
 * the store is stale.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/store/store_priv.h"
#include "lib/base/log.h"
#include "lib/base/name.h"

static const char *const sql[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_IDS] = "UPDATE state SET last_router_id = max(last_router_id, ?1),"
		    " last_link_id = max(last_link_id, ?2), last_op_id = max(last_op_id, ?3)",
	[SQL_STATE] = "UPDATE state SET changes = changes + 1, boot_id = ?1,"
		      " last_router_id = max(last_router_id, ?2),"
		      " last_link_id = max(last_link_id, ?3), last_op_id = max(last_op_id, ?4)",
	[SQL_CHANGES] = "SELECT changes FROM state",
	[SQL_TOPOLOGY] = "UPDATE topology SET name = ?1, network = ?2, routing = ?3, hello_us = ?4,"
			 " events = ?5, sum = ?6",
	[SQL_ALL_LINKS_GONE] = "DELETE FROM links",
	[SQL_ALL_ROUTERS_GONE] = "DELETE FROM routers",
	[SQL_LINK_GONE] = "DELETE FROM links WHERE id = ?1",
	[SQL_ROUTER_GONE] = "DELETE FROM routers WHERE id = ?1",
	[SQL_ROUTER] =
		"INSERT INTO routers (id, name, address, slot, edge_port, host, label, latitude,"
		" longitude, memory, cpu, pids, created_ms, interfaces, sum)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
		" ON CONFLICT (id) DO UPDATE SET name = ?2, address = ?3, slot = ?4,"
		" edge_port = ?5, host = ?6, label = ?7, latitude = ?8, longitude = ?9,"
		" memory = ?10, cpu = ?11, pids = ?12, created_ms = ?13, interfaces = ?14,"
		" sum = ?15",
	[SQL_LINK] = "INSERT INTO links (id, name, router_a, router_b, port_a, port_b, ifname_a,"
		     " ifname_b, weight, admin, shape_ab, shape_ba, label, created_ms, sum)"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
		     " ON CONFLICT (id) DO UPDATE SET name = ?2, router_a = ?3, router_b = ?4,"
		     " port_a = ?5, port_b = ?6, ifname_a = ?7, ifname_b = ?8, weight = ?9,"
		     " admin = ?10, shape_ab = ?11, shape_ba = ?12, label = ?13, created_ms = ?14,"
		     " sum = ?15",
	[SQL_REMOVED] = "INSERT INTO removed (id, name, time_ms) VALUES (?1, ?2, ?3)",
	[SQL_REMOVED_PRUNE] =
		"DELETE FROM removed WHERE seq <= (SELECT max(seq) FROM removed) - ?1",
	[SQL_OP] = "INSERT INTO operations (id, kind, ended, error, text, queued_ms, started_ms,"
		   " ended_ms, router_id, link_id)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		   " ON CONFLICT (id) DO UPDATE SET kind = ?2, ended = ?3, error = ?4, text = ?5,"
		   " queued_ms = ?6, started_ms = ?7, ended_ms = ?8, router_id = ?9,"
		   " link_id = ?10",
	[SQL_OP_PRUNE] = "DELETE FROM operations WHERE id <="
			 " (SELECT id FROM operations ORDER BY id DESC LIMIT 1 OFFSET ?1)",
};

/* --- rows ---------------------------------------------------------------------------------- */

/* A statement whose parameters are given one after the other. */
struct row {
	sqlite3_stmt *stmt;
	int at, rc;
	uint64_t sum; /* of the values so far */
};

static struct row row_start(struct store_db *s, enum store_sql which)
{
	struct row row = {.rc = SQLITE_OK, .sum = STORE_SUM_START};

	if (!s->statements[which])
		row.rc = sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					    &s->statements[which], NULL);
	row.stmt = s->statements[which];
	return row;
}

static void row_int(struct row *row, uint64_t value)
{
	row->sum = store_sum_int(row->sum, value);
	if (row->rc == SQLITE_OK)
		row->rc = sqlite3_bind_int64(row->stmt, ++row->at, (sqlite3_int64)value);
}

static void row_text(struct row *row, const char *text)
{
	row->sum = store_sum_text(row->sum, text);
	if (row->rc == SQLITE_OK) /* NULL is SQL's NULL; text outlives the statement's run */
		row->rc = sqlite3_bind_text(row->stmt, ++row->at, text, -1, SQLITE_STATIC);
}

static void row_real(struct row *row, bool is, double value)
{
	value += 0.0; /* SQLite has no negative zero */
	row->sum = store_sum_real(row->sum, is, value);
	if (row->rc != SQLITE_OK)
		return;
	row->at++;
	row->rc = is ? sqlite3_bind_double(row->stmt, row->at, value)
		     : sqlite3_bind_null(row->stmt, row->at);
}

/* The last column of a row that has one. */
static void row_sum(struct row *row)
{
	row_int(row, row->sum);
}

/* Runs it. SQLITE_OK or the code; *ret_value, if not NULL: the first column. */
static int row_end(struct row *row, int64_t *ret_value)
{
	int rc = row->rc;

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(row->stmt);
		if (rc == SQLITE_ROW && ret_value)
			*ret_value = sqlite3_column_int64(row->stmt, 0);
		if (rc == SQLITE_ROW || rc == SQLITE_DONE)
			rc = SQLITE_OK;
	}
	if (row->stmt) {
		sqlite3_reset(row->stmt);
		sqlite3_clear_bindings(row->stmt);
	}
	return rc;
}

static int run(struct store_db *s, enum store_sql which)
{
	struct row row = row_start(s, which);

	return row_end(&row, NULL);
}

static int run_with(struct store_db *s, enum store_sql which, uint64_t value)
{
	struct row row = row_start(s, which);

	row_int(&row, value);
	return row_end(&row, NULL);
}

static int put_router(struct store_db *s, const struct store_router *r)
{
	struct row row = row_start(s, SQL_ROUTER);
	char *interfaces = r->interfaces ? topo_ifaces_text(r->interfaces) : NULL;
	char address[ADDR_TEXT_SIZE];
	int rc;

	row_int(&row, r->id);
	row_text(&row, r->name);
	row_text(&row, addr_format(r->address, address));
	row_int(&row, r->slot);
	row_int(&row, r->edge_port);
	row_text(&row, r->host);
	row_text(&row, r->label);
	row_real(&row, r->has_position, r->latitude);
	row_real(&row, r->has_position, r->longitude);
	row_int(&row, r->limits.memory);
	row_int(&row, r->limits.cpu);
	row_int(&row, r->limits.pids);
	row_int(&row, r->created_ms);
	if (interfaces)
		row_text(&row, interfaces);
	else
		row.at++; /* NULL, which does not count for the sum */
	row_sum(&row);
	rc = row_end(&row, NULL);
	free(interfaces);
	return interfaces || !r->interfaces ? rc : SQLITE_NOMEM;
}

static int put_link(struct store_db *s, const struct store_link *l)
{
	char shape[2][STORE_SHAPE_SIZE];
	struct row row = row_start(s, SQL_LINK);

	store_shape_write(&l->shape[0], shape[0]);
	store_shape_write(&l->shape[1], shape[1]);
	row_int(&row, l->id);
	row_text(&row, l->name);
	row_int(&row, l->router[0]);
	row_int(&row, l->router[1]);
	row_int(&row, l->port[0]);
	row_int(&row, l->port[1]);
	row_text(&row, l->ifname[0]);
	row_text(&row, l->ifname[1]);
	row_int(&row, l->weight);
	row_text(&row, store_admin_words[l->admin]);
	row_text(&row, shape[0]);
	row_text(&row, shape[1]);
	row_text(&row, l->label);
	row_int(&row, l->created_ms);
	row_sum(&row);
	return row_end(&row, NULL);
}

static int put_topology(struct store_db *s, const struct model_topology *t)
{
	struct row row = row_start(s, SQL_TOPOLOGY);
	char network[ADDR_TEXT_SIZE + 4], address[ADDR_TEXT_SIZE];

	snprintf(network, sizeof(network), "%s/%u", addr_format(t->network, address),
		 t->prefix_len % 100);
	row_text(&row, t->name);
	row_text(&row, network);
	row_text(&row, store_routing_words[t->routing]);
	row_int(&row, t->hello_us);
	if (t->events)
		row_text(&row, t->events->text);
	else
		row.at++; /* NULL, which does not count for the sum */
	row_sum(&row);
	return row_end(&row, NULL);
}

static int put_removed(struct store_db *s, const struct store_removed *r)
{
	struct row row = row_start(s, SQL_REMOVED);

	row_int(&row, r->id);
	row_text(&row, r->name);
	row_int(&row, r->time_ms);
	return row_end(&row, NULL);
}

static int put_op(struct store_db *s, const struct store_op *op)
{
	struct row row = row_start(s, SQL_OP);
	int rc;

	row_int(&row, op->id);
	row_text(&row, op->kind);
	row_int(&row, op->ended);
	row_int(&row, (uint64_t)op->error);
	row_text(&row, op->text);
	row_int(&row, op->queued_ms);
	row_int(&row, op->started_ms);
	row_int(&row, op->ended_ms);
	row_int(&row, op->router_id);
	row_int(&row, op->link_id);
	rc = row_end(&row, NULL);
	return rc == SQLITE_OK ? run_with(s, SQL_OP_PRUNE, STORE_OPS_MAX) : rc;
}

/* --- transactions -------------------------------------------------------------------------- */

struct begin {
	const struct store_op *op;
	uint32_t last_router_id, last_link_id;
};

/* What is done between BEGIN and COMMIT: SQLITE_OK or the code. */
typedef int (*work_fn)(struct store_db *s, const void *arg);

/* The operation's row as it stands, and the ids that were given out; 0 changes nothing. */
static int begin_work(struct store_db *s, const void *arg)
{
	const struct begin *begin = arg;
	struct row row = row_start(s, SQL_IDS);
	int rc;

	row_int(&row, begin->last_router_id);
	row_int(&row, begin->last_link_id);
	row_int(&row, begin->op->id);
	rc = row_end(&row, NULL);
	return rc == SQLITE_OK ? put_op(s, begin->op) : rc;
}

static int put_state(struct store_db *s, uint32_t last_router_id, uint32_t last_link_id,
		     uint64_t last_op_id)
{
	struct row row = row_start(s, SQL_STATE);

	row_text(&row, s->boot_id);
	row_int(&row, last_router_id);
	row_int(&row, last_link_id);
	row_int(&row, last_op_id);
	return row_end(&row, NULL);
}

/* Those that go first, so that names and numbers are free for those that come. */
static int commit_work(struct store_db *s, const void *arg)
{
	const struct store_change *c = arg;
	int rc = SQLITE_OK;
	size_t i;

	if (c->all) {
		rc = run(s, SQL_ALL_LINKS_GONE);
		if (rc == SQLITE_OK)
			rc = run(s, SQL_ALL_ROUTERS_GONE);
	}
	for (i = 0; rc == SQLITE_OK && i < c->links_gone_count; i++)
		rc = run_with(s, SQL_LINK_GONE, c->links_gone[i]);
	for (i = 0; rc == SQLITE_OK && i < c->routers_gone_count; i++)
		rc = run_with(s, SQL_ROUTER_GONE, c->routers_gone[i]);
	if (rc == SQLITE_OK && c->topology)
		rc = put_topology(s, c->topology);
	for (i = 0; rc == SQLITE_OK && i < c->router_count; i++)
		rc = put_router(s, &c->routers[i]);
	for (i = 0; rc == SQLITE_OK && i < c->link_count; i++)
		rc = put_link(s, &c->links[i]);
	for (i = 0; rc == SQLITE_OK && i < c->removed_count; i++)
		rc = put_removed(s, &c->removed[i]);
	if (rc == SQLITE_OK && c->removed_count)
		rc = run_with(s, SQL_REMOVED_PRUNE, STORE_REMOVED_MAX);
	if (rc == SQLITE_OK && c->op)
		rc = put_op(s, c->op);
	return rc == SQLITE_OK
		       ? put_state(s, c->last_router_id, c->last_link_id, c->op ? c->op->id : 0)
		       : rc;
}

static int settle_work(struct store_db *s, const void *arg)
{
	(void)arg;
	return put_state(s, 0, 0, 0);
}

enum outcome { DONE, NOT_DONE, IN_DOUBT };

static enum outcome transact(struct store_db *s, bool full, work_fn work, const void *arg,
			     struct store_failure *ret_failure)
{
	enum outcome outcome = NOT_DONE;
	int rc = store_exec(s, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");

	if (rc == SQLITE_OK)
		rc = run(s, SQL_BEGIN);
	if (rc == SQLITE_OK)
		rc = work(s, arg);
	if (rc == SQLITE_OK) {
		rc = run(s, SQL_COMMIT);
		if (rc == SQLITE_OK)
			return DONE;
		/* When there is no room, or somebody else is in, no COMMIT was written. */
		if ((rc & 0xff) != SQLITE_FULL && (rc & 0xff) != SQLITE_BUSY)
			outcome = IN_DOUBT;
	}
	store_failure_of(s, rc, ret_failure);
	if (!sqlite3_get_autocommit(s->db))
		run(s, SQL_ROLLBACK);
	return outcome;
}

/* Two attempts where the disk is full: the second one in the space of the reserve. */
static enum outcome attempt(struct store_db *s, bool full, work_fn work, const void *arg,
			    struct store_failure *ret_failure)
{
	enum outcome outcome = transact(s, full, work, arg, ret_failure);

	if (outcome != NOT_DONE || (ret_failure->code & 0xff) != SQLITE_FULL || !s->reserve)
		return outcome;
	store_reserve_drop(s->dir);
	s->reserve = 0;
	return transact(s, full, work, arg, ret_failure);
}

/* After a COMMIT in doubt: is it certain now that it was not done? See above. */
static bool settle(struct store_db *s, int64_t changes)
{
	struct store_failure failure;
	struct row row = row_start(s, SQL_CHANGES);
	int64_t now = -1;

	return row_end(&row, &now) == SQLITE_OK && now == changes &&
	       transact(s, true, settle_work, NULL, &failure) == DONE;
}

/* -errno: told, and remembered for health. */
static int trouble(struct store_db *s, int r, const struct err *why, struct err *err)
{
	store_note(s, why);
	if (err)
		*err = *why;
	return r;
}

/* The file that is open is still the one that the next daemon will open. */
static int check_place(struct store_db *s, struct err *err)
{
	int moved = 0;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
	    moved)
		return err_set(err, ESTALE,
			       "%.*s/vlsp.db was moved or removed while it is in use: put it back; "
			       "until then nothing can be changed",
			       STORE_DIR_MAX, s->dir);
	return 0;
}

/* --- the reserve ---------------------------------------------------------------------------- */

/* What a change of so many rows may need: in the log each page that it touches (those of a row and
 * its index entries, but never more than there are), and the same again in the file for what is
 * new. */
static uint64_t reserve_for(struct store_db *s, size_t rows)
{
	uint64_t scattered = (uint64_t)rows * 6 * 4120, all = (uint64_t)rows * 1024;
	struct stat st;

	if (stat(s->path, &st) == 0)
		all += (uint64_t)st.st_size;
	return STORE_RESERVE_MIN + (uint64_t)rows * 1024 + (scattered < all ? scattered : all);
}

/* Back to what is kept all the time. Without space it stays away: the next begin() tells. */
static void settle_reserve(struct store_db *s)
{
	if (s->reserve != STORE_RESERVE_MIN)
		s->reserve = store_reserve_make(s->dir, STORE_RESERVE_MIN) == 0 ? STORE_RESERVE_MIN
										: 0;
}

static int have_reserve(struct store_db *s, uint64_t bytes, struct err *err)
{
	int r;

	if (s->reserve >= bytes)
		return 0;
	r = store_reserve_make(s->dir, bytes);
	if (r == -ENOSPC) {
		s->reserve = 0;
		settle_reserve(s);
		return err_set(err, ENOSPC,
			       "%.*s: no space left: free at least %llu MiB; nothing was changed",
			       STORE_DIR_MAX, s->dir, (unsigned long long)((bytes >> 20) + 1));
	}
	if (r < 0)
		return store_dir_error(s->dir, r, "reserve", err);
	s->reserve = bytes;
	return 0;
}

/* --- struct store_ops ------------------------------------------------------------------------ */

static struct store_db *db_of(struct store *store)
{
	return (struct store_db *)store;
}

static int sqlite_begin(struct store *store, const struct store_op *op, uint32_t last_router_id,
			uint32_t last_link_id, size_t rows, struct err *err)
{
	struct begin begin = {op, last_router_id, last_link_id};
	struct store_db *s = db_of(store);
	struct store_failure failure;
	struct err why;
	int r = store_check_op(op, err);

	if (r < 0)
		return err_wrap(err, "operation");
	r = check_place(s, &why);
	if (r == 0)
		r = have_reserve(s, reserve_for(s, rows), &why);
	if (r == 0 && transact(s, false, begin_work, &begin, &failure) != DONE)
		r = store_failed(s, &failure, &why);
	if (r < 0)
		return trouble(s, r, &why, err);
	if (!store->stale)
		store->trouble[0] = '\0';
	return 0;
}

static int check_change(const struct store_change *c, struct err *err)
{
	int r = c->topology ? store_check_topology(c->topology, err) : 0;
	size_t i;

	for (i = 0; r == 0 && i < c->router_count; i++)
		if (store_check_router(&c->routers[i], c->topology, err) < 0)
			r = err_wrap(err, "router %u", c->routers[i].id);
	for (i = 0; r == 0 && i < c->link_count; i++)
		if (store_check_link(&c->links[i], err) < 0)
			r = err_wrap(err, "link %u", c->links[i].id);
	for (i = 0; r == 0 && i < c->removed_count; i++)
		if (store_check_removed(&c->removed[i], err) < 0)
			r = err_wrap(err, "removed router %u", c->removed[i].id);
	if (r == 0 && c->op && store_check_op(c->op, err) < 0)
		r = err_wrap(err, "operation");
	return r;
}

static int sqlite_commit(struct store *store, const struct store_change *change, struct err *err)
{
	struct store_db *s = db_of(store);
	struct store_failure failure;
	enum outcome outcome;
	struct row row;
	int64_t changes = 0;
	struct err why;
	int r, rc;

	/* A mistake of the caller's: told before anything is written, no trouble of the disk's. */
	r = check_change(change, err);
	if (r < 0)
		return r;
	if (store->stale && !change->all)
		return err_set(err, EIO,
			       "%.*s: whether the last change was written is not known (%.100s): "
			       "everything has to be written anew",
			       STORE_DIR_MAX, s->dir, store->trouble);
	r = check_place(s, &why);
	if (r < 0)
		return trouble(s, r, &why, err);
	row = row_start(s, SQL_CHANGES);
	rc = row_end(&row, &changes);
	if (rc != SQLITE_OK)
		return trouble(s, store_failed_now(s, rc, &why), &why, err);
	outcome = attempt(s, true, commit_work, change, &failure);
	if (outcome != DONE) {
		r = store_failed(s, &failure, &why);
		if (outcome == IN_DOUBT && !settle(s, changes))
			store->stale = true;
		return trouble(s, r, &why, err);
	}
	store->stale = false;
	store->trouble[0] = '\0';
	store_count_write(s->lock_fd, (int64_t)((uint64_t)changes + 1));
	settle_reserve(s);
	return 0;
}

static int sqlite_end(struct store *store, const struct store_op *op, struct err *err)
{
	struct store_db *s = db_of(store);
	struct begin begin = {.op = op}; /* one that was refused at its turn has not begun */
	struct store_failure failure;
	struct err why;
	int r = store_check_op(op, err);

	if (r < 0)
		return err_wrap(err, "operation");
	if (attempt(s, false, begin_work, &begin, &failure) != DONE)
		r = trouble(s, store_failed(s, &failure, &why), &why, err);
	settle_reserve(s);
	return r;
}

static void sqlite_close(struct store *store, bool remove)
{
	struct store_db *s = db_of(store);
	struct err err;
	bool gone = false;

	store_disconnect(s);
	if (remove) {
		gone = store_files_remove(s->dir, &err) == 0;
		if (!gone)
			log_error("state: %s", err.text);
	}
	store_unlock(s->dir, s->lock_fd, gone);
	free(s);
}

const struct store_ops store_sqlite_ops = {
	.name = "sqlite",
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.end = sqlite_end,
	.close = sqlite_close,
};
