// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading: everything into memory, every value checked. Called by the daemon's main, once. The
 * file may have been edited by hand or damaged in a way that SQLite does not see: types, lengths
 * and ranges are checked here, what a row may hold in check.c, what rows are to each other in
 * check_whole.c.
 */
#include "daemon/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store_priv.h"
#include "include/shared/maps.h"
#include "lib/base/cleanup.h"
#include "lib/base/name.h"

#define CHANGES_MAX (INT64_MAX / 2)

/* A row that is being read: columns one after the other. The first fault is kept in err. */
struct cursor {
	sqlite3_stmt *stmt;
	const char *table;
	int at;
	int r;
	uint64_t sum; /* of the values so far */
	struct err err;
};

static const char *field(const struct cursor *c)
{
	const char *name = sqlite3_column_name(c->stmt, c->at);

	return name ? name : "?";
}

static int64_t get_int(struct cursor *c, int64_t min, int64_t max)
{
	int64_t value = min;

	if (c->r == 0 && sqlite3_column_type(c->stmt, c->at) != SQLITE_INTEGER)
		c->r = err_set(&c->err, EUCLEAN, "%s: not a whole number", field(c));
	if (c->r == 0)
		value = sqlite3_column_int64(c->stmt, c->at);
	if (c->r == 0 && (value < min || value > max))
		c->r = err_set(&c->err, EUCLEAN, "%s: %lld is not within %lld to %lld", field(c),
			       (long long)value, (long long)min, (long long)max);
	c->sum = store_sum_int(c->sum, (uint64_t)value);
	c->at++;
	return value;
}

static uint32_t get_u32(struct cursor *c)
{
	return (uint32_t)get_int(c, 0, UINT32_MAX);
}

static uint64_t get_u64(struct cursor *c)
{
	return (uint64_t)get_int(c, 0, INT64_MAX);
}

static void get_text(struct cursor *c, char *buf, size_t size)
{
	const char *text = NULL;
	size_t n = 0;

	if (c->r == 0 && sqlite3_column_type(c->stmt, c->at) != SQLITE_TEXT)
		c->r = err_set(&c->err, EUCLEAN, "%s: not a text", field(c));
	if (c->r == 0) {
		text = (const char *)sqlite3_column_text(c->stmt, c->at);
		n = (size_t)sqlite3_column_bytes(c->stmt, c->at);
		if (!text)
			c->r = err_set(&c->err, ENOMEM, "out of memory");
		else if (n >= size || memchr(text, '\0', n))
			c->r = err_set(&c->err, EUCLEAN,
				       "%s: longer than %zu characters, or a NUL in it", field(c),
				       size - 1);
	}
	if (c->r == 0) {
		memcpy(buf, text, n + 1);
		c->sum = store_sum_text(c->sum, buf);
	}
	c->at++;
}

/* NULL: there is none. */
static char *get_label(struct cursor *c)
{
	char text[TOPO_LABEL_MAX + 1], *copy;

	if (sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL) {
		c->sum = store_sum_text(c->sum, NULL);
		c->at++;
		return NULL;
	}
	get_text(c, text, sizeof(text));
	copy = c->r == 0 ? strdup(text) : NULL;
	if (c->r == 0 && !copy)
		c->r = err_set(&c->err, ENOMEM, "out of memory");
	return copy;
}

/* A text of any length, until the next row; NULL: a fault. */
static const char *get_long_text(struct cursor *c, size_t *ret_size)
{
	const char *text = NULL, *name = field(c);
	int at = c->at++;
	size_t n = 0;

	if (c->r < 0)
		return NULL;
	text = (const char *)sqlite3_column_text(c->stmt, at);
	n = (size_t)sqlite3_column_bytes(c->stmt, at);
	if (sqlite3_column_type(c->stmt, at) != SQLITE_TEXT || (text && strlen(text) != n))
		c->r = err_set(&c->err, EUCLEAN, "%s: not a text", name);
	else if (!text)
		c->r = err_set(&c->err, ENOMEM, "out of memory");
	if (c->r < 0)
		return NULL;
	c->sum = store_sum_text(c->sum, text);
	*ret_size = n;
	return text;
}

/* NULL: there are none, and nothing counts for the sum. */
static struct topo_events *get_events(struct cursor *c)
{
	struct topo_events *events = NULL;
	const char *text;
	size_t n;

	if (c->r == 0 && sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL) {
		c->at++;
		return NULL;
	}
	text = get_long_text(c, &n);
	if (!text)
		return NULL;
	c->r = topo_events_read(text, n, "events", NULL, &events, &c->err);
	if (c->r == -EINVAL)
		c->r = -EUCLEAN;
	return events;
}

/* Returns whether there is a value. */
static bool get_real(struct cursor *c, double *ret_value)
{
	int type = sqlite3_column_type(c->stmt, c->at);

	if (c->r == 0 && type != SQLITE_NULL && type != SQLITE_FLOAT && type != SQLITE_INTEGER)
		c->r = err_set(&c->err, EUCLEAN, "%s: not a number", field(c));
	*ret_value = c->r == 0 ? sqlite3_column_double(c->stmt, c->at) : 0;
	c->sum = store_sum_real(c->sum, type != SQLITE_NULL, *ret_value);
	c->at++;
	return type != SQLITE_NULL;
}

static unsigned get_word(struct cursor *c, const char *const *words, unsigned count)
{
	char text[32] = "";
	const char *name = field(c);

	get_text(c, text, sizeof(text));
	for (unsigned i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	if (c->r == 0)
		c->r = err_set(&c->err, EUCLEAN, "%s: '%s' is not a word that is known", name,
			       text);
	return 0;
}

static void get_shape(struct cursor *c, struct topo_shape *ret_shape)
{
	char text[STORE_SHAPE_SIZE] = "";
	const char *name = field(c);

	get_text(c, text, sizeof(text));
	if (c->r == 0 && store_shape_read(text, ret_shape, &c->err) < 0)
		c->r = err_wrap(&c->err, "%s", name);
}

/* The last column: what the others came to when they were written. Who edits a row on purpose
 * takes the sum away. */
static void check_sum(struct cursor *c)
{
	if (c->r < 0 || sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL)
		return;
	if ((uint64_t)sqlite3_column_int64(c->stmt, c->at) != c->sum)
		c->r = err_set(&c->err, EUCLEAN,
			       "sum: the row is not as it was written (if it was edited on "
			       "purpose, set sum to NULL)");
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Room for one more of an array that has count elements of size bytes; zeroed. NULL: no memory. */
static void *one_more(void *array, size_t count, size_t size)
{
	char **at = array;

	if ((count & (count - 1)) == 0) { /* full at each power of two */
		char *more = realloc(*at, (count ? count * 2 : 1) * size);

		if (!more)
			return NULL;
		*at = more;
	}
	return memset(*at + count * size, 0, size);
}

static void no_memory(struct cursor *c)
{
	c->r = err_set(&c->err, ENOMEM, "out of memory");
}

/* Rows come in order of id; one that does not is in a table that is not sound. */
static void check_order(struct cursor *c, uint64_t last, uint64_t id)
{
	if (c->r == 0 && id <= last)
		c->r = err_set(&c->err, EUCLEAN, "id: behind id %llu", (unsigned long long)last);
}

static void read_state(struct cursor *c, struct store_content *content)
{
	get_int(c, 0, CHANGES_MAX);
	content->last_router_id = get_u32(c);
	content->last_link_id = get_u32(c);
	content->last_op_id = get_u64(c);
	get_text(c, content->boot_id, sizeof(content->boot_id));
	content->last_app_id = get_u32(c);
}

static void read_topology(struct cursor *c, struct store_content *content)
{
	struct model_topology *t = &content->topology;
	char network[40] = "";

	get_text(c, t->name, sizeof(t->name));
	get_text(c, network, sizeof(network));
	if (c->r == 0)
		c->r = prefix_parse(network, &t->network, &t->prefix_len, &c->err);
	t->routing = (enum topo_routing)get_word(c, store_routing_words, STORE_ROUTING_WORDS);
	t->hello_us = get_u32(c);
	t->events = get_events(c); /* ours: store_content_free() */
	if (c->r == 0)
		c->r = store_check_topology(t, &c->err);
	check_sum(c);
}

/* As events: where there are none, nothing counts for the sum. */
static void get_interfaces(struct cursor *c, struct store_router *router)
{
	char text[STORE_INTERFACES_SIZE] = "";
	struct err why;

	if (sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL) {
		c->at++;
		return;
	}
	get_text(c, text, sizeof(text));
	if (c->r == 0 && topo_ifaces_parse(text, &router->interfaces, &why) < 0)
		c->r = err_set(&c->err, EUCLEAN, "interfaces: %s", why.text);
}

static void read_router(struct cursor *c, struct store_content *content)
{
	size_t count = content->router_count;
	struct store_router *router = one_more(&content->routers, count, sizeof(*router));
	char address[ADDR_TEXT_SIZE] = "";
	bool latitude, longitude;

	if (!router) {
		no_memory(c);
		return;
	}
	content->router_count++;
	router->id = get_u32(c);
	get_text(c, router->name, sizeof(router->name));
	get_text(c, address, sizeof(address));
	if (c->r == 0 && addr_parse(address, &router->address) < 0)
		c->r = err_set(&c->err, EUCLEAN, "address: '%s' is none", address);
	router->slot = get_u32(c);
	router->edge_port = get_u32(c);
	get_text(c, router->host, sizeof(router->host));
	router->label = get_label(c);
	latitude = get_real(c, &router->latitude);
	longitude = get_real(c, &router->longitude);
	if (c->r == 0 && latitude != longitude)
		c->r = err_set(&c->err, EUCLEAN,
			       "latitude, longitude: one is there without the other");
	router->has_position = latitude && longitude;
	router->limits.memory = get_u64(c);
	router->limits.cpu = get_u32(c);
	router->limits.pids = get_u32(c);
	router->created_ms = get_u64(c);
	get_interfaces(c, router);
	if (c->r == 0)
		c->r = store_check_router(router, &content->topology, &c->err);
	check_sum(c);
	c->at++;
	router->last_aid = get_u32(c);
	check_order(c, count ? content->routers[count - 1].id : 0, router->id);
}

static void read_link(struct cursor *c, struct store_content *content)
{
	size_t count = content->link_count;
	struct store_link *link = one_more(&content->links, count, sizeof(*link));

	if (!link) {
		no_memory(c);
		return;
	}
	content->link_count++;
	link->id = get_u32(c);
	get_text(c, link->name, sizeof(link->name));
	link->router[0] = get_u32(c);
	link->router[1] = get_u32(c);
	link->port[0] = get_u32(c);
	link->port[1] = get_u32(c);
	get_text(c, link->ifname[0], sizeof(link->ifname[0]));
	get_text(c, link->ifname[1], sizeof(link->ifname[1]));
	link->weight = get_u32(c);
	link->admin = (enum model_admin)get_word(c, store_admin_words, STORE_ADMIN_WORDS);
	get_shape(c, &link->shape[0]);
	get_shape(c, &link->shape[1]);
	link->label = get_label(c);
	link->created_ms = get_u64(c);
	if (c->r == 0)
		c->r = store_check_link(link, &c->err);
	check_sum(c);
	check_order(c, count ? content->links[count - 1].id : 0, link->id);
}

/* What it is, with the name that it has there. */
static void get_app(struct cursor *c, struct store_app *app)
{
	char name[NAME_SIZE] = "";
	const char *text;
	size_t n;

	get_text(c, name, sizeof(name));
	text = get_long_text(c, &n);
	if (text)
		c->r = topo_app_parse(text, n, "app", NULL, &app->app, &c->err);
	if (c->r == -EINVAL)
		c->r = -EUCLEAN;
	if (c->r == 0 && app->app->named && strcmp(app->app->name, name) != 0)
		c->r = err_set(&c->err, EUCLEAN, "name: '%s' is not that in app, '%s'", name,
			       app->app->name);
	if (c->r == 0)
		memcpy(app->app->name, name, sizeof(name));
}

/* NULL: its aid, and nothing counts for the sum. */
static void get_place(struct cursor *c, struct store_app *app)
{
	app->place = app->aid;
	if (sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL)
		c->at++;
	else
		app->place = get_u32(c);
}

static void read_app(struct cursor *c, struct store_content *content)
{
	static const char *const words[] = {"wanted", "ended", "failed"};
	static const enum model_app_phase phases[] = {MODEL_APP_WANTED, MODEL_APP_ENDED,
						      MODEL_APP_FAILED};
	size_t count = content->app_count;
	struct store_app *app = one_more(&content->apps, count, sizeof(*app));

	if (!app) {
		no_memory(c);
		return;
	}
	content->app_count++;
	app->id = get_u32(c);
	app->router_id = get_u32(c);
	app->aid = get_u32(c);
	get_app(c, app);
	app->by_topology = get_word(c, store_origin_words, STORE_ORIGIN_WORDS);
	app->created_ms = get_u64(c);
	app->state.phase = phases[get_word(c, words, ARRAY_SIZE(words))];
	app->state.status = (int)get_int(c, -1, 0xffff);
	app->state.restarts = get_u32(c);
	app->state.started_ms = get_u64(c);
	app->state.ended_ms = get_u64(c);
	app->state.error = (int)get_int(c, 0, INT32_MAX);
	get_text(c, app->state.text, sizeof(app->state.text));
	get_place(c, app);
	if (c->r == 0)
		c->r = store_check_app(app, &c->err);
	check_sum(c);
	check_order(c, count ? content->apps[count - 1].id : 0, app->id);
}

static void read_removed(struct cursor *c, struct store_content *content)
{
	struct store_removed *removed = one_more(&content->removed, content->removed_count,
						 sizeof(*removed));

	if (!removed) {
		no_memory(c);
		return;
	}
	content->removed_count++;
	removed->id = get_u32(c);
	get_text(c, removed->name, sizeof(removed->name));
	removed->time_ms = get_u64(c);
	if (c->r == 0)
		c->r = store_check_removed(removed, &c->err);
}

static void read_op(struct cursor *c, struct store_content *content)
{
	size_t count = content->op_count;
	struct store_op *op = one_more(&content->ops, count, sizeof(*op));

	if (!op) {
		no_memory(c);
		return;
	}
	content->op_count++;
	op->id = get_u64(c);
	get_text(c, op->kind, sizeof(op->kind));
	op->ended = get_int(c, 0, 1);
	op->error = (int)get_int(c, 0, INT32_MAX);
	get_text(c, op->text, sizeof(op->text));
	op->queued_ms = get_u64(c);
	op->started_ms = get_u64(c);
	op->ended_ms = get_u64(c);
	op->router_id = get_u32(c);
	op->link_id = get_u32(c);
	op->app_id = get_u32(c);
	if (c->r == 0)
		c->r = store_check_op(op, &c->err);
	check_order(c, count ? content->ops[count - 1].id : 0, op->id);
}

/* In this order: a router's address is held against the topology's network. */
static const struct table {
	const char *name;
	size_t min, max; /* rows */
	void (*read)(struct cursor *c, struct store_content *content);
	const char *sql; /* with an id in front where a row is called by it */
	bool has_id;
} tables[] = {
	{"state", 1, 1, read_state,
	 "SELECT changes, last_router_id, last_link_id, last_op_id, boot_id, last_app_id FROM "
	 "state",
	 false},
	{"topology", 1, 1, read_topology,
	 "SELECT name, network, routing, hello_us, events, sum FROM topology", false},
	{"routers", 0, VLSP_SLOT_MAX, read_router,
	 "SELECT id, name, address, slot, edge_port, host, label, latitude, longitude, memory, cpu,"
	 " pids, created_ms, interfaces, sum, last_aid FROM routers ORDER BY id",
	 true},
	{"links", 0, VLSP_PORT_MAX / 2, read_link,
	 "SELECT id, name, router_a, router_b, port_a, port_b, ifname_a, ifname_b, weight, admin,"
	 " shape_ab, shape_ba, label, created_ms, sum FROM links ORDER BY id",
	 true},
	{"apps", 0, (size_t)VLSP_SLOT_MAX *STORE_APPS_MAX, read_app,
	 "SELECT id, router_id, aid, name, app, origin, created_ms, state, status, restarts,"
	 " started_ms, ended_ms, error, text, place, sum FROM apps ORDER BY id",
	 true},
	{"removed", 0, STORE_REMOVED_MAX, read_removed,
	 "SELECT id, name, time_ms FROM removed ORDER BY seq", true},
	{"operations", 0, STORE_OPS_MAX, read_op,
	 "SELECT id, kind, ended, error, text, queued_ms, started_ms, ended_ms, router_id, link_id,"
	 " app_id FROM operations ORDER BY id",
	 true},
};

static int bad_row(const struct store_db *s, const struct table *table, const struct cursor *c,
		   struct err *err)
{
	char text[360];

	if (c->r == -ENOMEM)
		return err_set(err, ENOMEM, "%.*s: out of memory", STORE_DIR_MAX, s->dir);
	if (table->has_id)
		snprintf(text, sizeof(text), "%s, id %lld: %.300s", table->name,
			 (long long)sqlite3_column_int64(c->stmt, 0), c->err.text);
	else
		snprintf(text, sizeof(text), "%s: %.300s", table->name, c->err.text);
	return store_damaged(s->dir, text, err);
}

static int read_table(struct store_db *s, const struct table *table, struct store_content *content,
		      struct err *err)
{
	struct cursor c = {.table = table->name};
	int rc = sqlite3_prepare_v2(s->db, table->sql, -1, &c.stmt, NULL), r = 0;
	size_t count = 0;
	char text[80];

	while (rc == SQLITE_OK && r == 0) {
		int step = sqlite3_step(c.stmt);

		if (step == SQLITE_DONE)
			break;
		if (step != SQLITE_ROW) {
			rc = step;
			break;
		}
		c.at = 0;
		c.sum = STORE_SUM_START;
		if (++count <= table->max)
			table->read(&c, content);
		if (c.r < 0)
			r = bad_row(s, table, &c, err);
		if (count > table->max)
			break;
	}
	if (rc != SQLITE_OK) {
		r = store_failed_now(s, rc, err);
	} else if (r == 0 && (count < table->min || count > table->max)) {
		snprintf(text, sizeof(text), "%s: %s rows than %zu", table->name,
			 count < table->min ? "fewer" : "more",
			 count < table->min ? table->min : table->max);
		r = store_damaged(s->dir, text, err);
	}
	sqlite3_finalize(c.stmt);
	return r;
}

static int read_all(struct store_db *s, struct store_content *content, struct err *err)
{
	struct err why;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
		r = read_table(s, &tables[i], content, err);
	if (r < 0)
		return r;
	r = store_check_whole(content, &why);
	if (r == -ENOMEM)
		return err_set(err, ENOMEM, "%.*s: out of memory", STORE_DIR_MAX, s->dir);
	return r < 0 ? store_damaged(s->dir, why.text, err) : 0;
}

/* One transaction: what is read is what was at one time, whoever writes beside. */
int store_load(struct store *store, struct store_content **ret_content, struct err *err)
{
	struct store_db *s = (struct store_db *)store;
	struct store_content *content = calloc(1, sizeof(*content));
	int rc, r;

	if (!content)
		return err_set(err, ENOMEM, "out of memory");
	rc = store_exec(s, "BEGIN");
	r = rc == SQLITE_OK ? read_all(s, content, err) : store_failed_now(s, rc, err);
	if (!sqlite3_get_autocommit(s->db))
		store_exec(s, "ROLLBACK");
	if (r < 0) {
		store_leave_alone(s);
		store_content_free(content);
		return r;
	}
	*ret_content = content;
	return 0;
}

void store_content_free(struct store_content *content)
{
	if (!content)
		return;
	for (size_t i = 0; i < content->router_count; i++) {
		topo_ifaces_unref(content->routers[i].interfaces);
		free(content->routers[i].label);
	}
	for (size_t i = 0; i < content->link_count; i++)
		free(content->links[i].label);
	for (size_t i = 0; i < content->app_count; i++)
		topo_app_unref(content->apps[i].app);
	free(content->apps);
	topo_events_free((struct topo_events *)content->topology.events);
	free(content->routers);
	free(content->links);
	free(content->removed);
	free(content->ops);
	free(content);
}
