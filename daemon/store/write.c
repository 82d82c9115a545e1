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

#include "daemon/store/write_priv.h"
#include "lib/base/log.h"
#include "lib/base/name.h"

/* --- transactions -------------------------------------------------------------------------- */

struct begin {
	const struct store_op *op;
	uint32_t last_router_id, last_link_id, last_app_id;
};

/* What is done between BEGIN and COMMIT: SQLITE_OK or the code. */
typedef int (*work_fn)(struct store_db *s, const void *arg);

/* The operation's row as it stands, and the ids that were given out; 0 changes nothing. */
static int begin_work(struct store_db *s, const void *arg)
{
	const struct begin *begin = arg;
	struct store_row row = store_row_start(s, SQL_IDS);
	int rc;

	store_row_int(&row, begin->last_router_id);
	store_row_int(&row, begin->last_link_id);
	store_row_int(&row, begin->op->id);
	store_row_int(&row, begin->last_app_id);
	rc = store_row_end(&row, NULL);
	return rc == SQLITE_OK ? store_put_op(s, begin->op) : rc;
}

static int put_state(struct store_db *s, const struct store_change *c)
{
	struct store_row row = store_row_start(s, SQL_STATE);

	store_row_text(&row, s->boot_id);
	store_row_int(&row, c->last_router_id);
	store_row_int(&row, c->last_link_id);
	store_row_int(&row, c->op ? c->op->id : 0);
	store_row_int(&row, c->last_app_id);
	return store_row_end(&row, NULL);
}

/* Those that go first, so that names and numbers are free for those that come. */
static int commit_work(struct store_db *s, const void *arg)
{
	const struct store_change *c = arg;
	int rc = SQLITE_OK;
	size_t i;

	if (c->all) {
		rc = store_run(s, SQL_ALL_APPS_GONE);
		if (rc == SQLITE_OK)
			rc = store_run(s, SQL_ALL_LINKS_GONE);
		if (rc == SQLITE_OK)
			rc = store_run(s, SQL_ALL_ROUTERS_GONE);
	}
	for (i = 0; rc == SQLITE_OK && i < c->apps_gone_count; i++)
		rc = store_run_with(s, SQL_APP_GONE, c->apps_gone[i]);
	for (i = 0; rc == SQLITE_OK && i < c->links_gone_count; i++)
		rc = store_run_with(s, SQL_LINK_GONE, c->links_gone[i]);
	for (i = 0; rc == SQLITE_OK && i < c->routers_gone_count; i++)
		rc = store_run_with(s, SQL_ROUTER_GONE, c->routers_gone[i]);
	if (rc == SQLITE_OK && c->topology)
		rc = store_put_topology(s, c->topology);
	for (i = 0; rc == SQLITE_OK && i < c->router_count; i++)
		rc = store_put_router(s, &c->routers[i]);
	for (i = 0; rc == SQLITE_OK && i < c->link_count; i++)
		rc = store_put_link(s, &c->links[i]);
	for (i = 0; rc == SQLITE_OK && i < c->app_count; i++)
		rc = store_put_app(s, &c->apps[i]);
	for (i = 0; rc == SQLITE_OK && i < c->removed_count; i++)
		rc = store_put_removed(s, &c->removed[i]);
	if (rc == SQLITE_OK && c->removed_count)
		rc = store_run_with(s, SQL_REMOVED_PRUNE, STORE_REMOVED_MAX);
	if (rc == SQLITE_OK && c->op)
		rc = store_put_op(s, c->op);
	return rc == SQLITE_OK ? put_state(s, c) : rc;
}

static int settle_work(struct store_db *s, const void *arg)
{
	static const struct store_change nothing;

	(void)arg;
	return put_state(s, &nothing);
}

enum outcome { DONE, NOT_DONE, IN_DOUBT };

static enum outcome transact(struct store_db *s, bool full, work_fn work, const void *arg,
			     struct store_failure *ret_failure)
{
	enum outcome outcome = NOT_DONE;
	int rc = store_exec(s, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");

	if (rc == SQLITE_OK)
		rc = store_run(s, SQL_BEGIN);
	if (rc == SQLITE_OK)
		rc = work(s, arg);
	if (rc == SQLITE_OK) {
		rc = store_run(s, SQL_COMMIT);
		if (rc == SQLITE_OK)
			return DONE;
		/* When there is no room, or somebody else is in, no COMMIT was written. */
		if ((rc & 0xff) != SQLITE_FULL && (rc & 0xff) != SQLITE_BUSY)
			outcome = IN_DOUBT;
	}
	store_failure_of(s, rc, ret_failure);
	if (!sqlite3_get_autocommit(s->db))
		store_run(s, SQL_ROLLBACK);
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
	struct store_row row = store_row_start(s, SQL_CHANGES);
	int64_t now = -1;

	return store_row_end(&row, &now) == SQLITE_OK && now == changes &&
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
			uint32_t last_link_id, uint32_t last_app_id, size_t rows, struct err *err)
{
	struct begin begin = {op, last_router_id, last_link_id, last_app_id};
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
	for (i = 0; r == 0 && i < c->app_count; i++)
		if (store_check_app(&c->apps[i], err) < 0)
			r = err_wrap(err, "application %u", c->apps[i].id);
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
	struct store_row row;
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
	row = store_row_start(s, SQL_CHANGES);
	rc = store_row_end(&row, &changes);
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
