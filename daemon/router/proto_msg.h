/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routing protocol's messages, version 1; network byte order. Documentation/routing.md has the
 * table. One message: a head of 40 bytes, then blocks of a head of 4 bytes and entries of 12.
 */
#ifndef VLSP_DAEMON_ROUTER_PROTO_MSG_H
#define VLSP_DAEMON_ROUTER_PROTO_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/router/proto.h"

#define PROTO_MSG_VERSION 1
#define PROTO_MSG_HEAD	  40
#define PROTO_MSG_BLOCK	  4
#define PROTO_MSG_ENTRY	  12
#define PROTO_MSG_ENTRIES ((PROTO_MESSAGE_MAX - PROTO_MSG_HEAD - PROTO_MSG_BLOCK) / PROTO_MSG_ENTRY)
#define PROTO_MSG_HOPS	  4096 /* largest hop limit of a request */

enum proto_msg_type { PROTO_MSG_UPDATE = 1, PROTO_MSG_REQUEST = 2 };

struct proto_head {
	uint32_t address;	     /* of the sender */
	uint32_t epoch_tx, epoch_rx; /* incarnations of the sender and of the receiver */
	uint32_t sid_tx, sid_rx;     /* session numbers; sid_rx 0: not heard yet */
	uint32_t seq;		     /* 0: nothing but an acknowledgement */
	uint32_t ack;		     /* highest accepted in session sid_rx, 0: none */
	uint64_t mask;		     /* bit k: ack - 1 - k was accepted too */
};

struct proto_entry {
	uint32_t dst, seqno;
	uint32_t metric; /* UPDATE */
	uint16_t hops;	 /* REQUEST */
};

struct proto_writer {
	size_t size;
	size_t block; /* offset of the open block, 0: none */
	uint8_t data[PROTO_MESSAGE_MAX];
};

void proto_msg_begin(struct proto_writer *w);
/* Room is the caller's business: PROTO_MSG_ENTRY, and PROTO_MSG_BLOCK when the type changes. */
void proto_msg_add(struct proto_writer *w, enum proto_msg_type type, const struct proto_entry *e);
void proto_msg_end(struct proto_writer *w, const struct proto_head *head);

/* Checks all of the message. 0 or -EBADMSG. */
int proto_msg_check(const void *data, size_t size, struct proto_head *ret_head);

/* Goes through the entries of one type of a message that was checked; start with a zeroed cursor.
 */
struct proto_cursor {
	size_t offset, end; /* inside a block of the type; 0: before the first */
};
bool proto_msg_next(const void *data, size_t size, enum proto_msg_type type, struct proto_cursor *c,
		    struct proto_entry *ret_entry);

#endif
