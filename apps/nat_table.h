/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nat remembers: whose a port is, and which datagram a fragment is of. Both are bounded. Times
 * are given to it, in nanoseconds; called by nat.
 */
#ifndef VLSP_APPS_NAT_TABLE_H
#define VLSP_APPS_NAT_TABLE_H

#include "apps/nat_packet.h"

struct nat_range {
	uint16_t low, high; /* low is above 0 */
	uint64_t idle_ns;   /* after which a port is free again */
};

struct nat_mapping {
	uint32_t host; /* of the inside; 0: the port is free */
	uint16_t port;
	uint16_t next; /* with the same hash; 0: none */
	uint64_t used_ns;
};

struct nat_table { /* of one protocol; ports are the router's. Zeroed: empty */
	struct nat_mapping by_port[65536];
	uint16_t first[65536]; /* by hash of the inside */
	uint32_t at;	       /* port that was given last, of the range */
	unsigned count;
};

/* The port that this one of the inside has; 0: none. */
uint16_t nat_port_of(const struct nat_table *table, uint32_t host, uint16_t port);
/* That, or one that is given to it now; 0: all are in use, or host is 0. */
uint16_t nat_port_for(struct nat_table *table, const struct nat_range *range, uint32_t host,
		      uint16_t port, uint64_t now);

#define NAT_SETS    1024 /* datagrams in fragments that are known: NAT_SETS * NAT_WAYS */
#define NAT_WAYS    4
#define NAT_PARTS_S 30 /* that they are: as long as Linux waits for the rest of one */

struct nat_parts { /* a datagram that comes in fragments */
	uint32_t src, dst;
	uint16_t id;
	uint8_t protocol; /* 0: none */
	uint64_t first_ns;
	uint32_t host;	  /* which nat has put in place of src or dst; 0: it did not */
	uint16_t id_then; /* its own, where different senders become one */
};

struct nat_fragments { /* zeroed: empty */
	struct nat_parts sets[NAT_SETS][NAT_WAYS];
	uint16_t id;
};

/* What the first of these fragments left; NULL: it has not come, or is forgotten. */
struct nat_parts *nat_parts_of(struct nat_fragments *fragments, const struct nat_view *view,
			       uint64_t now);
/* view is a first fragment. Of those that share a set the oldest gives way. */
struct nat_parts *nat_parts_begin(struct nat_fragments *fragments, const struct nat_view *view,
				  uint32_t host, uint64_t now);

#endif
