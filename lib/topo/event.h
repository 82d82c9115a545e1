/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to happen to a network, and when: the events and traces of a topology file
 * (Documentation/events.md). Plain data, read by read_events.c and read_trace.c, written by
 * write_events.c. Once read it does not change and is shared: whoever keeps it takes a reference.
 */
#ifndef VLSP_LIB_TOPO_EVENT_H
#define VLSP_LIB_TOPO_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/shape.h"

#define TOPO_EVENTS_MAX	       10000
#define TOPO_TRACES_MAX	       64
#define TOPO_TRACE_STEPS_MAX   100000  /* steps of one trace */
#define TOPO_TRACE_CHANCES_MAX 1000000 /* delivery opportunities of one trace */
#define TOPO_WINDOW_NS	       20000000
#define TOPO_MAHIMAHI_BYTES    1504 /* of one delivery opportunity */

enum topo_action {
	TOPO_NO_ACTION,
	TOPO_LINK_DOWN,
	TOPO_LINK_UP,
	TOPO_LINK_SILENT,
	TOPO_LINK_SET,
	TOPO_LINK_FLAP,
	TOPO_PARTITION,
	TOPO_HEAL,
	TOPO_ROUTER_KILL,
	TOPO_ROUTER_RESTART,
	TOPO_TRACE_PLAY,
	TOPO_TRACE_STOP,
	TOPO_APP_START,
	TOPO_APP_STOP,
	TOPO_ACTIONS,
};

enum topo_event_bit {
	TOPO_AT = 1 << 0,
	TOPO_AFTER = 1 << 1,
	TOPO_EVERY = 1 << 2,
	TOPO_TIMES = 1 << 3,
	TOPO_FOR = 1 << 4,
	TOPO_HOW = 1 << 5, /* silent or how: was said */
	TOPO_LOOP = 1 << 6,
};

/* What to change of a shape: see topo_shape_change(). */
struct topo_change {
	struct topo_shape shape;
	uint32_t clear;
};

struct topo_app;

struct topo_event {
	enum topo_action action;
	uint32_t given; /* enum topo_event_bit */
	uint64_t at_ns; /* of at or after */
	uint64_t every_ns, for_ns, jitter_ns;
	uint64_t times;		    /* with every; 0: for ever */
	char name[LINK_NAME_SIZE];  /* the link's, or the router's; app-stop: "ROUTER/APP" */
	char from[NAME_SIZE];	    /* "": both directions */
	struct topo_change change;  /* link-set */
	uint32_t weight;	    /* link-set; 0: leave */
	uint64_t down_ns, up_ns;    /* link-flap */
	uint64_t flaps;		    /* link-flap; 0: for ever */
	bool silent;		    /* link-flap, partition: otherwise down */
	char (*routers)[NAME_SIZE]; /* partition */
	size_t router_count;
	char trace[NAME_SIZE]; /* trace-play */
	bool loop;	       /* trace-play, with TOPO_LOOP */
	uint64_t offset_ns;    /* trace-play */
	struct topo_app *app;  /* app-start; named; a reference */
	int line;
};

enum topo_trace_format { TOPO_TRACE_STEPS, TOPO_TRACE_MAHIMAHI };

struct topo_step {
	uint64_t at_ns;
	struct topo_change change;
};

struct topo_trace {
	char name[NAME_SIZE];
	enum topo_trace_format format;
	bool loop;	    /* unless trace-play says otherwise */
	uint64_t length_ns; /* steps: after which it ends or begins again */
	uint64_t window_ns; /* mahimahi: over which rates are taken */
	struct topo_step *steps;
	size_t step_count, step_room;
	uint32_t *chances; /* mahimahi: ms of each delivery opportunity, not falling, last > 0 */
	size_t chance_count, chance_room;
	int line;
};

struct topo_events {
	uint64_t seed; /* of jitter */
	struct topo_event *events;
	size_t count, room;
	struct topo_trace *traces;
	size_t trace_count, trace_room;
	char *text; /* all of it as JSON, the same for the same events */
	unsigned references;
};

struct topo_doc;

/* The file that a trace names: *ret_text is freed by the reader. 0 or -errno with a text. */
typedef int (*topo_file_fn)(void *arg, const char *path, char **ret_text, size_t *ret_size,
			    struct err *err);
struct topo_files {	   /* what the reader may know of the machine */
	topo_file_fn read; /* NULL: no file may be named */
	void *arg;
	/* The shipped applications: name, a line about it, the next name, ... ends with NULL.
	 * Others are refused. NULL: which there are is not known. */
	const char *const *shipped;
};

/* A file of events and traces only: a map with events, traces, seed, or just a list of events. YAML
 * or JSON, as topo_read(). files NULL: a trace with a file is refused. */
int topo_events_read(const char *text, size_t size, const char *source,
		     const struct topo_files *files, struct topo_events **ret_events,
		     struct err *err);
/* One event, which need not say when. */
int topo_events_read_one(const char *text, size_t size, const char *source,
			 struct topo_events **ret_events, struct err *err);
/* Whether what events name is there: routers and links of doc. After the links have names. */
int topo_events_check(const struct topo_events *events, const struct topo_doc *doc,
		      const char *source, struct err *err);
/* Those of events that pass it, in *ret_events: the same where all do, NULL where none is left. 0
 * or -ENOMEM. */
int topo_events_known(const struct topo_events *events, const struct topo_doc *doc,
		      struct topo_events **ret_events);
/* NULL is fine for all; NULL and NULL are the same. */
struct topo_events *topo_events_ref(const struct topo_events *events);
void topo_events_free(struct topo_events *events); /* gives a reference back */
bool topo_events_same(const struct topo_events *x, const struct topo_events *y);

const struct topo_trace *topo_events_trace(const struct topo_events *events, const char *name);
const char *topo_action_name(enum topo_action action); /* "link-down" */
/* Whether the action has an end, so that it may be for a while. */
bool topo_action_ends(enum topo_action action);
/* One event as in a JSON file, to be freed. NULL: out of memory. */
char *topo_event_text(const struct topo_event *event);
/* What an event is about, for people: "backup", "r1, r2", "backup from r1: trace lte". */
const char *topo_event_object(const struct topo_event *event, char *buf, size_t size);

#endif
