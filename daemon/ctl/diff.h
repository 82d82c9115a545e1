/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between a document and the model, as a plan and as lines for people. */
#ifndef VLSP_DAEMON_CTL_DIFF_H
#define VLSP_DAEMON_CTL_DIFF_H

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/plan.h"

/*
 * What makes the model equal to doc (which has passed topo_doc_check()), appended to plan. Routers
 * and links are matched by name. Made again: a router whose explicit address differs, or that has
 * FAILED, with its links; a link between others than before, or FAILED; everything when
 * the network differs or replace is set. All else changes in place, attached interfaces among it. A
 * router whose process has ended and is about to be started again by the machine (dead[slot] is its
 * id) is let alone: its namespace, links and table are well. A link's state (up, down, silent) is
 * not in a document, so it stays, also of one that is made again between the same two; with replace
 * it is up. out may be NULL. 0 or -errno.
 *
 * Applications are matched by name on their router. One that is equal is let alone, unless it has
 * failed: then, and where it differs, it is stopped and started anew. Those that doc does not have
 * are stopped if they came by a document; started by a request, they stay, also on a router that is
 * made again, unless replace is set.
 */
int diff_plan(const struct model *model, const uint32_t *dead, const struct topo_doc *doc,
	      bool replace, struct plan *plan, struct ctl_diff *out, struct err *err);

/* --- for diff_app.c --- */
struct diff {
	const struct model *model;
	const uint32_t *dead; /* by slot: id of the router that comes back by itself */
	const struct topo_doc *doc;
	struct plan *plan;
	struct ctl_diff *out;	    /* NULL: only the plan is wanted */
	bool all;		    /* everything is made again */
	bool replace;		    /* and starts anew */
	struct model_router **same; /* by doc's index: has the name */
	struct model_router **keep; /* by doc's index: stays */
	uint32_t *address;	    /* by doc's index */
	size_t *add;		    /* by doc's index: in plan->routers_add */
	bool *router_seen;	    /* by slot */
	bool *link_seen;	    /* by port of end A */
};
/* A line for people. 0 or -ENOMEM. */
int diff_note(struct diff *d, char sign, const char *noun, const char *name, const char *fields);
/* Applications of all routers; those have been compared. 0 or -ENOMEM. */
int diff_apps(struct diff *d);

/* --- diff_order.c --- */
/* The places of the applications on a router that stays: those of the document in its order. first:
 * in plan->apps_add, from where on there are some of this router. 0 or -ENOMEM. */
int diff_order(struct diff *d, struct model_router *router, const struct topo_apps *wanted,
	       size_t first);

#endif
