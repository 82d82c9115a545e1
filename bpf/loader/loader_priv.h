/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of bpf/loader share: the state of one instance. */
#ifndef VLSP_BPF_LOADER_LOADER_PRIV_H
#define VLSP_BPF_LOADER_LOADER_PRIV_H

#include <bpf/bpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/functions.h"
#include "bpf/loader/loader.h"
#include "bpf/loader/outer.h"
#include "bpf/loader/rings.h"

#define BLD_CHUNKS  (VLSP_PORT_MAX / VLSP_COUNT_CHUNK)
#define BLD_NOTHING "vlsp_fib_none" /* the kernel's name of the empty FIB */

/* What is pinned, in that order. The first one says whether the rest may be in use. */
enum bld_pin {
	BLD_ROUTER,
	BLD_CONF,
	BLD_ADDR,
	BLD_PORT,
	BLD_HELLO,
	BLD_FIB,
	BLD_COUNT,
	BLD_SHAPE,
	BLD_FATE,
	BLD_WAKE,
	BLD_RING,
	BLD_CHAIN,
	BLD_FN_RING,
	BLD_FN_PROG,
	BLD_FN_COUNT,
	BLD_CUT,
	BLD_TAP,
	BLD_TAP_RING,
	BLD_TAP_FILTER,
	BLD_TAP_COUNT,
	BLD_SELF,
	BLD_IN, /* from here on: programs */
	BLD_OUT,
	BLD_BACK,
	BLD_PINS,
};

struct bld_slot {
	uint32_t address; /* host byte order; 0: not in use */
	uint32_t edge_port;
	uint32_t capacity;
	uint32_t next_capacity;
	int fib;	/* -1: none */
	int next;	/* the larger map between grow and switch, or -1 */
	uint32_t flags; /* enum vlsp_router_flags */
	struct vlsp_hint hint, tap;
	bool pending; /* its record says that its FIB is being written */
};

/* flags of ports that are the loader's own */
#define BLD_MARKS (VLSP_PORT_CHAIN | VLSP_PORT_TAP | VLSP_PORT_TAP_OUT)

struct bld {
	char *dir;  /* of the pins */
	int dir_fd; /* locked: nobody else has this instance open */
	bool mounted, adopted;
	int fds[BLD_PINS];		   /* -1: none */
	const struct bld_journal *journal; /* or NULL */
	uint32_t ncpu;
	uint32_t network, mask; /* host byte order */

	struct vlsp_addr *addr;	  /* vlsp_addr, mapped */
	struct vlsp_hello *hello; /* vlsp_hello, mapped */
	struct bld_slot *slots;	  /* VLSP_SLOT_MAX */
	struct vlsp_port *ports;  /* VLSP_PORT_MAX: vlsp_port as it is */
	int nothing;		  /* an empty FIB, for slots without a router */

	pthread_mutex_t chunk_lock;
	struct {
		int fd;
		struct vlsp_count *rows; /* mapped, NULL: no such chunk */
	} chunks[BLD_CHUNKS];

	int ring;	 /* the relay's, -1: not made yet */
	bool real;	 /* vlsp_conf.real */
	uint32_t cuts;	 /* vlsp_conf.cuts */
	uint32_t shaped; /* ports that have a shape */

	struct outer *fibs;   /* vlsp_fib */
	struct outer *counts; /* vlsp_count */

	struct bld_rings fn_rings, tap_rings;
	struct vlsp_fn_count *fn_counts;	  /* mapped */
	struct vlsp_tap_count *tap_counts;	  /* mapped */
	struct vlsp_hint tap_hints[VLSP_TAP_MAX]; /* of their filters */
};

/* pins.c: the BPF file system. Makes and locks the directory. */
int bld_pins_open_dir(struct bld *bld, const char *instance, struct err *err);
/* Directories that are empty, and the mount if it is ours and empty. */
void bld_pins_close_dir(struct bld *bld);
const char *bld_pin_name(enum bld_pin pin);
/* Opens what is pinned into bld->fds, checking what it is. Number of pins that are there. */
int bld_pins_get(struct bld *bld, struct err *err);
int bld_pins_put(struct bld *bld, struct err *err); /* pins bld->fds */
int bld_pins_note(const struct bld *bld);	    /* enters pins that the journal does not have */
/* Removes the pins of bld->fds. known: only those in the journal. */
void bld_pins_remove(struct bld *bld, bool known);

/* adopt.c: what the maps of bld->fds say becomes bld's picture. */
int bld_adopt(struct bld *bld, uint32_t network, unsigned prefix_len, struct err *err);

/* inner.c: the map that entry key of outer holds. */
struct bld_inner {
	int outer;
	uint32_t key;
	int fd; /* the caller's; -ENOENT: none; -errno */
	struct bpf_map_info info;
};
void bld_inners_open(struct bld_inner *inners, size_t count);

/* table.c: reads a whole array map; values: entries * value_size. 0 or -errno. */
int bld_table_read(int map, uint32_t entries, size_t value_size, void *values);
/* True if the map vlsp_router has a record. -errno. */
int bld_table_in_use(const struct bld *bld);

/* routers.c: the empty FIB, in bld->nothing. */
int bld_nothing_new(struct bld *bld);
/* Nobody has the slot any more; its FIB becomes the empty one. edge: any port but 0. */
int bld_slot_bury(struct bld *bld, uint32_t slot, uint32_t edge);
/* After what was queued for vlsp_fib has been written: says so in the records of these slots. */
int bld_slots_settle(struct bld *bld);
int bld_network_check(uint32_t network, unsigned prefix_len);
/* Sets or clears flags of a slot that is in use. */
int bld_router_mark(struct bld *bld, uint32_t slot, uint32_t flags, bool on);
/* routers.c: the hint of its chain, before or after that has been entered. */
int bld_router_hint(struct bld *bld, uint32_t slot, const struct vlsp_hint *hint);

int bld_conf_write(struct bld *bld, uint32_t network, uint32_t mask);

/* ports.c: sets or clears BLD_MARKS of a port that is in use. */
int bld_port_mark(struct bld *bld, uint32_t port, uint32_t mask, uint32_t flags);

/* ports.c: takes over a chunk that is in force; the descriptor is the loader's then. */
int bld_chunk_take(struct bld *bld, uint32_t chunk, int fd);
/* Makes the chunk of counters that port belongs to, if there is none. */
int bld_chunk_need(struct bld *bld, uint32_t port);

/* ports.c: makes the chunk of counters that port belongs to, if there is none, and clears the
 * port's rows. Thread-safe. */
int bld_count_prepare(struct bld *bld, uint32_t port);
size_t bld_chunk_size(const struct bld *bld);

/* functions.c: what is mapped; what an earlier daemon left. */
int bld_functions_open(struct bld *bld);
void bld_functions_close(struct bld *bld);
int bld_functions_adopt(struct bld *bld);
/* The router is going. */
void bld_chain_forget(struct bld *bld, uint32_t slot);

#endif
