/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of confine_app_enter(), in the order in which they are done. */
#ifndef VLSP_LIB_CONFINE_APP_PRIV_H
#define VLSP_LIB_CONFINE_APP_PRIV_H

#include "lib/confine/confine.h"

/* Forks and returns 0 in the child. The parent waits for it, passing on signals, and exits with its
 * status: never returns. -errno: nothing was forked. */
int app_fork(void);
/* In a new mount namespace: what confine_app_enter() says of own_mounts. proc: a /proc of the
 * process namespace. */
int app_mounts(const char *const *hide, bool proc, bool proc_readonly, struct err *err);
/* Refuses system calls that reach beyond the namespace, for good; needs no_new_privs. 0, -errno. */
int app_filter(void);

#endif
