/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers of the model, for daemon/ctl only. Each one tells the subscribers. Nothing here checks
 * what a person asked for (daemon/ctl does); only what would break the model is refused.
 *
 * A router or link starts as MODEL_PLANNED. A name or address may be given to a new one while its
 * old holder is MODEL_DELETING: look-ups then find the new one, and the old one again should the
 * new one be taken back.
 */
#ifndef VLSP_DAEMON_MODEL_EDIT_H
#define VLSP_DAEMON_MODEL_EDIT_H

#include "daemon/model/model.h"

struct model_router_spec {
	const char *name;
	uint32_t address;
	const char *label; /* copied; NULL: none */
	bool has_position;
	double latitude, longitude;
	struct topo_limits limits;
	struct topo_ifaces *interfaces; /* the model takes a reference of its own; NULL: none */
	const char *host;
	uint64_t now_ms;
};

/* Gives id, slot and edge port. 0, -EEXIST (name or address), -ENOSPC (slots or ports), -ENOMEM. */
int model_router_add(struct model *model, const struct model_router_spec *spec,
		     struct model_router **ret_router);
/* Its links must be gone; its applications go along. ran: it goes into the history (model.removed,
 * the last 10,000). */
void model_router_remove(struct model *model, struct model_router *router, bool ran,
			 uint64_t now_ms);
void model_router_set_state(struct model *model, struct model_router *router,
			    enum model_state state);
/* Label and position; label is copied, NULL: none. 0 or -ENOMEM. */
int model_router_describe(struct model *model, struct model_router *router, const char *label,
			  bool has_position, double latitude, double longitude);
/* A new process; what the old one reported is forgotten. restarted counts it. */
void model_router_set_process(struct model *model, struct model_router *router, int32_t pid,
			      bool restarted);
void model_router_set_rib(struct model *model, struct model_router *router, uint64_t version,
			  uint64_t metric_sum, uint32_t reachable);

struct model_link_spec {
	const char *name;
	struct model_router *a, *b;
	uint32_t weight;
	struct topo_shape shape[2];
	const char *label; /* copied; NULL: none */
	uint64_t now_ms;
};

/* Gives id, ports and device names; admin is MODEL_UP. Errors as model_router_add(). */
int model_link_add(struct model *model, const struct model_link_spec *spec,
		   struct model_link **ret_link);
void model_link_remove(struct model *model, struct model_link *link);
void model_link_set_state(struct model *model, struct model_link *link, enum model_state state);
void model_link_set_weight(struct model *model, struct model_link *link, uint32_t weight);
void model_link_set_admin(struct model *model, struct model_link *link, enum model_admin admin);
void model_link_set_shape(struct model *model, struct model_link *link,
			  const struct topo_shape shape[2], const struct topo_shape lasting[2]);
int model_link_set_label(struct model *model, struct model_link *link, const char *label);
void model_end_set_oper(struct model *model, struct model_end *end, bool up);

struct model_topology {
	char name[NAME_SIZE];
	uint32_t network;
	unsigned prefix_len;
	enum topo_routing routing;
	uint32_t hello_us;
	const struct topo_events *events; /* borrowed; NULL: none */
};

/* Tells MODEL_TOPOLOGY_CHANGED if anything differs. */
void model_topology_set(struct model *model, const struct model_topology *topology);
void model_topology_get(const struct model *model, struct model_topology *ret_topology);
/* What an empty instance has: no name, 10.0.0.0/16, distributed, adaptive hellos. */
void model_topology_default(struct model_topology *ret_topology);

/*
 * Restoring what was stored, into an empty model, before anybody subscribes: with the ids, slots,
 * ports and device names that it had. -EEXIST: one of them is taken; -ERANGE: outside of its
 * limits.
 */
int model_router_restore(struct model *model, const struct model_router_spec *spec, uint32_t id,
			 uint32_t slot, uint32_t edge_port, struct model_router **ret_router);
struct model_link_numbers {
	uint32_t id;
	uint32_t port[2];
	const char *ifname[2];
	enum model_admin admin;
};
int model_link_restore(struct model *model, const struct model_link_spec *spec,
		       const struct model_link_numbers *numbers, struct model_link **ret_link);
int model_removed_restore(struct model *model, uint32_t id, const char *name, uint64_t time_ms);
/* Ids up to these were given before; for good. */
void model_restore_ids(struct model *model, uint32_t last_router_id, uint32_t last_link_id);
void model_last_ids(const struct model *model, uint32_t *ret_router_id, uint32_t *ret_link_id);

/* Tells MODEL_ROUTER_CHANGED. */
void model_router_set_limits(struct model *model, struct model_router *router,
			     const struct topo_limits *limits);

/* The same; takes a reference of its own. */
void model_router_set_interfaces(struct model *model, struct model_router *router,
				 struct topo_ifaces *interfaces);

/* The id that the next router will have. */
uint32_t model_next_router_id(const struct model *model);

#endif
