/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of bpf/loader share: the state of one instance. */
#ifndef VLSP_BPF_LOADER_LOADER_PRIV_H
#define VLSP_BPF_LOADER_LOADER_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/loader.h"
#include "bpf/loader/outer.h"

#define BLD_CHUNKS (VLSP_PORT_MAX / VLSP_COUNT_CHUNK)

struct vlsp; /* the skeleton */

struct bld_slot {
	uint32_t address; /* host byte order; 0: not in use */
	uint32_t edge_port;
	uint32_t capacity;
	uint32_t next_capacity;
	int fib;  /* -1: none */
	int next; /* the larger map between grow and switch, or -1 */
};

struct bld {
	char *dir; /* of the pins */
	bool mounted;
	struct vlsp *skel;
	uint32_t ncpu;
	uint32_t network, mask; /* host byte order */

	struct vlsp_addr *addr;	  /* vlsp_addr, mapped */
	struct vlsp_hello *hello; /* vlsp_hello, mapped */
	struct bld_slot *slots;	  /* VLSP_SLOT_MAX */
	int nothing;		  /* an empty FIB, for slots without a router */
	int chunk_like;		  /* what the verifier saw of vlsp_count */

	pthread_mutex_t chunk_lock;
	struct {
		int fd;
		struct vlsp_count *rows; /* mapped, NULL: no such chunk */
	} chunks[BLD_CHUNKS];

	struct outer *fibs;   /* vlsp_fib */
	struct outer *counts; /* vlsp_count */
};

/* loader.c */
int bld_map_fd_router(const struct bld *bld);
int bld_map_fd_port(const struct bld *bld);
int bld_map_fd_conf(const struct bld *bld);

/* ports.c: makes the chunk of counters that port belongs to, if there is none, and clears the
 * port's rows. Thread-safe. */
int bld_count_prepare(struct bld *bld, uint32_t port);
size_t bld_chunk_size(const struct bld *bld);

#endif
