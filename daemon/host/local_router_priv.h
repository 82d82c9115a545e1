/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One router as the local back end knows it: its process, its connection, its link ends, questions
 * that it has been asked. For the files of the local back end.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_ROUTER_PRIV_H
#define VLSP_DAEMON_HOST_LOCAL_ROUTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/host/host_ops.h"
#include "daemon/host/local_chan.h"
#include "daemon/host/local_spawn.h"
#include "lib/base/list.h"
#include "lib/loop/loop.h"

struct local;

enum local_state {
	LOCAL_MADE,	/* its namespace is being made, or is there; no process yet (of a batch) */
	LOCAL_STARTING, /* the spawner was asked; ends with READY or the process's end */
	LOCAL_RUNNING,	/* READY */
	LOCAL_WAITING,	/* its process ended unasked; the timer starts another */
	LOCAL_STOPPING, /* being deleted; ends with the process's end */
	LOCAL_STOPPED,	/* no process, and none to come; only while a batch runs */
};

enum local_await { LOCAL_AWAIT_CONFIG, LOCAL_AWAIT_MAP };

struct local_end {
	uint32_t port, weight, peer_address;
	bool tcx; /* local_tcx.c has tried it */
};

struct local_router {
	struct local *local;
	uint32_t slot, address;
	char name[NAME_SIZE];
	enum local_state state;
	bool in_batch; /* the batch that runs makes it: its end is the batch's failure */
	bool lost;     /* of a spawner that has ended: its exit will not be heard of */
	bool adopting; /* taken over, and not heard of since */
	bool revived;  /* its batch left it without a process: that is still to be told */
	uint32_t ping; /* cookie of the last PING */
	uint64_t pinged_ns,
		used_ns;     /* that was sent then (0: it is answered); processor time then */
	bool asked;	     /* the spawner has not answered yet */
	int32_t pid;	     /* 0: none, or not known yet */
	int32_t said;	     /* pid of the connection, before the spawner said it */
	unsigned long netns; /* inode of its namespace, 0: not there yet */
	unsigned tcx;	     /* sides of its edge that local_tcx.c has tried */
	struct local_chan *chan;
	struct local_end *ends;
	size_t end_count, end_room;
	size_t end_sent;	  /* of those, told to the process */
	struct host_network told; /* in the last CONFIG of this connection; 0: none was sent */
	uint8_t awaited[8];	  /* READYs to come, enum local_await in order */
	unsigned awaited_count;
	uint64_t ready_ns, backoff_ns;
	struct loop_timer *timer;
	struct loop_source *watch; /* of a process that was taken over: a pidfd */
	int watch_fd;
};

struct local_dump {
	struct list node;
	struct local *local;
	struct local_router *router;
	uint32_t cookie;
	host_routes_fn fn;
	void *arg;
	struct frame_route *routes;
	size_t count;
	struct loop_timer *timer;
};

/* local_router.c: processes */
int local_router_new(struct local *local, const struct host_router *item);
void local_router_free(struct local_router *router);
struct local_router *local_router_get(const struct local *local, uint32_t slot);
void local_router_start(struct local_router *router); /* asks the spawner */
void local_router_stop(struct local_router *router);
void local_router_kill(struct local_router *router);
int local_router_kill_op(struct host *host, uint32_t slot, bool orderly); /* host_ops.h */
/* 0: none that is READY; one is started, and told of when it is (not in a batch). */
int32_t local_router_pid(const struct local_router *router);
/* The batch that made it has ended; its process is started in any case. */
void local_router_leave_batch(struct local_router *router);
/* Sends CONFIG, if connected and the process was told something else. */
int local_router_config(struct local_router *router);
/* After a batch: a router that it left without a process gets one, when its neighbours have
 * forgotten the last. */
void local_router_revive(struct local_router *router);
int local_router_grow(struct local_router *router, uint32_t capacity);
/* Tells the process of the ends that it does not know; 0 when it is not connected. */
int local_router_tell(struct local_router *router);
/* The same, and that these are all: it drops others, which it may have from an earlier daemon. */
int local_router_tell_all(struct local_router *router);
extern const struct local_spawn_ops local_router_spawn_ops;
extern const struct local_chan_ops local_router_chan_ops;

/* Makes the process of an earlier daemon this router's own (pid 0: there is none, one is started
 * when the neighbours have forgotten it). */
void local_router_adopt(struct local_router *router, int32_t pid);
void local_router_gone(struct local_router *router); /* that process has ended */

/* local_adopt.c: tells of its end by local_router_gone(). 0, -ESRCH, -errno. */
int local_router_watch(struct local_router *router, int32_t pid);
void local_router_unwatch(struct local_router *router);

/* local_ends.c: what links a router has */
/* Both ends become known as they are in link; who was told of another weight is told of this one,
 * and local_router_tell() tells of new ones. 0, -ENOMEM, -ENOENT: no such router, -errno. */
int local_ends_set(struct local *local, const struct host_link *link);
void local_ends_del(struct local *local, const struct host_link *link);
/* A link that should have gone and did not is known again, to the BPF programs, too. */
int local_ends_restore(struct local *local, const struct host_link *link);
bool local_ends_known(const struct local *local, const struct host_link *link);
/* Drops, and tells the processes to drop, ends whose port is false in wanted (VLSP_PORT_MAX). */
void local_ends_drop(struct local *local, const bool *wanted);

/* local_hang.c: local_hang_begin() when a router has been added */
void local_hang_begin(struct local *local);
void local_hang_tick(void *local);
void local_hang_pong(struct local_router *router, const void *body, uint32_t length);
/* Whether a process that does not answer hangs: by its state, and the processor time that it has
 * used meanwhile. For tests. */
bool local_hang_judge(char state, uint64_t used_ns);

/* local_dump.c */
int local_dump_start(struct host *host, uint32_t slot, host_routes_fn fn, void *arg);
void local_dump_frame(struct local_router *router, const void *body, uint32_t length);
void local_dump_cancel(struct local *local, const struct local_router *router, int status);

#endif
