/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's side of the frames (lib/wire/frame.h): a listener and one connection a router. */
#ifndef VLSP_DAEMON_HOST_LOCAL_CHAN_H
#define VLSP_DAEMON_HOST_LOCAL_CHAN_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/wire/frame.h"

struct local_chan;   /* one connection */
struct local_listen; /* the socket */

struct local_chan_ops {
	/* The first frame of a connection; pid is the kernel's word (SO_PEERCRED). Returns what
	 * frame and closed get as owner, or NULL to refuse: the connection is closed then. */
	void *(*hello)(void *arg, struct local_chan *chan, const struct frame_hello *hello,
		       int32_t pid);
	/* A frame with a valid head; its body is the receiver's to check. */
	void (*frame)(void *owner, uint16_t type, const void *body, uint32_t length);
	/* A descriptor came with that frame, which has been told: the callee's to close. NULL: they
	 * are closed. */
	void (*given)(void *owner, uint16_t type, int fd);
	/* The other side has gone, or sent what is no frame. chan is freed after this. */
	void (*closed)(void *owner);
};

/* path: at most 107 bytes; a file there is replaced. Mode 0600, of that user and group (0: ours):
 * those whom router processes run as. Connections wait until local_listen_go(). */
int local_listen_new(struct loop *loop, const char *path, uint32_t owner,
		     const struct local_chan_ops *ops, void *arg, struct local_listen **ret_server,
		     struct err *err);
void local_listen_go(struct local_listen *server); /* again is fine */
/* Closes the socket, its file and all connections (without calling closed). NULL is fine. */
void local_listen_free(struct local_listen *server);

/* Sends or queues; fd (-1: none) stays the caller's. 0, -EMSGSIZE, -ENOBUFS (the other side does
 * not read: 16 MiB wait), -errno. An error of the socket is reported by closed, too. */
int local_chan_send(struct local_chan *chan, enum frame_type type, const void *body,
		    uint32_t length, int fd);
/* Closes without calling closed. NULL is fine. */
void local_chan_close(struct local_chan *chan);

#endif
