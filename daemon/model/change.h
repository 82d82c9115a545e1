/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feed of the model's changes, in which everybody sees them in the same order. Part of
 * model.h. */
#ifndef VLSP_DAEMON_MODEL_CHANGE_H
#define VLSP_DAEMON_MODEL_CHANGE_H

#include <stdint.h>

struct model;
struct model_app;
struct model_link;
struct model_router;

enum model_change_kind {
	MODEL_ROUTER_ADDED,
	MODEL_ROUTER_CHANGED,
	MODEL_ROUTER_REMOVED,
	MODEL_LINK_ADDED,
	MODEL_LINK_CHANGED,
	MODEL_LINK_REMOVED,
	MODEL_TOPOLOGY_CHANGED, /* name, network, mode */
	MODEL_APP_ADDED,
	MODEL_APP_CHANGED,
	MODEL_APP_REMOVED,
};

struct model_change {
	uint64_t seq; /* 1, 2, ... : the order in which everybody sees changes */
	enum model_change_kind kind;
	const struct model_router *router; /* valid during the callback, also for REMOVED */
	const struct model_link *link;
	const struct model_app *app;
	const char *what; /* e.g. "state", "weight", "admin", "oper", "rib"; never NULL */
};

typedef void (*model_change_fn)(void *arg, const struct model_change *change);

int model_subscribe(struct model *model, model_change_fn fn, void *arg);
void model_unsubscribe(struct model *model, model_change_fn fn, void *arg);

#endif
