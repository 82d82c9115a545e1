// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Router processes: starting, connecting, becoming ready, ending asked and unasked, being started
 * again. The states are those of enum local_state; the spawner and the connections call in here,
 * local_batch.c drives deliberate changes.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/host/local_audit.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/nlk/ns.h"

#define BACKOFF_MIN_NS (100 * NSEC_PER_MSEC)
#define BACKOFF_MAX_NS (5 * NSEC_PER_SEC)
#define STABLE_NS      (10 * NSEC_PER_SEC) /* of running, after which the back-off starts anew */
#define STATUS_UNKNOWN (-1)

struct local_router *local_router_get(const struct local *local, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? local->routers[slot] : NULL;
}

static void start_again(void *arg)
{
	local_router_start(arg);
}

int local_router_new(struct local *local, const struct host_router *item)
{
	struct local_router *router = calloc(1, sizeof(*router));
	int r;

	if (!router)
		return -ENOMEM;
	r = loop_timer_new(local->loop, start_again, router, &router->timer);
	if (r < 0) {
		free(router);
		return r;
	}
	router->local = local;
	router->slot = item->slot;
	router->address = item->address;
	memcpy(router->name, item->name, sizeof(router->name));
	router->in_batch = true;
	router->backoff_ns = BACKOFF_MIN_NS;
	local->routers[item->slot] = router;
	local->router_count++;
	local_hang_begin(local);
	return 0;
}

void local_router_free(struct local_router *router)
{
	if (!router)
		return;
	local_dump_cancel(router->local, router, -ECONNRESET);
	if (!router->local->closing && router->local->emulation)
		local_relay_router_gone(router->local->emulation->relay, router->slot);
	router->local->routers[router->slot] = NULL;
	router->local->router_count--;
	local_chan_close(router->chan);
	local_router_unwatch(router);
	loop_timer_free(router->timer);
	free(router->ends);
	free(router);
}

void local_router_start(struct local_router *router)
{
	struct local *local = router->local;
	int r;

	router->state = LOCAL_STARTING;
	router->pid = router->said = 0;
	router->lost = false;
	router->asked = true;
	r = local_spawn_ask(local->spawn, router->slot);
	if (r < 0)
		local_router_spawn_ops.failed(local, router->slot, r);
}

void local_router_kill(struct local_router *router)
{
	if (router->watch) {
		(void)pidfd_send_signal(router->watch_fd, SIGKILL, NULL, 0);
		return;
	}
	/* The number is ours while its parent, the spawner, has not reported its end; of a process
	 * that has another parent, the connection says that it is still that one. */
	if (router->pid > 0 && (!router->lost || router->chan))
		(void)kill(router->pid, SIGKILL);
}

int local_router_kill_op(struct host *host, uint32_t slot, bool orderly)
{
	struct local_router *router = local_router_get((struct local *)host, slot);

	if (!router || router->state != LOCAL_RUNNING)
		return -ESRCH;
	if (!orderly || !router->chan || local_chan_send(router->chan, FRAME_QUIT, NULL, 0, -1) < 0)
		local_router_kill(router);
	return 0;
}

void local_router_stop(struct local_router *router)
{
	loop_timer_set(router->timer, 0);
	if (router->pid == 0 && !router->asked) {
		router->state = LOCAL_STOPPED;
		return;
	}
	router->state = LOCAL_STOPPING;
	if (!router->chan || local_chan_send(router->chan, FRAME_QUIT, NULL, 0, -1) < 0)
		local_router_kill(router); /* not known yet: when the spawner says it */
}

/* For a new connection. */
static void nothing_told(struct local_router *router)
{
	router->end_sent = 0;
	router->awaited_count = 0;
	router->told = (struct host_network){0};
}

/* --- its end -----------------------------------------------------------------------------------
 */

/*
 * Not before all neighbours have dropped the process that ended (its hellos are missing for
 * dead_us, and half as much for those that are late): the new one has forgotten the feasibility
 * distances that keep routes free of loops, Documentation/routing.md, "Restart". Until then its FIB
 * goes on.
 */
static void wait_and_restart(struct local_router *router)
{
	uint64_t dead_ns = router->local->network.dead_us * 1000ULL;
	uint64_t now = clock_mono_ns(), wait_ns;

	if (router->ready_ns && now - router->ready_ns > STABLE_NS)
		router->backoff_ns = BACKOFF_MIN_NS;
	router->ready_ns = 0;
	router->state = LOCAL_WAITING;
	wait_ns = dead_ns + dead_ns / 2;
	if (wait_ns < router->backoff_ns)
		wait_ns = router->backoff_ns;
	loop_timer_set(router->timer, now + wait_ns);
	router->backoff_ns *= 2;
	if (router->backoff_ns > BACKOFF_MAX_NS)
		router->backoff_ns = BACKOFF_MAX_NS;
}

void local_router_revive(struct local_router *router)
{
	if (router->state != LOCAL_MADE && router->state != LOCAL_STOPPED)
		return;
	log_debug("router %s was left without a process", router->name);
	router->in_batch = false;
	router->revived = true;
	wait_and_restart(router);
}

/* The process is no more, or could not be started (error, -errno). */
static void process_ended(struct local_router *router, int status, int error)
{
	struct local *local = router->local;
	const struct host_events *events = &local->host.events;
	bool was_running = router->state == LOCAL_RUNNING || router->adopting;
	struct err err = {0};

	local_chan_close(router->chan);
	local_router_unwatch(router);
	router->chan = NULL;
	router->pid = router->said = 0;
	router->lost = router->asked = router->adopting = false;
	nothing_told(router);
	router->pinged_ns = 0;
	local_dump_cancel(local, router, -ECONNRESET);
	if (router->state == LOCAL_STOPPING) {
		router->state = LOCAL_STOPPED;
		if (!local->run.batch && !local->closing) /* the batch did not wait for it */
			wait_and_restart(router);
	} else if (router->in_batch) {
		router->state = LOCAL_STOPPED;
		if (error)
			err_errno(&err, error, "router %s: cannot start its process", router->name);
		else
			err_set(&err, EIO,
				"router %s: its process ended before it was ready (%s %d)",
				router->name, WIFSIGNALED(status) ? "signal" : "exit status",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		local_batch_fail(local, &err);
	} else {
		wait_and_restart(router);
		if (was_running && events->router_died && !local->closing)
			events->router_died(events->arg, router->slot, status);
	}
	local_batch_step(local);
	local_adopt_step(local);
}

int32_t local_router_pid(const struct local_router *router)
{
	if (router->adopting)
		return router->pid;
	if (router->state != LOCAL_RUNNING)
		return 0;
	return router->pid ? router->pid : router->said; /* the spawner's word may come later */
}

void local_router_leave_batch(struct local_router *router)
{
	router->in_batch = false;
	if (router->state == LOCAL_MADE || router->state == LOCAL_STOPPED)
		wait_and_restart(router);
}

void local_router_gone(struct local_router *router)
{
	process_ended(router, STATUS_UNKNOWN, 0);
}

void local_router_adopt(struct local_router *router, int32_t pid)
{
	int r = pid > 0 ? local_router_watch(router, pid) : -ESRCH;

	if (r < 0) {
		/* Nobody would tell of its end, and two processes must not write to one FIB. */
		if (r != -ESRCH && local_procs_inode(pid) == router->netns) {
			log_warn("router %s: its process %d cannot be watched (%s) and is ended",
				 router->name, pid, strerror(-r));
			(void)kill(pid, SIGKILL);
		}
		wait_and_restart(router);
		return;
	}
	router->state = LOCAL_STARTING;
	router->pid = pid;
	router->adopting = true;
}

/* --- the spawner -------------------------------------------------------------------------------
 */

static int spawn_request(void *arg, uint32_t slot, struct spawn_request *request,
			 int fds[SPAWN_FDS])
{
	struct local *local = arg;
	struct local_router *router = local_router_get(local, slot);
	char path[PATH_MAX];
	int r;

	if (!router || router->state != LOCAL_STARTING)
		return -ECANCELED;
	r = local_names_path(&local->names, router->name, path, sizeof(path));
	if (r < 0)
		return r;
	fds[SPAWN_FD_FIB] = bld_router_fib(local->bld, slot);
	if (fds[SPAWN_FD_FIB] < 0)
		return fds[SPAWN_FD_FIB];
	fds[SPAWN_FD_HELLO] = bld_map_hello(local->bld);
	fds[SPAWN_FD_ADDR] = bld_map_addr(local->bld);
	fds[SPAWN_FD_NETNS] = nlk_ns_open(path);
	if (fds[SPAWN_FD_NETNS] < 0)
		return fds[SPAWN_FD_NETNS];
	request->slot = slot;
	request->address = router->address;
	request->fib_capacity = bld_router_capacity(local->bld, slot);
	request->log_level = (uint32_t)local->log_level;
	request->uid = local->user_base;
	memcpy(request->name, router->name, sizeof(request->name));
	memcpy(request->socket, local->socket, sizeof(request->socket));
	return 0;
}

static void spawn_started(void *arg, uint32_t slot, int32_t pid)
{
	struct local_router *router = local_router_get(arg, slot);

	if (!router || !router->asked)
		return;
	router->asked = false;
	router->pid = pid;
	if (router->said && router->said != pid) { /* somebody else said HELLO for it */
		local_chan_close(router->chan);
		router->chan = NULL;
		nothing_told(router);
	}
	if (router->state == LOCAL_STOPPING)
		local_router_kill(router);
}

static void spawn_failed(void *arg, uint32_t slot, int error)
{
	struct local_router *router = local_router_get(arg, slot);

	if (router && router->asked)
		process_ended(router, STATUS_UNKNOWN, error);
}

static void spawn_exited(void *arg, uint32_t slot, int32_t pid, int status)
{
	struct local_router *router = local_router_get(arg, slot);

	if (router && router->pid == pid)
		process_ended(router, status, 0);
}

static void spawn_lost(void *arg, int status)
{
	struct local *local = arg;

	if (status < 0)
		log_debug("cannot start the spawner again: %s", strerror(-status));
	else if (local_cgroup_spawner(local->cgroup, local_spawn_pid(local->spawn)) < 0)
		log_warn("control group of router processes: the new spawner cannot join it");
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		if (!router || router->pid == 0 || router->watch)
			continue;
		router->lost = true;
		if (!router->chan) /* it may run or not; nobody would ever tell */
			process_ended(router, STATUS_UNKNOWN, 0);
	}
}

const struct local_spawn_ops local_router_spawn_ops = {
	.request = spawn_request,
	.started = spawn_started,
	.failed = spawn_failed,
	.exited = spawn_exited,
	.lost = spawn_lost,
};

/* --- the connection ----------------------------------------------------------------------------
 */

static int await(struct local_router *router, enum local_await what)
{
	if (router->awaited_count == ARRAY_SIZE(router->awaited))
		return -EBUSY;
	router->awaited[router->awaited_count++] = (uint8_t)what;
	return 0;
}

int local_router_config(struct local_router *router)
{
	const struct host_network *network = &router->local->network;
	struct host_network *told = &router->told;
	struct frame_config config = {
		.address = router->address,
		.network = network->network,
		.prefix_len = network->prefix_len,
		.mode = network->mode,
		.hello_us = network->hello_us,
		.dead_us = network->dead_us,
	};
	int r;

	if (!router->chan ||
	    (told->network == network->network && told->prefix_len == network->prefix_len &&
	     told->mode == network->mode && told->hello_us == network->hello_us &&
	     told->dead_us == network->dead_us))
		return 0;
	r = await(router, LOCAL_AWAIT_CONFIG);
	if (r == 0)
		r = local_chan_send(router->chan, FRAME_CONFIG, &config, sizeof(config), -1);
	if (r == 0)
		*told = *network;
	return r;
}

int local_router_grow(struct local_router *router, uint32_t capacity)
{
	struct bld *bld = router->local->bld;
	int fd, r;

	fd = bld_router_grow(bld, router->slot, capacity);
	if (fd < 0)
		return fd;
	if (!router->chan) /* no process: one that starts gets the new map */
		return bld_router_switch(bld, router->slot);
	r = await(router, LOCAL_AWAIT_MAP);
	if (r == 0)
		r = local_chan_send(router->chan, FRAME_FIB_MAP, &capacity, sizeof(capacity), fd);
	return r;
}

/* A process that was started, or told of a larger FIB, when this daemon or one before it was cut
 * short writes to a map that packets do not see: it is given one that they will. */
static int fib_again(struct local_router *router, uint32_t fib)
{
	const struct bld *bld = router->local->bld;

	if (!fib || fib == bld_router_fib_id(bld, router->slot))
		return 0;
	log_debug("router %s writes to another FIB than packets see", router->name);
	return local_router_grow(router, bld_router_capacity(bld, router->slot));
}

static void *chan_hello(void *arg, struct local_chan *chan, const struct frame_hello *hello,
			int32_t pid)
{
	struct local_router *router = local_router_get(arg, hello->slot);

	if (!router || router->chan ||
	    (router->state != LOCAL_STARTING && router->state != LOCAL_RUNNING))
		return NULL;
	if (router->pid ? router->pid != pid : !router->asked)
		return NULL;
	router->said = pid;
	router->chan = chan;
	nothing_told(router);
	/* An error is the connection's end, which is heard of. */
	if (local_router_config(router) == 0 && fib_again(router, hello->fib) == 0 &&
	    !router->in_batch)
		(void)local_router_tell_all(router); /* in a batch: at its end */
	return router;
}

static void became_ready(struct local_router *router)
{
	struct local *local = router->local;
	const struct host_events *events = &local->host.events;

	if (router->state != LOCAL_STARTING)
		return;
	router->state = LOCAL_RUNNING;
	router->revived = false;
	router->ready_ns = clock_mono_ns();
	if (router->adopting) { /* its process is no news */
		router->adopting = false;
		local_adopt_step(local);
		return;
	}
	if (!router->in_batch && events->router_ready)
		events->router_ready(events->arg, router->slot,
				     router->pid ? router->pid : router->said);
}

static void ready(struct local_router *router)
{
	struct local *local = router->local;
	uint8_t what;
	int r;

	if (router->awaited_count == 0)
		return;
	what = router->awaited[0];
	memmove(router->awaited, router->awaited + 1, --router->awaited_count);
	if (what == LOCAL_AWAIT_MAP) {
		r = bld_router_switch(local->bld, router->slot);
		if (r < 0)
			log_debug("router %s: new FIB: %s", router->name, strerror(-r));
	} else {
		became_ready(router);
	}
	local_batch_step(local);
}

static void chan_frame(void *owner, uint16_t type, const void *body, uint32_t length)
{
	struct local_router *router = owner;
	const struct host_events *events = &router->local->host.events;
	struct frame_link_state state;
	struct frame_rib rib;

	switch (type) {
	case FRAME_READY:
		ready(router);
		break;
	case FRAME_RIB:
		if (length != sizeof(rib) || !events->router_rib)
			break;
		memcpy(&rib, body, sizeof(rib));
		events->router_rib(events->arg, router->slot, &rib);
		break;
	case FRAME_LINK:
		if (length != sizeof(state) || !events->router_link)
			break;
		memcpy(&state, body, sizeof(state));
		events->router_link(events->arg, router->slot, &state);
		break;
	case FRAME_PONG:
		local_hang_pong(router, body, length);
		break;
	case FRAME_ROUTES:
		local_dump_frame(router, body, length);
		break;
	default:
		log_debug("router %s: frame of type %u", router->name, type);
	}
}

static void chan_closed(void *owner)
{
	struct local_router *router = owner;

	router->chan = NULL;
	nothing_told(router);
	router->pinged_ns = 0;
	local_dump_cancel(router->local, router, -ECONNRESET);
	/* The spawner tells when it ends; otherwise the process connects again. */
	if (router->lost)
		process_ended(router, STATUS_UNKNOWN, 0);
	else
		local_batch_step(router->local);
}

const struct local_chan_ops local_router_chan_ops = {
	.hello = chan_hello,
	.frame = chan_frame,
	.closed = chan_closed,
};
