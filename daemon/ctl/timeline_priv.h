/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between timeline.c (when), timeline_do.c (what), cut.c (partitions) and play.c (traces). */
#ifndef VLSP_DAEMON_CTL_TIMELINE_PRIV_H
#define VLSP_DAEMON_CTL_TIMELINE_PRIV_H

#include "daemon/ctl/ctl_priv.h"
#include "daemon/ctl/timeline.h"
#include "daemon/event/timeline.h"

/* What one event has done for a while. */
struct hold {
	uint64_t overlay; /* 0: none */
	uint64_t cut;
	uint32_t link_id;
	uint32_t weight, weight_before; /* 0: was not set */
};

/* A timeline that runs. */
struct run {
	struct list all; /* struct agenda.runs */
	uint64_t id;
	struct topo_events *events;
	struct timeline *timeline;
	struct hold *holds; /* by event */
	uint64_t zero_ns;   /* clock_mono_ns() */
	double speed;
	uint64_t seed;
	bool posted;
	uint64_t number; /* posted: of its event */
};

struct agenda {
	struct ctl *ctl;
	struct loop_timer *timer;
	struct list runs;
	struct run *file;	/* the topology's; NULL: does not run */
	uint64_t file_id;	/* of its last run, whose traces may go on */
	const char *file_state; /* then: "ready", "done", "stopped" */
	uint64_t file_seed;
	double file_speed;
	struct topo_events *known; /* the topology's, when it was looked at last */
	struct list firings;	   /* under way */
	struct list plays, cuts;
	uint64_t last_run, last_number, last_firing, last_cut;
	uint32_t posted;
	struct ctl_firing log[CTL_EVENT_LOG]; /* by id, modulo */
	ctl_firing_fn fn;
	void *arg;
};

/* A firing under way: it has ended when all its operations have. */
struct firing {
	struct list all;
	struct agenda *agenda;
	uint64_t id;
	uint64_t zero_ns;
	double speed;
	unsigned pending;
};

/* --- timeline.c --- */
int agenda_new(struct ctl *ctl, struct agenda **ret_agenda);
void agenda_free(struct agenda *agenda); /* NULL is fine */
/* An apply has ended; start: events that are others than before begin (again: also the same). */
void agenda_applied(struct agenda *agenda, bool start, bool again);
void agenda_deleted(struct agenda *agenda);

/* Times of a timeline and of the clock. */
uint64_t run_now(uint64_t zero_ns, double speed);
uint64_t run_clock(uint64_t zero_ns, double speed, uint64_t at_ns);
/* Before asking for an operation whose done is firing_op_done() with the firing as arg. */
void firing_asked(struct firing *firing);
void firing_op_done(void *arg, const struct ctl_op *op);
/* It was refused; err NULL: nothing had to be done. */
void firing_answered(struct firing *firing, const struct err *err);
/* Something that did not come from an event went wrong with a trace. */
void agenda_note(struct agenda *agenda, enum topo_action action, const char *object,
		 const struct err *err);

/* --- timeline_do.c --- */
void happen(struct agenda *agenda, struct run *run, const struct timeline_due *due,
	    struct firing *firing);
/* Whether what it names is there: 0 or -ENOENT. */
int happen_check(struct agenda *agenda, const struct topo_events *events,
		 const struct topo_event *event, struct err *err);

/* --- cut.c --- */
int cut_begin(struct agenda *agenda, const struct topo_event *event, struct firing *firing,
	      uint64_t *ret_cut, struct err *err);
void cut_end(struct agenda *agenda, uint64_t cut, struct firing *firing);
void cut_end_all(struct agenda *agenda, struct firing *firing);
void cut_forget_all(struct agenda *agenda);

/* --- play.c --- */
struct play_request {
	uint64_t run; /* id */
	uint32_t link_id;
	unsigned sides;
	const struct topo_events *events;
	const struct topo_trace *trace;
	bool loop;
	uint64_t offset_ns;
	uint64_t zero_ns; /* clock of its start */
	double speed;
};
int play_start(struct agenda *agenda, const struct play_request *request, struct firing *firing,
	       struct err *err);
/* Those of the link's sides, or of a run (0: of any); of the trace, unless it is NULL. firing may
 * be NULL. Returns how many. */
unsigned play_stop(struct agenda *agenda, uint32_t link_id, unsigned sides,
		   const struct topo_trace *trace, struct firing *firing);
unsigned play_stop_run(struct agenda *agenda, uint64_t run); /* returns how many */
void play_free_all(struct agenda *agenda);

#endif
