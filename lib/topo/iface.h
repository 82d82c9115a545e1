/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces of the host that are attached to a router: what is wanted, as it stands in a topology
 * file, in a request, in the store. One list belongs to a router; lists are shared and never
 * changed once they are (topo_ifaces_with() and so on make new ones), so that plans, batches and
 * models hold references.
 */
#ifndef VLSP_LIB_TOPO_IFACE_H
#define VLSP_LIB_TOPO_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/prefix.h"

#define TOPO_IFACES_MAX		 16 /* of one router */
#define TOPO_IFACE_ADDRESSES_MAX 8
#define TOPO_IFACE_NAME_SIZE	 16 /* of a device, with the NUL */
#define TOPO_IFACE_OWNER_SIZE	 33
#define TOPO_IFACE_VALUE_SIZE	 (TOPO_IFACE_ADDRESSES_MAX * PREFIX_TEXT_SIZE)
#define TOPO_IFACE_KEYS		 6

enum topo_iface_mode {
	TOPO_IFACE_MOVE,    /* the device itself goes into the router's namespace */
	TOPO_IFACE_MACVLAN, /* a device of the router's with an address of its own on the host's */
	TOPO_IFACE_BRIDGE,  /* a cable from the router to a bridge of the host */
	TOPO_IFACE_TAP,	    /* a TAP device that is made on the host, for a virtual machine */
	TOPO_IFACE_MODES
};

struct topo_iface {
	char host[TOPO_IFACE_NAME_SIZE]; /* device on the host */
	enum topo_iface_mode mode;
	char name[TOPO_IFACE_NAME_SIZE]; /* on the router; "": as on the host */
	struct prefix address[TOPO_IFACE_ADDRESSES_MAX];
	size_t address_count;
	char owner[TOPO_IFACE_OWNER_SIZE]; /* of a TAP: user's name or number; "": root */
	bool force;			   /* take it even if the host needs it */
};

struct topo_ifaces {
	unsigned refs;
	size_t count;
	struct topo_iface list[];
};

/* As topo_shape_parse(): keys "host", "mode", "name", "address" (one, or several with commas; adds
 * to those that are there), "owner", "force" ("true", "false"). Messages start with the key.
 */
int topo_iface_parse(struct topo_iface *iface, const char *key, const char *value, struct err *err);
/* The i-th key that is to be written and its value; -ENOENT behind the last. */
int topo_iface_format(const struct topo_iface *iface, size_t i, const char **ret_key,
		      char value[TOPO_IFACE_VALUE_SIZE]);
/* The i-th key there is; NULL behind the last. */
const char *topo_iface_key(size_t i);
const char *topo_iface_mode_name(enum topo_iface_mode mode);
/* That what is given fits together; gives it a name. 0 or -EINVAL. */
int topo_iface_complete(struct topo_iface *iface, struct err *err);
bool topo_iface_equal(const struct topo_iface *x, const struct topo_iface *y);
/* The same device, whatever addresses it has: what can change in place. */
bool topo_iface_same(const struct topo_iface *x, const struct topo_iface *y);
/* Why the two cannot be attached at the same time, to one router or two; NULL: they can. */
const char *topo_iface_clash(const struct topo_iface *x, const struct topo_iface *y,
			     bool same_router);

/* That no address of it lies in the virtual network. 0 or -EINVAL, text "address: ...". */
int topo_iface_check_network(const struct topo_iface *iface, uint32_t network, unsigned prefix_len,
			     struct err *err);

/* All take and give NULL for a list without elements. */
struct topo_ifaces *topo_ifaces_ref(struct topo_ifaces *ifaces);
void topo_ifaces_unref(struct topo_ifaces *ifaces);
size_t topo_ifaces_count(const struct topo_ifaces *ifaces);
/* By the name on the router, or, if none has that, on the host. NULL: there is none. */
const struct topo_iface *topo_ifaces_find(const struct topo_ifaces *ifaces, const char *name);
/* In any order. */
bool topo_ifaces_equal(const struct topo_ifaces *x, const struct topo_ifaces *y);
/* A new list with one more, or without one of ifaces, in *ret. 0 or -ENOMEM. */
int topo_ifaces_with(const struct topo_ifaces *ifaces, const struct topo_iface *iface,
		     struct topo_ifaces **ret);
int topo_ifaces_without(const struct topo_ifaces *ifaces, const struct topo_iface *iface,
			struct topo_ifaces **ret);
/* One line of text, "host=eth1 mode=move name=wan address=192.0.2.1/24; host=...", and back, which
 * checks all that concerns the list itself. NULL: out of memory; "": none. */
char *topo_ifaces_text(const struct topo_ifaces *ifaces);
int topo_ifaces_parse(const char *text, struct topo_ifaces **ret, struct err *err);
/* Within one list: numbers and names. 0 or -EINVAL, text "interfaces[2].name: ...". */
int topo_ifaces_check(const struct topo_ifaces *ifaces, struct err *err);

#endif
