// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens maps that entries of maps of maps hold. Before Linux 6.8 the kernel makes the caller of
 * each look-up wait for an RCU grace period (syscall.c, bpf_map_copy_value()), some 16 ms; those
 * who wait at the same time wait for the same one. So threads look up side by side, where it takes
 * long. Called by adopt.c.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 64
#define STACK_SIZE  (256 * 1024)

struct work {
	struct bld_inner *inners;
	size_t count, next;
};

static int open_one(struct bld_inner *inner)
{
	uint32_t id, size = sizeof(inner->info);
	int fd, r = bpf_map_lookup_elem(inner->outer, &inner->key, &id);

	if (r < 0)
		return r;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	memset(&inner->info, 0, sizeof(inner->info));
	r = bpf_obj_get_info_by_fd(fd, &inner->info, &size);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static void *run(void *arg)
{
	struct work *work = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < work->count)
		work->inners[i].fd = open_one(&work->inners[i]);
	return NULL;
}

void bld_inners_open(struct bld_inner *inners, size_t count)
{
	struct work work = {.inners = inners, .count = count};
	pthread_t threads[THREADS_MAX];
	pthread_attr_t attr;
	sigset_t all, before;
	unsigned started = 0;

	sigfillset(&all); /* signals are the caller's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	/* Where nobody waits, the first ones have done all before there are many. */
	while (started < THREADS_MAX && started + 1 < count &&
	       __atomic_load_n(&work.next, __ATOMIC_RELAXED) < count) {
		if (pthread_create(&threads[started], &attr, run, &work) != 0)
			break; /* with fewer it takes longer */
		started++;
	}
	run(&work);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
