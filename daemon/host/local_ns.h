/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of the workers that make namespaces, and that wait until the kernel has removed some. They
 * leave the thread in any network namespace; local_work.h sees to that.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_NS_H
#define VLSP_DAEMON_HOST_LOCAL_NS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/loader.h"
#include "daemon/host/host_ops.h"
#include "daemon/host/local_cgroup.h"
#include "daemon/host/local_names.h"

/*
 * Makes the namespaces of routers: lo with the address, the route and vlsp_out; the name; the entry
 * in the BPF maps. Several threads may call local_ns_make() on the same task; each takes the next
 * router. state of each becomes HOST_DONE (release order, it may be polled) or, for the one that
 * failed, HOST_FAILED: nothing of that one is left. After a failure no more are begun.
 */
struct local_ns_task {
	struct bld *bld;
	const struct local_names *names;
	struct local_cgroup *cgroup;
	const char *instance;
	uint32_t network; /* host byte order */
	unsigned prefix_len;
	uint32_t capacity; /* of the FIBs, entries */
	struct host_router *routers;
	size_t count;
	void (*progress)(void *arg); /* after each */
	void *arg;
	/* private */
	pthread_mutex_t lock;
	size_t next;
	int status; /* 0 or -errno; read when all have returned */
	struct err err;
};
void local_ns_make(struct local_ns_task *task);

struct local_ns_open {
	int ns, sock;
};
/* Opens a router's namespace and a netlink socket in it, both the caller's; the thread is in it
 * then. 0, -ENOENT: no such name, -EINVAL: no namespace is bound to it, -errno. */
int local_ns_open(const struct local_names *names, const char *router,
		  struct local_ns_open *ret_open);

/*
 * Barriers against the kernel's clean-up of namespaces, which it does in batches, in order, in the
 * background. Made before the last reference to a namespace is dropped; local_gone_wait() then
 * returns when all namespaces that were dropped before it are gone with their devices.
 */
struct local_gone {
	int ends[2], socks[2];
	int watch_ns, watch;
};
/* 0 or -errno. */
int local_gone_prepare(struct local_gone *gone);
/* 0, -ETIMEDOUT after 30 s (something still holds a namespace's devices), -errno. Frees. */
int local_gone_wait(struct local_gone *gone);

/* Ends all processes whose network namespace is among those inodes, which are sorted: SIGTERM to
 * all, SIGKILL to those that are there 1 s later; waits for these up to 2 s. Returns at once if
 * there are none. Number of processes that were inside or -errno. */
int local_ns_kill(const unsigned long *inodes, size_t count);
int local_ns_compare(const void *a, const void *b); /* for qsort(): unsigned long */

#endif
