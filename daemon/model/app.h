/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications in the model: what is wanted on a router, and what became of it. Read by everybody
 * above; the writers, below, are for daemon/ctl alone, and tell MODEL_APP_ADDED, _CHANGED,
 * _REMOVED.
 */
#ifndef VLSP_DAEMON_MODEL_APP_H
#define VLSP_DAEMON_MODEL_APP_H

#include "daemon/model/model.h"
#include "lib/topo/app.h"

enum model_app_phase {
	MODEL_APP_PLANNED, /* its operation has not been done yet */
	MODEL_APP_WANTED,  /* not asked of the machine yet: others have to be ready before, or the
			      router or an application in whose place it comes, gone */
	MODEL_APP_STARTING,
	MODEL_APP_RUNNING,
	MODEL_APP_WAITING, /* has ended, and is about to be started again by its policy */
	MODEL_APP_STOPPING,
	MODEL_APP_ENDED,
	MODEL_APP_FAILED,
	MODEL_APP_PHASES
};

struct model_app_state { /* as the machine told it last */
	enum model_app_phase phase;
	bool ready;
	int32_t pid; /* as the host sees it; 0: none */
	int status;  /* as from waitpid, of the last run that ended; -1: none has, or unknown */
	uint32_t restarts;
	uint64_t started_ms, ended_ms; /* wall clock, of the last run; 0: not yet */
	int error;		       /* FAILED: a positive errno, where one is known; else 0 */
	char text[512];		       /* why it is FAILED, or ENDED before it was ready; "" */
};

struct model_app {
	struct list all;       /* struct model.apps, in order of id */
	struct list of_router; /* struct model_router.apps, in order of place, then of id */
	struct model_router *router;
	uint32_t id; /* of the instance; grows, never used again */
	uint32_t
		aid; /* on its router: 1, 2, ...; stays; who comes in another's place has its aid */
	uint32_t place; /* among those of its router, by which functions are in order: 1, 2, ... */
	struct topo_app *app; /* a reference; its name is unique among those of the router that do
				 not go */
	bool by_topology;     /* came by a document that was applied; else by a request */
	bool going;	      /* nobody wants it any more: it is removed when it has ended */
	bool was_ready;	      /* since it was started last */
	bool moved;	      /* by the last model_apps_move() */
	struct model_app_state state;
	uint64_t created_ms;
	/* Marks of daemon/ctl. */
	bool restored;	  /* the machine has not told of it since the daemon's start */
	bool unstarted;	  /* restored, and the machine was not asked for it: it waits for others,
			     or has come in another's place */
	bool with_router; /* has ended while its router was not well */
	bool again;	  /* its router was made again: it is started when it has ended */
	bool ousted;	  /* it ended as its router was to go; if that stays, it is started */
	size_t forsaken;  /* after[forsaken - 1] went before it was ready; 0: none did */
	bool unwritten;	  /* the store does not have its state yet */
	unsigned walk;	  /* the last one that came by: app_after.c */
};

/* "planned" "wanted" "starting" "running" "waiting" "stopping" "ended" "failed" */
const char *model_app_phase_name(enum model_app_phase phase);
/* It has ended or failed: nothing more comes of it. */
bool model_app_over(const struct model_app *app);

/* Look-ups: NULL if there is none. Of a name that is given anew while its old holder goes, the new
 * one is found. */
struct model_app *model_app_by_id(const struct model *model, uint32_t id);
struct model_app *model_app_by_name(const struct model_router *router, const char *name);
/* An application's name, aid or id, tried in that order; going ones not by name only. */
struct model_app *model_app_find(const struct model_router *router, const char *ref);

/* "APP", of own, or "ROUTER/APP", as struct topo_app.after has it: writes the router's name,
 * returns the application's, which is in ref. */
const char *model_app_split(const struct model_router *own, const char *ref,
			    char router[NAME_SIZE]);
/* The one that is named so and does not go. */
struct model_app *model_app_named(const struct model *model, const struct model_router *own,
				  const char *ref);

/* --- writers ---------------------------------------------------------------------------------- */

struct model_app_spec {
	struct model_router *router;
	struct topo_app *app; /* the model takes a reference of its own */
	bool by_topology;
	uint32_t aid;	/* of one in whose place it comes, which is about to go; 0: the next one */
	uint32_t place; /* 0: behind all that there are */
	uint64_t now_ms;
};

/* Gives id and aid; it is PLANNED. Another of that name may be there, which is about to go. 0 or
 * -ENOMEM. */
int model_app_add(struct model *model, const struct model_app_spec *spec,
		  struct model_app **ret_app);
/* The same with numbers that were given before, place included. -EEXIST: name, id or aid is taken;
 * -ERANGE: 0. */
int model_app_restore(struct model *model, const struct model_app_spec *spec, uint32_t id,
		      uint32_t aid, struct model_app **ret_app);
void model_app_remove(struct model *model, struct model_app *app);
/* Tells if anything differs. was_ready follows. */
void model_app_set_state(struct model *model, struct model_app *app,
			 const struct model_app_state *state);
/* A state with nothing but a phase. */
void model_app_set_phase(struct model *model, struct model_app *app, enum model_app_phase phase);
void model_app_set_going(struct model *model, struct model_app *app);
/* Of a router, all at once: who has the aid has the place, also those that go; but not those that
 * are PLANNED. Moves of one router stand together. Tells "place". */
struct model_app_move {
	struct model_router *router;
	uint32_t aid, place;
};
void model_apps_move(struct model *model, const struct model_app_move *moves, size_t count);
/* A place behind all that have one on the router. */
uint32_t model_app_next_place(const struct model_router *router);
/* The highest id that was given; and what is at least given from now on. */
uint32_t model_last_app_id(const struct model *model);
void model_restore_app_ids(struct model *model, uint32_t last_app_id);
/* The same of aids. */
void model_restore_aids(struct model_router *router, uint32_t last_aid);

#endif
