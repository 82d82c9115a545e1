/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a plan, or from the whole model, to what the store is to write. Called by keep.c. */
#ifndef VLSP_DAEMON_CTL_PLAN_STORE_H
#define VLSP_DAEMON_CTL_PLAN_STORE_H

#include "daemon/ctl/plan.h"
#include "daemon/store/store.h"

/* A change and the memory behind it; texts belong to the model and to the plan. */
struct plan_store {
	struct store_change change;
	struct model_topology topology;
	uint32_t *routers_gone, *links_gone;
	struct store_router *routers;
	struct store_link *links;
	struct store_removed *removed;
	struct store_app *apps;
};

/* How many rows a plan changes; 0: the store has nothing to do for it. */
size_t plan_store_rows(const struct plan *plan);
/* What plan_commit() with the same now_ms makes of the model. After plan_enter(). 0 or -ENOMEM. */
int plan_store_change(const struct plan *plan, const struct model *model, uint64_t now_ms,
		      struct plan_store *ret);
/* All that the model has, and the last removed routers of its history. While no plan has
 * entered it. 0 or -ENOMEM. */
int plan_store_all(const struct model *model, size_t removed, struct plan_store *ret);
void plan_store_done(struct plan_store *store);

#endif
