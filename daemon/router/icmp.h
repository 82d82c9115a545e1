/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors for datagrams that the fast path could not decide (RFC 792, RFC 1812 section 4.3.2).
 * The builder and the limit are pure.
 */
#ifndef VLSP_DAEMON_ROUTER_ICMP_H
#define VLSP_DAEMON_ROUTER_ICMP_H

#include <stddef.h>
#include <stdint.h>

#define ICMP_ERROR_MAX	576 /* of the whole IPv4 packet */
#define ICMP_RATE_PER_S 1000
#define ICMP_BURST	100

enum icmp_error {
	ICMP_ERROR_TTL,	     /* type 11 code 0: time to live exceeded in transit */
	ICMP_ERROR_NO_ROUTE, /* type 3 code 0: network unreachable */
};

/*
 * Builds the complete IPv4 packet that tells the source of a VDP frame (from its network part on;
 * size bytes of it are there, wire_size were received) what happened. own: the answering router's
 * address, host byte order. Returns its length; -EBADMSG: not a VDP datagram; -EPERM: one that must
 * not be answered (ICMP errors, all fragments but the first, control, an impossible source).
 */
int icmp_error_build(enum icmp_error what, uint32_t own, const void *frame, size_t size,
		     size_t wire_size, uint8_t out[ICMP_ERROR_MAX]);

/* A token bucket: ICMP_RATE_PER_S, ICMP_BURST. Zeroed is full. */
struct icmp_limit {
	uint64_t last_ns;
	uint64_t spent_ns; /* time that must pass until the bucket is full again */
};

/* 1: send it, 0: too many. */
int icmp_limit_take(struct icmp_limit *limit, uint64_t now_ns);

/* Opens the socket to send such packets by; it receives nothing. Descriptor or -errno. */
int icmp_open(void);
/* Sends a packet that icmp_error_build() made. 0 or -errno. */
int icmp_send(int sock, const uint8_t *packet, size_t size);

#endif
