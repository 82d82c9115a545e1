/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications on routers. Part of ctl.h; daemon/model/app.h has what there is of them.
 *
 * What is wanted is changed by operations, in their turn and in the store, as everything else; what
 * runs follows (app_run.c), and is told in the model's feed. An operation that waits for that is
 * CTL_SETTLING, and others run meanwhile.
 *
 * One that has ended by itself stays, with its status and its output, until it is stopped (which
 * then removes it), its router goes, or more than CTL_APPS_ENDED_MAX of its router have ended
 * after it.
 */
#ifndef VLSP_DAEMON_CTL_APP_H
#define VLSP_DAEMON_CTL_APP_H

#include "daemon/ctl/ctl.h"
#include "daemon/model/app.h"

#define CTL_APPS_ENDED_MAX     100   /* of one router that are kept */
#define CTL_APP_TIMEOUT_MS     30000 /* by default, until it is ready, or has ended */
#define CTL_APP_TIMEOUT_MAX_MS 3600000

struct ctl_app_wait {
	bool no_wait;	     /* done once it is written; what comes of it is told in the feed */
	uint64_t timeout_ms; /* 0: CTL_APP_TIMEOUT_MS */
};

/*
 * Mutations as those of ctl.h: 0, and done is called; or -errno at once. router is R: a name, id or
 * address; app is a name, aid or id, in that order. ctl_op.app_id is the application's id.
 *
 * start: app is taken a reference of; without a name (app->named false) it is given one at its
 * turn, so nobody else may hold it then. With one, it takes the place of another of that name that
 * has ended, which is gone then. Refused: -EEXIST (name), -ERANGE (TOPO_APPS_MAX), -ENOENT
 * (router; after: no such application), -EINVAL; and what the machine says at once (-ENOENT,
 * -EACCES, -EAGAIN: err.text has why), with which the operation fails at its turn. done is called
 * when it is ready, or has ended with status 0. When it failed, or ended otherwise before it was
 * ready (and is not to be started again), the operation fails with what the machine says of it, its
 * last output among it, and it is not there any more: nothing was changed. ETIMEDOUT: it is not
 * ready yet, and stays.
 */
int ctl_app_start(struct ctl *ctl, const char *router, struct topo_app *app,
		  const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		  struct err *err);
/* done when it is gone with all of its processes; also one that has ended is removed, with its
 * output. app NULL: all of the router. -ENOENT; ETIMEDOUT: it has not ended yet, and goes on to. */
int ctl_app_stop(struct ctl *ctl, const char *router, const char *app,
		 const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		 struct err *err);
/* Stopped as by stop, and started anew as by start, in one operation: with another id. */
int ctl_app_restart(struct ctl *ctl, const char *router, const char *app,
		    const struct ctl_app_wait *wait, ctl_done_fn done, void *arg, uint64_t *ret_op,
		    struct err *err);
/* Gives it key=value. Fails with ESRCH (it does not run), ENOTCONN (it does not listen), EAGAIN (it
 * does not take what it was given before). Not kept. */
int ctl_app_set(struct ctl *ctl, const char *router, const char *app, const char *key,
		const char *value, ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err);

/* 0, or -ENOENT with a text that starts with "router: " or "app: ". */
int ctl_app_find(struct ctl *ctl, const char *router, const char *app, struct model_app **ret_app,
		 struct err *err);

/* What the machine says, as struct host_app_ops has it; -ESRCH: it has not been asked for yet, or
 * is not known any more. */
int ctl_app_usage(struct ctl *ctl, const struct model_app *app, struct host_app_usage *ret_usage);
int ctl_app_values(struct ctl *ctl, const struct model_app *app, struct host_app_value *ret,
		   size_t max);
int ctl_app_functions(struct ctl *ctl, const struct model_app *app, struct host_app_function *ret,
		      size_t max);
int ctl_app_log_path(struct ctl *ctl, const struct model_app *app, char *buf, size_t size);
/* Name, a line about it, the next name, ...; ends with NULL. */
const char *const *ctl_app_shipped(struct ctl *ctl);

#endif
