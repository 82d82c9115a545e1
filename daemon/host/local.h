/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local back end: this machine's kernel. A router is a network namespace, a FIB and a process;
 * a link is a veth pair with the BPF programs on both ends. See host_ops.h for what it does.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_H
#define VLSP_DAEMON_HOST_LOCAL_H

#include "daemon/host/host_ops.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"

struct host_local_config {
	struct loop *loop;
	const char *runtime_dir; /* absolute; exists; no one else uses it */
	const char *instance;	 /* instance_name() of it */
	uint32_t network;	 /* host byte order */
	unsigned prefix_len;
	const char *router_path; /* the program vlsp-router; vlsp-relay, vlsp-supervisor and the
				    directory apps lie beside it */
	const char *state_dir;	 /* is hidden from applications; NULL: there is none */
	enum log_level log_level;
	uint32_t user_base; /* lib/confine/confine.h; 0: router processes stay root */
	bool cgroups;	    /* make control groups */
};

/*
 * Loads the BPF programs, starts the spawner and listens at RUNTIME/router.sock. To be called
 * before the process has other threads that hold locks across fork, and freed by ops->close.
 * What an earlier run of the same instance has left stays as it is until ops->audit with adopt,
 * which must be the first call; BPF maps and programs are taken over at once if they are all there.
 * Everything in config is copied but loop. 0, -EPERM (needs root), -EADDRINUSE (the instance runs),
 * -EPROTO (what runs was made by a version with other maps), -errno.
 */
int host_local_open(const struct host_local_config *config, struct host **ret_host,
		    struct err *err);
/* Only removes what a run of the same instance has left: what stands in the journal, or carries the
 * instance's tag, and nothing else. Of config it needs runtime_dir and instance. Returns as
 * host_local_open(). */
int host_local_clean(const struct host_local_config *config, struct err *err);

#endif
