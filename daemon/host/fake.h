/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine without a kernel: the back end of simulation mode (`vlspd run --host fake`) and of
 * every whole-controller test. It keeps its own picture of routers and links, built only from what
 * it was asked for, refuses what a kernel would refuse, and has routers report what real ones
 * would: neighbours heard and lost, and tables (shortest paths over its own links).
 */
#ifndef VLSP_DAEMON_HOST_FAKE_H
#define VLSP_DAEMON_HOST_FAKE_H

#include "daemon/host/host_ops.h"
#include "lib/loop/loop.h"

struct fake_machine; /* what there is, whichever daemon made it */

struct fake_config {
	struct loop *loop;
	uint64_t batch_ns;	      /* from submit to done */
	uint64_t report_ns;	      /* from done to what routers report */
	uint64_t restart_ns;	      /* from a router's death to it being READY again */
	struct fake_machine *machine; /* not owned; NULL: one of its own, which goes with it */
};

struct fake_machine *fake_machine_new(void);	      /* NULL: out of memory */
void fake_machine_free(struct fake_machine *machine); /* NULL is fine */

/* host->ops->close frees it. 0 or -ENOMEM. */
int fake_new(const struct fake_config *config, struct host **ret_host);

/* --- for tests: faults ---------------------------------------------------------------------- */

/* The n-th item from now on (0: the next one) fails with error, a positive errno; items are
 * counted over batches, in the order of host_ops.h. Once. */
void fake_fail_item(struct host *host, uint64_t n, int error);
/* After that one, the n-th item counted from there fails, too. */
void fake_fail_second(struct host *host, uint64_t n, int error);
/* The next count calls of fib_set fail. */
void fake_fail_fib(struct host *host, unsigned count, int error);
/* Tables of routers are not reported any more, or again (all that were held back, at once). */
void fake_mute(struct host *host, bool mute);
/* The router's process ends with status; it is started again after restart_ns. -ENOENT. */
int fake_kill(struct host *host, uint32_t slot, int status);
/* Asked before and after each item is done, also by what an audit removes; false: the daemon was
 * killed, nothing is done from now on, and the item has failed. NULL: none. */
void fake_gate(struct host *host, bool (*gate)(void *arg), void *arg);
/* The link of this port does not carry frames any more, or again; both ends notice. -ENOENT. */
int fake_break(struct host *host, uint32_t port, bool broken);

/* Shapes with one of these properties (enum topo_shape_bit) cannot be emulated, for that reason. */
void fake_refuse_shapes(struct host *host, uint32_t bits, const char *why);
/* What emulates a direction that has a shape: "" otherwise. */
void fake_say_backends(struct host *host, const char *backends);
/* What is read of a port, of the last four that are said; and of the whole. */
void fake_say_line(struct host *host, uint32_t port, const struct host_counts *counts,
		   const struct host_line *line);
void fake_say_pace(struct host *host, const struct host_pace *pace);

/* The host has such a device (at most 8), which carries the default route or not. A host of which
 * no device was told has each that is asked for. */
void fake_add_device(struct fake_machine *machine, const char *name, bool needed);
/* It is unplugged, wherever it is. -ENOENT. */
int fake_lose_device(struct fake_machine *machine, const char *name);

struct fake_machine *fake_machine(const struct host *host);
/* Behind the daemon's back, whether or not there is one. -ENOENT. */
int fake_lose_router(struct fake_machine *machine, uint32_t slot); /* with its links */
int fake_lose_link(struct fake_machine *machine, uint32_t port);
int fake_spoil_router(struct fake_machine *machine, uint32_t slot); /* HOST_WRONG from now on */
int fake_spoil_link(struct fake_machine *machine, uint32_t port);
int fake_alter_link(struct fake_machine *machine, uint32_t port, enum host_admin admin);
void fake_add_strays(struct fake_machine *machine, uint32_t count);
uint32_t fake_strays(const struct fake_machine *machine);

/* --- for tests: what there is ---------------------------------------------------------------- */

struct fake_counts {
	uint32_t routers, links;
	uint64_t started;		  /* routers, ever */
	uint64_t batches, items, refused; /* items that were done, that it refused */
	uint64_t fib_calls, fib_routes;
};
void fake_counts(const struct host *host, struct fake_counts *ret_counts);
/* What it was asked for last; NULL: there is none. */
const struct host_router *fake_router(const struct host *host, uint32_t slot);
const struct host_link *fake_link(const struct host *host, uint32_t port);
const struct host_network *fake_network(const struct host *host);
/* Central mode: the entry that was set; port 0: none, or no route. */
uint32_t fake_fib(const struct host *host, uint32_t slot, uint32_t dst, uint32_t *ret_metric);

#endif
