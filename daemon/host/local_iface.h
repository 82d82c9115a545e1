/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces of the host in namespaces of routers. What is attached bears the instance's tag
 * (local_tag.h), with its mode and its name on the host; of what will have to be given back there
 * is a line in the journal that says how it was:
 *
 *   iface ROUTER NAME HOST up|down INDEX ADDRESSES|- ALIAS	a device that was moved
 *   tap ROUTER HOST						a TAP device on the host
 *
 * ADDRESSES is 192.0.2.1/24b,2001:db8::1/64: b is for a broadcast address. All of it needs nothing
 * but the journal and what the namespaces hold, so it works alike for the daemon that did it, the
 * next one, and vlspd clean. What is not a check leaves the thread in any network namespace.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_IFACE_H
#define VLSP_DAEMON_HOST_LOCAL_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/host/host_ops.h"
#include "daemon/host/local_names.h"
#include "lib/nlk/iface.h"

struct local_iface_env {
	const struct local_names *names; /* with the journal */
	const char *instance;
	int home; /* the namespace of the host, from which interfaces come; a descriptor */
};

/* What a namespace has that is not ours alone. */
struct local_survey {
	struct nlk_iface *ifaces;
	struct nlk_held *held;
	struct nlk_default *routes;
	size_t iface_count, iface_room, held_count, held_room, route_count, route_room;
	int status;
};
/* Of the namespace of a netlink socket. 0 or -errno; to be emptied by local_survey_done(). */
int local_survey_take(struct local_survey *survey, int sock);
void local_survey_done(struct local_survey *survey);
const struct nlk_iface *local_survey_name(const struct local_survey *survey, const char *name);
const struct nlk_iface *local_survey_index(const struct local_survey *survey, uint32_t index);
const struct nlk_iface *local_survey_alias(const struct local_survey *survey, const char *alias);

/* Whether the host can do without, by what is there: see host_ops.interface_check. */
int local_iface_judge(const struct local_survey *home, const struct topo_iface *iface,
		      struct err *err);
int local_iface_check(struct host *host, const struct topo_iface *iface, struct err *err);

/* Detaches what the router has and the item does not want: 1 if that was anything, 0, -errno. */
int local_iface_drop(const struct local_iface_env *env, const struct host_router *item,
		     struct err *err);
/* Attaches what is wanted and missing, and gives it its addresses; the router then forwards IPv4
 * between its interfaces, but not into the virtual network. 0 or -errno. */
int local_iface_set(const struct local_iface_env *env, const struct host_router *item,
		    const struct host_network *network, struct err *err);
/* In a namespace: NULL if all is as wanted, otherwise what is not. */
const char *local_iface_look(const struct local_iface_env *env, int sock,
			     const struct host_router *item);
/* Whether one of our namespaces has a device of that alias because it was attached. */
bool local_iface_tagged(const char *instance, const char *alias);

/* Gives back all that a router has; before its namespace goes. 0 or -errno: it must not go. */
int local_iface_release(const struct local_iface_env *env, const char *router, struct err *err);
/* Of those of a list that the journal says have something (all: of each, whatever it says), and of
 * routers whose namespaces have gone already. */
int local_iface_release_many(const struct local_iface_env *env, const char *const *routers,
			     size_t count, bool all, struct err *err);

/* For the files of this family. */
#define LOCAL_IFACE_TAG_SIZE 256
void local_iface_tag(char tag[LOCAL_IFACE_TAG_SIZE], const char *instance,
		     enum topo_iface_mode mode, const char *host);

/* local_iface_back.c */
int local_iface_note_move(const struct local_iface_env *env, const char *router,
			  const struct topo_iface *iface, const struct local_survey *home,
			  const struct nlk_iface *device);
int local_iface_note_tap(const struct local_iface_env *env, const char *router, const char *host);
/* Detaches a device of the router's namespace, whose socket this is. 0 or -errno. */
int local_iface_detach(const struct local_iface_env *env, const char *router, int sock,
		       const struct nlk_iface *device, struct err *err);

/* What is in a router's namespace stands in the journal, also where an older one was lost. */
void local_iface_note_again(const struct local_iface_env *env, const char *router,
			    const struct nlk_iface *device);
/* Where nothing is inside: what the journal says of it, and that stands for, is brought to an end.
 * The thread is at home then. */
void local_iface_forget(const struct local_iface_env *env, const char *router,
			const struct topo_iface *iface);

/* local_tap.c: a persistent TAP device in the calling thread's namespace; -EEXIST. */
int local_tap_make(const char *name, const char *owner);
/* The number of a user; -ENOENT. */
int local_tap_owner(const char *owner, unsigned *ret_uid);

#endif
