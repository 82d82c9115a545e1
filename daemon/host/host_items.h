/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers, links and the network as a host back end is asked for them, and what it finds
 * (host_ops.h). */
#ifndef VLSP_DAEMON_HOST_HOST_ITEMS_H
#define VLSP_DAEMON_HOST_HOST_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/doc.h"
#include "lib/wire/frame.h"

enum host_item_state { HOST_TODO, HOST_DONE, HOST_FAILED };

struct host_router {
	uint32_t id, slot, edge_port;
	char name[NAME_SIZE];
	uint32_t address;		/* host byte order */
	struct topo_limits limits;	/* of the programs on it */
	struct topo_ifaces *interfaces; /* that are to be attached; a reference; NULL: none */
	enum host_item_state state;	/* filled in by the back end */
	int32_t pid;			/* filled in by start */
	bool detached; /* filled in by an audit: its interfaces are not as wanted; routers_set makes
			  them so */
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

#endif
