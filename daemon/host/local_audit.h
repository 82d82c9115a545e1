/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Audits: looking (local_look.h), clearing what is wrong or unwanted, taking over what is well. */
#ifndef VLSP_DAEMON_HOST_LOCAL_AUDIT_H
#define VLSP_DAEMON_HOST_LOCAL_AUDIT_H

#include "daemon/host/local_priv.h"

/* local_clear.c: removes strays and, with wrong, routers and links that are WRONG and everything in
 * routers that go; found of links at such routers becomes ABSENT. 0 or -errno with look->err. */
int local_clear_run(struct local *local, struct local_look *look, bool wrong);

/* local_adopt.c: in the loop. What is WELL becomes known; processes are waited for, and ready is
 * called once they are all heard of, or given up (they are started again). 0 or -ENOMEM. */
int local_adopt_begin(struct local *local, const struct local_look *look);
/* Something has happened to a router. */
void local_adopt_step(struct local *local);

/* local_audit.c: called by local_adopt.c when everything is taken over. */
void local_audit_finish(struct local *local, int status, const struct err *err);

#endif
