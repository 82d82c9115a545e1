// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking over a network that an earlier daemon left running. Its router processes have no parent
 * that would tell of their end, so each is watched by a pidfd; they connect by themselves and get
 * their configuration and links. One that does not in time is ended and another started, as if it
 * had died: its forwarding table goes on. Called by local_audit.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/host/local_audit.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define PATIENCE_NS	 (5 * NSEC_PER_SEC)  /* until the last router process has connected */
#define PATIENCE_ITEM_NS (5 * NSEC_PER_MSEC) /* and for each of them */

static int take_router(struct local *local, const struct host_router *item,
		       const struct local_seen *seen)
{
	struct local_router *router;
	int r = local_router_new(local, item);

	if (r < 0)
		return r;
	router = local_router_get(local, item->slot);
	router->in_batch = false;
	router->netns = seen->inode;
	local_router_adopt(router, seen->pid);
	return 0;
}

static bool is_taken(const struct local *local, const struct host_link *link)
{
	return local_router_get(local, link->end[0].slot) &&
	       local_router_get(local, link->end[1].slot);
}

/* All that is taken over stands in the journal, also where an older one was lost. */
static int note(struct local *local, const struct host_audit *audit)
{
	const char **names = calloc(audit->router_count + 1, sizeof(*names));
	size_t count = 0;
	int r = -ENOMEM;

	for (size_t i = 0; names && i < audit->router_count; i++)
		if (audit->router_found[i] == HOST_WELL)
			names[count++] = audit->routers[i].name;
	if (names)
		r = local_names_note(&local->names, names, count);
	free(names);
	return r;
}

int local_adopt_begin(struct local *local, const struct local_look *look)
{
	struct local_audit_run *run = &local->audit;
	const struct host_audit *audit = look->audit;
	int r = note(local, audit);

	local->network.mode = audit->network.mode;
	local->network.hello_us = audit->network.hello_us;
	local->network.dead_us = audit->network.dead_us;
	local->network.slots_needed = audit->network.slots_needed;
	for (size_t i = 0; r == 0 && i < audit->router_count; i++)
		if (audit->router_found[i] == HOST_WELL)
			r = take_router(local, &audit->routers[i], &look->routers[i]);
	for (size_t i = 0; r == 0 && i < audit->link_count; i++) {
		enum host_finding found = audit->link_found[i];

		if ((found == HOST_WELL || found == HOST_DIFFERS) &&
		    is_taken(local, &audit->links[i])) {
			r = local_ends_set(local, &audit->links[i]);
			local_emulate_adopt(local->emulation, &audit->links[i]);
		}
	}
	if (r < 0)
		return r;
	run->waiting = true;
	loop_timer_set(run->timer,
		       clock_mono_ns() + PATIENCE_NS + audit->router_count * PATIENCE_ITEM_NS);
	local_listen_go(local->listen);
	local_relay_adopt(local->emulation->relay);
	return 0;
}

void local_adopt_step(struct local *local)
{
	if (!local->audit.waiting)
		return;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot] && local->routers[slot]->adopting)
			return;
	local_audit_finish(local, 0, &(struct err){.code = 0});
}

void local_adopt_late(void *arg)
{
	struct local *local = arg;

	if (!local->audit.waiting)
		return;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		if (!router || !router->adopting)
			continue;
		log_warn("router %s: its process %d has not connected again and is ended",
			 router->name, router->pid);
		router->adopting = false;
		local_router_kill(router);
	}
	local_adopt_step(local);
}

/* --- a process that is not the spawner's child -------------------------------------------------
 */

static void watched(void *arg, uint32_t events)
{
	struct local_router *router = arg;

	(void)events;
	local_router_gone(router);
}

int local_router_watch(struct local_router *router, int32_t pid)
{
	int fd = pidfd_open(pid, 0), r = 0;

	if (fd < 0)
		return -errno;
	/* Looked at again: now the number cannot become another process's. */
	if (local_procs_inode(pid) != router->netns)
		r = -ESRCH;
	if (r == 0)
		r = loop_add(router->local->loop, fd, EPOLLIN, watched, router, &router->watch);
	if (r < 0) {
		close(fd);
		return r;
	}
	router->watch_fd = fd;
	return 0;
}

void local_router_unwatch(struct local_router *router)
{
	if (!router->watch)
		return;
	loop_del(router->watch);
	close(router->watch_fd);
	router->watch = NULL;
	router->watch_fd = -1;
}
