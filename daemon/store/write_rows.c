// SPDX-License-Identifier: GPL-2.0-or-later
/* Statements, and the rows that they write (write_priv.h). Called by write.c. */
#include "daemon/store/write_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/name.h"

static const char *const sql[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_IDS] = "UPDATE state SET last_router_id = max(last_router_id, ?1),"
		    " last_link_id = max(last_link_id, ?2), last_op_id = max(last_op_id, ?3),"
		    " last_app_id = max(last_app_id, ?4)",
	[SQL_STATE] = "UPDATE state SET changes = changes + 1, boot_id = ?1,"
		      " last_router_id = max(last_router_id, ?2),"
		      " last_link_id = max(last_link_id, ?3), last_op_id = max(last_op_id, ?4),"
		      " last_app_id = max(last_app_id, ?5)",
	[SQL_CHANGES] = "SELECT changes FROM state",
	[SQL_TOPOLOGY] = "UPDATE topology SET name = ?1, network = ?2, routing = ?3, hello_us = ?4,"
			 " events = ?5, sum = ?6",
	[SQL_ALL_LINKS_GONE] = "DELETE FROM links",
	[SQL_ALL_ROUTERS_GONE] = "DELETE FROM routers",
	[SQL_LINK_GONE] = "DELETE FROM links WHERE id = ?1",
	[SQL_ROUTER_GONE] = "DELETE FROM routers WHERE id = ?1",
	[SQL_ROUTER] =
		"INSERT INTO routers (id, name, address, slot, edge_port, host, label, latitude,"
		" longitude, memory, cpu, pids, created_ms, interfaces, sum, last_aid)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
		" ON CONFLICT (id) DO UPDATE SET name = ?2, address = ?3, slot = ?4,"
		" edge_port = ?5, host = ?6, label = ?7, latitude = ?8, longitude = ?9,"
		" memory = ?10, cpu = ?11, pids = ?12, created_ms = ?13, interfaces = ?14,"
		" sum = ?15, last_aid = max(last_aid, ?16)",
	[SQL_LAST_AID] = "UPDATE routers SET last_aid = max(last_aid, ?2) WHERE id = ?1",
	[SQL_ALL_APPS_GONE] = "DELETE FROM apps",
	[SQL_APP_GONE] = "DELETE FROM apps WHERE id = ?1",
	[SQL_APP] = "INSERT INTO apps (id, router_id, aid, name, app, origin, created_ms, state,"
		    " status, restarts, started_ms, ended_ms, error, text, place, sum)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
		    " ?16)"
		    " ON CONFLICT (id) DO UPDATE SET router_id = ?2, aid = ?3, name = ?4, app = ?5,"
		    " origin = ?6, created_ms = ?7, state = ?8, status = ?9, restarts = ?10,"
		    " started_ms = ?11, ended_ms = ?12, error = ?13, text = ?14,"
		    " place = ?15, sum = ?16",
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
		   " ended_ms, router_id, link_id, app_id)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
		   " ON CONFLICT (id) DO UPDATE SET kind = ?2, ended = ?3, error = ?4, text = ?5,"
		   " queued_ms = ?6, started_ms = ?7, ended_ms = ?8, router_id = ?9,"
		   " link_id = ?10, app_id = ?11",
	[SQL_OP_PRUNE] = "DELETE FROM operations WHERE id <="
			 " (SELECT id FROM operations ORDER BY id DESC LIMIT 1 OFFSET ?1)",
};

struct store_row store_row_start(struct store_db *s, enum store_sql which)
{
	struct store_row row = {.rc = SQLITE_OK, .sum = STORE_SUM_START};

	if (!s->statements[which])
		row.rc = sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					    &s->statements[which], NULL);
	row.stmt = s->statements[which];
	return row;
}

void store_row_int(struct store_row *row, uint64_t value)
{
	row->sum = store_sum_int(row->sum, value);
	if (row->rc == SQLITE_OK)
		row->rc = sqlite3_bind_int64(row->stmt, ++row->at, (sqlite3_int64)value);
}

void store_row_text(struct store_row *row, const char *text)
{
	row->sum = store_sum_text(row->sum, text);
	if (row->rc == SQLITE_OK) /* NULL is SQL's NULL; text outlives the statement's run */
		row->rc = sqlite3_bind_text(row->stmt, ++row->at, text, -1, SQLITE_STATIC);
}

static void row_real(struct store_row *row, bool is, double value)
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
static void row_sum(struct store_row *row)
{
	store_row_int(row, row->sum);
}

/* Runs it. SQLITE_OK or the code; *ret_value, if not NULL: the first column. */
int store_row_end(struct store_row *row, int64_t *ret_value)
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

int store_run(struct store_db *s, enum store_sql which)
{
	struct store_row row = store_row_start(s, which);

	return store_row_end(&row, NULL);
}

int store_run_with(struct store_db *s, enum store_sql which, uint64_t value)
{
	struct store_row row = store_row_start(s, which);

	store_row_int(&row, value);
	return store_row_end(&row, NULL);
}

int store_put_router(struct store_db *s, const struct store_router *r)
{
	struct store_row row = store_row_start(s, SQL_ROUTER);
	char *interfaces = r->interfaces ? topo_ifaces_text(r->interfaces) : NULL;
	char address[ADDR_TEXT_SIZE];
	int rc;

	store_row_int(&row, r->id);
	store_row_text(&row, r->name);
	store_row_text(&row, addr_format(r->address, address));
	store_row_int(&row, r->slot);
	store_row_int(&row, r->edge_port);
	store_row_text(&row, r->host);
	store_row_text(&row, r->label);
	row_real(&row, r->has_position, r->latitude);
	row_real(&row, r->has_position, r->longitude);
	store_row_int(&row, r->limits.memory);
	store_row_int(&row, r->limits.cpu);
	store_row_int(&row, r->limits.pids);
	store_row_int(&row, r->created_ms);
	if (interfaces)
		store_row_text(&row, interfaces);
	else
		row.at++; /* NULL, which does not count for the sum */
	row_sum(&row);
	store_row_int(&row, r->last_aid);
	rc = store_row_end(&row, NULL);
	free(interfaces);
	return interfaces || !r->interfaces ? rc : SQLITE_NOMEM;
}

int store_put_link(struct store_db *s, const struct store_link *l)
{
	char shape[2][STORE_SHAPE_SIZE];
	struct store_row row = store_row_start(s, SQL_LINK);

	store_shape_write(&l->shape[0], shape[0]);
	store_shape_write(&l->shape[1], shape[1]);
	store_row_int(&row, l->id);
	store_row_text(&row, l->name);
	store_row_int(&row, l->router[0]);
	store_row_int(&row, l->router[1]);
	store_row_int(&row, l->port[0]);
	store_row_int(&row, l->port[1]);
	store_row_text(&row, l->ifname[0]);
	store_row_text(&row, l->ifname[1]);
	store_row_int(&row, l->weight);
	store_row_text(&row, store_admin_words[l->admin]);
	store_row_text(&row, shape[0]);
	store_row_text(&row, shape[1]);
	store_row_text(&row, l->label);
	store_row_int(&row, l->created_ms);
	row_sum(&row);
	return store_row_end(&row, NULL);
}

static int put_last_aid(struct store_db *s, const struct store_app *a)
{
	struct store_row row = store_row_start(s, SQL_LAST_AID);

	store_row_int(&row, a->router_id);
	store_row_int(&row, a->aid);
	return store_row_end(&row, NULL);
}

int store_put_app(struct store_db *s, const struct store_app *a)
{
	struct store_row row = store_row_start(s, SQL_APP);
	char *text = topo_app_text(a->app);
	int rc;

	store_row_int(&row, a->id);
	store_row_int(&row, a->router_id);
	store_row_int(&row, a->aid);
	store_row_text(&row, a->app->name);
	store_row_text(&row, text);
	store_row_text(&row, store_origin_words[a->by_topology]);
	store_row_int(&row, a->created_ms);
	store_row_text(&row, model_app_phase_name(a->state.phase));
	store_row_int(&row, (uint64_t)(int64_t)a->state.status);
	store_row_int(&row, a->state.restarts);
	store_row_int(&row, a->state.started_ms);
	store_row_int(&row, a->state.ended_ms);
	store_row_int(&row, (uint64_t)a->state.error);
	store_row_text(&row, a->state.text);
	if (a->place != a->aid)
		store_row_int(&row, a->place);
	else
		row.at++; /* NULL, which does not count for the sum */
	row_sum(&row);
	rc = store_row_end(&row, NULL);
	free(text);
	if (!text)
		return SQLITE_NOMEM;
	return rc == SQLITE_OK ? put_last_aid(s, a) : rc;
}

int store_put_topology(struct store_db *s, const struct model_topology *t)
{
	struct store_row row = store_row_start(s, SQL_TOPOLOGY);
	char network[ADDR_TEXT_SIZE + 4], address[ADDR_TEXT_SIZE];

	snprintf(network, sizeof(network), "%s/%u", addr_format(t->network, address),
		 t->prefix_len % 100);
	store_row_text(&row, t->name);
	store_row_text(&row, network);
	store_row_text(&row, store_routing_words[t->routing]);
	store_row_int(&row, t->hello_us);
	if (t->events)
		store_row_text(&row, t->events->text);
	else
		row.at++; /* NULL, which does not count for the sum */
	row_sum(&row);
	return store_row_end(&row, NULL);
}

int store_put_removed(struct store_db *s, const struct store_removed *r)
{
	struct store_row row = store_row_start(s, SQL_REMOVED);

	store_row_int(&row, r->id);
	store_row_text(&row, r->name);
	store_row_int(&row, r->time_ms);
	return store_row_end(&row, NULL);
}

int store_put_op(struct store_db *s, const struct store_op *op)
{
	struct store_row row = store_row_start(s, SQL_OP);
	int rc;

	store_row_int(&row, op->id);
	store_row_text(&row, op->kind);
	store_row_int(&row, op->ended);
	store_row_int(&row, (uint64_t)op->error);
	store_row_text(&row, op->text);
	store_row_int(&row, op->queued_ms);
	store_row_int(&row, op->started_ms);
	store_row_int(&row, op->ended_ms);
	store_row_int(&row, op->router_id);
	store_row_int(&row, op->link_id);
	store_row_int(&row, op->app_id);
	rc = store_row_end(&row, NULL);
	return rc == SQLITE_OK ? store_run_with(s, SQL_OP_PRUNE, STORE_OPS_MAX) : rc;
}
