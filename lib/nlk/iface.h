/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come from outside of our namespaces: what a namespace has and what hangs on it, and
 * builders of messages that move devices between namespaces, and make macvlans, ports of bridges
 * and addresses (rtnetlink(7), ip-link(8)).
 */
#ifndef VLSP_LIB_NLK_IFACE_H
#define VLSP_LIB_NLK_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/prefix.h"
#include "lib/nlk/batch.h"
#include "lib/nlk/dump.h"

struct nlk_iface {
	uint32_t index, mtu;
	uint32_t master; /* index of the bridge or bond that it is a port of; 0: none */
	uint32_t lower;	 /* index of the device of this namespace that it is made of; 0: none */
	bool up, loopback;
	uint8_t mac[6];
	char name[16];
	char kind[16]; /* "veth", "bridge", "macvlan" ...; "": a device of hardware, or lo */
	char alias[256];
};

struct nlk_held { /* an address of a device: of global scope, for good */
	uint32_t index;
	struct prefix prefix;
	bool broadcast;	  /* IPv4: with its network's broadcast address */
	uint8_t protocol; /* who gave it: IFA_PROTO */
};

struct nlk_default { /* a default route by that device, of any table */
	uint32_t index, table;
	int version;	  /* 4, 6 */
	char gateway[48]; /* "": none */
};

typedef void (*nlk_iface_fn)(void *arg, const struct nlk_iface *iface);
typedef void (*nlk_held_fn)(void *arg, const struct nlk_held *held);
typedef void (*nlk_default_fn)(void *arg, const struct nlk_default *route);

/* As those of dump.h. */
int nlk_dump_ifaces(int sock, const struct nlk_dump *dump, nlk_iface_fn fn);
int nlk_dump_held(int sock, const struct nlk_dump *dump, nlk_held_fn fn);
int nlk_dump_defaults(int sock, const struct nlk_dump *dump, nlk_default_fn fn);

/*
 * Moves the device of that index into a namespace (a descriptor, used when the batch is sent), and
 * there, in this order: gives it the name, the index if it is not 0, the alias, and brings it up.
 * The kernel takes its addresses, routes and neighbours, and brings it down. Refused with EEXIST
 * (name), EBUSY (index), EINVAL where it is bound to its namespace. Where the name is refused the
 * device may have been moved all the same, and is down.
 */
struct nlk_move {
	int ns;
	const char *name;
	uint32_t index; /* to be given; 0: that which it has, if it is free */
	const char *alias;
	bool up;
};
void nlk_iface_move(struct nlk_batch *batch, uint32_t index, const struct nlk_move *move);

/* A macvlan on the device lower of the socket's namespace, in another one; down. passthru: it has
 * the device for itself, and its address; otherwise in mode bridge. */
struct nlk_macvlan {
	uint32_t lower, index; /* index: to be given */
	int ns;
	const char *name;
	bool passthru;
};
void nlk_iface_macvlan(struct nlk_batch *batch, const struct nlk_macvlan *macvlan);

/* Makes it a port of the bridge; up. */
void nlk_iface_enslave(struct nlk_batch *batch, uint32_t index, uint32_t bridge);

/* What comes in by the device of that name and goes to network/prefix_len (host byte order) is
 * refused, and its sender told. Refused with EEXIST when there is such a rule. */
void nlk_rule_prohibit(struct nlk_batch *batch, const char *name, uint32_t network,
		       unsigned prefix_len);

#define NLK_HELD_OURS 0x76 /* IFA_PROTO of the addresses that nlk_held_add() gives with ours */

/* IPv6 addresses are not tested for duplicates, so that they can be used at once. Refused with
 * EEXIST when it has it. */
void nlk_held_add(struct nlk_batch *batch, const struct nlk_held *held);
void nlk_held_del(struct nlk_batch *batch, const struct nlk_held *held);

#endif
