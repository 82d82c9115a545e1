/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink requests in batches: messages are appended to one buffer by the builders of link.h,
 * addr.h and tc.h, go out in as few sendmsg() as possible, and every refusal is reported with the
 * tag that was in force when its message was appended. The kernel handles the messages of a batch
 * in order and goes on after one that it refuses. Not thread-safe: one batch and one socket
 * belong to one thread at a time.
 */
#ifndef VLSP_LIB_NLK_BATCH_H
#define VLSP_LIB_NLK_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define NLK_MESSAGE_MAX 2048  /* bytes of one message, attributes included */
#define NLK_CHUNK_MAX	32768 /* bytes given to one sendmsg() */

struct nlk_batch {
	char *buf;
	size_t used, room;
	uint32_t *tags; /* of each message */
	size_t count, tag_room;
	uint32_t tag; /* given to messages appended from now on */
	uint32_t seq; /* of the last message ever appended */
	int failed;   /* -ENOMEM: a message could not be appended; nlk_batch_send() says so */
};

/* code: positive errno; text: the kernel's own words (extended ack) or "". */
typedef void (*nlk_error_fn)(void *arg, uint32_t tag, int code, const char *text);

/* A NETLINK_ROUTE socket of the network namespace that the calling thread is in; it stays there
 * whatever the thread does later. The caller closes it. Descriptor or -errno. */
int nlk_open(void);

void nlk_batch_init(struct nlk_batch *batch);
void nlk_batch_done(struct nlk_batch *batch);

/* Appends a header and extra_size bytes (zeroed) behind it, *ret_extra. For the builders. NULL when
 * memory ran out; batch->failed is set then and builders just return. */
struct nlmsghdr *nlk_batch_begin(struct nlk_batch *batch, uint16_t type, uint16_t flags,
				 size_t extra_size, void **ret_extra);
void nlk_batch_end(struct nlk_batch *batch, struct nlmsghdr *nlh);

/*
 * Sends everything, waits until the kernel has handled it, and empties the batch. fn (may be NULL)
 * is called for each refused message. 0 when all were accepted, otherwise -errno of the first that
 * was refused or of the socket.
 */
int nlk_batch_send(struct nlk_batch *batch, int sock, nlk_error_fn fn, void *arg);

#endif
