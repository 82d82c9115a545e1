/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the fake back end share: its picture of a machine. */
#ifndef VLSP_DAEMON_HOST_FAKE_PRIV_H
#define VLSP_DAEMON_HOST_FAKE_PRIV_H

#include "daemon/host/fake.h"
#include "daemon/model/paths.h"
#include "include/shared/maps.h"
#include "lib/base/list.h"

struct fake_entry { /* of a router's table, central mode */
	uint32_t port, metric;
};

struct fake_router {
	struct fake *fake;
	struct host_router item;
	uint32_t host;	  /* part of its address */
	struct list ends; /* struct fake_end.of_router */
	struct loop_timer *restart;
	bool alive;
	bool unreported;	/* its process is new: report the table whatever it is */
	struct frame_rib rib;	/* as reported last */
	struct fake_entry *fib; /* [fib_size] by destination slot */
	uint32_t fib_size;
};

struct fake_end {
	struct list of_router;
	const struct host_end *end;
};

struct fake_link {
	struct host_link item;
	struct fake_end ends[2];
	bool broken;
	bool heard; /* reported: both ends hear each other */
	bool told;  /* anything was reported */
};

struct fake {
	struct host host; /* first */
	struct fake_config config;
	struct loop *loop;
	struct loop_timer *batch_timer, *report_timer;
	struct host_batch *batch;
	host_progress_fn progress;
	host_done_fn done;
	void *arg;
	struct host_network network;
	struct fake_router *routers[VLSP_SLOT_MAX];
	struct fake_link *links[VLSP_PORT_MAX];	 /* by port of end A */
	struct fake_link *end_of[VLSP_PORT_MAX]; /* by port of either end */
	uint32_t slot_of[VLSP_ADDR_MAX];	 /* by host part: slot + 1 */
	bool port_used[VLSP_PORT_MAX];
	uint32_t router_top, port_top;
	struct paths *paths;
	uint64_t fail_countdown;
	int fail_error;
	uint64_t second_countdown;
	int second_error;
	unsigned fib_fails;
	int fib_error;
	bool mute;
	struct fake_counts counts;
};

static inline struct fake *fake_of(const struct host *host)
{
	return (struct fake *)host;
}

static inline struct fake_router *fake_router_get(const struct fake *fake, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? fake->routers[slot] : NULL;
}

/* --- fake_report.c --- */
void fake_router_free(struct fake_router *router); /* NULL is fine */
void fake_restarted(void *arg);			   /* timer of a struct fake_router */
void fake_report_soon(struct fake *fake);
void fake_report(void *arg);
int fake_fib_set(struct host *host, uint32_t slot, const struct frame_route *routes, size_t count);
int fake_routes_dump(struct host *host, uint32_t slot, host_routes_fn fn, void *arg);

#endif
