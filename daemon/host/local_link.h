/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of the workers on links: making, changing and deleting them. One thread at a time. */
#ifndef VLSP_DAEMON_HOST_LOCAL_LINK_H
#define VLSP_DAEMON_HOST_LOCAL_LINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "bpf/loader/loader.h"
#include "daemon/host/host_ops.h"
#include "daemon/host/local_emulate.h"
#include "daemon/host/local_names.h"
#include "include/shared/maps.h"

struct local_link_task {
	struct bld *bld;
	pthread_mutex_t *bld_lock; /* of the ports' part of bld */
	const struct local_names *names;
	const char *instance;
	struct local_emulate emulate;
	struct host_link *add, *set;
	size_t add_count, set_count;
	void (*progress)(void *arg); /* after each */
	void *arg;
	bool cancel; /* set by another thread: fails with ECANCELED before the next */
	/* results */
	int status; /* 0 or -errno */
	struct err err;
};

/* Makes the links of add, then gives those of set their admin state and shape; stops at the first
 * that fails: that one's state is HOST_FAILED, and nothing of it is left if it was to be made. */
void local_link_run(struct local_link_task *task);

/* What the programs know of that end (0, 1); can: enum shape_can. */
struct vlsp_port local_link_record(unsigned can, const struct host_link *link, int side);

/* Deletes the devices of links; one that is gone already is fine, and what has the index without
 * being tagged as that link is somebody else's and stays. Several at the same time, as each costs
 * 20 ms of waiting for RCU. 0, or -errno of the first that failed (its state is FAILED, that of the
 * others DONE). */
int local_link_delete(const struct local_names *names, const char *instance,
		      struct host_link *const *links, size_t count, struct err *err);

#endif
