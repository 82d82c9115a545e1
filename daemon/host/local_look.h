/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at what the machine has of an instance, for audits: by a worker, while no batch runs.
 * Nothing is changed.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_LOOK_H
#define VLSP_DAEMON_HOST_LOCAL_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader/loader.h"
#include "daemon/host/host_ops.h"
#include "daemon/host/local_emulate.h"
#include "daemon/host/local_iface.h"
#include "daemon/host/local_names.h"

enum local_stray_kind {
	LOCAL_STRAY_NETNS,   /* name, inode */
	LOCAL_STRAY_DEVICE,  /* name of the router, index */
	LOCAL_STRAY_PROCESS, /* pid of a second process for a router, inode */
	LOCAL_STRAY_ORPHANS, /* inode: of a namespace of ours without a name, pid: of one inside */
	LOCAL_STRAY_PORT,    /* index: a record of a link end */
	LOCAL_STRAY_SLOT,    /* index: a router's record */
	LOCAL_STRAY_LINK,    /* a symbolic link to a name that is not there */
};

struct local_stray {
	enum local_stray_kind kind;
	char name[NAME_SIZE];
	uint32_t index;
	int32_t pid;
	unsigned long inode;
};

struct local_seen { /* of a wanted router */
	unsigned long inode;
	int32_t pid;   /* of its process, 0: none; looked for only where that is asked for */
	int32_t known; /* filled by the caller: the right one, -1: do not judge, 0: not known */
	bool ours;     /* what has its name is this instance's */
	bool link; /* the symbolic link to its name is missing, and nobody has taken its place */
};

struct local_look {
	const struct local_names *names;
	const struct local_iface_env *ifaces;
	const char *instance;
	const struct bld *bld;
	unsigned can;		    /* enum shape_can */
	struct host_audit *audit;   /* router_found, link_found and example are filled in */
	bool processes;		    /* look for processes, too: all of /proc */
	struct local_seen *routers; /* audit->router_count, the caller's allocation by calloc() */
	/* results */
	struct local_stray *strays;
	size_t stray_count, stray_room;
	int status; /* 0 or -errno */
	struct err err;
};

/* Fills in everything; to be emptied by local_look_done() in any case, which frees routers, too. */
void local_look_run(struct local_look *look);
void local_look_done(struct local_look *look);

/* For the files behind local_look_run(). */
struct local_end_seen {
	uint32_t slot, link; /* link: index in audit->links */
	uint8_t side;
	uint8_t queues; /* local_emulate_queue() of those that it has */
	bool there, right, up,
		filter; /* of the device: something has the index; it is the link's */
};

/* Keeps the first of what is said as the example. */
void local_look_note(struct local_look *look, const char *what, const char *name, const char *why);
int local_look_stray(struct local_look *look, const struct local_stray *stray);

/* local_look_ns.c: one namespace. ends are those of that router, in order of their ports. Returns
 * NULL if the router itself is as it should be, otherwise why not. *ret_tagged: it is ours. */
struct local_inside {
	const struct local_look *look;
	uint32_t prog_in, prog_out, prog_back; /* kernel's ids */
	struct nlk_filter *filters;	       /* room for 2 + the most ends of a router */
};
const char *local_look_inside(struct local_inside *inside, struct local_look *look,
			      struct host_router *router, struct local_end_seen *ends,
			      size_t end_count, bool *ret_tagged);
/* Whether lo of the namespace of that name has the instance's tag. */
bool local_look_tagged(const struct local_names *names, const char *instance, const char *name);

/* local_procs.c */
/* All processes with the inodes of their network namespaces; zombies left out. 0 or -errno. */
int local_procs_each(void (*fn)(void *arg, int32_t pid, unsigned long inode), void *arg);
unsigned long local_procs_inode(int32_t pid); /* 0: there is no such process */
/* By its title, and because it is in our process namespace. */
bool local_procs_is_router(int32_t pid);
/* Whether it is in our mount namespace: a tag of another may mean another instance. */
bool local_procs_sees_us(int32_t pid);
/* It is in our process namespace: no application is. */
bool local_procs_is_beside_us(int32_t pid);
/* Whether it runs in a network namespace of that instance; ret_router: NULL, or NAME_SIZE bytes for
 * of which router. The thread is anywhere afterwards. */
bool local_procs_tagged(int32_t pid, const char *instance, char *ret_router);

#endif
