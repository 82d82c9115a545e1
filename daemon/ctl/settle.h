/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations that wait for applications, after everything else of them is done; others run
 * meanwhile. Called by run.c, op.c and app_run.c. */
#ifndef VLSP_DAEMON_CTL_SETTLE_H
#define VLSP_DAEMON_CTL_SETTLE_H

#include "daemon/ctl/ctl_priv.h"

/* After plan_enter(): notes what the operation will wait for. 0 or -ENOMEM. */
int settle_note(struct op *op);
/* All but this is done: ends it, now or when there is nothing to wait for any more. */
void settle_finish(struct ctl *ctl, struct op *op);
/* Something has become of applications. */
void settle_look(struct ctl *ctl);
void settle_deadline(void *arg);	 /* ctl: a timer */
void settle_free(struct settle *settle); /* NULL is fine */

#endif
