/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs is brought in line with what is wanted: applications of the model are started when
 * their turn has come, those that nobody wants are stopped, and what the machine tells of them is
 * entered into the model. Called by the other files of daemon/ctl.
 */
#ifndef VLSP_DAEMON_CTL_APP_RUN_H
#define VLSP_DAEMON_CTL_APP_RUN_H

#include "daemon/ctl/ctl_priv.h"
#include "daemon/model/app.h"

int apps_new(struct ctl *ctl, struct apps **ret_apps);
void apps_free(struct apps *apps); /* NULL is fine */
/* What the machine is to call. */
struct host_app_events apps_events(struct ctl *ctl);

/* Something is wanted, or is not any more: looked at from the loop, soon. */
void apps_kick(struct ctl *ctl);
/* The router has been made again under its id: what ran on it has ended with it and is started
 * anew; also jobs that had done their work. */
void apps_router_again(struct ctl *ctl, struct model_router *router);
/* At start: until apps_recovered(), and until the machine has told what it has, nothing is started.
 */
void apps_recover(struct ctl *ctl);
void apps_recovered(struct ctl *ctl);

/* It did what it was to do: it is or was ready, or has ended well; not because it was told to. */
bool apps_well(const struct model_app *app);
/* It will never be. One that was ended with a router that stays is neither: it runs again. */
bool apps_lost(const struct model_app *app);
/* Why, as an error of the application alone. */
void apps_why(const struct model_app *app, struct err *ret_err);
/* One that is over leaves model and machine, and the store soon (keep_apps()). */
void apps_drop(struct ctl *ctl, struct model_app *app);

#endif
