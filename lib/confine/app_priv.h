/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of confine_app_enter(), in the order in which they are done. */
#ifndef VLSP_LIB_CONFINE_APP_PRIV_H
#define VLSP_LIB_CONFINE_APP_PRIV_H

#include "lib/confine/confine.h"

/* Forks and returns 0 in the child. The parent waits for it, passing on signals, and exits with its
 * status: never returns. -errno: nothing was forked. */
int app_fork(void);
/* In a new mount namespace: what confine_app_enter() says of own_mounts, hosts, hide and
 * rights. */
int app_mounts(const struct confine_app *app, struct err *err);
/* After that, still as root: the files. */
int app_files(const struct confine_app *app, struct err *err);
bool app_is_below(const char *path, const char *const *dirs); /* or one of them */
/* It is in a place of the application's own. */
bool app_is_own(const struct confine_app *app, const char *path);
extern const char *const app_scratch[]; /* its own places; ends with NULL */
/* Refuses system calls that reach beyond the namespace, for good; needs no_new_privs. 0, -errno. */
int app_filter(void);

#endif
