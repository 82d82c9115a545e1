/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications on routers (host_app.h): the daemon's side of vlsp-supervisor (lib/wire/app.h). */
#ifndef VLSP_DAEMON_HOST_LOCAL_APP_H
#define VLSP_DAEMON_HOST_LOCAL_APP_H

#include "daemon/host/host_ops.h"

struct local;
struct local_apps;

extern const struct host_app_ops local_app_ops;

int local_apps_open(struct local *local, struct local_apps **ret_apps, struct err *err);
/* What runs is taken over; then host_app_events.known is called. */
void local_apps_adopt(struct local_apps *apps);
/* keep: they go on alone. NULL is fine. */
void local_apps_close(struct local_apps *apps, bool keep);

#endif
