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

#define THREADS_MAX 8

struct local_work {
	struct loop_source *source;
	loop_fn progress;
	void *arg;
	int wake; /* eventfd */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct local_job *first, **last;	   /* waiting */
	struct local_job *done_first, **done_last; /* run, done not called yet */
	bool stop, progressed;
	pthread_t threads[THREADS_MAX];
	unsigned count;
};

static void wake(struct local_work *work)
{
	uint64_t one = 1;

	/* Cannot fail but by overflow, and then it is readable anyway. */
	(void)!write(work->wake, &one, sizeof(one));
}

static void *thread_run(void *arg)
{
	struct local_work *work = arg;

	pthread_mutex_lock(&work->lock);
	for (;;) {
		struct local_job *job = work->first;

		if (work->stop)
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
		pthread_mutex_lock(&work->lock);
		job->next = NULL;
		*work->done_last = job;
		work->done_last = &job->next;
		wake(work);
	}
	pthread_mutex_unlock(&work->lock);
	return NULL;
}

static void woken(void *arg, uint32_t events)
{
	struct local_work *work = arg;
	struct local_job *job, *next;
	bool progressed;
	uint64_t n;

	(void)events;
	(void)!read(work->wake, &n, sizeof(n));
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

static int threads_start(struct local_work *work, unsigned threads)
{
	sigset_t all, before;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (r == 0 && work->count < threads) {
		r = -pthread_create(&work->threads[work->count], NULL, thread_run, work);
		if (r == 0)
			work->count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
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
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->cond, NULL);
	work->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = work->wake < 0 ? -errno : 0;
	if (r == 0)
		r = loop_add(loop, work->wake, EPOLLIN, woken, work, &work->source);
	if (r == 0)
		r = threads_start(work, threads);
	if (r < 0) {
		local_work_free(work);
		return r;
	}
	*ret_work = work;
	return 0;
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
		pthread_join(work->threads[i], NULL);
	loop_del(work->source);
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
