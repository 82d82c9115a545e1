/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: which event is due when, and in which order. Pure: told the time, it says what is
 * to be done; no clock, no I/O. Times are nanoseconds since the timeline's zero. Driven by
 * daemon/ctl/event.c.
 *
 * An event happens once, or every so often; each time it may be over after a while (for), or go
 * down and up several times (link-flap). So what is due is to do something, or to undo it. Of what
 * is due at the same time undoing comes first, then the order of the list counts.
 */
#ifndef VLSP_DAEMON_EVENT_TIMELINE_H
#define VLSP_DAEMON_EVENT_TIMELINE_H

#include <stdbool.h>

#include "lib/topo/event.h"

#define TIMELINE_NEVER UINT64_MAX

struct timeline;

struct timeline_due {
	size_t event;	/* index */
	bool undo;	/* what was done is over */
	uint64_t at_ns; /* as planned */
};

/* Keeps a reference to events. seed decides about jitter, and nothing else does: the n-th time of
 * an event is late by the same, however often it is run. 0 or -ENOMEM. */
int timeline_new(const struct topo_events *events, uint64_t seed, struct timeline **ret_timeline);
void timeline_free(struct timeline *timeline); /* NULL is fine */

/* When something is due next. */
uint64_t timeline_next(const struct timeline *timeline);
/* The first that is due by now_ns, once: to be called until it says false. */
bool timeline_take(struct timeline *timeline, uint64_t now_ns, struct timeline_due *ret_due);
/* From here on nothing is done any more; what was done for a while is over at now_ns. */
void timeline_cut(struct timeline *timeline, uint64_t now_ns);

struct timeline_state {
	uint64_t next_ns; /* when it is due next, to do or undo */
	uint64_t firings; /* how often it was done */
	bool holds;	  /* it is done and not yet undone */
};
void timeline_event(const struct timeline *timeline, size_t event,
		    struct timeline_state *ret_state);

#endif
