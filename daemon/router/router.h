/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of one virtual router, in its namespace already: everything between its sockets. */
#ifndef VLSP_DAEMON_ROUTER_ROUTER_H
#define VLSP_DAEMON_ROUTER_ROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "include/shared/maps.h"
#include "lib/wire/spawn.h"

struct router_maps {
	struct vlsp_fib *fib; /* fib_capacity entries, ours to unmap */
	uint32_t fib_id;      /* the kernel's, of that map; 0: not known */
	const struct vlsp_hello *hello;
	const struct vlsp_addr *addr;
};

/* Length of the mapping of an array map with elements of size bytes (a multiple of 8). */
size_t router_map_length(size_t entries, size_t size);

/* Runs until the daemon says QUIT (returns 0) or setting up fails (-errno, logged). */
int router_run(const struct spawn_request *request, const struct router_maps *maps);

#endif
