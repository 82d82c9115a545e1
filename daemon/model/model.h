/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: routers and links as the controller knows them, and a feed of changes. Pure: no I/O,
 * no JSON, no clock (callers pass times). daemon/ctl is the only writer; api, monitor, viz read.
 *
 * Identity: ids grow and are never used again in an instance's life. Slots and ports (see
 * include/shared/maps.h) are dense and are used again.
 */
#ifndef VLSP_DAEMON_MODEL_MODEL_H
#define VLSP_DAEMON_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/model/change.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/name.h"
#include "lib/topo/doc.h"

enum model_state {
	MODEL_PLANNED,	/* decided, nothing exists yet */
	MODEL_RUNNING,	/* made, and its process has said READY */
	MODEL_DELETING, /* on its way out */
	MODEL_FAILED,	/* its process died or could not be made */
};

enum model_admin {
	MODEL_UP,
	MODEL_DOWN,   /* carrier lost */
	MODEL_SILENT, /* frames dropped, carrier stays */
};

struct model_app; /* daemon/model/app.h */
struct model_link;

struct model_router {
	struct list all; /* struct model.routers, in order of id */
	uint32_t id;
	uint32_t slot;
	uint32_t edge_port;
	char name[NAME_SIZE];
	uint32_t address; /* host byte order */
	char *label;	  /* NULL: none */
	bool has_position;
	double latitude, longitude;
	struct topo_limits limits;
	struct topo_ifaces *interfaces; /* attached; a reference; NULL: none */
	enum model_state state;
	uint64_t created_ms;  /* wall clock */
	char host[NAME_SIZE]; /* the machine that runs it */
	struct list links;    /* struct model_end.of_router */
	uint32_t link_count;
	struct list apps; /* struct model_app.of_router */
	uint32_t app_count;
	uint32_t last_aid; /* that was given to an application of it */
	/* as its process reported last */
	int32_t pid;
	uint64_t rib_version, metric_sum;
	uint32_t reachable;
	uint32_t restarts;
};

struct model_end {
	struct list of_router; /* struct model_router.links */
	struct model_link *link;
	struct model_router *router;
	uint32_t port; /* ifindex */
	char ifname[16];
	bool oper_up; /* the router process hears its neighbour */
};

struct model_link {
	struct list all;
	uint32_t id;
	char name[LINK_NAME_SIZE];
	char *label;
	struct model_end end[2]; /* [0] is A, [1] is B */
	uint32_t weight;
	enum model_admin admin;
	enum model_state state;
	struct topo_shape shape[2];   /* [0]: A to B; as it is now */
	struct topo_shape lasting[2]; /* without what passes by itself: what is kept and exported */
	uint64_t created_ms;
};

struct model_removed { /* history of routers that ended */
	struct list all;
	uint32_t id;
	char name[NAME_SIZE];
	uint64_t time_ms;
};

struct model {
	char name[NAME_SIZE]; /* of the topology; "" : none */
	uint32_t network;     /* host byte order */
	unsigned prefix_len;
	enum topo_routing routing;
	uint32_t hello_us;	    /* as asked; 0: adaptive */
	struct topo_events *events; /* of the topology; NULL: none */
	struct list routers, links, removed;
	struct list apps; /* struct model_app.all, of all routers */
	uint32_t router_count, link_count, app_count;
	uint64_t seq;
	uint64_t generation;	   /* changes whenever a list's content would; for cached answers */
	struct model_index *index; /* by id, name, slot, port, address: model_priv.h */
};

int model_new(struct model **ret_model);
void model_free(struct model *model); /* NULL is fine */

/* Look-ups: NULL if there is none. */
struct model_router *model_router_by_id(const struct model *model, uint32_t id);
struct model_router *model_router_by_name(const struct model *model, const char *name);
struct model_router *model_router_by_address(const struct model *model, uint32_t address);
struct model_router *model_router_by_slot(const struct model *model, uint32_t slot);
/* R: a router's name, id or address, tried in that order. */
struct model_router *model_router_find(const struct model *model, const char *ref);
struct model_link *model_link_by_id(const struct model *model, uint32_t id);
struct model_link *model_link_by_name(const struct model *model, const char *name);
struct model_end *model_end_by_port(const struct model *model, uint32_t port);
/* L: a link's name, id, or "A:B"; NULL also if several links join these two. For messages to
 * people: ctl_link_find(). */
struct model_link *model_link_find(const struct model *model, const char *ref);
/* The links that "A:B" stands for: how many, the first max of them in ret. */
uint32_t model_links_of_pair(const struct model *model, const char *ref, struct model_link **ret,
			     uint32_t max);
/* How many links join the two in either direction, the first max of them in ret, as in a's or b's
 * list. Those on their way out count only where there is no other. */
uint32_t model_links_between(const struct model_router *a, const struct model_router *b,
			     struct model_link **ret, uint32_t max);

/* Writers: daemon/model/edit.h, for daemon/ctl only. */

#endif
