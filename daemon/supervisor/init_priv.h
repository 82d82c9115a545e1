/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VLSP_DAEMON_SUPERVISOR_INIT_PRIV_H
#define VLSP_DAEMON_SUPERVISOR_INIT_PRIV_H

#include "daemon/supervisor/init.h"
#include "lib/base/err.h"

/* init_explain.c: why a program could not be executed, where the number alone would mislead. In the
 * application's own mount namespace, as its user. */
void init_explain(const char *program, int failure, struct err *err);

#endif
