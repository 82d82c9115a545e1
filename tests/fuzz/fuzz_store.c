/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that somebody edited or a disk damaged. An input that begins with 'S' is the file vlsp.db
 * itself, opened as the daemon opens it. Any other one is rows: a small sound network, of which the
 * input replaces fields (see field()), in tables without types, keys or constraints, so that every
 * value reaches the loader. Checked: what is loaded restores into a model in which everything is
 * found by each of its names and numbers, and nothing is held twice; anything else is refused
 * with a reason, never with another error than one that says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/store_priv.h"
#include "include/shared/maps.h"
#include "lib/base/log.h"
#include "tests/fuzz/fuzz.h"

#define ROUTERS_MAX  5
#define FIELDS_MAX   24
#define REPLACE_MAX  6
#define TEXT_MAX     300
#define NETWORK_TEXT "10.0.0.0/16"

enum { STATE, TOPOLOGY, ROUTERS, LINKS, APPS, REMOVED, OPERATIONS, TABLES };

static const char *const schema[TABLES] = {
	"state (one, changes, last_router_id, last_link_id, last_op_id, boot_id, last_app_id)",
	"topology (one, name, network, routing, hello_us, events, sum)",
	"routers (id, name, address, slot, edge_port, host, label, latitude, longitude, memory,"
	" cpu, pids, created_ms, interfaces, last_aid, sum)",
	"links (id, name, router_a, router_b, port_a, port_b, ifname_a, ifname_b, weight, admin,"
	" shape_ab, shape_ba, label, created_ms, sum)",
	"apps (id, router_id, aid, name, app, origin, created_ms, state, status, restarts,"
	" started_ms, ended_ms, error, text, sum)",
	"removed (seq, id, name, time_ms)",
	"operations (id, kind, ended, error, text, queued_ms, started_ms, ended_ms, router_id,"
	" link_id, app_id)",
};

struct field {
	enum { INTEGER, TEXT, REAL, NONE, BYTES } type;
	int64_t integer;
	double real;
	char text[TEXT_MAX];
	size_t size;
};

static struct store_db memory;
static sqlite3_stmt *inserts[TABLES], *deletes[TABLES];
static char dir[64];

static struct field integer(int64_t value)
{
	return (struct field){.type = INTEGER, .integer = value};
}

static struct field text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct field text(const char *fmt, ...)
{
	struct field field = {.type = TEXT};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(field.text, sizeof(field.text), fmt, ap);
	va_end(ap);
	field.size = strlen(field.text);
	return field;
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *stmt;

	CHECK(sqlite3_prepare_v2(memory.db, sql, -1, &stmt, NULL) == SQLITE_OK);
	return stmt;
}

static void memory_open(void)
{
	char sql[800];

	snprintf(memory.dir, sizeof(memory.dir), "/nowhere");
	CHECK(sqlite3_open(":memory:", &memory.db) == SQLITE_OK);
	for (int t = 0; t < TABLES; t++) {
		int columns = 1;
		size_t name = strcspn(schema[t], " ");
		size_t n;

		for (const char *p = schema[t]; *p; p++)
			columns += *p == ',';
		snprintf(sql, sizeof(sql), "CREATE TABLE %s", schema[t]);
		CHECK(store_exec(&memory, sql) == SQLITE_OK);
		n = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO %.*s VALUES (?", (int)name,
				     schema[t]);
		for (int i = 1; i < columns; i++)
			n += (size_t)snprintf(sql + n, sizeof(sql) - n, ", ?");
		snprintf(sql + n, sizeof(sql) - n, ")");
		inserts[t] = prepare(sql);
		snprintf(sql, sizeof(sql), "DELETE FROM %.*s", (int)name, schema[t]);
		deletes[t] = prepare(sql);
	}
}

static void run(sqlite3_stmt *stmt)
{
	CHECK(sqlite3_step(stmt) == SQLITE_DONE);
	sqlite3_reset(stmt);
}

static void insert(int table, const struct field *fields, int count)
{
	sqlite3_stmt *stmt = inserts[table];

	for (int i = 0; i < count; i++) {
		const struct field *f = &fields[i];
		int size = (int)f->size;

		if (f->type == INTEGER)
			sqlite3_bind_int64(stmt, i + 1, f->integer);
		else if (f->type == REAL)
			sqlite3_bind_double(stmt, i + 1, f->real);
		else if (f->type == TEXT)
			sqlite3_bind_text(stmt, i + 1, f->text, size, SQLITE_STATIC);
		else if (f->type == BYTES)
			sqlite3_bind_blob(stmt, i + 1, f->text, size, SQLITE_STATIC);
		else
			sqlite3_bind_null(stmt, i + 1);
	}
	run(stmt);
	sqlite3_clear_bindings(stmt);
}

/* What the input puts in place of a field. */
static struct field field(struct input *in)
{
	static const char *const words[] = {"r1",
					    "to-r2",
					    "10.0.0.1",
					    "10.0.0.255",
					    "central",
					    "silent",
					    "rate=10mbit",
					    "delay=5ms loss=1% burst=2.5",
					    "backend=relay order=keep overhead=-4 seed=7",
					    "",
					    "10.0.0.0/30",
					    "host=eth1 mode=move name=wan",
					    "{\"run\":\"echo\",\"args\":[\"-v\"]}",
					    "{\"name\":\"a1\",\"bpf\":\"/x.o\",\"match\":\"udp\"}",
					    "failed"};
	uint8_t kind = input_byte(in);
	struct field f = {.type = NONE};
	struct input bytes;

	switch (kind % 8) {
	case 0:
		return integer(input_byte(in));
	case 1:
		return integer((int64_t)((uint64_t)input_u32(in) << 32 | input_u32(in)));
	case 2:
		return integer(input_u16(in));
	case 3:
		return text("%s", words[kind / 8 % (sizeof(words) / sizeof(words[0]))]);
	case 4:
		f.type = REAL;
		f.real = kind & 0x80 ? ldexp((double)(int32_t)input_u32(in), input_byte(in))
				     : (double)(int16_t)input_u16(in) / 64;
		return f;
	case 5:
		return f;
	default:
		bytes = input_take(in, input_byte(in));
		f.type = kind % 8 == 6 ? TEXT : BYTES;
		f.size = bytes.left;
		if (bytes.left)
			memcpy(f.text, bytes.at, bytes.left);
		return f;
	}
}

/* Up to some fields of a row are others; the first byte says how many, most rows stay. */
static void replace(struct input *in, struct field *fields, int count)
{
	int n = input_byte(in);

	for (n = n < 160 ? 0 : n % REPLACE_MAX; n > 0; n--)
		fields[input_byte(in) % count] = field(in);
}

static void put(struct input *in, int table, struct field *fields, int count)
{
	replace(in, fields, count);
	insert(table, fields, count);
}

static void put_router(struct input *in, int i)
{
	struct field fields[] = {
		integer(i + 1),
		text("r%d", i + 1),
		text("10.0.0.%d", i + 1),
		integer(i),
		integer(16 + i),
		text("here"),
		{.type = NONE},
		{.type = NONE},
		{.type = NONE},
		integer(i * 1024L),
		integer(0),
		integer(0),
		integer(1700000000000),
		{.type = NONE},
		integer(i),
	};

	put(in, ROUTERS, fields, 15);
}

static void put_app(struct input *in, int i)
{
	struct field fields[] = {
		integer(i + 1),
		integer(i / 2 + 1),
		integer(i % 2 + 1),
		text("a%d", i),
		text("{\"run\":\"send\",\"args\":[\"%d\"]}", i),
		text(i % 2 ? "topology" : "request"),
		integer(1700000000000),
		text(i % 3 ? "wanted" : "ended"),
		integer(i % 3 ? -1 : 256),
		integer(i),
		integer(1),
		integer(2),
		integer(0),
		text("%s", ""),
	};

	put(in, APPS, fields, 14);
}

static void put_link(struct input *in, int i)
{
	struct field fields[] = {
		integer(i + 1),	       text("r%d-r%d", i + 1, i + 2),
		integer(i + 1),	       integer(i + 2),
		integer(100 + 2 * i),  integer(101 + 2 * i),
		text("to-r%d", i + 2), text("to-r%d", i + 1),
		integer(1 + i),	       text("up"),
		text("rate=10mbit"),   text("%s", ""),
		text("label %d", i),   integer(1700000000000),
	};

	put(in, LINKS, fields, 14);
}

static void put_rest(struct input *in)
{
	uint8_t states = input_byte(in);
	struct field state[] = {integer(1), integer(7),	  integer(10), integer(10),
				integer(9), text("boot"), integer(12)};
	struct field topology[] = {integer(1),		text("net"), text(NETWORK_TEXT),
				   text("distributed"), integer(0),  {.type = NONE}};
	struct field removed[] = {integer(1), integer(9), text("r9"), integer(1700000000000)};
	struct field op[] = {integer(9),     text("router-add"), integer(1), integer(17),
			     text("exists"), integer(1),	 integer(2), integer(3),
			     integer(1),     integer(0),	 integer(0)};

	for (int n = states == 255 ? 0 : states == 254 ? 2 : 1; n > 0; n--)
		put(in, STATE, state, 7);
	put(in, TOPOLOGY, topology, 6);
	put(in, REMOVED, removed, 4);
	put(in, OPERATIONS, op, 11);
}

/* --- what must hold of a model that was restored ------------------------------------------------
 */

static void check_router(const struct model *model, struct model_router *r)
{
	uint32_t mask = prefix_mask(model->prefix_len), links = 0;
	struct list *pos;

	CHECK(r->id && model_router_by_id(model, r->id) == r);
	CHECK(name_check(r->name, "name", NULL) == 0);
	CHECK(model_router_by_name(model, r->name) == r);
	CHECK((r->address & mask) == model->network && (r->address & ~mask) != 0);
	CHECK(model_router_by_address(model, r->address) == r);
	CHECK(r->slot < VLSP_SLOT_MAX && model_router_by_slot(model, r->slot) == r);
	CHECK(r->edge_port >= VLSP_PORT_FIRST && r->edge_port < VLSP_PORT_MAX);
	CHECK(r->state == MODEL_PLANNED && !model_end_by_port(model, r->edge_port));
	CHECK(!r->has_position || (fabs(r->latitude) <= 90 && fabs(r->longitude) <= 180));
	list_for_each (pos, &r->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		CHECK(end->router == r);
		links++;
	}
	CHECK(links == r->link_count);
}

static void check_link(const struct model *model, struct model_link *l)
{
	CHECK(l->id && model_link_by_id(model, l->id) == l);
	CHECK(l->name[0] && model_link_by_name(model, l->name) == l);
	CHECK(l->end[0].router != l->end[1].router && l->state == MODEL_PLANNED);
	CHECK(l->weight >= 1 && l->weight <= TOPO_WEIGHT_MAX && l->admin <= MODEL_SILENT);
	for (int i = 0; i < 2; i++) {
		struct model_end *end = &l->end[i];
		struct list *pos;

		CHECK(end->port >= VLSP_PORT_FIRST && end->port < VLSP_PORT_MAX);
		CHECK(model_end_by_port(model, end->port) == end && end->link == l);
		CHECK(strncmp(end->ifname, "to-", 3) == 0 && !strchr(end->ifname, '/'));
		list_for_each (pos, &end->router->links) {
			const struct model_end *e = list_entry(pos, struct model_end, of_router);

			CHECK(e == end || strcmp(e->ifname, end->ifname) != 0);
		}
	}
}

static void check_app(const struct model *model, struct model_app *a)
{
	CHECK(a->id && model_app_by_id(model, a->id) == a && a->id <= model_last_app_id(model));
	CHECK(name_check(a->app->name, "name", NULL) == 0 && a->app->run);
	CHECK(a->router && model_app_by_name(a->router, a->app->name) == a);
	CHECK(a->aid && a->aid <= a->router->last_aid);
	CHECK(!a->going && a->restored == (a->state.phase == MODEL_APP_WANTED));
	CHECK(a->restored || model_app_over(a));
}

/* What comes next collides with nothing. */
static void check_next(struct model *model)
{
	uint32_t router_id, link_id, before;
	struct model_router_spec spec = {.name = "next-one", .host = "here"};
	struct model_router *router;

	model_last_ids(model, &router_id, &link_id);
	before = model->router_count;
	for (spec.address = model->network + 1; model_router_by_address(model, spec.address);)
		spec.address++;
	if (router_id == UINT32_MAX || model_router_by_name(model, spec.name))
		return;
	CHECK(model_router_add(model, &spec, &router) == 0);
	CHECK(router->id > router_id && model->router_count == before + 1);
	check_router(model, router);
}

static void check_content(const struct store_content *content)
{
	struct model *model;
	struct err err = {0};
	struct list *pos;
	uint32_t count = 0;

	CHECK(model_new(&model) == 0);
	CHECK(store_restore(content, model, &err) == 0);
	CHECK(model->router_count == content->router_count);
	CHECK(model->link_count == content->link_count);
	list_for_each (pos, &model->routers) {
		check_router(model, list_entry(pos, struct model_router, all));
		count++;
	}
	CHECK(count == model->router_count);
	list_for_each (pos, &model->links)
		check_link(model, list_entry(pos, struct model_link, all));
	CHECK(model->app_count == content->app_count);
	list_for_each (pos, &model->apps)
		check_app(model, list_entry(pos, struct model_app, all));
	check_next(model);
	model_free(model);
}

static void load(struct store *store)
{
	struct store_content *content;
	struct err err = {0};
	int r = store_load(store, &content, &err);

	if (r < 0) {
		CHECK(err.code == -r && err.text[0] && r != -ENOMEM && r != -EINVAL);
		return;
	}
	check_content(content);
	store_content_free(content);
}

static void try_rows(struct input in)
{
	int routers = input_byte(&in) % (ROUTERS_MAX + 1), links = routers - 1;

	CHECK(store_exec(&memory, "BEGIN") == SQLITE_OK);
	for (int t = 0; t < TABLES; t++)
		run(deletes[t]);
	put_rest(&in);
	for (int i = 0; i < routers; i++)
		put_router(&in, i);
	for (int i = 0; i < links; i++)
		put_link(&in, i);
	for (int i = 0; i < 2 * routers; i++)
		put_app(&in, i);
	CHECK(store_exec(&memory, "COMMIT") == SQLITE_OK);
	load(&memory.base);
}

/* --- the file -----------------------------------------------------------------------------------
 */

static void try_file(struct input in)
{
	char path[100];
	struct store *store;
	struct err err = {0};
	int fd, r;

	CHECK(mkdir(dir, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/vlsp.db", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, in.at, in.left) == (ssize_t)in.left);
	close(fd);
	r = store_open(dir, &store, &err);
	if (r == 0) {
		load(store);
		store->ops->close(store, true);
		return;
	}
	CHECK(err.code == -r && err.text[0]);
	CHECK(store_remove(dir, &err) == 0);
}

static void dir_remove(void)
{
	(void)store_remove(dir, NULL);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_set_level(LOG_LEVEL_ERROR);
	snprintf(dir, sizeof(dir), "/dev/shm/vlsp-fuzz-store.%d", (int)getpid());
	memory_open();
	return atexit(dir_remove);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	if (size && data[0] == 'S')
		try_file(in);
	else
		try_rows(in);
	return 0;
}
