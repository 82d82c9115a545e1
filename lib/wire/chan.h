/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the daemon (lib/wire/frame.h): connects, connects again when it is lost, queues
 * what the socket does not take at once.
 */
#ifndef VLSP_LIB_WIRE_CHAN_H
#define VLSP_LIB_WIRE_CHAN_H

#include <stdint.h>

#include "lib/loop/loop.h"
#include "lib/wire/frame.h"

struct chan;

struct chan_ops {
	void (*connected)(void *arg); /* say HELLO now */
	/* One frame; fd: -1, or the callee's to close. Pointers are valid during the call. */
	void (*frame)(void *arg, uint16_t type, const void *body, uint32_t length, int fd);
	/* After each batch of frames; may be NULL. */
	void (*batch_end)(void *arg);
};

/* path: of router.sock. Copied. -EINVAL: too long. */
int chan_new(struct loop *loop, const char *path, const struct chan_ops *ops, void *arg,
	     struct chan **ret_chan);
void chan_free(struct chan *chan); /* NULL is fine */

/* Connects for the first time, waiting for the daemon to accept for at most wait_ms. 0 or -errno;
 * after a failure nothing is tried again. */
int chan_connect(struct chan *chan, unsigned wait_ms);

/* Sends or queues. 0; -ENOTCONN: there is no daemon at the moment; -EMSGSIZE; -ENOMEM. When more is
 * queued than CHAN_QUEUE_MAX bytes, the connection is given up: state is sent after the next. */
#define CHAN_QUEUE_MAX (4u << 20)
int chan_send(struct chan *chan, enum frame_type type, const void *body, uint32_t length);
/* A frame without body that hands over a descriptor, which stays the caller's; at once or not at
 * all (-EAGAIN). 0 or -errno. */
int chan_give(struct chan *chan, enum frame_type type, int fd);

/* For ops->frame of a helper process: r is 0 if it has kept the descriptor, -EEXIST if the frame
 * was dealt with and did not need one, another -errno if it makes no sense, which is logged at
 * debug. Closes fd unless it was kept. */
void chan_frame_done(const char *who, uint16_t type, int r, int fd);

#endif
