/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads for calls that block in the kernel, so that the loop stays responsive. What they
 * run may end in another network namespace than it began. A thread that cannot return to the
 * daemon's runs nothing more: the loop starts another.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_WORK_H
#define VLSP_DAEMON_HOST_LOCAL_WORK_H

#include "lib/loop/loop.h"

struct local_work;

struct local_job { /* the caller's memory, until done has been called */
	struct local_job *next;
	void (*run)(struct local_job *job);  /* in a worker */
	void (*done)(struct local_job *job); /* in the loop, after run */
};

/* progress(arg) runs in the loop some time after local_work_progress(). 0 or -errno. */
int local_work_new(struct loop *loop, unsigned threads, loop_fn progress, void *arg,
		   struct local_work **ret_work);
/* Runs fn(arg) in a thread of its own, which may end in any network namespace, and waits for it. 0
 * or -errno: it was not run. */
int local_work_aside(void (*fn)(void *arg), void *arg);
/* Waits for jobs that run, forgets those that wait; no callback comes any more. NULL is fine. */
void local_work_free(struct local_work *work);

void local_work_add(struct local_work *work, struct local_job *job);
/* From a worker. */
void local_work_progress(struct local_work *work);

#endif
