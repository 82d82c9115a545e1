/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the fake back end share: its picture of a machine. */
#ifndef VLSP_DAEMON_HOST_FAKE_PRIV_H
#define VLSP_DAEMON_HOST_FAKE_PRIV_H

#include "daemon/host/fake.h"
#include "daemon/host/fake_apps.h"
#include "daemon/host/fake_capture.h"
#include "daemon/host/fake_told.h"
#include "daemon/host/fake_iface.h"
#include "daemon/model/paths.h"
#include "include/shared/maps.h"
#include "lib/base/list.h"

struct fake_entry { /* of a router's table, central mode */
	uint32_t port, metric;
};

struct fake_router {
	struct host_router item;
	uint32_t host;		/* part of its address */
	struct list ends;	/* struct fake_end.of_router */
	uint64_t restart_ns;	/* when its process is started again; 0: it runs */
	bool alive, spoilt;	/* spoilt: somebody did something to it */
	bool unreported;	/* its process, or the daemon, is new: report the table */
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
	bool broken, spoilt;
	bool heard; /* reported: both ends hear each other */
	bool told;  /* anything was reported */
};

/* What there is, whichever daemon made it. */
struct fake_machine {
	struct host_network network;
	struct fake_router *routers[VLSP_SLOT_MAX];
	struct fake_link *links[VLSP_PORT_MAX];	 /* by port of end A */
	struct fake_link *end_of[VLSP_PORT_MAX]; /* by port of either end */
	uint32_t slot_of[VLSP_ADDR_MAX];	 /* by host part: slot + 1 */
	bool port_used[VLSP_PORT_MAX];
	uint32_t router_top, port_top;
	uint32_t router_count, link_count;
	uint32_t strays;  /* of another kind than routers and links */
	uint64_t started; /* routers, ever */
	struct fake_devices devices;
	struct list apps; /* struct fake_app */
};

struct fake {
	struct host host; /* first */
	struct fake_config config;
	struct loop *loop;
	struct loop_timer *batch_timer, *report_timer, *restart_timer;
	struct fake_machine *machine;
	struct host_batch *batch; /* or audit: one of them is under way */
	struct host_audit *audit;
	bool adopt, used; /* adopting; something was asked for */
	host_progress_fn progress;
	host_done_fn done;
	host_audit_fn audited;
	void *arg;
	struct paths *paths;
	uint64_t fail_countdown;
	int fail_error;
	uint64_t second_countdown;
	int second_error;
	unsigned fib_fails;
	int fib_error;
	bool mute;
	bool (*gate)(void *arg);
	void *gate_arg;
	struct fake_counts counts;
	uint32_t refused; /* properties of shapes */
	char refused_why[200];
	char backends[HOST_BACKENDS_SIZE];
	struct fake_told told[FAKE_TOLD_MAX];
	struct host_pace pace;
	struct fake_apps apps;
	struct fake_captures captures;
};

static inline struct fake *fake_of(const struct host *host)
{
	return (struct fake *)host;
}

static inline struct fake_router *fake_router_get(const struct fake *fake, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? fake->machine->routers[slot] : NULL;
}

static inline int fake_no(struct err *err, int code, const char *what, const char *name,
			  const char *why)
{
	return err_set(err, code, "%s %s: %s", what, name, why);
}

/* --- fake_machine.c: what there is, and refusing what a kernel would refuse --- */
int fake_router_start(struct fake_machine *machine, struct host_router *item, struct err *err);
int fake_router_stop(struct fake_machine *machine, struct host_router *item, struct err *err);
int fake_router_change(struct fake_machine *machine, struct host_router *item, struct err *err);
int fake_link_create(struct fake_machine *machine, struct host_link *item, struct err *err);
int fake_link_remove(struct fake_machine *machine, struct host_link *item, struct err *err);
int fake_link_change(struct fake_machine *machine, struct host_link *item, struct err *err);
void fake_link_drop(struct fake_machine *machine, struct fake_link *link);
/* With its links. */
void fake_router_drop(struct fake_machine *machine, struct fake_router *router);
void fake_machine_clear(struct fake_machine *machine);

/* --- fake_audit.c --- */
int fake_audit(struct host *host, struct host_audit *audit, bool adopt, host_audit_fn done,
	       void *arg);
void fake_audit_run(struct fake *fake);

/* --- fake_apps.c --- */
extern const struct host_app_ops fake_app_ops;
void fake_apps_timer(void *arg);
void fake_apps_sweep(struct fake *fake); /* those of routers that are not there any more */
void fake_apps_adopt(struct fake *fake); /* tells of all of them anew */
void fake_apps_clear(struct fake_machine *machine);

/* --- fake_report.c --- */
/* Its process ends, and is started again after a while. false: there is none. */
bool fake_router_away(struct fake *fake, uint32_t slot);
void fake_restart(void *arg); /* a timer: routers that are due */
void fake_report_soon(struct fake *fake);
void fake_report(void *arg);
int fake_fib_set(struct host *host, uint32_t slot, const struct frame_route *routes, size_t count);
int fake_routes_dump(struct host *host, uint32_t slot, host_routes_fn fn, void *arg);

#endif
