// SPDX-License-Identifier: GPL-2.0-or-later
/* See world.h. */
#include "tests/unit/daemon/store/world.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/shared/maps.h"

int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->top, "/tmp/vlsp-store-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	snprintf(w->dir, sizeof(w->dir), "%s/state", w->top);
	snprintf(w->path, sizeof(w->path), "%s/vlsp.db", w->dir);
	*state = w;
	return 0;
}

static void empty_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[400];

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name) < 0)
			rmdir(name);
	}
	if (d)
		closedir(d);
}

int world_close(void **state)
{
	struct world *w = *state;

	if (w->store)
		world_stop(w, false);
	empty_dir(w->dir);
	rmdir(w->dir);
	empty_dir(w->top);
	rmdir(w->top);
	if (w->memory[0])
		rmdir(w->memory);
	free(w);
	return 0;
}

void world_start(struct world *w)
{
	int r = store_open(w->dir, &w->store, &w->err);

	if (r < 0)
		fail_msg("store_open: %d %s", r, w->err.text);
}

void world_stop(struct world *w, bool remove)
{
	w->store->ops->close(w->store, remove);
	w->store = NULL;
}

int world_load(struct world *w, struct store_content **ret_content)
{
	int r = store_open(w->dir, &w->store, &w->err);

	if (r < 0)
		return r;
	r = store_load(w->store, ret_content, &w->err);
	if (r < 0)
		world_stop(w, false);
	return r;
}

void world_sql(struct world *w, const char *sql)
{
	char *message = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t world_number(struct world *w, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int64_t value;

	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

bool world_has(const struct world *w, const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return lstat(path, &st) == 0;
}

static void make_router(struct store_router *r, uint32_t i)
{
	*r = (struct store_router){.id = i + 1,
				   .slot = i,
				   .edge_port = VLSP_PORT_FIRST + i,
				   .address = 0x0a000001 + i,
				   .has_position = i % 2,
				   .latitude = i % 2 ? 0.1 * i : 0,
				   .longitude = i % 2 ? -1.0 / 3 * i : 0,
				   .limits = {.memory = i * 4096ull, .cpu = i, .pids = 2 * i},
				   .created_ms = 1700000000000ull + i};
	if (r->has_position && i > 400)
		r->latitude = r->longitude = 1.0 / i;
	snprintf(r->name, sizeof(r->name), "r%u", i + 1);
	snprintf(r->host, sizeof(r->host), "here");
	if (i % 3 == 0)
		assert_true(asprintf(&r->label,
				     "Orl\xc3\xa9"
				     "ans %u\nline two",
				     i) > 0);
	if (i % 5 == 1) {
		char text[100];

		snprintf(text, sizeof(text), "host=eth%u name=wan address=192.0.2.1/24,::2/64", i);
		assert_int_equal(topo_ifaces_parse(text, &r->interfaces, NULL), 0);
	}
}

static void make_link(struct store_link *l, uint32_t i)
{
	struct topo_shape *shape = &l->shape[i % 2];

	*l = (struct store_link){.id = i + 1,
				 .router = {i + 1, i + 2},
				 .port = {30000 + 2 * i, 30001 + 2 * i},
				 .weight = i % TOPO_WEIGHT_MAX + 1,
				 .admin = (enum model_admin)(i % 3),
				 .created_ms = 1700000000000ull + i};
	snprintf(l->name, sizeof(l->name), "r%u-r%u", i + 1, i + 2);
	snprintf(l->ifname[0], sizeof(l->ifname[0]), "to-r%u", i + 2);
	snprintf(l->ifname[1], sizeof(l->ifname[1]), "to-r%u", i + 1);
	if (i % 4 == 1) {
		assert_int_equal(topo_shape_parse(shape, "rate", "10mbit", NULL), 0);
		assert_int_equal(topo_shape_parse(shape, "loss", "0.0123%", NULL), 0);
		assert_int_equal(topo_shape_parse(shape, "seed", "18446744073709551615", NULL), 0);
		assert_true(asprintf(&l->label, "link %u", i) > 0);
	}
}

static void make_app(struct store_app *a, uint32_t i)
{
	struct model_app_state ended = {.phase = i % 3 == 1 ? MODEL_APP_ENDED : MODEL_APP_FAILED,
					.status = i % 2 ? 256 : -1,
					.restarts = i,
					.started_ms = 7,
					.ended_ms = 8 + i,
					.error = i % 3 == 1 ? 0 : 8,
					.text = "execve:\n\xff\x01 no"};
	struct err err = {0};
	char text[200];

	*a = (struct store_app){.id = 2 * i + 1,
				.router_id = i + 1,
				.aid = i % 4 + 1,
				.place = i % 2 ? i % 4 + 1 : 4000 + i,
				.by_topology = i % 2,
				.state = {.phase = MODEL_APP_WANTED, .status = -1},
				.created_ms = 1700000000000ull + i};
	if (i % 3)
		a->state = ended;
	snprintf(text, sizeof(text),
		 "---\n{run: /bin/sleep, %s args: [\"%u\"], files: [{path: /tmp/x, content: "
		 "\"a\\nb\"}], restart: always}\n",
		 i % 2 ? "name: zz," : "", i);
	if (topo_app_parse(text, strlen(text), "x", NULL, &a->app, &err) < 0)
		fail_msg("%s", err.text);
	if (!a->app->name[0])
		strcpy(a->app->name, "sleep.2");
}

void net_make(struct net *net, uint32_t n)
{
	*net = (struct net){.topology = {.name = "line",
					 .network = 0x0a000000,
					 .prefix_len = 16,
					 .routing = TOPO_ROUTING_CENTRAL,
					 .hello_us = 20000},
			    .router_count = n,
			    .link_count = n ? n - 1 : 0,
			    .app_count = n,
			    .removed = {{.id = n, .name = "gone", .time_ms = 5}},
			    .op = {.kind = "topology-apply",
				   .ended = true,
				   .error = 5,
				   .text = "a text",
				   .queued_ms = 1,
				   .started_ms = 2,
				   .ended_ms = 3,
				   .router_id = 1,
				   .link_id = 1,
				   .app_id = 1}};
	net->routers = calloc(n + 1, sizeof(net->routers[0]));
	net->links = calloc(n + 1, sizeof(net->links[0]));
	net->apps = calloc(n + 1, sizeof(net->apps[0]));
	for (uint32_t i = 0; i < n; i++) {
		make_router(&net->routers[i], i);
		make_app(&net->apps[i], i);
	}
	for (uint32_t i = 0; i + 1 < n; i++)
		make_link(&net->links[i], i);
}

void net_free(struct net *net)
{
	for (size_t i = 0; i < net->router_count; i++) {
		topo_ifaces_unref(net->routers[i].interfaces);
		free(net->routers[i].label);
	}
	for (size_t i = 0; i < net->link_count; i++)
		free(net->links[i].label);
	for (size_t i = 0; i < net->app_count; i++)
		topo_app_unref(net->apps[i].app);
	free(net->routers);
	free(net->links);
	free(net->apps);
}

struct store_change net_change(const struct net *net)
{
	return (struct store_change){.all = true,
				     .topology = &net->topology,
				     .last_router_id = (uint32_t)net->router_count,
				     .last_link_id = (uint32_t)net->link_count,
				     .last_app_id = 2 * (uint32_t)net->app_count,
				     .routers = net->routers,
				     .router_count = net->router_count,
				     .links = net->links,
				     .link_count = net->link_count,
				     .apps = net->apps,
				     .app_count = net->app_count,
				     .removed = net->removed,
				     .removed_count = net->router_count ? 1 : 0,
				     .op = &net->op};
}

void net_write(struct world *w, struct net *net, uint64_t op_id)
{
	struct store_op op = {.id = op_id, .kind = "topology-apply", .queued_ms = 1};
	struct store_change change = net_change(net);

	net->op.id = op_id;
	if (w->store->ops->begin(w->store, &op, change.last_router_id, change.last_link_id,
				 change.last_app_id, net->router_count + net->link_count,
				 &w->err) < 0)
		fail_msg("begin: %s", w->err.text);
	if (w->store->ops->commit(w->store, &change, &w->err) < 0)
		fail_msg("commit: %s", w->err.text);
}

static void assert_text(const char *x, const char *y)
{
	assert_int_equal(x == NULL, y == NULL);
	if (x)
		assert_string_equal(x, y);
}

static void assert_same_router(const struct store_router *x, const struct store_router *y)
{
	assert_int_equal(x->id, y->id);
	assert_int_equal(x->slot, y->slot);
	assert_int_equal(x->edge_port, y->edge_port);
	assert_int_equal(x->address, y->address);
	assert_string_equal(x->name, y->name);
	assert_string_equal(x->host, y->host);
	assert_text(x->label, y->label);
	assert_int_equal(x->has_position, y->has_position);
	assert_memory_equal(&x->latitude, &y->latitude, sizeof(double));
	assert_memory_equal(&x->longitude, &y->longitude, sizeof(double));
	assert_int_equal(x->limits.memory, y->limits.memory);
	assert_int_equal(x->limits.cpu, y->limits.cpu);
	assert_int_equal(x->limits.pids, y->limits.pids);
	assert_true(topo_ifaces_equal(x->interfaces, y->interfaces));
	assert_int_equal(x->created_ms, y->created_ms);
}

static void assert_same_link(const struct store_link *x, const struct store_link *y)
{
	assert_int_equal(x->id, y->id);
	assert_string_equal(x->name, y->name);
	assert_text(x->label, y->label);
	for (int side = 0; side < 2; side++) {
		assert_int_equal(x->router[side], y->router[side]);
		assert_int_equal(x->port[side], y->port[side]);
		assert_string_equal(x->ifname[side], y->ifname[side]);
		assert_true(topo_shape_equal(&x->shape[side], &y->shape[side]));
	}
	assert_int_equal(x->weight, y->weight);
	assert_int_equal(x->admin, y->admin);
	assert_int_equal(x->created_ms, y->created_ms);
}

static void assert_same_app(const struct store_app *x, const struct store_app *y)
{
	assert_int_equal(x->id, y->id);
	assert_int_equal(x->router_id, y->router_id);
	assert_int_equal(x->aid, y->aid);
	assert_int_equal(x->place, y->place);
	assert_string_equal(x->app->name, y->app->name);
	assert_true(topo_app_equal(x->app, y->app));
	assert_int_equal(x->by_topology, y->by_topology);
	assert_int_equal(x->created_ms, y->created_ms);
	assert_int_equal(x->state.phase, y->state.phase);
	assert_int_equal(x->state.status, y->state.status);
	assert_int_equal(x->state.restarts, y->state.restarts);
	assert_int_equal(x->state.started_ms, y->state.started_ms);
	assert_int_equal(x->state.ended_ms, y->state.ended_ms);
	assert_int_equal(x->state.error, y->state.error);
	assert_string_equal(x->state.text, y->state.text);
}

void assert_same(const struct store_content *c, const struct net *net)
{
	assert_string_equal(c->topology.name, net->topology.name);
	assert_int_equal(c->topology.network, net->topology.network);
	assert_int_equal(c->topology.prefix_len, net->topology.prefix_len);
	assert_int_equal(c->topology.routing, net->topology.routing);
	assert_int_equal(c->topology.hello_us, net->topology.hello_us);
	assert_int_equal(c->router_count, net->router_count);
	for (size_t i = 0; i < c->router_count; i++)
		assert_same_router(&c->routers[i], &net->routers[i]);
	assert_int_equal(c->link_count, net->link_count);
	for (size_t i = 0; i < c->link_count; i++)
		assert_same_link(&c->links[i], &net->links[i]);
	assert_int_equal(c->app_count, net->app_count);
	for (size_t i = 0; i < c->app_count; i++) {
		assert_same_app(&c->apps[i], &net->apps[i]);
		/* What was given out is known by the applications, if by nothing else. */
		assert_true(c->routers[i].last_aid >= net->apps[i].aid);
	}
}
