/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outlives the daemon: the topology as it was acknowledged, with all numbers that were given
 * out (ids, slots, ports, device names), operations, history. daemon/ctl writes; the daemon's main
 * opens and loads. The engine is SQLite (sqlite.c: STATE/vlsp.db, WAL, synchronous=FULL), behind a
 * table so that daemon/ctl can be tested with one that fails on demand.
 *
 * The tables hold committed state only: an operation that was cut short has left its row
 * "running" and nothing else, so after a crash the state is that of before it, and what it made
 * or removed on the machine is put right by the comparison of store and machine (daemon/ctl
 * reconcile.c). One change, one transaction, durable when the call returns.
 */
#ifndef VLSP_DAEMON_STORE_STORE_H
#define VLSP_DAEMON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/model/app.h"
#include "daemon/model/edit.h"
#include "lib/base/err.h"

#define STORE_OPS_MAX	  1000 /* ended operations that are kept */
#define STORE_REMOVED_MAX 10000
#define STORE_APPS_MAX	  (2 * TOPO_APPS_MAX) /* of one router, those that have ended among them */

struct store_router {
	uint32_t id, slot, edge_port;
	uint32_t address; /* host byte order */
	char name[NAME_SIZE];
	char host[NAME_SIZE];
	char *label; /* NULL: none. Owned by struct store_content; borrowed in a change */
	bool has_position;
	double latitude, longitude;
	struct topo_limits limits;
	struct topo_ifaces *interfaces; /* as label is owned; a reference; NULL: none */
	uint32_t last_aid;		/* of its applications; not below what is stored */
	uint64_t created_ms;
};

struct store_link {
	uint32_t id;
	char name[LINK_NAME_SIZE];
	char *label;
	uint32_t router[2]; /* ids; [0] is A */
	uint32_t port[2];
	char ifname[2][16];
	uint32_t weight;
	enum model_admin admin;
	struct topo_shape shape[2]; /* stored as text, by topo_shape_format() */
	uint64_t created_ms;
};

struct store_app {
	uint32_t id, router_id, aid, place;
	struct topo_app *app; /* with its name; as label is owned; a reference */
	bool by_topology;
	/* WANTED; or ENDED, FAILED: with status, restarts, times, error and text. */
	struct model_app_state state;
	uint64_t created_ms;
};

struct store_removed {
	uint32_t id;
	char name[NAME_SIZE];
	uint64_t time_ms;
};

struct store_op {
	uint64_t id;
	char kind[32];
	bool ended;
	int error; /* errno value; 0: none, or not ended */
	char text[320];
	uint64_t queued_ms, started_ms, ended_ms;
	uint32_t router_id, link_id, app_id;
};

/* The whole, as loaded: checked, so that it can be restored into a model without surprises. */
struct store_content {
	struct model_topology topology;
	uint32_t last_router_id, last_link_id, last_app_id;
	uint64_t last_op_id;
	char boot_id[40];	      /* of the machine when it was last written:
					 /proc/sys/kernel/random/boot_id */
	struct store_router *routers; /* in order of id */
	size_t router_count;
	struct store_link *links; /* in order of id */
	size_t link_count;
	struct store_app *apps; /* in order of id */
	size_t app_count;
	struct store_removed *removed; /* oldest first */
	size_t removed_count;
	struct store_op *ops; /* oldest first; those not ended were cut short */
	size_t op_count;
};

/* One change, all or nothing. Arrays may be NULL with count 0. Labels and arrays are borrowed. */
struct store_change {
	bool all; /* routers, links and applications are all there are: others go */
	const struct model_topology *topology; /* NULL: unchanged */
	uint32_t last_router_id, last_link_id, last_app_id;
	const uint32_t *routers_gone; /* ids; with their applications */
	size_t routers_gone_count;
	const uint32_t *links_gone;
	size_t links_gone_count;
	const uint32_t *apps_gone; /* they need not be there */
	size_t apps_gone_count;
	const struct store_router *routers; /* new, or in place of the row of the same id */
	size_t router_count;
	const struct store_link *links;
	size_t link_count;
	const struct store_app *apps;
	size_t app_count;
	const struct store_removed *removed; /* appended to the history */
	size_t removed_count;
	const struct store_op *op; /* the operation, as it ends; NULL: none */
};

struct store;

struct store_ops {
	const char *name;
	/*
	 * An operation begins, of about rows rows: writes its row and the ids that it has taken,
	 * and makes sure that there is room for its change (a reserve file), so that a full disk is
	 * found before anything is done. 0, -ENOSPC, -EROFS, -EIO, -EBUSY (another program is
	 * writing; after a second), -ESTALE (vlsp.db was moved away) ... with a text that names the
	 * directory and what to do. Survives this process, not a power failure. Of one that waits
	 * for its turn, and was acknowledged: with rows 0; and again when it begins.
	 */
	int (*begin)(struct store *store, const struct store_op *op, uint32_t last_router_id,
		     uint32_t last_link_id, uint32_t last_app_id, size_t rows, struct err *err);
	/* Durable on return, or nothing of it was done (but see struct store.stale). Uses the
	 * reserve when the disk is full. -EINVAL: a row that could not be read again, or that
	 * contradicts another: a mistake of the caller's. */
	int (*commit)(struct store *store, const struct store_change *change, struct err *err);
	/* The end of an operation that changed nothing. Need not be durable: not an acknowledged
	 * change. 0, or as begin: the caller tries again later. */
	int (*end)(struct store *store, const struct store_op *op, struct err *err);
	/* remove: the files of the store too, and the directory if it is empty then. Frees. */
	void (*close)(struct store *store, bool remove);
};

struct store {
	const struct store_ops *ops;
	/* Why the last write failed, for /health; "" : it did not. */
	char trouble[256];
	/* After a commit that failed it is not known whether the next daemon would find it done.
	 * The next commit has to have all set, and what the model has then is what is stored; any
	 * other commit is refused with -EIO. Cleared by the first commit that succeeds. */
	bool stale;
};

/*
 * Opens or makes STATE/vlsp.db (0600; the directory 0750) and locks it against another daemon
 * (STATE/lock). Brings an older schema up to date in one transaction, having kept a copy
 * (vlsp.db.vN). Errors, each with a text that says what to do: -EBUSY (another daemon has it),
 * -EROFS/-EACCES/-ENOSPC (cannot be written), -EUCLEAN (not a database, or damaged),
 * -EPROTO (made by a newer version).
 */
int store_open(const char *dir, struct store **ret_store, struct err *err);
/* Reads and checks everything. -EUCLEAN with table, row and field. To be freed with
 * store_content_free(). */
int store_load(struct store *store, struct store_content **ret_content, struct err *err);
void store_content_free(struct store_content *content); /* NULL is fine */
/* Puts content into an empty model. The model then has every router and link PLANNED. */
int store_restore(const struct store_content *content, struct model *model, struct err *err);
/* Removes the files that a store has in dir, however damaged, and dir if it is empty then. */
int store_remove(const char *dir, struct err *err);

#endif
