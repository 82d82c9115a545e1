/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model compared with the machine: at start, when a daemon before this one has left a network
 * running (or a crash has left part of one, or a reboot none of it), and when somebody asks.
 */
#ifndef VLSP_DAEMON_CTL_RECONCILE_H
#define VLSP_DAEMON_CTL_RECONCILE_H

#include "daemon/ctl/ctl.h"

/* What a comparison of the model with the machine found, and what was done about it. */
struct ctl_reconcile {
	uint32_t routers_made, routers_set, routers_adopted;
	uint32_t links_made, links_set, links_adopted;
	uint32_t strays;   /* removed */
	bool nothing;	   /* to do */
	char example[200]; /* the first thing that was not well; "" : none */
};
/*
 * Once, before the first operation, with the model restored: has the host back end adopt what
 * runs, and makes again what does not. The network is then what was acknowledged. done gets status
 * 0 also when something could not be made: that is FAILED then, and err says what.
 */
typedef void (*ctl_recovered_fn)(void *arg, int status, const struct ctl_reconcile *result,
				 const struct err *err);
int ctl_recover(struct ctl *ctl, ctl_recovered_fn done, void *arg, struct err *err);

/* An operation "reconcile": compares the machine with the model and puts right what differs; dry:
 * only looks. The result is in ctl_op.reconcile. */
int ctl_topology_reconcile(struct ctl *ctl, bool dry, ctl_done_fn done, void *arg, uint64_t *ret_op,
			   struct err *err);

#endif
