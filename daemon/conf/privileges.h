/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon keeps of root's rights. Documentation/privileges.md says what for. */
#ifndef VLSP_DAEMON_CONF_PRIVILEGES_H
#define VLSP_DAEMON_CONF_PRIVILEGES_H

#include "lib/base/err.h"

/*
 * Drops all capabilities but those that are needed, for good, also for programs that are started
 * later, and sets no_new_privs. To be called before there are other threads, with listeners and
 * back ends still to be opened: none of them needs more. As a user other than root: only
 * no_new_privs. 0 or -errno.
 */
int privileges_limit(struct err *err);

#endif
