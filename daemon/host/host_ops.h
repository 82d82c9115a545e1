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

#include "daemon/host/host_view.h"
#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/doc.h"
#include "lib/wire/frame.h"

struct host;

enum host_item_state { HOST_TODO, HOST_DONE, HOST_FAILED };

struct host_router {
	uint32_t id, slot, edge_port;
	char name[NAME_SIZE];
	uint32_t address;	    /* host byte order */
	struct topo_limits limits;  /* of the programs on it */
	enum host_item_state state; /* filled in by the back end */
	int32_t pid;		    /* filled in by start */
	bool away; /* filled in: it has no process yet; the back end starts one, router_ready tells
		    */
};

struct host_end {
	uint32_t slot;		/* of the router */
	uint32_t port;		/* ifindex to give the device */
	uint32_t address;	/* of the router, host byte order */
	char router[NAME_SIZE]; /* its name */
	char ifname[16];
};

#define HOST_BACKENDS_SIZE 48

enum host_admin { HOST_UP, HOST_DOWN, HOST_SILENT };

struct host_link {
	uint32_t id;
	char name[LINK_NAME_SIZE];
	struct host_end end[2];
	uint32_t weight;
	enum host_admin admin;
	struct topo_shape shape[2];
	enum host_item_state state;
};

struct host_network {	  /* what every router of the batch must know */
	uint32_t network; /* host byte order */
	unsigned prefix_len;
	enum frame_mode mode;
	uint32_t hello_us, dead_us;
	uint32_t slots_needed; /* highest slot in use + 1, after the batch */
};

struct host_batch {
	struct host_network network;
	struct host_link *links_del;
	size_t links_del_count;
	struct host_router *routers_del;
	size_t routers_del_count;
	struct host_router *routers_add;
	size_t routers_add_count;
	struct host_router *routers_set; /* limits: the whole wanted state */
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

/* What the machine has of one thing that is wanted. */
enum host_finding {
	HOST_ABSENT,  /* nothing of it is there */
	HOST_WRONG,   /* it is there, but has to be deleted and made again */
	HOST_DIFFERS, /* a link: right but for its admin state or shape, links_set makes it right */
	HOST_WELL,
};

/*
 * A comparison of the machine with what is wanted. routers and links are filled by the caller as
 * for routers_add and links_add (the whole wanted state); the back end fills found, pid and away.
 */
struct host_audit {
	struct host_network network;
	struct host_router *routers;
	size_t router_count;
	enum host_finding *router_found; /* router_count of them */
	struct host_link *links;
	size_t link_count;
	enum host_finding *link_found;
	bool clean;    /* filled by the caller: remove strays also where adopt is false */
	size_t strays; /* things of this instance that nobody wants: namespaces, devices, processes
			*/
	char example[200]; /* for people: the first thing that is not well, and why; "" : none */
};

struct host_audit *host_audit_new(size_t routers, size_t links); /* NULL: out of memory */
void host_audit_free(struct host_audit *audit);			 /* NULL is fine */
/* Called once, from the loop: status 0, or -errno with err->text. Gives audit back. */
typedef void (*host_audit_fn)(void *arg, struct host_audit *audit, int status,
			      const struct err *err);

/* What happens on the machine without being asked; called from the loop. */
struct host_events {
	void *arg;
	void (*router_rib)(void *arg, uint32_t slot, const struct frame_rib *rib);
	void (*router_link)(void *arg, uint32_t slot, const struct frame_link_state *state);
	/* The process ended without being asked to. status as from waitpid, -1 if unknown. */
	void (*router_died)(void *arg, uint32_t slot, int status);
	/* A router whose process was started again by the back end is READY. */
	void (*router_ready)(void *arg, uint32_t slot, int32_t pid);
};

/* The answer to a route dump: called once, with all routes or an error. */
typedef void (*host_routes_fn)(void *arg, int status, const struct frame_route *routes,
			       size_t count);

struct host_ops {
	size_t size;	  /* sizeof(struct host_ops) of the implementer */
	const char *name; /* "local", "fake" */

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

	/* Path of the router's namespace file, for setns by programs; 0 or -ENOENT. */
	int (*netns_path)(struct host *host, const char *router, char *buf, size_t size);

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
