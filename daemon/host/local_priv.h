/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the local back end share. All of it belongs to the loop's thread; jobs of the
 * workers get task structs with what they need (local_ns.h, local_link.h).
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_PRIV_H
#define VLSP_DAEMON_HOST_LOCAL_PRIV_H

#include <pthread.h>

#include "bpf/loader/loader.h"
#include "daemon/host/local.h"
#include "daemon/host/local_app.h"
#include "daemon/host/local_cgroup.h"
#include "daemon/host/local_capture.h"
#include "daemon/host/local_chan.h"
#include "daemon/host/local_emulate.h"
#include "daemon/host/local_function.h"
#include "daemon/host/local_iface.h"
#include "daemon/host/local_intercept.h"
#include "daemon/host/local_journal.h"
#include "daemon/host/local_link.h"
#include "daemon/host/local_look.h"
#include "daemon/host/local_names.h"
#include "daemon/host/local_ns.h"
#include "daemon/host/local_object.h"
#include "daemon/host/local_router_priv.h"
#include "daemon/host/local_run.h"
#include "daemon/host/local_spawn.h"
#include "daemon/host/local_tcx.h"
#include "daemon/host/local_work.h"
#include "include/shared/maps.h"
#include "lib/base/list.h"

struct local {
	struct host host; /* first */
	struct loop *loop;
	char instance[64];
	char runtime_dir[96];
	char *state_dir;  /* NULL: none */
	char socket[108]; /* RUNTIME/router.sock */
	enum log_level log_level;
	uint32_t user_base; /* 0: router processes stay root */
	bool cgroups;
	struct local_cgroup *cgroup;
	struct local_journal *journal;
	struct bld_journal bld_journal; /* the same, for pins */
	struct local_names names;
	struct local_iface_env ifaces;
	struct bld *bld;
	pthread_mutex_t bld_lock;
	struct local_emulation *emulation;
	struct local_functions *functions;
	struct local_intercepts *intercepts;
	struct local_objects *objects;
	struct local_apps *apps;
	struct local_spawn *spawn;
	struct local_listen *listen;
	struct local_work *work;
	struct local_tcx *tcx; /* NULL: the kernel has none */
	struct local_router *routers[VLSP_SLOT_MAX];
	size_t router_count;
	struct host_network network; /* as of the last batch */
	struct local_run run;
	struct local_audit_run audit;
	bool left; /* a removal has failed: there may be more than is known */
	bool used; /* something was asked of it: too late for taking over */
	struct list dumps;
	struct loop_timer *hang; /* local_hang.c */
	uint64_t hang_ns;	 /* of the last tick */
	uint32_t hang_at;	 /* slot that was asked last */
	uint32_t cookie;
	struct local_captures captures;
	bool closing;
};

/* local_batch.c */
int local_batch_init(struct local *local);
void local_batch_phase(struct local *local, enum local_phase phase);
int local_batch_submit(struct host *host, struct host_batch *batch, host_progress_fn progress,
		       host_done_fn done, void *arg);
/* Something that the batch may be waiting for has happened. */
void local_batch_step(struct local *local);
/* A router of the batch that runs cannot become READY. */
void local_batch_fail(struct local *local, const struct err *err);
void local_batch_progress(void *arg); /* workers have done something */
void local_batch_made(void *arg);     /* in a worker: one more item is done */
/* Ends the batch with run.status and run.err; refuse: nothing is under way. */
void local_batch_finish(struct local *local);
void local_batch_refuse(struct local *local, int status);

/* local_build.c: the second half of a batch */
void local_build_begin(struct local *local);
void local_build_step(struct local *local);
void local_build_late(struct local *local);

/* local_check.c: whether the batch can be done, as far as can be known. */
int local_check(const struct local *local, struct host_batch *batch, struct err *err);

/* local_shape.c: what emulates a direction, and how that goes */
int local_lines_read(struct host *host, const uint32_t *ports, size_t count, struct host_line *ret);
void local_shape_counts(struct local *local, uint32_t port, struct host_counts *counts);
void local_pace_read(struct host *host, struct host_pace *ret_pace);
int local_shape_check(struct host *host, const struct topo_shape *shape,
		      char ret_backends[HOST_BACKENDS_SIZE], struct err *err);
const struct host_capability *local_capabilities(struct host *host, size_t *ret_count);

/* local_remove.c: taking routers and links out of the kernel; in a worker, or while closing */
void local_remove_run(struct local_remove_task *task);

/* local_audit.c: host_ops.audit */
int local_audit(struct host *host, struct host_audit *audit, bool adopt, host_audit_fn done,
		void *arg);
/* Where nothing was asked of the back end yet: as an audit by which nothing is wanted, for a caller
 * that takes nothing over. Blocks. */
void local_audit_nothing(struct local *local);
void local_adopt_late(void *local); /* local_adopt.c: the timer of audit */

/* local_close.c: host_ops.close, also for one that was opened by half */
void local_close(struct host *host, bool keep);

/* local_limits.c: routers_set of a batch (in a worker), and what applications need */
int local_limits_set(struct local *local, struct host_batch *batch, struct err *err);
int local_limits_adopt(struct local *local, const struct host_audit *audit, struct err *err);
int local_application(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret);

/* local_clean.c: what an earlier run has left. -EADDRINUSE if the instance runs. */
int local_clean_check(const struct local *local, struct err *err);
/* lost: the journal is not all there, so the tag alone says what is ours. */
int local_clean_run(struct local *local, bool lost, struct err *err);
void local_clean_pins(struct local *local, bool lost);

/* local.c: the journal as bpf/loader writes it */
void local_journal_for_bld(struct local_journal *journal, struct bld_journal *ret);

#endif
