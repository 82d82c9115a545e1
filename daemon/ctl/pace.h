/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the machine keeps up with link emulation: what the host back end counts, looked at once a
 * second while there is something to look at.
 */
#ifndef VLSP_DAEMON_CTL_PACE_H
#define VLSP_DAEMON_CTL_PACE_H

#include "daemon/host/host_view.h"

struct ctl;
struct pace;

struct ctl_pace {
	struct host_pace now;
	char warning[200]; /* for people, while it does not keep up; "": it does */
};

void ctl_pace(struct ctl *ctl, struct ctl_pace *ret_pace);
/* Called from the loop when a warning begins and when it ends. One at a time; fn NULL: nobody. */
typedef void (*ctl_pace_fn)(void *arg, const struct ctl_pace *pace);
void ctl_pace_watch(struct ctl *ctl, ctl_pace_fn fn, void *arg);

/* For tests: it is looked at that often. */
void ctl_pace_every(struct ctl *ctl, uint64_t ns);

/* For daemon/ctl. */
int pace_new(struct ctl *ctl, struct pace **ret_pace); /* 0 or -ENOMEM */
void pace_free(struct pace *pace);		       /* NULL is fine */
/* Emulation may have begun. */
void pace_kick(struct pace *pace);

#endif
