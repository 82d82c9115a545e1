/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This router's FIB, which the fast path reads: a mapped array by destination slot. Addresses
 * become slots by the mapped vlsp_addr. Works on any memory, so tests need no BPF.
 */
#ifndef VLSP_DAEMON_ROUTER_FIB_H
#define VLSP_DAEMON_ROUTER_FIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/maps.h"

struct fib;

/* Neither mapping becomes the FIB's. capacity: entries of map. */
int fib_new(struct vlsp_fib *map, uint32_t capacity, const struct vlsp_addr *addr,
	    struct fib **ret_fib);
void fib_free(struct fib *fib); /* NULL is fine */

/* The virtual network, host byte order; prefix_len 16 .. 30. */
void fib_network(struct fib *fib, uint32_t network, unsigned prefix_len);

/*
 * The route to dst (host byte order) goes by port from now on; port 0: none. 0; -EDOM: not in the
 * network; -ENOENT: nobody has that address; -ENOSPC: the map has no entry for that slot. After the
 * last two fib_incomplete() is true.
 */
int fib_set(struct fib *fib, uint32_t dst, uint32_t port, uint32_t metric);
/* Whether some route could not be entered since the last fib_retry(). */
bool fib_incomplete(const struct fib *fib);
void fib_retry(struct fib *fib);

void fib_clear(struct fib *fib);
void fib_clear_port(struct fib *fib, uint32_t port); /* routes by that port: none any more */
/* 0: no route. */
uint32_t fib_port(const struct fib *fib, uint32_t dst);
uint32_t fib_routes(const struct fib *fib);	/* how many */
uint64_t fib_metric_sum(const struct fib *fib); /* over all of them */
void fib_each(const struct fib *fib,
	      void (*fn)(void *arg, uint32_t dst, uint32_t port, uint32_t metric), void *arg);

/* Copies what fits into a new map and uses that one from now on. 0 or -ENOMEM. */
int fib_move(struct fib *fib, struct vlsp_fib *map, uint32_t capacity);

#endif
