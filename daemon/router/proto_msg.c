// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wire format of the routing protocol: writes messages and checks received ones completely before
 * anything in them is used. Called by proto.c and proto_session.c.
 */
#include "daemon/router/proto_msg.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

static void put16(uint8_t *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof(value));
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

void proto_msg_begin(struct proto_writer *w)
{
	w->size = PROTO_MSG_HEAD;
	w->block = 0;
}

void proto_msg_add(struct proto_writer *w, enum proto_msg_type type, const struct proto_entry *e)
{
	uint8_t *at;

	if (!w->block || w->data[w->block] != type) {
		w->block = w->size;
		w->data[w->block] = (uint8_t)type;
		w->data[w->block + 1] = 0;
		w->size += PROTO_MSG_BLOCK;
	}
	at = w->data + w->size;
	put32(at, e->dst);
	put32(at + 4, e->seqno);
	if (type == PROTO_MSG_UPDATE) {
		put32(at + 8, e->metric);
	} else {
		put16(at + 8, e->hops);
		put16(at + 10, 0);
	}
	w->size += PROTO_MSG_ENTRY;
	put16(w->data + w->block + 2, (uint16_t)(w->size - w->block - PROTO_MSG_BLOCK));
}

void proto_msg_end(struct proto_writer *w, const struct proto_head *head)
{
	uint8_t *at = w->data;

	at[0] = PROTO_MSG_VERSION;
	at[1] = 0;
	put16(at + 2, (uint16_t)w->size);
	put32(at + 4, head->address);
	put32(at + 8, head->epoch_tx);
	put32(at + 12, head->epoch_rx);
	put32(at + 16, head->sid_tx);
	put32(at + 20, head->sid_rx);
	put32(at + 24, head->seq);
	put32(at + 28, head->ack);
	put32(at + 32, (uint32_t)(head->mask >> 32));
	put32(at + 36, (uint32_t)head->mask);
}

static void read_entry(const uint8_t *at, enum proto_msg_type type, struct proto_entry *e)
{
	e->dst = get32(at);
	e->seqno = get32(at + 4);
	e->metric = type == PROTO_MSG_UPDATE ? get32(at + 8) : PROTO_INFINITY;
	e->hops = type == PROTO_MSG_REQUEST ? get16(at + 8) : 0;
}

static int check_entry(const uint8_t *at, enum proto_msg_type type, uint32_t sender)
{
	struct proto_entry e;

	read_entry(at, type, &e);
	if (!e.dst)
		return -EBADMSG;
	/* Distance 0 is the sender's own, and the sender has no other distance to itself. */
	if (type == PROTO_MSG_UPDATE && (e.metric == 0) != (e.dst == sender))
		return -EBADMSG;
	if (type == PROTO_MSG_REQUEST &&
	    (!e.hops || e.hops > PROTO_MSG_HOPS || get16(at + 10) || e.dst == sender))
		return -EBADMSG;
	return 0;
}

static int check_blocks(const uint8_t *at, size_t size, uint32_t sender)
{
	while (size) {
		size_t length;
		uint8_t type;

		if (size < PROTO_MSG_BLOCK)
			return -EBADMSG;
		type = at[0];
		length = get16(at + 2);
		if ((type != PROTO_MSG_UPDATE && type != PROTO_MSG_REQUEST) || at[1])
			return -EBADMSG;
		if (!length || length % PROTO_MSG_ENTRY || length > size - PROTO_MSG_BLOCK)
			return -EBADMSG;
		at += PROTO_MSG_BLOCK;
		size -= PROTO_MSG_BLOCK + length;
		for (; length; length -= PROTO_MSG_ENTRY, at += PROTO_MSG_ENTRY) {
			if (check_entry(at, type, sender))
				return -EBADMSG;
		}
	}
	return 0;
}

int proto_msg_check(const void *data, size_t size, struct proto_head *ret_head)
{
	const uint8_t *at = data;
	struct proto_head h;

	if (size < PROTO_MSG_HEAD || size > PROTO_MESSAGE_MAX)
		return -EBADMSG;
	if (at[0] != PROTO_MSG_VERSION || at[1] || get16(at + 2) != size)
		return -EBADMSG;
	h.address = get32(at + 4);
	h.epoch_tx = get32(at + 8);
	h.epoch_rx = get32(at + 12);
	h.sid_tx = get32(at + 16);
	h.sid_rx = get32(at + 20);
	h.seq = get32(at + 24);
	h.ack = get32(at + 28);
	h.mask = (uint64_t)get32(at + 32) << 32 | get32(at + 36);
	if (!h.address || !h.epoch_tx || !h.epoch_rx || !h.sid_tx)
		return -EBADMSG;
	/* No acknowledgement without a session, no mask without an acknowledgement. */
	if ((!h.sid_rx && h.ack) || (!h.ack && h.mask))
		return -EBADMSG;
	if (!h.seq != (size == PROTO_MSG_HEAD))
		return -EBADMSG;
	if (check_blocks(at + PROTO_MSG_HEAD, size - PROTO_MSG_HEAD, h.address))
		return -EBADMSG;
	*ret_head = h;
	return 0;
}

bool proto_msg_next(const void *data, size_t size, enum proto_msg_type type, struct proto_cursor *c,
		    struct proto_entry *ret_entry)
{
	const uint8_t *at = data;

	if (!c->offset)
		c->offset = c->end = PROTO_MSG_HEAD;
	while (c->offset == c->end) {
		size_t length;

		if (c->offset == size)
			return false;
		length = get16(at + c->offset + 2);
		c->end = c->offset + PROTO_MSG_BLOCK + length;
		c->offset = at[c->offset] == type ? c->offset + PROTO_MSG_BLOCK : c->end;
	}
	read_entry(at + c->offset, type, ret_entry);
	c->offset += PROTO_MSG_ENTRY;
	return true;
}
