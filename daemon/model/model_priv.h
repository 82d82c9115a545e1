/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of daemon/model share: indices behind the look-ups, and telling of a change. */
#ifndef VLSP_DAEMON_MODEL_MODEL_PRIV_H
#define VLSP_DAEMON_MODEL_MODEL_PRIV_H

#include "daemon/model/app.h"
#include "daemon/model/hash.h"
#include "daemon/model/model.h"
#include "daemon/model/pool.h"

#define MODEL_REMOVED_MAX 10000

struct router_node {
	struct model_router router; /* first: a router is its node */
	struct hash_node by_id, by_name, by_address;
};

struct end_node {
	struct hash_node by_ifname; /* of router and name */
	const struct model_end *end;
};

struct link_node {
	struct model_link link; /* first */
	struct hash_node by_id, by_name;
	struct end_node end[2];
};

struct app_node {
	struct model_app app; /* first */
	struct hash_node by_id;
};

struct model_subscriber {
	model_change_fn fn; /* NULL: unsubscribed during a callback */
	void *arg;
};

struct model_index {
	struct hash routers_by_id, routers_by_name, routers_by_address;
	struct hash links_by_id, links_by_name;
	struct hash ends_by_ifname;
	struct hash apps_by_id;
	struct pool slots, ports;
	struct model_router **by_slot; /* [VLSP_SLOT_MAX] */
	struct model_end **by_port;    /* [VLSP_PORT_MAX] */
	uint32_t last_router_id, last_link_id, last_app_id;
	uint32_t removed_count;
	struct model_subscriber *subscribers;
	size_t subscriber_count, subscriber_room;
	unsigned telling; /* depth of model_tell() */
	bool sweep;	  /* a subscriber went while telling */
};

static inline struct router_node *router_node(struct model_router *router)
{
	return (struct router_node *)router;
}

static inline struct link_node *link_node(struct model_link *link)
{
	return (struct link_node *)link;
}

/* Counts the change and calls every subscriber. */
void model_tell(struct model *model, enum model_change_kind kind, const struct model_router *router,
		const struct model_link *link, const char *what);

void model_tell_app(struct model *model, enum model_change_kind kind, const struct model_app *app,
		    const char *what);
/* Frees it and its reference; it is in no list. */
void model_app_free(struct model_app *app);
/* Decimal, no sign, no leading zero; 0: not an id. */
uint32_t model_parse_id(const char *text);

/* Writes the name of a device of router that leads to neighbour; unique among the router's ends
 * that are not on their way out. The rule is in ifname.c. */
void model_ifname(const struct model *model, const struct model_router *router,
		  const char *neighbour, char ifname[16]);
/* Whether another device of router, not on its way out, has that name. */
bool model_ifname_taken(const struct model *model, const struct model_router *router,
			const char *ifname);
/* The hash under which an end's device name is found. */
uint32_t model_ifname_hash(const struct model_router *router, const char *ifname);

#endif
