/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes entries of a map of maps without waiting for them. The kernel makes the caller of such an
 * update wait for an RCU grace period (8 to 13 ms, syscall.c maybe_wait_bpf_programs(); for each
 * element before Linux 6.8, for each batch since), though programs see the new map at once. So
 * a few threads do the waiting, side by side.
 */
#ifndef VLSP_BPF_LOADER_OUTER_H
#define VLSP_BPF_LOADER_OUTER_H

#include <stdint.h>

struct outer;

/* map: the ARRAY_OF_MAPS with that many entries; stays the caller's and must outlive outer.
 * threads: at most OUTER_THREADS_MAX. To be called in the daemon's network namespace: they stay in
 * it. 0 or -errno. */
#define OUTER_THREADS_MAX 16
int outer_new(int map, uint32_t entries, unsigned threads, struct outer **ret_outer);
/* What is queued is dropped; what is being written is waited for. NULL is fine. */
void outer_free(struct outer *outer);

/* Entry key is to hold the map inner. The descriptor is duplicated, so the caller may close its
 * own. The last call for a key wins. Thread-safe. 0 or -errno. */
int outer_set(struct outer *outer, uint32_t key, int inner);
/* Entry key is to hold none. */
int outer_clear(struct outer *outer, uint32_t key);

/* Waits until all is written. The first error since the last call (-errno), or 0. */
int outer_settle(struct outer *outer);

#endif
