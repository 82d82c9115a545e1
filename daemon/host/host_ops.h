/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam to a machine: what a host back end (the local kernel, the fake, later a remote agent)
 * does for daemon/ctl. Work is given as one batch and answered once; order inside a batch:
 * links deleted, routers stopped, routers started, routers changed, links created, links changed. A
 * batch fails as a whole for the caller, with what could be done listed per item (a router that was
 * made is, whether or not its process is READY by then: away); daemon/ctl
 * undoes. Deleting a router or link that is not there is done at once: it may never have been made,
 * or somebody may have removed it behind the daemon's back.
 */
#ifndef VLSP_DAEMON_HOST_HOST_OPS_H
#define VLSP_DAEMON_HOST_HOST_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/host/host_app.h"
#include "daemon/host/host_capture.h"
#include "daemon/host/host_items.h"
#include "daemon/host/host_view.h"
#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/doc.h"
#include "lib/wire/frame.h"

struct host;

struct host_batch {
	struct host_network network;
	struct host_link *links_del;
	size_t links_del_count;
	struct host_router *routers_del;
	size_t routers_del_count;
	struct host_router *routers_add;
	size_t routers_add_count;
	struct host_router *routers_set; /* limits, interfaces: the whole wanted state; routers_add
					    does not attach any */
	size_t routers_set_count;
	struct host_link *links_add;
	size_t links_add_count;
	struct host_link *links_set; /* weight, admin, shape: the whole wanted state */
	size_t links_set_count;
};

struct host_batch *host_batch_new(void);
void host_batch_free(struct host_batch *batch); /* frees the arrays too; NULL is fine */

/* Called once, from the loop: status 0, or -errno with err->text for a person. */
typedef void (*host_done_fn)(void *arg, struct host_batch *batch, int status,
			     const struct err *err);
/* May be called any number of times before done; items done so far and in all. */
typedef void (*host_progress_fn)(void *arg, size_t done, size_t total);

/* What happens on the machine without being asked; called from the loop. */
struct host_events {
	void *arg;
	void (*router_rib)(void *arg, uint32_t slot, const struct frame_rib *rib);
	void (*router_link)(void *arg, uint32_t slot, const struct frame_link_state *state);
	/* The process ended without being asked to. status as from waitpid, -1 if unknown. */
	void (*router_died)(void *arg, uint32_t slot, int status);
	/* A router whose process was started again by the back end is READY. */
	void (*router_ready)(void *arg, uint32_t slot, int32_t pid);
	struct host_app_events apps;
};

/* The answer to a route dump: called once, with all routes or an error. */
typedef void (*host_routes_fn)(void *arg, int status, const struct frame_route *routes,
			       size_t count);

struct host_ops {
	size_t size;	  /* sizeof(struct host_ops) of the implementer */
	const char *name; /* "local", "fake" */
	const struct host_app_ops *apps;
	const struct host_capture_ops *captures;

	/* Takes ownership of batch until done is called, which gives it back. One at a time:
	 * -EBUSY while another runs. progress may be NULL. Of a batch that failed, what is DONE is
	 * done, and what was to be deleted and is not DONE goes on as it was; a router that is
	 * there and has no process then gets one (router_died, router_ready), unless the next batch
	 * deletes it. */
	int (*submit)(struct host *host, struct host_batch *batch, host_progress_fn progress,
		      host_done_fn done, void *arg);

	/* Central mode: replaces the named entries (port 0: no route) of one router's FIB. */
	int (*fib_set)(struct host *host, uint32_t slot, const struct frame_route *routes,
		       size_t count);
	int (*routes_dump)(struct host *host, uint32_t slot, host_routes_fn fn, void *arg);
	/* ret[i] for ports[i]. */
	int (*counts_read)(struct host *host, const uint32_t *ports, size_t count,
			   struct host_counts *ret);
	/* The same of directions, by the port of the sending end, and of the whole. */
	int (*lines_read)(struct host *host, const uint32_t *ports, size_t count,
			  struct host_line *ret);
	void (*pace_read)(struct host *host, struct host_pace *ret_pace);

	/*
	 * What emulates such a direction: words for people ("": nothing is emulated; "tc";
	 * "bpf, relay"). -EOPNOTSUPP: nothing on this machine can; err names the property and the
	 * capability that is missing. By what was probed at opening; changes nothing.
	 */
	int (*shape_check)(struct host *host, const struct topo_shape *shape,
			   char ret_backends[HOST_BACKENDS_SIZE], struct err *err);
	const struct host_capability *(*capabilities)(struct host *host, size_t *ret_count);

	/*
	 * Whether that interface of the host can be attached to a router now: nothing is changed.
	 * -ENODEV (there is none), -EBUSY (the host needs it, and iface->force is not set), -EEXIST
	 * (a TAP is to be made and the name is taken), -EOPNOTSUPP, -EINVAL ... with a text that
	 * starts with the field. Asked of what is not attached already.
	 */
	int (*interface_check)(struct host *host, const struct topo_iface *iface, struct err *err);

	/* Path of the router's namespace file, for setns by programs; 0 or -ENOENT. */
	int (*netns_path)(struct host *host, const char *router, char *buf, size_t size);

	/* Ends the router's process, by SIGKILL or (orderly) by asking it; the back end starts
	 * another as after a crash. 0, or -ESRCH: it has none now. */
	int (*router_kill)(struct host *host, uint32_t slot, bool orderly);

	/* 0 or -ENOENT. */
	int (*application)(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret);

	/*
	 * Compares; -EBUSY while a batch runs. Takes ownership of audit until done is called.
	 *
	 * adopt false: looks and changes nothing, but for strays where clean is set. A router whose
	 * process is about to be started again by the back end is WELL. A link whose routers'
	 * processes were not told of it as it is wanted DIFFERS. What is not WELL is then
	 * deleted by a batch, with all its links, and made again.
	 * adopt true: only as the first call after opening, for the daemon was away. What is WELL
	 * (or DIFFERS) is taken over as it runs: no process is restarted, no device touched. Of
	 * what is WRONG, and of strays, everything is removed, with programs that run inside, so
	 * that afterwards routers that are not WELL, and links that are ABSENT or WRONG, can be
	 * made by a batch with the same ids, slots and ports. A link one of whose routers was
	 * removed is ABSENT.
	 */
	int (*audit)(struct host *host, struct host_audit *audit, bool adopt, host_audit_fn done,
		     void *arg);

	/* keep false: removes whatever exists of the instance. keep true: leaves everything that
	 * runs for the next daemon to adopt. Frees host. Blocks until the kernel is done. */
	void (*close)(struct host *host, bool keep);
};

struct host {
	const struct host_ops *ops;
	struct host_events events; /* set by daemon/ctl before the first submit */
};

#endif
