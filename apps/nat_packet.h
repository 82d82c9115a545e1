/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nat knows a datagram by, and what it changes: addresses, ports, identifiers of ICMP queries
 * (RFC 5508), in fragments as well, and in what ICMP errors quote. Pure; called by nat.
 */
#ifndef VLSP_APPS_NAT_PACKET_H
#define VLSP_APPS_NAT_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <vlsp/vlsp.h>

#define NAT_UDP	 17
#define NAT_TCP	 6
#define NAT_ICMP 1

enum nat_end { NAT_SRC, NAT_DST };

struct nat_view {
	uint32_t host[2]; /* by enum nat_end */
	/* Of UDP and TCP, never 0; of an ICMP query its identifier, at the end that asks or has
	 * asked; -1: there is none. */
	int port[2];
	uint8_t protocol, ttl;
	bool fragment, later; /* a part; not the first, so it has no ports */
	uint16_t id;	      /* of the datagram that it is a part of */
};

/* -1: it is no datagram. */
int nat_read(const struct vlsp_packet *packet, struct nat_view *ret_view);
/* Another address at that end and, unless it is -1, another port; checksums follow. -1: it has none
 * there. */
int nat_set(struct vlsp_packet *packet, enum nat_end end, uint32_t host, int port);
/* Of a fragment. */
void nat_set_id(struct vlsp_packet *packet, uint16_t id);

/*
 * What an ICMP error quotes of a datagram, as the datagram that it was on links, so that the above
 * can be done with it: of what is behind the network part only the header is there.
 */
struct nat_quote {
	struct vlsp_packet packet; /* in data */
	uint8_t data[40];
	uint8_t *ip; /* in the error's payload */
	size_t head; /* of its header */
	size_t rest; /* bytes behind it that data has */
};
/* false: it is no ICMP error, or not one that can be relied on (RFC 5508, REQ-3). */
bool nat_quote_read(const struct vlsp_packet *packet, struct nat_quote *ret_quote);
/* Back to where it was read, as it is now. */
void nat_quote_write(const struct vlsp_packet *packet, const struct nat_quote *quote);

#endif
