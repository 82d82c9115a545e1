/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted of applications makes sense, before anything is changed. Called by app.c. Those of
 * a document were checked with it. */
#ifndef VLSP_DAEMON_CTL_APP_CHECK_H
#define VLSP_DAEMON_CTL_APP_CHECK_H

#include "daemon/ctl/ctl_priv.h"
#include "daemon/model/app.h"

/* One more on a router that runs: 0, -ERANGE (it has as many as it may), -ENOENT (it starts after
 * one that is not there), -EINVAL; texts start with the field. */
int app_check_one(const struct ctl *ctl, const struct model_router *router,
		  const struct topo_app *app, struct err *err);

#endif
