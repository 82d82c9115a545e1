/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications, as a host back end is asked for them and tells of them (part of host_ops.h). They
 * are not part of batches: they change nothing of the network. A router that is stopped by a batch
 * takes its applications along, all of their processes.
 */
#ifndef VLSP_DAEMON_HOST_HOST_APP_H
#define VLSP_DAEMON_HOST_HOST_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/app.h"

struct host;

struct host_app_start {
	uint32_t id; /* of the application; grows, never used again */
	uint32_t router_id, slot;
	char router[NAME_SIZE];
	uint32_t address;	    /* of the router, host byte order */
	const struct topo_app *app; /* the back end takes a reference of its own if it needs one */
};

enum host_app_phase {
	HOST_APP_STARTING,
	HOST_APP_RUNNING, /* the program runs; ready tells whether it serves */
	HOST_APP_WAITING, /* has ended, and is about to be started again by its policy */
	HOST_APP_STOPPING,
	HOST_APP_ENDED,	 /* is gone with all of its processes; nothing more comes of it */
	HOST_APP_FAILED, /* could not be started: text says why; nothing more comes of it */
};

struct host_app_state {
	enum host_app_phase phase;
	bool ready;
	bool stopped;	    /* it was asked to end: by stop(), or as its router was to go */
	uint32_t router_id; /* 0: not known, or it is over */
	int32_t pid;	    /* as the host sees it; 0: none */
	int status;	    /* as from waitpid, of the last run that ended; -1: none has */
	uint32_t restarts;
	uint64_t started_ms, ended_ms; /* wall clock, of the last run; 0: not yet */
	char text[512]; /* FAILED, or ENDED before it was ready: what and why, with its last output
			 */
};

struct host_app_usage {
	bool has_cpu, has_memory, has_net;   /* what this machine can tell */
	uint64_t cpu_user_us, cpu_system_us; /* of all its processes, of all runs */
	uint64_t memory, memory_max;	     /* bytes now; at most */
	uint32_t processes;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* of IPv4, by its sockets */
};

struct host_app_value { /* that it reported */
	char key[33];
	char value[201];
};

struct host_app_function {	 /* a network function that it has on its router */
	bool bpf;		 /* an eBPF object; else a program that asked for datagrams */
	bool closed;		 /* policy */
	bool dead;		 /* its program has ended: the policy applies to all */
	unsigned order, place;	 /* place: among all functions of the router, from 0 on */
	uint64_t queue;		 /* bytes; 0: kind BPF */
	uint64_t packets, bytes; /* given to it */
	uint64_t dropped;	 /* by the eBPF object, or by the policy */
	uint64_t skipped;	 /* went on without it, by the policy */
	char match[256];	 /* in canonical form; "": all */
};

struct host_app_ops { /* struct host_ops.apps; of the same host */
	/*
	 * Asks for it; what becomes of it is told by app_state. -errno with text: refused at once,
	 * it is not known then (-EAGAIN: there are too many; -ENOENT, -EACCES: no such program,
	 * ...).
	 */
	int (*start)(struct host *host, const struct host_app_start *start, struct err *err);
	/* SIGTERM, after the grace SIGKILL to all of its processes, also those that left its
	 * session. -ESRCH. */
	int (*stop)(struct host *host, uint32_t id);
	/*
	 * id is about to end, or has ended, and heir is to be started in its place: its closed
	 * network functions are heir's from now on. They are dead from its end until heir opens
	 * the same ones or is forgotten; changed: or until heir is ready, which may want others.
	 */
	void (*hand_over)(struct host *host, uint32_t id, uint32_t heir, bool changed);
	/* Places (host_app_events.place) of the router's applications have changed: its functions
	 * are put in order anew, while datagrams go on. NULL: there are none. */
	void (*reorder)(struct host *host, uint32_t slot);
	/* Gives it key=value (vlsp_app_next()). -ESRCH, -ENOTCONN (it does not listen), -EAGAIN. */
	int (*set)(struct host *host, uint32_t id, const char *key, const char *value);
	int (*usage)(struct host *host, uint32_t id, struct host_app_usage *ret_usage); /* -ESRCH */
	/* Number of values; the first max of them. -ESRCH. */
	int (*values)(struct host *host, uint32_t id, struct host_app_value *ret, size_t max);
	/* The same of the network functions that it has now, also before it is started. -ESRCH. */
	int (*functions)(struct host *host, uint32_t id, struct host_app_function *ret, size_t max);
	/* Path of the file that has its output, which is there until forget(), also when it was
	 * lost; -ESRCH, -ENOENT. Lines are
	 * "SECONDS.MICROSECONDS o|e TEXT" (out, err; wall clock). Grows; when it is full it is
	 * renamed to PATH.1, and a new one begun. */
	int (*log_path)(struct host *host, uint32_t id, char *buf, size_t size);
	/* One that has ended, or is not known any more: log, record and network functions go. */
	void (*forget)(struct host *host, uint32_t id);
	/* Of those that were lost: groups of such that are not known go, and logs of such that are
	 * not wanted either. NULL: there is neither. */
	void (*sweep)(struct host *host, bool (*wanted)(void *arg, uint32_t id), void *arg);
	/* The shipped applications: name, a line about it, the next name, ... ends with NULL. Live
	 * as long as host. */
	const char *const *(*shipped)(struct host *host);
};

struct host_app_events {
	void *arg;
	/* After each change; the last one told counts. Also: a daemon that takes over is told of
	 * all that there are, and then by known that these are all, after the answer to its audit.
	 * The same happens when they were lost (their supervisor died): known without them. A
	 * callback may start others, and forget the one that it is told of. */
	void (*state)(void *arg, uint32_t id, const struct host_app_state *state);
	void (*known)(void *arg);
	/* Its place among the applications of its router, from 1 on, by which functions are put in
	 * order; 0: nobody wants it. NULL: its id is that. */
	uint32_t (*place)(void *arg, uint32_t id);
};

#endif
