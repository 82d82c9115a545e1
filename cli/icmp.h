/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP echo (RFC 792): probes and what comes back. Pure: no socket, no clock. */
#ifndef VLSP_CLI_ICMP_H
#define VLSP_CLI_ICMP_H

#include <stddef.h>
#include <stdint.h>

#define ICMP_HEADER   8
#define ICMP_DATA_MAX 65507 /* what an IPv4 packet takes */

/* Writes an echo request with size bytes of data into buf, which has room for ICMP_HEADER + size.
 * Returns its length. */
size_t icmp_request(uint8_t *buf, uint16_t id, uint16_t seq, size_t size);

enum icmp_kind { ICMP_OTHER, ICMP_REPLY, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE };

struct icmp_answer {
	enum icmp_kind kind;
	uint32_t from; /* host byte order */
	uint8_t ttl, code;
	uint16_t seq;
	size_t size; /* ICMP header and data */
};

/* Reads an IPv4 packet as a raw socket gives it. ICMP_OTHER: not an answer to a probe with this id
 * (checked against the quoted packet in errors). */
void icmp_read(const uint8_t *packet, size_t size, uint16_t id, struct icmp_answer *ret_answer);

/* "Time to live exceeded", "Destination Net Unreachable", ... */
const char *icmp_text(const struct icmp_answer *answer);

#endif
