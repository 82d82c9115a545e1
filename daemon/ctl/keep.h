/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operation writes to the store, and when (Documentation/recovery.md): begin before the
 * machine is touched, commit when the machine has done everything and before the model changes,
 * end where nothing was changed. Called by run.c and op.c; without a store all of it does nothing.
 */
#ifndef VLSP_DAEMON_CTL_KEEP_H
#define VLSP_DAEMON_CTL_KEEP_H

#include "daemon/ctl/ctl_priv.h"

/* err->code of an operation that could not be written down: no room, or any other reason. */
#define KEEP_FULL   EDQUOT
#define KEEP_FAILED EROFS

/* Gives it one of these codes; returns -code. */
int keep_refused(int ret, struct err *err);
/* The store may differ from the model: only all of it may be written. */
bool keep_stale(const struct ctl *ctl);
/* Before a plan enters the model: the store holds what the model has, or is made to. */
int keep_ready(struct ctl *ctl, struct err *err);
/* After it has entered, before the batch. Refused: nothing was touched. */
int keep_begin(struct ctl *ctl, struct op *op, struct err *err);
/* The machine has done it: durable on return. On failure the caller takes everything back, and then
 * calls keep_undone(). */
int keep_commit(struct ctl *ctl, struct op *op, uint64_t now_ms, struct err *err);
/* After plan_leave(): gone routers are in the model's history only, wrong things are not as the
 * store has them. Where the store may differ from the model, it is written anew; what could not
 * be written is said at the end of why. */
void keep_undone(struct ctl *ctl, size_t wrong, size_t gone, struct err *why);
/* The operation has ended: its row, unless keep_commit() has written just that. What cannot be
 * written is written as soon as that works again. */
void keep_end(struct ctl *ctl, struct op *op);
void keep_rewrite(void *arg);				/* ctl: a timer */
void keep_forget(struct ctl *ctl, const struct op *op); /* it leaves the history */
/* Operations of the daemon before this one; those that it was at are failed. 0 or -ENOMEM. */
int keep_history(struct ctl *ctl, const struct store_content *content);
/* The comparison at start is through: those are written as failed. */
void keep_recovered(struct ctl *ctl);

/* --- keep_app.c: applications, besides operations --- */
/* It is in the model no more, and is to go from the store. */
void keep_app_gone(struct ctl *ctl, uint32_t id);
/* Writes what is unwritten of them, now. 0 or -errno: it is tried again. */
int keep_apps(struct ctl *ctl, struct err *err);
/* The same, soon. */
void keep_apps_soon(struct ctl *ctl);
/* All of the model was written. */
void keep_apps_written(struct ctl *ctl);

#endif
