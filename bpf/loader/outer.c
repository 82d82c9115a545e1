// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of a map of maps, written by a few threads that do the waiting (see outer.h). Owned by
 * struct bld: one for the FIBs, one for the counters. A key is in the queue at most once and
 * written by at most one thread at a time, so the last value wins.
 */
#include "bpf/loader/outer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH_MAX 64

struct cell {
	int inner;   /* descriptor to write, ours; -1: none is to be there */
	bool queued; /* in outer->queue */
	bool busy;   /* a thread is writing an earlier value */
};

struct outer {
	int map;
	uint32_t entries;
	struct cell *cells;
	uint32_t *queue; /* ring of entries keys */
	uint32_t head, queued;
	uint32_t busy; /* keys */
	bool stop;
	int error;
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	pthread_t threads[OUTER_THREADS_MAX];
	unsigned most, started;
};

static void push(struct outer *outer, uint32_t key)
{
	outer->cells[key].queued = true;
	outer->queue[(outer->head + outer->queued++) % outer->entries] = key;
}

/* Takes a fair share of the queue. Keys that are being written stay in it. Lock held. */
static uint32_t take(struct outer *outer, uint32_t *keys, int *inners)
{
	uint32_t look = outer->queued, share = 1 + look / outer->most, n = 0;

	if (share > BATCH_MAX)
		share = BATCH_MAX;
	while (look-- > 0 && n < share) {
		uint32_t key = outer->queue[outer->head];
		struct cell *cell = &outer->cells[key];

		outer->head = (outer->head + 1) % outer->entries;
		outer->queued--;
		if (cell->busy) {
			push(outer, key);
			continue;
		}
		keys[n] = key;
		inners[n++] = cell->inner;
		cell->inner = -1;
		cell->queued = false;
		cell->busy = true;
	}
	outer->busy += n;
	return n;
}

static int write_entries(int map, const uint32_t *keys, const int *inners, uint32_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = n;
	int r = 0, one;

	for (uint32_t i = 0; i < n; i++)
		if (inners[i] < 0)
			done = 0;
	if (n > 1 && done)
		return bpf_map_update_batch(map, keys, inners, &done, &opts);
	for (uint32_t i = 0; i < n; i++) {
		if (inners[i] >= 0)
			one = bpf_map_update_elem(map, &keys[i], &inners[i], 0);
		else
			one = bpf_map_delete_elem(map, &keys[i]);
		if (one < 0 && one != -ENOENT && r == 0)
			r = one;
	}
	return r;
}

static void *run(void *arg)
{
	struct outer *outer = arg;
	uint32_t keys[BATCH_MAX];
	int inners[BATCH_MAX];

	pthread_mutex_lock(&outer->lock);
	for (;;) {
		uint32_t n = outer->stop ? 0 : take(outer, keys, inners);

		if (n == 0) {
			if (outer->stop)
				break;
			pthread_cond_wait(&outer->work, &outer->lock);
			continue;
		}
		pthread_mutex_unlock(&outer->lock);
		int r = write_entries(outer->map, keys, inners, n);

		for (uint32_t i = 0; i < n; i++)
			if (inners[i] >= 0)
				close(inners[i]);
		pthread_mutex_lock(&outer->lock);
		for (uint32_t i = 0; i < n; i++)
			outer->cells[keys[i]].busy = false;
		outer->busy -= n;
		if (r < 0 && outer->error == 0)
			outer->error = r;
		if (outer->busy == 0 && outer->queued == 0)
			pthread_cond_broadcast(&outer->idle);
		else if (outer->queued > 0)
			pthread_cond_signal(&outer->work);
	}
	pthread_mutex_unlock(&outer->lock);
	return NULL;
}

void outer_free(struct outer *outer)
{
	if (!outer)
		return;
	pthread_mutex_lock(&outer->lock);
	outer->stop = true;
	pthread_cond_broadcast(&outer->work);
	pthread_mutex_unlock(&outer->lock);
	for (unsigned i = 0; i < outer->started; i++)
		pthread_join(outer->threads[i], NULL);
	for (uint32_t i = 0; i < outer->entries; i++) {
		if (outer->cells[i].inner >= 0)
			close(outer->cells[i].inner);
	}
	pthread_cond_destroy(&outer->idle);
	pthread_cond_destroy(&outer->work);
	pthread_mutex_destroy(&outer->lock);
	free(outer->queue);
	free(outer->cells);
	free(outer);
}

/* Now, by a thread that is in the caller's network namespace: who calls outer_set() may be in a
 * router's, and a thread started from there would hold that for ever. Signals are the caller's. */
static int start_threads(struct outer *outer)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	while (r == 0 && outer->started < outer->most) {
		r = -pthread_create(&outer->threads[outer->started], &attr, run, outer);
		if (r == 0)
			outer->started++;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return outer->started > 0 ? 0 : r; /* with fewer it takes longer */
}

int outer_new(int map, uint32_t entries, unsigned threads, struct outer **ret_outer)
{
	struct outer *outer = calloc(1, sizeof(*outer));
	int r;

	if (!outer)
		return -ENOMEM;
	outer->map = map;
	outer->entries = entries;
	outer->most = threads;
	outer->cells = calloc(entries, sizeof(*outer->cells));
	outer->queue = calloc(entries, sizeof(*outer->queue));
	if (!outer->cells || !outer->queue) {
		free(outer->queue);
		free(outer->cells);
		free(outer);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < entries; i++)
		outer->cells[i].inner = -1;
	pthread_mutex_init(&outer->lock, NULL);
	pthread_cond_init(&outer->work, NULL);
	pthread_cond_init(&outer->idle, NULL);
	r = start_threads(outer);
	if (r < 0) {
		outer_free(outer);
		return r;
	}
	*ret_outer = outer;
	return 0;
}

/* own: becomes outer's; -1: none. */
static void enter(struct outer *outer, uint32_t key, int own)
{
	pthread_mutex_lock(&outer->lock);
	if (outer->cells[key].inner >= 0)
		close(outer->cells[key].inner);
	outer->cells[key].inner = own;
	if (!outer->cells[key].queued)
		push(outer, key);
	pthread_cond_signal(&outer->work);
	pthread_mutex_unlock(&outer->lock);
}

int outer_set(struct outer *outer, uint32_t key, int inner)
{
	int own;

	if (key >= outer->entries)
		return -EINVAL;
	own = fcntl(inner, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	enter(outer, key, own);
	return 0;
}

int outer_clear(struct outer *outer, uint32_t key)
{
	if (key >= outer->entries)
		return -EINVAL;
	enter(outer, key, -1);
	return 0;
}

int outer_settle(struct outer *outer)
{
	int r;

	pthread_mutex_lock(&outer->lock);
	while (outer->busy > 0 || outer->queued > 0)
		pthread_cond_wait(&outer->idle, &outer->lock);
	r = outer->error;
	outer->error = 0;
	pthread_mutex_unlock(&outer->lock);
	return r;
}
