/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What app_run.c, app_told.c and keep_app.c share. */
#ifndef VLSP_DAEMON_CTL_APP_RUN_PRIV_H
#define VLSP_DAEMON_CTL_APP_RUN_PRIV_H

#include "daemon/ctl/app_run.h"

struct app_stray {
	uint32_t id, router_id;
};

struct apps {
	struct ctl *ctl;
	struct loop_timer *kick;
	bool known;	/* the machine has told all that it has */
	bool recovered; /* and all routers are as they should be */
	/* app_told.c */
	struct app_stray *strays; /* that the machine has and nobody wants, until they have ended */
	size_t stray_count, stray_room;
	/* keep_app.c */
	struct loop_timer *write;
	bool write_set;
	uint32_t *gone; /* ids, that the store still has */
	size_t gone_count, gone_room;
};

/* NULL: this machine has no applications. */
static inline const struct host_app_ops *app_ops(const struct ctl *ctl)
{
	return ctl->host->ops->apps;
}

/* The machine was asked for it, by us or by a daemon before. */
static inline bool app_asked(const struct model_app *app)
{
	return app->restored ||
	       (app->state.phase != MODEL_APP_PLANNED && app->state.phase != MODEL_APP_WANTED);
}

/* From the beginning, as if it had not been asked for; the machine forgets it. */
void app_anew(struct ctl *ctl, struct model_app *app);
/* The same of one that the machine does not have; what it printed before is kept. */
void app_again(struct ctl *ctl, struct model_app *app);
/* Over, without the machine's word. */
void app_give_up(struct ctl *ctl, struct model_app *app, enum model_app_phase phase, int error,
		 const char *text);

/* --- app_told.c --- */
void app_state(void *arg, uint32_t id, const struct host_app_state *told);
void app_known(void *arg);
uint32_t app_place(void *arg, uint32_t id);
/* Something that nobody wants is still on its way out of the router, of a daemon before this one:
 * what it was called, and what was to come in its place, is not known. */
bool app_room_strays(const struct ctl *ctl, const struct model_router *router);
/* Both apps->known and apps->recovered: those that nobody told of. */
void app_judge(struct ctl *ctl);

/* --- keep_app.c --- */
void keep_apps_timer(void *arg); /* ctl: a timer */

#endif
