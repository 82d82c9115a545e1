/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is under way in the local back end: a batch, an audit. Part of struct local. */
#ifndef VLSP_DAEMON_HOST_LOCAL_RUN_H
#define VLSP_DAEMON_HOST_LOCAL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/host/host_ops.h"
#include "daemon/host/local_link.h"
#include "daemon/host/local_look.h"
#include "daemon/host/local_ns.h"
#include "daemon/host/local_work.h"
#include "lib/loop/loop.h"

struct local;

enum local_phase {
	LOCAL_IDLE,
	LOCAL_STOP,   /* processes end */
	LOCAL_REMOVE, /* a worker removes devices and namespaces */
	LOCAL_ADAPT,  /* routers that run take a new configuration, larger FIBs */
	LOCAL_NS,     /* workers make namespaces */
	LOCAL_LINK,   /* a worker makes links */
	LOCAL_READY,  /* processes start and become READY */
};

struct local_run_job {
	struct local_job job;
	struct local *local;
};

struct local_remove_task {
	struct local_run_job job;
	struct host_router *routers;
	size_t router_count;
	size_t left_count; /* more of them: names that are in the way of routers to be made; what
			      of these is ours goes, too */
	unsigned long *inodes; /* of their namespaces; may have more or fewer, in no order */
	size_t inode_count;
	bool all;		  /* no router stays: all names go at once */
	struct host_link **links; /* between routers that stay, and then with one that goes */
	size_t link_count, half_count;
	int status;
	struct err err;
};

struct local_run {		  /* the batch that runs */
	struct host_batch *batch; /* NULL: none */
	host_progress_fn progress;
	host_done_fn done;
	void *arg;
	enum local_phase phase;
	struct loop_timer *timer; /* next step, end of patience, or deadline */
	uint64_t start_ns;
	bool killed; /* patience with STOP has ended once */
	bool begun;  /* it was found to be possible: things are being deleted */
	size_t total;
	uint32_t made; /* items done; written by workers, too */
	size_t at;     /* routers looked at in STOP and READY */
	int status;
	struct err err;
	struct local_ns_task ns;
	struct local_run_job ns_job[2];
	unsigned ns_running;
	struct local_link_task link;
	struct local_run_job link_job;
	struct local_remove_task remove;
	struct host_router *removed; /* of remove, if not those of the batch */
};

struct local_audit_run {	  /* the audit that runs */
	struct host_audit *audit; /* NULL: none */
	bool adopt, waiting;	  /* waiting: for processes that are taken over */
	host_audit_fn done;
	void *arg;
	struct local_run_job job;
	struct local_look look;
	struct loop_timer *timer; /* end of patience */
};

#endif
