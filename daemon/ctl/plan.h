/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan: everything one operation is going to change. Filled by router.c, link.c and diff.c, which
 * read the model and change nothing; carried out by run.c:
 *
 *   plan_enter      new things enter the model as PLANNED, those that go are DELETING
 *   plan_batch      what the machine has to do
 *   plan_commit     the machine did it: the model becomes the plan
 *   plan_undo       the machine refused: a batch that takes back what was done
 *   plan_leave      the model is again what it was (or what the machine truly has)
 *
 * Labels and interfaces of new routers belong to the document that the plan was made from, which
 * must outlive it.
 */
#ifndef VLSP_DAEMON_CTL_PLAN_H
#define VLSP_DAEMON_CTL_PLAN_H

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/plan_app.h"
#include "daemon/host/host_ops.h"
#include "daemon/model/edit.h"

struct plan_router {
	struct model_router_spec spec; /* spec.name points to name */
	char name[NAME_SIZE];
	struct model_router *made; /* after plan_enter() */
	bool left;		   /* the undo could not take it back */
};

struct plan_end { /* an end of a new link: a router that runs, or the add-th new one */
	struct model_router *router;
	size_t add;
};

struct plan_link {
	char name[LINK_NAME_SIZE];
	struct plan_end end[2];
	uint32_t weight;
	enum model_admin admin;
	struct topo_shape shape[2];
	const char *label;
	struct model_link *made;
};

struct plan_router_del {
	struct model_router *router;
	enum model_state was;
	bool gone;			 /* deleted and not made again by the undo */
	const struct host_router *again; /* deleted and made again: as it was in undid */
};

struct plan_link_del {
	struct model_link *link;
	enum model_state was;
};

struct plan_router_set { /* the whole wanted state; work for the machine if limits or interfaces do
			  */
	struct model_router *router;
	const char *label;
	bool has_position;
	double latitude, longitude;
	struct topo_limits limits;
	struct topo_ifaces *interfaces; /* a reference */
};

struct plan_link_set { /* the whole wanted state */
	struct model_link *link;
	uint32_t weight;
	enum model_admin admin;
	struct topo_shape shape[2], lasting[2];
	bool passes; /* nothing but shape: it is not kept */
	const char *label;
	bool relabel; /* only then is label applied */
};

struct plan {
	struct plan_link_del *links_del;
	struct plan_router_del *routers_del;
	struct plan_router *routers_add;
	struct plan_link *links_add;
	struct plan_link_set *links_set;
	struct plan_router_set *routers_set;
	struct plan_app *apps_add;
	uint32_t *apps_del; /* ids */
	struct model_app_move *apps_move;
	struct plan_lose *apps_lose; /* of plan_after.c */
	uint32_t *apps_wait; /* ids of those that are there and not ready, or not gone, yet */
	size_t links_del_count, links_del_room, routers_del_count, routers_del_room;
	size_t routers_add_count, routers_add_room, links_add_count, links_add_room;
	size_t links_set_count, links_set_room, routers_set_count, routers_set_room;
	size_t apps_add_count, apps_add_room, apps_del_count, apps_del_room;
	size_t apps_wait_count, apps_wait_room, apps_move_count, apps_move_room;
	size_t apps_lose_count, apps_lose_room;
	struct model_topology before, after;
	struct ctl_summary summary;
	uint32_t router_id, link_id, app_id; /* for ctl_op */
};

/* before and after are what the model has. */
void plan_init(struct plan *plan, const struct model *model);
void plan_done(struct plan *plan);

/* A new zeroed element of size bytes at the end of *array, or NULL. */
void *plan_append(void *array, size_t *count, size_t *room, size_t size);
/* Append; NULL: out of memory (plan_link_set starts as the link is). */
struct plan_router *plan_router_add(struct plan *plan, const char *name, uint32_t address);
struct plan_link *plan_link_add(struct plan *plan, const char *name);
struct plan_link_set *plan_link_set(struct plan *plan, struct model_link *link);
/* label is the router's own until the caller sets it. */
struct plan_router_set *plan_router_set(struct plan *plan, struct model_router *router);
int plan_router_del(struct plan *plan, struct model_router *router);
int plan_link_del(struct plan *plan, struct model_link *link);

/* Whether label (another than the router's own) or position are to be set. */
bool plan_set_described(const struct plan_router_set *set);
/* Whether the machine has to do something for it: limits or interfaces differ. True until the plan
 * has become the model. */
bool plan_set_machine(const struct plan_router_set *set);
/* Takes a reference to interfaces in place of what the set has. */
void plan_set_interfaces(struct plan_router_set *set, struct topo_ifaces *interfaces);
size_t plan_host_items(const struct plan *plan);
/* The router, if it is to be deleted, is in this state should it have to stay. */
void plan_router_was(struct plan *plan, const struct model_router *router, enum model_state state);

/* 0 or -errno with a text; after a failure the model is as before. */
int plan_enter(struct plan *plan, struct model *model, const char *host, uint64_t now_ms,
	       struct err *err);
/* What plan_batch() and repair.c are made of. NULL: out of memory. */
struct host_batch *plan_batch_new(size_t links_del, size_t routers_del, size_t routers_add,
				  size_t routers_set, size_t links_add, size_t links_set);
void plan_fill_router(struct host_router *item, const struct model_router *router);
void plan_fill_link(struct host_link *item, const struct model_link *link);

/* NULL: out of memory. The network part is left to the caller. */
struct host_batch *plan_batch(const struct plan *plan);
/* 0 or -ENOMEM (a label could not be copied; all else is done). */
int plan_commit(struct plan *plan, struct model *model, const struct host_batch *did,
		uint64_t now_ms);
/* What was reported of things that are deleted now; before the undo makes them again. */
void plan_forget(const struct plan *plan, struct model *model, const struct host_batch *did);
struct host_batch *plan_undo(const struct plan *plan, const struct host_batch *did);
/* did, undid: what the machine says it did of plan_batch() and plan_undo(); NULL: nothing.
 * Returns how many things are not as they were. */
size_t plan_leave(struct plan *plan, struct model *model, const struct host_batch *did,
		  const struct host_batch *undid, uint64_t now_ms);

#endif
