/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine compared with the model, and made equal to it: for the start of the daemon, for the
 * operation reconcile, and for an apply to a network that is not well. Called by reconcile.c and
 * run.c, while no plan has entered the model.
 */
#ifndef VLSP_DAEMON_CTL_REPAIR_H
#define VLSP_DAEMON_CTL_REPAIR_H

#include "daemon/ctl/reconcile.h"

struct repair;

enum repair_mode {
	REPAIR_ADOPT, /* at start: everything in the model is PLANNED */
	REPAIR_LOOK,
	REPAIR_FIX,
};

/* status < 0: the comparison was not possible, nothing was done. Otherwise err->code tells whether
 * something could not be put right; that is FAILED then. */
typedef void (*repair_fn)(void *arg, int status, const struct err *err);

/* result has to live until done, which may not be called from within. 0 or -errno with a text. */
int repair_start(struct ctl *ctl, enum repair_mode mode, struct ctl_reconcile *result,
		 repair_fn done, void *arg, struct err *err);
void repair_free(struct repair *repair); /* NULL is fine */

/* Something is not as it should be, by what routers report: cheap, and blind to what they cannot
 * see. Also true for a moment after a change, until they have reported. */
bool repair_wanted(const struct ctl *ctl);

#endif
