/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens, loads, pins and fills the BPF object of an instance (bpf/vlsp.bpf.c). Attaching to devices
 * is lib/nlk's work (clsact and cls_bpf by netlink); this hands out the program descriptors.
 * Pins: /sys/fs/bpf/vlsp/INSTANCE/vlsp_*. Not thread-safe, except where noted.
 */
#ifndef VLSP_BPF_LOADER_LOADER_H
#define VLSP_BPF_LOADER_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "include/shared/maps.h"
#include "lib/base/err.h"

struct bld;

/* Loads and pins. Mounts bpffs on /sys/fs/bpf if nothing is there. -EEXIST if pins of that
 * instance exist already. err says what the kernel or the verifier refused. */
int bld_open(const char *instance, uint32_t network, unsigned prefix_len, struct bld **ret_bld,
	     struct err *err);
/* Unpins all, removes the directories that are empty then, frees. NULL is fine. */
void bld_close(struct bld *bld);

/* The network that the programs serve; host byte order. */
int bld_network_set(struct bld *bld, uint32_t network, unsigned prefix_len);

/* Descriptors stay the loader's. */
int bld_prog_in(const struct bld *bld);	 /* vlsp_in: ingress of every link end */
int bld_prog_out(const struct bld *bld); /* vlsp_out: egress of the edge device */
int bld_map_hello(const struct bld *bld);
int bld_map_addr(const struct bld *bld);

/* capacity: entries, a power of two, at least VLSP_FIB_MIN. Creates the FIB map, enters the router
 * and its address. address in host byte order. Thread-safe against itself for different slots. */
int bld_router_add(struct bld *bld, uint32_t slot, uint32_t address, uint32_t edge_port,
		   uint32_t capacity, struct err *err);
void bld_router_del(struct bld *bld, uint32_t slot);
/* The FIB map's descriptor (the loader's), -ENOENT. */
int bld_router_fib(const struct bld *bld, uint32_t slot);
uint32_t bld_router_capacity(const struct bld *bld, uint32_t slot); /* 0: none */
/* A second, larger map for the slot: returned descriptor is the loader's; bld_router_switch()
 * makes it the one that packets see and closes the first. */
int bld_router_grow(struct bld *bld, uint32_t slot, uint32_t capacity);
int bld_router_switch(struct bld *bld, uint32_t slot);

/*
 * Maps that the calls above and below entered (FIBs, counters) come into force a moment later,
 * because the kernel makes the caller of such an update wait (bpf/loader/outer.h). This waits until
 * all are in force, 10 ms or so: to be called once, after a batch. -errno: one was refused.
 */
int bld_settle(struct bld *bld);

/* Enters or changes a link end (clears its counters and hello record when it was not VALID). */
int bld_port_set(struct bld *bld, uint32_t port, const struct vlsp_port *record);
void bld_port_del(struct bld *bld, uint32_t port);

/* Sum over CPUs of one port's counters; zeros for a port nobody has. */
void bld_count_read(struct bld *bld, uint32_t port, struct vlsp_count *ret_count);

/* "version", "length", "checksum", "ttl", "no-route" ... for enum vlsp_drop; NULL past the end. */
const char *bld_drop_name(unsigned cause);

#endif
