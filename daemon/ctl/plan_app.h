/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications in a plan (plan.h). The machine has nothing to do for them in a batch: the plan says
 * what is wanted from then on, and app_run.c brings what runs in line with it.
 */
#ifndef VLSP_DAEMON_CTL_PLAN_APP_H
#define VLSP_DAEMON_CTL_PLAN_APP_H

#include "daemon/model/app.h"

struct plan;
struct plan_store;

struct plan_app {
	struct model_router *router; /* one that runs, or NULL: */
	size_t add;		     /* the add-th new one */
	struct topo_app *app;	     /* a reference */
	bool by_topology;
	uint32_t aid;		/* of one in whose place it comes; 0: a new one */
	uint32_t place;		/* 0: the last */
	struct model_app *made; /* after plan_enter() */
};

struct plan_lose { /* ids: app waits for gone, as the at-th that it names, which goes unready */
	uint32_t app, gone;
	size_t at;
};

/* Appends; app is taken a reference of. NULL: out of memory. */
struct plan_app *plan_app_add(struct plan *plan, struct model_router *router, struct topo_app *app);
/* By id: whatever becomes of it until then, it is gone afterwards. 0 or -ENOMEM. */
int plan_app_del(struct plan *plan, const struct model_app *app);
/* Another place for it, and for those in whose place it came and that are on their way out. Those
 * of one router one after the other. 0 or -ENOMEM. */
int plan_app_move(struct plan *plan, const struct model_app *app, uint32_t place);
/* add comes in the place of was, with its aid. */
void plan_app_instead(struct plan_app *add, const struct model_app *was);
/* One that the operation waits for, too. 0 or -ENOMEM. */
int plan_app_wait(struct plan *plan, const struct model_app *app);

/* Parts of plan_done(), plan_enter(), plan_commit(), plan_leave(). */
void plan_app_done(struct plan *plan);
int plan_app_enter(struct plan *plan, struct model *model, uint64_t now_ms, struct err *err);
void plan_app_commit(struct plan *plan, struct model *model);
void plan_app_leave(struct plan *plan, struct model *model);

/* Parts of plan_store_rows(), plan_store_change(), plan_store_all(). */
size_t plan_app_rows(const struct plan *plan);
int plan_app_change(const struct plan *plan, const struct model *model, struct plan_store *store);
int plan_app_all(const struct model *model, struct plan_store *store);
/* --- plan_after.c --- */
/* apps_lose, of a plan that has entered. 0 or -ENOMEM. */
int plan_after_enter(struct plan *plan, const struct model *model);
/* The i-th of apps_lose, and what becomes of it; NULL: it does not wait any more, or not in vain.
 */
const struct model_app *plan_after_lost(const struct plan *plan, const struct model *model,
					size_t i, struct model_app_state *ret_state);

/* What the store keeps of it now. */
struct store_app;
void plan_app_fill(struct store_app *row, const struct model_app *app);

#endif
