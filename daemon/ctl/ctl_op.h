/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations: what was asked for, how far it is, how it ended. Part of ctl.h. */
#ifndef VLSP_DAEMON_CTL_CTL_OP_H
#define VLSP_DAEMON_CTL_CTL_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/list.h"

struct ctl;

enum ctl_op_state {
	CTL_QUEUED,
	CTL_RUNNING,
	CTL_CONVERGING, /* all is made; until routes are as they should be, nothing else runs */
	CTL_SETTLING,	/* all is written; applications start or end, and other operations run */
	CTL_DONE,
	CTL_OP_FAILED
};

struct ctl_summary { /* what an apply or delete did, or (dry run, diff) would do */
	uint32_t routers_added, routers_removed, routers_changed;
	uint32_t links_added, links_removed, links_changed;
	uint32_t apps_added, apps_removed, apps_changed;
};

struct ctl_reconcile;

struct ctl_op {
	struct list all;
	uint64_t id;
	const char *kind; /* "router-add", "topology-apply", ... */
	enum ctl_op_state state;
	uint64_t queued_ms, started_ms, ended_ms; /* wall clock; 0: not yet */
	uint64_t queued_ns, ended_ns;		  /* monotonic, for op_time */
	uint64_t done, total;			  /* progress in items */
	struct err err;				  /* code 0: none */
	bool machine; /* err is the host back end's: no fault of the request */
	struct ctl_summary summary;
	uint32_t router_id, link_id, app_id; /* what was made or changed; 0: none */
	bool converged;
	const struct ctl_reconcile *reconcile; /* of a reconcile; NULL otherwise */
};

/* op is valid during the call; later by ctl_op_by_id() while it is among the last 1000. */
typedef void (*ctl_done_fn)(void *arg, const struct ctl_op *op);

const struct ctl_op *ctl_op_by_id(struct ctl *ctl, uint64_t id);
/* Before a caller that does not wait for it is told of the operation: from here on the next daemon
 * knows of it, too. Of one that has just been asked for. 0, or -errno: then it fails at its turn,
 * for that reason. */
int ctl_op_promise(struct ctl *ctl, uint64_t id, struct err *err);
const struct list *ctl_op_list(struct ctl *ctl); /* of struct ctl_op.all, oldest first */
/* "queued" "running" "converging" "settling" "done" "failed" */
const char *ctl_op_state_name(enum ctl_op_state state);
/* Operation changes (state, progress), for /events and progress bars. */
typedef void (*ctl_op_fn)(void *arg, const struct ctl_op *op);
int ctl_op_subscribe(struct ctl *ctl, ctl_op_fn fn, void *arg);

#endif
