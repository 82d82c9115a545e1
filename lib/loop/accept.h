/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of a listening socket, as they come. Without descriptors or memory for one it waits,
 * and is taken later: a socket that stays ready would let the loop do nothing else (accept(2):
 * EMFILE, ENFILE, ENOBUFS, ENOMEM).
 */
#ifndef VLSP_LIB_LOOP_ACCEPT_H
#define VLSP_LIB_LOOP_ACCEPT_H

#include "lib/loop/loop.h"

struct loop_accept;

/* fd: the callee's, non-blocking, close-on-exec. Must not free the loop_accept. */
typedef void (*loop_accept_fn)(void *arg, int fd);

/* sock: listening, non-blocking; the caller's, to be closed after loop_accept_free(). what, for the
 * log: "connections of routers"; a text that stays. Nothing is accepted before loop_accept_go().
 * 0 or -errno. */
int loop_accept_new(struct loop *loop, int sock, const char *what, loop_accept_fn fn, void *arg,
		    struct loop_accept **ret_accept);
void loop_accept_go(struct loop_accept *accept);   /* again is fine */
void loop_accept_free(struct loop_accept *accept); /* NULL is fine */

#endif
