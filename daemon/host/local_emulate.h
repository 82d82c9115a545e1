/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulation of links on this machine: what it can do, and giving directions their shapes. Which
 * back end does what is lib/shape/plan.h's to say; here it is done.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_EMULATE_H
#define VLSP_DAEMON_HOST_LOCAL_EMULATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/loader.h"
#include "daemon/host/host_ops.h"
#include "daemon/host/local_names.h"
#include "daemon/host/local_relay.h"
#include "lib/nlk/batch.h"
#include "lib/nlk/dump.h"
#include "lib/shape/plan.h"

#define LOCAL_CAPABILITIES 8

struct local_emulation {
	unsigned can; /* enum shape_can */
	bool tcx;     /* for local_tcx.c */
	struct host_capability capabilities[LOCAL_CAPABILITIES];
	size_t capability_count;
	struct local_relay *relay;
	uint8_t tc[VLSP_PORT_MAX]; /* enum shape_tc that the device has; for workers */
	bool edges_behind;	   /* some still send no large segments, and could; for workers */
};

/* Tries what the kernel can do, in a namespace of its own; relay_program: a path. 0 or -errno. */
int local_emulation_probe(struct local_emulation *emulation, const char *relay_program);

/* --- in a worker, within a batch ------------------------------------------------------------- */

struct local_emulate { /* what the calls below have in common */
	struct local_emulation *emulation;
	struct bld *bld;
	pthread_mutex_t *bld_lock;
	const struct local_names *names;
	const char (*routers)[NAME_SIZE]; /* all that there are */
	size_t router_count;
	const bool *cancel;
};

/* What must be there before any of the links has its shape: the relay with its sockets; edges that
 * send real packets. The thread ends in any namespace. */
int local_emulate_begin(const struct local_emulate *emulate, const struct host_link *add,
			size_t add_count, const struct host_link *set, size_t set_count,
			struct err *err);
/* When no link is shaped any more, large segments are allowed again. Where that cannot be done, a
 * warning says so, and the next batch tries again: everything works, but not as fast. */
void local_emulate_end(const struct local_emulate *emulate);

/* The record of the programs, before the port's flags are set; nothing if it needs none. */
int local_emulate_enter(const struct local_emulate *emulate, const struct host_link *link, int side,
			struct err *err);
/* No queue is wanted, and we put none there: what a daemon before did, for a change that it did not
 * finish, goes. Other people's stay. */
void local_emulate_strays(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			  const struct host_link *link, int side);
/* What waits in queues that are going to be replaced leaves at once. */
void local_emulate_clear(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			 const struct host_link *link, int side);
/* Queues of the sending device that are wanted, as messages for its namespace; and, once that was
 * accepted, what it had before and needs no more. */
void local_emulate_queues(const struct local_emulate *emulate, struct nlk_batch *batch,
			  const struct host_link *link, int side);
void local_emulate_leave(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			 const struct host_link *link, int side);

/* NULL: the programs have of that end what the link's shape asks for. By any thread. */
const char *local_emulate_look(const struct bld *bld, unsigned can, const struct vlsp_port *record,
			       const struct host_link *link, int side);
/* Whether a device that sends into a direction of that shape has the queues that it should, as
 * bits; and the bit of one that it has; 0: not ours, or not as the shape asks for it. By any
 * thread. */
bool local_emulate_queues_well(unsigned can, const struct topo_shape *shape, uint8_t queues);
uint8_t local_emulate_queue(const struct topo_shape *shape, const struct nlk_qdisc *qdisc);
/* The link was taken over as it runs. */
void local_emulate_adopt(struct local_emulation *emulation, const struct host_link *link);

/* Of the port's flags, those that emulation decides about. */
uint32_t local_emulate_flags(unsigned can, const struct topo_shape *shape);

#endif
