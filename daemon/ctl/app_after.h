/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which applications start, where a part of them comes and goes by requests. Called by
 * app_check.c, app_run.c, diff_app.c and topology.c. */
#ifndef VLSP_DAEMON_CTL_APP_AFTER_H
#define VLSP_DAEMON_CTL_APP_AFTER_H

#include "daemon/model/app.h"

/* That a new one on the router would not wait for itself by way of others, which wait for its name.
 * 0, -EINVAL, -ENOMEM. */
int app_after_check(const struct model *model, const struct model_router *router,
		    const struct topo_app *app, struct err *err);
/* gone is not wanted any more, before it was ready: notes that in those that wait for it, unless
 * another of its name is there. */
void app_after_forsake(const struct model *model, const struct model_app *gone);
/* At start, when the machine has told all that it has: marks those (unstarted) that wait for one
 * that is there and not ready, or for another such one. */
void app_after_mark(const struct model *model);
#define APP_AFTER_STOPPED "was stopped before it was ready"
/* Which of those that app waits for is gone: 1, 2, ...; 0: none. */
size_t app_after_waits(const struct model_app *app, const struct model_app *gone);
/* The state of app, which fails as the at-th of those that it waits for did that. */
void app_after_lost(const struct model_app *app, size_t at, const char *what,
		    struct model_app_state *ret_state);
/* What it runs as a document may have it: without waiting for those that are gone. A reference to
 * the same where all are there; NULL: out of memory. */
struct topo_app *app_after_known(const struct model *model, const struct model_app *app);
/* Whether a document has it, so that others of the document may wait for it. */
bool app_after_shown(const struct model_app *app);

#endif
