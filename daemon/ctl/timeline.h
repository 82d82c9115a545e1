/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what is to happen to the network by itself (Documentation/events.md). Timelines run from
 * their zero on: that of the topology's file, which begins when the file has been applied or when
 * somebody says so, and one for each event that was posted. What they do is operations, by the same
 * ctl_* functions as everybody's. Part of ctl.h.
 */
#ifndef VLSP_DAEMON_CTL_TIMELINE_H
#define VLSP_DAEMON_CTL_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/topo/event.h"

struct ctl;

#define CTL_EVENT_LOG	  1000	  /* firings that are kept */
#define CTL_EVENT_LATE_NS 5000000 /* behind its plan by more than that it is late */
#define CTL_EVENT_POSTED  1000	  /* posted events that are under way */

enum ctl_outcome { CTL_EVENT_UNDERWAY, CTL_EVENT_DONE, CTL_EVENT_FAILED };

/* One firing. Times are nanoseconds of its timeline, whatever its speed. */
struct ctl_firing {
	uint64_t id;	 /* 1, 2, ... without a gap */
	uint64_t number; /* of the event: in the file's list, or as it was given when posted */
	bool posted;
	bool undo; /* it is over */
	enum topo_action action;
	char object[200];
	uint64_t planned_ns, actual_ns, ended_ns;
	uint64_t time_ms; /* of actual, wall clock */
	bool late;	  /* behind its plan: the daemon was busy, or the machine */
	enum ctl_outcome outcome;
	uint64_t op;	 /* the last of its operations; 0: none */
	char error[240]; /* "": none */
};
const char *ctl_outcome_name(enum ctl_outcome outcome); /* "underway" "done" "failed" */

struct ctl_event_options {
	bool set_seed;
	uint64_t seed;
	double speed; /* 0: 1 */
};
#define CTL_SPEED_MIN 0.001
#define CTL_SPEED_MAX 1000.0

/* Starts from zero: events, or (NULL) those of the topology; what runs of them is stopped. -ENOENT:
 * there are none, or they name what is not there (source is for that message). */
int ctl_event_run(struct ctl *ctl, const struct topo_events *events, const char *source,
		  const struct ctl_event_options *options, struct err *err);
/* One event, from now on. -ENOENT: what it names is not there. */
int ctl_event_post(struct ctl *ctl, const struct topo_events *one, uint64_t *ret_number,
		   struct err *err);
/* Stops all timelines and traces: what was done for a while is undone now. Returns how many
 * timelines and traces there were. */
unsigned ctl_event_stop(struct ctl *ctl);

struct ctl_event_status {
	const char *state; /* "none": there are no events; "ready": they do not run yet; "running";
			      "done": all has happened; "stopped" */
	uint64_t seed;
	double speed;
	uint64_t now_ns;	 /* of the topology's timeline, if it runs */
	uint32_t posted, traces; /* under way */
};
void ctl_event_status(struct ctl *ctl, struct ctl_event_status *ret_status);

/* An event and where it is; of one that does not run next_ns is UINT64_MAX. */
struct ctl_event {
	const struct topo_event *event;
	uint64_t number;
	bool posted;
	uint64_t next_ns, firings;
	bool holds; /* it is done, and will be undone */
};
typedef void (*ctl_event_fn)(void *arg, const struct ctl_event *event);
/* Those of the file in its order, then posted ones. */
void ctl_event_each(struct ctl *ctl, ctl_event_fn fn, void *arg);

/* A trace that is played: to that direction. */
struct ctl_play {
	uint32_t link_id;
	int side; /* from that end */
	const char *trace;
};
typedef void (*ctl_play_fn)(void *arg, const struct ctl_play *play);
void ctl_play_each(struct ctl *ctl, ctl_play_fn fn, void *arg);

typedef void (*ctl_firing_fn)(void *arg, const struct ctl_firing *firing);
/* The last CTL_EVENT_LOG, those with an id above after, oldest first. */
void ctl_event_log(struct ctl *ctl, uint64_t after, ctl_firing_fn fn, void *arg);
/* Called when a firing has ended. One at a time. */
void ctl_event_watch(struct ctl *ctl, ctl_firing_fn fn, void *arg);

#endif
