/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications on routers (host_app.h): the daemon's side of vlsp-supervisor (lib/wire/app.h). */
#ifndef VLSP_DAEMON_HOST_LOCAL_APP_H
#define VLSP_DAEMON_HOST_LOCAL_APP_H

#include "daemon/host/host_ops.h"

struct local;
struct local_apps;

extern const struct host_app_ops local_app_ops;

/* programs: the directory of vlsp-supervisor and of apps/. One that runs is taken over. */
int local_apps_open(struct local *local, const char *programs, struct local_apps **ret_apps,
		    struct err *err);
/* What runs is told, then host_app_events.known is called. */
void local_apps_adopt(struct local_apps *apps);
/* Routers have come or gone. */
void local_apps_routers(struct local_apps *apps);
/* Workers that wait in local_apps_end() give up (-ECANCELED). */
void local_apps_cancel(struct local_apps *apps);
/* keep: they go on alone. NULL is fine. */
void local_apps_close(struct local_apps *apps, bool keep);

/* In a worker: returns when all applications on the routers of that task have ended, with all of
 * their processes. apps NULL: there are none. 0 or -errno. */
struct local_remove_task;
int local_apps_end(struct local_apps *apps, const struct local_remove_task *task);
/* Without an object: ends all, and removes their output. */
void local_apps_clean(const char *runtime_dir);

#endif
