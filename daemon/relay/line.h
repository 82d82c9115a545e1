/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a link in the relay: a queue that a transmitter of the link's rate empties, and
 * then the delay. Times are CLOCK_MONOTONIC nanoseconds and handed in; nothing is read, sent or
 * waited for here. What each property means: Documentation/link-emulation.md.
 */
#ifndef VLSP_DAEMON_RELAY_LINE_H
#define VLSP_DAEMON_RELAY_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/relay/hold.h"
#include "include/shared/maps.h"

/* The packet has left the queue; due_ns says when it is to be sent. It is fn's from then on. */
typedef void (*line_due_fn)(void *arg, struct packet *packet);

struct line {
	uint32_t port, slot, link;
	struct vlsp_shape shape; /* rate, overhead and limit as they are now */
	line_due_fn due;
	void *arg;
	struct vlsp_line *stats;
	struct packet *head, **tail; /* wait for the rate; head is being transmitted */
	uint64_t end_ns;	     /* of head's transmission; without head: of the last one */
	uint64_t rest;		     /* of the division by rate, carried on */
	uint64_t last_due_ns;
	uint64_t tick_ns; /* for the owner's heap; 0: none */
};

/* stats: what is written while it goes on; must outlive line. */
void line_init(struct line *line, uint32_t port, line_due_fn due, void *arg,
	       struct vlsp_line *stats);

/* Another link has this port now; the queue is empty. */
void line_begin(struct line *line, uint32_t slot, uint32_t link);

/*
 * A frame that came at arrived_ns; those of one line are told in order. False: the queue is full,
 * the packet is still the caller's.
 */
bool line_take(struct line *line, struct packet *packet, uint64_t arrived_ns);

/* What has been transmitted until now_ns leaves the queue. */
void line_advance(struct line *line, uint64_t now_ns);

/* The rate is another from now_ns on, also for what waits. */
void line_shape(struct line *line, const struct vlsp_shape *shape, uint64_t now_ns);

/* When line_advance() has something to do; 0: never. */
static inline uint64_t line_next(const struct line *line)
{
	return line->head ? line->end_ns : 0;
}

#endif
