// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A queue of jobs, a few threads that run them, and an eventfd by which the loop learns that some
 * are done. loop_post() is not used because what was posted cannot be taken back when the back end
 * is closed. Used by the local back end.
 */
#include "daemon/host/local_work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/nlk/ns.h"

#define THREADS_MAX 8
#define TRIES	    6			  /* more, with pauses of 1, 2, 4 ... ms */
#define AGAIN_NS    (100 * NSEC_PER_MSEC) /* until a thread is started in a lost one's place */

struct worker {
	struct local_work *work;
	pthread_t thread;
	bool started, lost; /* lost: it has ended, away from home */
};

struct local_work {
	struct loop_source *source;
	loop_fn progress;
	void *arg;
	struct loop_timer *again;
	int home; /* the loop's network namespace */
	int wake; /* eventfd */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct local_job *first, **last;	   /* waiting */
	struct local_job *done_first, **done_last; /* run, done not called yet */
	bool stop, progressed;
	struct worker workers[THREADS_MAX];
	unsigned count;
};

static void wake(struct local_work *work)
{
	uint64_t one = 1;

	/* Cannot fail but by overflow, and then it is readable anyway. */
	(void)!write(work->wake, &one, sizeof(one));
}

static bool go_home(const struct local_work *work)
{
	int r = nlk_ns_enter(work->home);

	for (int i = 0; i < TRIES && r < 0; i++) {
		usleep(1000u << i);
		r = nlk_ns_enter(work->home);
	}
	return r == 0;
}

static void *thread_run(void *arg)
{
	struct worker *worker = arg;
	struct local_work *work = worker->work;
	bool home = true;

	pthread_mutex_lock(&work->lock);
	for (;;) {
		struct local_job *job = work->first;

		if (work->stop || !home)
			break;
		if (!job) {
			pthread_cond_wait(&work->cond, &work->lock);
			continue;
		}
		work->first = job->next;
		if (!work->first)
			work->last = &work->first;
		pthread_mutex_unlock(&work->lock);
		job->run(job);
		home = go_home(work);
		pthread_mutex_lock(&work->lock);
		worker->lost = !home;
		job->next = NULL;
		*work->done_last = job;
		work->done_last = &job->next;
		wake(work);
	}
	pthread_mutex_unlock(&work->lock);
	return NULL;
}

/* Signals are the loop's. */
static int thread_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Those that there should be, and are not. */
static int threads_start(struct local_work *work)
{
	for (unsigned i = 0; i < work->count; i++) {
		struct worker *worker = &work->workers[i];
		int r;

		if (worker->started)
			continue;
		r = thread_start(&worker->thread, thread_run, worker);
		if (r < 0)
			return r;
		worker->started = true;
	}
	return 0;
}

static void start_again(void *arg)
{
	struct local_work *work = arg;

	if (threads_start(work) < 0)
		loop_timer_set(work->again, clock_mono_ns() + AGAIN_NS);
}

static void replace_lost(struct local_work *work)
{
	bool any = false;

	for (unsigned i = 0; i < work->count; i++) {
		struct worker *worker = &work->workers[i];
		bool lost;

		pthread_mutex_lock(&work->lock);
		lost = worker->lost;
		worker->lost = false;
		pthread_mutex_unlock(&work->lock);
		if (!lost)
			continue;
		pthread_join(worker->thread, NULL);
		worker->started = false;
		any = true;
	}
	if (!any)
		return;
	log_warn("a thread could not return to the network namespace of the daemon; another is "
		 "started");
	start_again(work);
}

static void woken(void *arg, uint32_t events)
{
	struct local_work *work = arg;
	struct local_job *job, *next;
	bool progressed;
	uint64_t n;

	(void)events;
	(void)!read(work->wake, &n, sizeof(n));
	replace_lost(work);
	pthread_mutex_lock(&work->lock);
	job = work->done_first;
	work->done_first = NULL;
	work->done_last = &work->done_first;
	progressed = work->progressed;
	work->progressed = false;
	pthread_mutex_unlock(&work->lock);
	if (progressed)
		work->progress(work->arg);
	for (; job; job = next) {
		next = job->next;
		job->done(job);
	}
}

int local_work_new(struct loop *loop, unsigned threads, loop_fn progress, void *arg,
		   struct local_work **ret_work)
{
	struct local_work *work;
	int r;

	if (threads > THREADS_MAX)
		return -EINVAL;
	work = calloc(1, sizeof(*work));
	if (!work)
		return -ENOMEM;
	work->progress = progress;
	work->arg = arg;
	work->last = &work->first;
	work->done_last = &work->done_first;
	work->count = threads;
	for (unsigned i = 0; i < threads; i++)
		work->workers[i].work = work;
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->cond, NULL);
	work->home = nlk_ns_current();
	work->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = work->wake < 0 ? -errno : work->home < 0 ? work->home : 0;
	if (r == 0)
		r = loop_add(loop, work->wake, EPOLLIN, woken, work, &work->source);
	if (r == 0)
		r = loop_timer_new(loop, start_again, work, &work->again);
	if (r == 0)
		r = threads_start(work);
	if (r < 0) {
		local_work_free(work);
		return r;
	}
	*ret_work = work;
	return 0;
}

struct aside {
	void (*fn)(void *arg);
	void *arg;
};

static void *aside_run(void *arg)
{
	const struct aside *aside = arg;

	aside->fn(aside->arg);
	return NULL;
}

int local_work_aside(void (*fn)(void *arg), void *arg)
{
	struct aside aside = {.fn = fn, .arg = arg};
	pthread_t thread;
	int r = thread_start(&thread, aside_run, &aside);

	for (int i = 0; i < TRIES && r < 0; i++) {
		usleep(1000u << i);
		r = thread_start(&thread, aside_run, &aside);
	}
	return r < 0 ? r : -pthread_join(thread, NULL);
}

void local_work_free(struct local_work *work)
{
	if (!work)
		return;
	pthread_mutex_lock(&work->lock);
	work->stop = true;
	pthread_cond_broadcast(&work->cond);
	pthread_mutex_unlock(&work->lock);
	for (unsigned i = 0; i < work->count; i++)
		if (work->workers[i].started)
			pthread_join(work->workers[i].thread, NULL);
	loop_del(work->source);
	loop_timer_free(work->again);
	if (work->home >= 0)
		close(work->home);
	if (work->wake >= 0)
		close(work->wake);
	pthread_cond_destroy(&work->cond);
	pthread_mutex_destroy(&work->lock);
	free(work);
}

void local_work_add(struct local_work *work, struct local_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&work->lock);
	*work->last = job;
	work->last = &job->next;
	pthread_cond_signal(&work->cond);
	pthread_mutex_unlock(&work->lock);
}

void local_work_progress(struct local_work *work)
{
	pthread_mutex_lock(&work->lock);
	if (!work->progressed)
		wake(work);
	work->progressed = true;
	pthread_mutex_unlock(&work->lock);
}
