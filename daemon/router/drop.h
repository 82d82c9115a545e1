/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up root, when everything is open that needs it. */
#ifndef VLSP_DAEMON_ROUTER_DROP_H
#define VLSP_DAEMON_ROUTER_DROP_H

#include <stdint.h>

#include "lib/base/err.h"

/*
 * Becomes user and group uid, without any capability, with no_new_privs, not dumpable. Before that
 * it makes the directory of socket the working directory, so that the daemon can be connected to
 * whatever the directories above say; *ret_socket is the path to do it by, inside of socket. With
 * uid 0 nothing changes, and *ret_socket is socket. 0 or -errno, err says at what.
 */
int drop_root(uint32_t uid, const char *socket, const char **ret_socket, struct err *err);

#endif
