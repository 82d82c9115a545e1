/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network functions (chains) and captures (taps) of an instance: the records of
 * include/shared/function.h in its maps. Called by the daemon, by one thread at a time; of another
 * thread than the one that works on routers and ports only between its batches.
 *
 * The numbers (index) are the caller's choice. Rings come into force a moment after the call that
 * makes them (bpf/loader/outer.h): bld_settle() waits until they are. Until then a function has no
 * ring, and its policy applies.
 *
 * When another daemon takes an instance over (bld_open()): chains, functions' rings, programs and
 * counters, and cuts stay and go on; those of routers that are gone are removed. Taps are all
 * removed, because who read them is gone. Either works on from bld_chain_read(): a ring that is
 * there is handed out by bld_fn_ring(), and an index that no chain names is to be cleared.
 */
#ifndef VLSP_BPF_LOADER_FUNCTIONS_H
#define VLSP_BPF_LOADER_FUNCTIONS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/loader.h"
#include "include/shared/function.h"

/* --- functions; index below VLSP_FN_MAX; -EINVAL: past it ------------------------------------- */

/*
 * The ring of that function, of struct vlsp_fn_frame: a descriptor of a BPF_MAP_TYPE_RINGBUF, for
 * mmap and epoll, which may be given to other processes. It stays the loader's and is valid until
 * bld_fn_clear() or bld_close(). Made and entered if there is none of that size (a power of two,
 * whole pages); one of another size is replaced. -errno.
 */
int bld_fn_ring(struct bld *bld, uint32_t index, uint32_t bytes);
/* Waits until rings that were made are in force. By any thread; 10 ms or so. 0 or -errno. */
int bld_fn_settle(const struct bld *bld);
/* Enters a program (BPF_PROG_TYPE_SCHED_CLS, expected_attach_type 0); prog stays the caller's, who
 * may close it. It gets frames from the Ethernet header on. -errno; -EINVAL: not such a program. */
int bld_fn_prog(struct bld *bld, uint32_t index, int prog);
/* Takes ring and program away and clears the counters. To be called after no chain names it. */
void bld_fn_clear(struct bld *bld, uint32_t index);
int bld_fn_count_read(const struct bld *bld, uint32_t index, struct vlsp_fn_count *ret_count);
void bld_fn_count_reset(struct bld *bld, uint32_t index);

/*
 * The chain of a router, as a whole; count 0 removes it. Its ports get VLSP_PORT_CHAIN, also those
 * that come later; it goes with the router. -ENOENT: no such router; -EINVAL: a count, kind or
 * index that cannot be.
 */
int bld_chain_set(struct bld *bld, uint32_t slot, const struct vlsp_chain *chain);
int bld_chain_read(const struct bld *bld, uint32_t slot,
		   struct vlsp_chain *ret_chain); /* -ENOENT */

/*
 * Which large segments (GSO) edges cut into packets, because a function with a ring wants them: by
 * addresses, ports, protocol and flow of matches; VLSP_MATCH_FROM and VLSP_MATCH_TO are not looked
 * at. n 0: none. n above VLSP_CUT_MAX: all, and matches may be NULL.
 */
int bld_cut_set(struct bld *bld, const struct vlsp_match *matches, uint32_t n);

/* --- taps; index below VLSP_TAP_MAX; -EINVAL: past it ----------------------------------------- */

/* As bld_fn_ring(), of struct vlsp_tap_frame. */
int bld_tap_ring(struct bld *bld, uint32_t index, uint32_t bytes);
/* Waits until rings of taps are in force, and for nothing else: of any thread. 0 or -errno. */
int bld_tap_settle(struct bld *bld);
/*
 * The filter of VLSP_TAP_FILTER: instructions of a BPF_PROG_TYPE_SCHED_CLS program without calls of
 * own functions, that returns 1 for a frame that is wanted and 0 for others. hint: what all
 * datagrams have that it wants, but for control datagrams; NULL: nothing is known. To be called
 * before the tap is at any port. err: what the verifier said.
 */
int bld_tap_filter(struct bld *bld, uint32_t index, const struct bpf_insn *insns, size_t n,
		   const struct vlsp_hint *hint, struct err *err);
/*
 * That tap at a port: of a link end, or of an edge. flags: enum vlsp_tap_flags; 0: not any more. A
 * tap that is there already is changed. A tap goes with its port. -ENOENT: no such port; -ENOSPC:
 * it has VLSP_TAPS_MAX others.
 */
int bld_tap_port(struct bld *bld, uint32_t port, uint32_t index, uint16_t flags, uint32_t snaplen);
/* Takes it from all ports, then ring and filter away, and clears the counters. */
void bld_tap_clear(struct bld *bld, uint32_t index);
int bld_tap_count_read(const struct bld *bld, uint32_t index, struct vlsp_tap_count *ret_count);

#endif
