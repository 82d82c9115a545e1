/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens, loads, pins and fills the BPF object of an instance (bpf/vlsp.bpf.c), or takes over the
 * one that an earlier daemon left running. Attaching to devices is lib/nlk's work (clsact and
 * cls_bpf by netlink); this hands out the program descriptors.
 * Pins: /sys/fs/bpf/vlsp/INSTANCE/vlsp_*. Not thread-safe, except where noted.
 */
#ifndef VLSP_BPF_LOADER_LOADER_H
#define VLSP_BPF_LOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/maps.h"
#include "lib/base/err.h"

struct bld;

/*
 * What this makes outside of the process, told to whoever keeps a book of it. Kinds and texts:
 * "pin" "PATH ID" (the kernel's id of the map or program) and "mount" "PATH".
 */
struct bld_journal {
	void *arg;
	int (*add)(void *arg, const char *kind, const char *what);  /* before; -errno: not made */
	void (*del)(void *arg, const char *kind, const char *what); /* after it is gone */
	bool (*has)(void *arg, const char *kind, const char *what);
};

/*
 * Mounts bpffs on /sys/fs/bpf if nothing is there. Then, by the pins of that instance:
 *
 * None: loads and pins. err says what the kernel or the verifier refused.
 * All: takes them over (bld_adopted()) without touching what programs see: routers, ports and
 *   counters are those that were there, and so is the network, unless there is no router. What was
 *   half made (a router without FIB, an address without router) is taken back. -EPROTO: they were
 *   made by another version of vlspd, for another number of CPUs, or are not what they are named.
 * Some: an opening or a closing was cut short. vlsp_router is pinned first and unpinned last: if it
 *   is there and says that no slot is in use, the pins are removed and all is made anew.
 *   Otherwise somebody took pins away by hand: -EUCLEAN, nothing is changed.
 *
 * -EEXIST: another process has that instance open. journal may be NULL; it outlives bld. With a
 * journal, only pins that stand in it are removed.
 */
int bld_open(const char *instance, uint32_t network, unsigned prefix_len,
	     const struct bld_journal *journal, struct bld **ret_bld, struct err *err);
/* keep: leaves pins and maps, waiting until all is in force, for the next bld_open(); attached
 * programs go on. Otherwise unpins what is pinned still and ours, and removes the directories that
 * are empty then. Frees. NULL is fine. */
void bld_close(struct bld *bld, bool keep);
bool bld_adopted(const struct bld *bld);
/* Removes one pin, given as it stands in the journal, if it is what was pinned there. 0, -errno. */
int bld_unpin(const char *entry);
/* Of an instance that does not run: removes the directories of pins that are empty, and the mount
 * if it is ours. lost: the journal does not say all; pins that look like ours go, too. */
void bld_clean(const char *instance, const struct bld_journal *journal, bool lost);

/* The network that the programs serve; host byte order. -EINVAL; -EBUSY: a router is outside. */
int bld_network_set(struct bld *bld, uint32_t network, unsigned prefix_len);
void bld_network(const struct bld *bld, uint32_t *ret_network, unsigned *ret_prefix_len);

/* Descriptors stay the loader's. */
int bld_prog_in(const struct bld *bld);	  /* vlsp_in: ingress of every link end */
int bld_prog_out(const struct bld *bld);  /* vlsp_out: egress of the edge device */
int bld_prog_back(const struct bld *bld); /* vlsp_back: ingress of the edge device */
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
/* The kernel's id of that map, as in frame_hello.fib: a router process that writes to another one
 * (its daemon ended during grow and switch) has to be given one again. 0: none. */
uint32_t bld_router_fib_id(const struct bld *bld, uint32_t slot);
/* A second, larger map for the slot: returned descriptor is the loader's; bld_router_switch()
 * makes it the one that packets see and closes the first. */
int bld_router_grow(struct bld *bld, uint32_t slot, uint32_t capacity);
int bld_router_switch(struct bld *bld, uint32_t slot);

/*
 * Maps that the calls above and below entered (FIBs, counters) come into force a moment later,
 * because the kernel makes the caller of such an update wait (bpf/loader/outer.h). This waits until
 * all are in force, 10 ms or so: to be called once, after a batch. -errno: one was refused. Routers
 * that were added have a record (bld_router_read(), bld_slots_each()) from then on, and are taken
 * over by a later daemon.
 */
int bld_settle(struct bld *bld);

/* Enters or changes a link end (clears its counters and hello record when it was not VALID). */
int bld_port_set(struct bld *bld, uint32_t port, const struct vlsp_port *record);
void bld_port_del(struct bld *bld, uint32_t port); /* its shape goes, too */

/*
 * Emulation (include/shared/maps.h). A shape is entered before the port's VLSP_PORT_SHAPED is set,
 * and removed after that is cleared. epoch of shape is the loader's: numbers begin anew with a
 * first shape, another key, or where anew is set. 0 or -errno.
 */
int bld_shape_set(struct bld *bld, uint32_t port, const struct vlsp_shape *shape, bool anew);
void bld_shape_del(struct bld *bld, uint32_t port);
int bld_shape_read(const struct bld *bld, uint32_t port,
		   struct vlsp_shape *ret_shape);				     /* -ENOENT */
int bld_fate_read(const struct bld *bld, uint32_t port, struct vlsp_fate *ret_fate); /* -ENOENT */
/* Whether edges have to send real packets. */
int bld_real_set(struct bld *bld, bool real);
bool bld_real(const struct bld *bld);
/* How many ports have VLSP_PORT_SHAPED or VLSP_PORT_QUEUE. */
uint32_t bld_shaped(const struct bld *bld);
/* The relay's ring, made if it is not there (which waits 10 ms or so); the loader's. -errno. */
int bld_ring_need(struct bld *bld);
int bld_map_wake(const struct bld *bld);

/* The kernel's id of the map or program of that descriptor; 0: it is none. */
uint32_t bld_id(int fd);

/* The records as the programs see them; -ENOENT: not in use. */
int bld_router_read(const struct bld *bld, uint32_t slot, struct vlsp_router *ret_record);
int bld_port_read(const struct bld *bld, uint32_t port, struct vlsp_port *ret_record);
/* Calls fn for each slot, or port of a link end, that is in use, in order. 0 or -errno. */
int bld_slots_each(const struct bld *bld,
		   void (*fn)(void *arg, uint32_t slot, const struct vlsp_router *record),
		   void *arg);
int bld_ports_each(const struct bld *bld,
		   void (*fn)(void *arg, uint32_t port, const struct vlsp_port *record), void *arg);

/* Sum over CPUs of one port's counters; zeros for a port nobody has. */
void bld_count_read(struct bld *bld, uint32_t port, struct vlsp_count *ret_count);

/* "version", "length", "checksum", "ttl", "no-route" ... for enum vlsp_drop; NULL past the end. */
const char *bld_drop_name(unsigned cause);

#endif
