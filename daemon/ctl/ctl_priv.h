/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of daemon/ctl share: the controller itself, operations and how they run. */
#ifndef VLSP_DAEMON_CTL_CTL_PRIV_H
#define VLSP_DAEMON_CTL_CTL_PRIV_H

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/pace.h"
#include "daemon/ctl/plan.h"
#include "daemon/ctl/reconcile.h"

#define CTL_HISTORY_MAX		    1000  /* ended operations that are kept */
#define CTL_PENDING_MAX		    10000 /* operations that wait; more are refused */
#define CTL_CONVERGE_TIMEOUT_MS	    60000
#define CTL_ERR_TEXT(err, fallback) ((err) && (err)->text[0] ? (err)->text : (fallback))

struct converge;
struct recovery;
struct repair;

struct op;

enum settle_kind { /* what an operation waits for in the end, but with no_wait */
		   SETTLE_NOT,
		   SETTLE_READY,   /* applications that it adds are ready, or did their work; those
				      that it takes away are gone */
		   SETTLE_OR_NONE, /* the one that it adds is ready; if it failed it is taken away
				    */
		   SETTLE_GONE,	   /* applications that it takes away are gone */
};

/* A kind of operation: one const table each, in the file of its noun. */
struct op_kind {
	const char *name;
	/* Checks args against the model as it is and fills plan; changes nothing. Called when the
	 * request arrives (if nothing else is under way) and again when its turn has come. */
	int (*plan)(struct ctl *ctl, const void *args, struct plan *plan, struct err *err);
	void (*free_args)(void *args);
	bool waits; /* for convergence, unless asked not to */
	enum settle_kind settles;
	bool heals; /* what is not well on the machine is put right before the plan is made */
	/* Not NULL: called when it has ended, well or not, with its args. */
	void (*ended)(struct ctl *ctl, const void *args, bool well);
	/* Not NULL: runs instead of a plan, and ends with op_finish(). 0 or -errno. */
	int (*run)(struct ctl *ctl, struct op *op, struct err *err);
};

struct op {
	struct ctl_op pub;	    /* first */
	const struct op_kind *kind; /* NULL: of a daemon before this one */
	char kind_name[32];	    /* then */
	void *args;
	ctl_done_fn done;
	void *arg;
	bool no_wait;
	bool quiet;	    /* one of very many: not told, not kept, forgotten when it has ended */
	bool written;	    /* as done, to the store */
	bool unwritten;	    /* its end could not be: it is tried again */
	struct err refused; /* code not 0: it fails at its turn */
	uint64_t timeout_ms;
	struct plan plan;	/* while RUNNING */
	struct host_batch *did; /* while the undo runs: what the first batch did */
	struct ctl_reconcile reconcile;
	struct settle *settle; /* NULL: it waits for no application */
	uint64_t applied;      /* struct ctl.applied when it began to */
};

struct op_subscriber {
	ctl_op_fn fn;
	void *arg;
};

struct ctl {
	struct loop *loop;
	struct model *model;
	struct host *host;
	char host_name[NAME_SIZE];
	uint32_t hello_us;
	struct list ops; /* struct ctl_op.all, oldest first: ended, current, waiting */
	uint32_t ended, pending;
	uint64_t last_op_id;
	struct op *current;
	struct loop_timer *kick;     /* looks for something to do */
	struct loop_timer *deadline; /* of convergence */
	struct op_subscriber *subscribers;
	size_t subscriber_count;
	struct host_network told; /* what the machine was told last; 0: that is in doubt */
	struct converge *converge;
	struct store *store;	    /* NULL: nothing is kept */
	uint32_t unwritten;	    /* operations that are */
	struct loop_timer *rewrite; /* while there are any */
	bool store_differs;	    /* from the model: an undo failed in part */
	size_t removed_unwritten;   /* the last so many of model->removed are not in it */
	struct pace *pace;
	struct agenda *agenda; /* events: timeline.c */
	struct list overlays;  /* overlay.c */
	uint64_t last_overlay;
	struct repair *repair;	   /* a comparison with the machine, under way */
	struct recovery *recovery; /* of which this is, or NULL */
	struct apps *apps;	   /* app_run.c */
	struct list settles;	   /* settle.c */
	struct loop_timer *settle_deadline;
	uint64_t applied; /* how often something was applied, or all deleted */
	uint32_t *dead;	  /* by slot: id of the router whose process is about to be started again */
};

/* --- op.c --- */
struct op_request {
	const struct op_kind *kind;
	void *args; /* taken, also on failure */
	ctl_done_fn done;
	void *arg;
	bool no_wait;
	bool quiet;
	uint64_t timeout_ms; /* 0: default */
};
int op_submit(struct ctl *ctl, const struct op_request *request, uint64_t *ret_op, struct err *err);
struct op *op_next(struct ctl *ctl); /* the oldest that waits, or NULL */
void op_set_state(struct ctl *ctl, struct op *op, enum ctl_op_state state);
void op_progress(struct ctl *ctl, struct op *op, uint64_t done, uint64_t total);
/* The current operation waits for applications: it is not the current one any more. */
void op_settle(struct ctl *ctl, struct op *op);
/* Ends the current operation, or one that waits for applications: err NULL is success. Calls its
 * done. */
void op_finish(struct ctl *ctl, struct op *op, const struct err *err);
void op_free_all(struct ctl *ctl);

/* --- run.c --- */
void run_kick(struct ctl *ctl); /* from the loop, soon */
void run_kicked(void *arg);
void run_deadline(void *arg);
/* An operation, or a recovery, has given work to the machine and not had its answer. */
bool run_busy(const struct ctl *ctl);
/* What the machine has to know with what is in the model, less what is in state without. */
void run_network(const struct ctl *ctl, const struct model_topology *topology,
		 enum model_state without, struct host_network *ret_network);
/* There are routers, and the machine was told of another network, or may have been. */
bool run_untold(const struct ctl *ctl, const struct host_network *network);

/* --- hello.c --- */
uint32_t hello_interval_us(uint32_t topology_us, uint32_t config_us, uint32_t link_ends);
uint32_t hello_dead_us(uint32_t interval_us);

/* --- events.c --- */
void events_attach(struct ctl *ctl);
/* What the machine says of a router that it has: its process runs, or is about to be started. */
void events_router_is(struct ctl *ctl, struct model_router *router, const struct host_router *item);

/* --- router.c --- */
/* Whether a topology may have that many routers. */
int router_check_room(const struct model_topology *topology, size_t routers, struct err *err);
/* Appends the deletion of the router and of its links to plan. */
int router_plan_delete(struct plan *plan, struct model_router *router);

#endif
