/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one application: what phase it is in, when it counts as ready, when it is started
 * again, when patience with it ends. Pure: time and what happens come in, what is to be done goes
 * out.
 */
#ifndef VLSP_DAEMON_SUPERVISOR_LIFE_H
#define VLSP_DAEMON_SUPERVISOR_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/topo/app.h"
#include "lib/wire/app.h"

#define LIFE_SETTLED_NS	   100000000ull	 /* alive for that long: ready, if it says nothing itself */
#define LIFE_PAUSE_NS	   100000000ull	 /* until it is started again; doubles each time, */
#define LIFE_PAUSE_MAX_NS  5000000000ull /* up to that, */
#define LIFE_PAUSE_ZERO_NS 10000000000ull /* until it has lived for so long */

enum life_do { LIFE_NOTHING, LIFE_START, LIFE_TERM, LIFE_KILL };

struct life {
	enum topo_app_restart restart;
	enum topo_app_ready ready_by; /* not AUTO */
	uint64_t grace_ns;

	enum app_phase phase;
	bool ready;
	bool process;  /* there is one, from life_begun() to life_ended() */
	bool executed; /* it runs the program */
	bool notified; /* which has said that it serves */
	bool ran;      /* at least once */
	int status;    /* of the last run; -1: none has ended */
	uint32_t restarts;
	uint64_t begun_ns, pause_ns;
	uint64_t settled_ns, due_ns; /* 0: nothing */
	enum life_do due;
};

/* It is to be started, as life_tick() says then. */
void life_init(struct life *life, enum topo_app_restart restart, enum topo_app_ready ready_by,
	       uint32_t grace_ms, uint64_t now);
/* When life_tick() has something to do; 0: never. */
uint64_t life_next(const struct life *life);
/* What is to be done now; the phase, or ready, may have changed. */
enum life_do life_tick(struct life *life, uint64_t now);
/* Nothing more comes of it. */
bool life_is_over(const struct life *life);

/* Answers to START: it has a process, which runs the program a little later; or it has none, and
 * what there was of one is gone. */
void life_begun(struct life *life);
void life_executed(struct life *life, uint64_t now);
void life_unable(struct life *life, uint64_t now);
/* It says that it serves. */
void life_notified(struct life *life);
/* It is gone with all of its processes; status as from waitpid(2). */
void life_ended(struct life *life, int status, uint64_t now);
/* Again with at_once is fine. */
void life_stop(struct life *life, bool at_once, uint64_t now);

#endif
