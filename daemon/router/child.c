/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a fork of the spawner to a router: everything that takes time is done here and not in the
 * spawner, so that hundreds start in parallel. Called by spawner.c in the child.
 */
#include "daemon/router/child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/router/map_id.h"
#include "daemon/router/router.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/title.h"

#define NICE (-5) /* hellos are timely although programs on the routers keep the machine busy */

static bool failed(const char *what)
{
	log_error("%s: %s", what, strerror(errno));
	return false;
}

static bool map(const struct spawn_request *request, const int fds[SPAWN_FDS],
		struct router_maps *maps)
{
	maps->fib = mmap(NULL, router_map_length(request->fib_capacity, sizeof(struct vlsp_fib)),
			 PROT_READ | PROT_WRITE, MAP_SHARED, fds[SPAWN_FD_FIB], 0);
	if (maps->fib == MAP_FAILED)
		return failed("cannot map the FIB");
	maps->fib_id = map_id(fds[SPAWN_FD_FIB]);
	maps->hello = mmap(NULL, router_map_length(VLSP_PORT_MAX, sizeof(struct vlsp_hello)),
			   PROT_READ, MAP_SHARED, fds[SPAWN_FD_HELLO], 0);
	if (maps->hello == MAP_FAILED)
		return failed("cannot map vlsp_hello");
	maps->addr = mmap(NULL, router_map_length(VLSP_ADDR_MAX, sizeof(struct vlsp_addr)),
			  PROT_READ, MAP_SHARED, fds[SPAWN_FD_ADDR], 0);
	if (maps->addr == MAP_FAILED)
		return failed("cannot map vlsp_addr");
	return true;
}

int child_run(const struct spawn_request *request, const int fds[SPAWN_FDS])
{
	char title[sizeof("vlsp-router: ") + NAME_SIZE];
	struct router_maps maps;
	sigset_t none;

	log_set_level((enum log_level)request->log_level);
	log_set_ident(request->name);
	snprintf(title, sizeof(title), "vlsp-router: %s", request->name);
	title_set(title);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* the log may be a pipe whose reader is gone, or a file that may not grow */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	setsid(); /* cannot fail: a forked process leads no group */
	/* without the permission hellos compete like everybody else */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	if (setns(fds[SPAWN_FD_NETNS], CLONE_NEWNET) < 0)
		return failed("cannot enter the network namespace"), 1;
	if (!map(request, fds, &maps))
		return 1;
	/* the spawner's socket above all: the daemon must see the end of the spawner */
	if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		return failed("cannot close the spawner's descriptors"), 1;
	return router_run(request, &maps) < 0 ? 1 : 0;
}
