/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ring buffers of functions and of taps, by index, in maps of maps. */
#ifndef VLSP_BPF_LOADER_RINGS_H
#define VLSP_BPF_LOADER_RINGS_H

#include <stdint.h>

#include "bpf/loader/outer.h"

struct bld_rings {
	struct outer *outer;
	int *fds; /* BLD_NO_RING; BLD_UNKNOWN: there may be one of an earlier daemon */
	uint32_t *sizes, count;
};
#define BLD_NO_RING (-1)
#define BLD_UNKNOWN (-2)

/* In that map, of count entries. 0 or -errno; bld_rings_done() has to be called either way. */
int bld_rings_new(struct bld_rings *rings, int map, uint32_t count);
void bld_rings_done(struct bld_rings *rings);
/* The ring's descriptor (rings'), made if there is none of that size; name: for people. -errno. */
int bld_rings_need(struct bld_rings *rings, int map, uint32_t index, uint32_t bytes,
		   const char *name);
void bld_rings_clear(struct bld_rings *rings, uint32_t index);

#endif
