// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP echo messages, for ping and trace. RFC 792; checksum of RFC 1071. */
#include "cli/icmp.h"

#include <string.h>

enum { ECHO_REPLY = 0, DEST_UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11 };

#define IP_HEADER_MIN 20
#define IP_PROTO_ICMP 1

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t checksum(const uint8_t *p, size_t size)
{
	uint32_t sum = 0;

	for (; size > 1; p += 2, size -= 2)
		sum += get16(p);
	if (size)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t icmp_request(uint8_t *buf, uint16_t id, uint16_t seq, size_t size)
{
	memset(buf, 0, ICMP_HEADER);
	buf[0] = ECHO_REQUEST;
	put16(buf + 4, id);
	put16(buf + 6, seq);
	for (size_t i = 0; i < size; i++)
		buf[ICMP_HEADER + i] = (uint8_t)i;
	put16(buf + 2, checksum(buf, ICMP_HEADER + size));
	return ICMP_HEADER + size;
}

/* The length of the IPv4 header of an ICMP packet with at least an ICMP header behind; 0: it is not
 * one. */
static size_t ip_header(const uint8_t *p, size_t size)
{
	size_t n;

	if (size < IP_HEADER_MIN || p[0] >> 4 != 4 || p[9] != IP_PROTO_ICMP)
		return 0;
	n = (size_t)(p[0] & 15) * 4;
	return n >= IP_HEADER_MIN && size >= n + ICMP_HEADER ? n : 0;
}

void icmp_read(const uint8_t *packet, size_t size, uint16_t id, struct icmp_answer *ret_answer)
{
	size_t n = ip_header(packet, size), quoted;
	const uint8_t *icmp = packet + n, *probe;
	struct icmp_answer answer = {0};

	*ret_answer = answer;
	if (n == 0 || checksum(icmp, size - n) != 0)
		return;
	probe = icmp;
	if (icmp[0] == ECHO_REPLY) {
		answer.kind = ICMP_REPLY;
	} else if (icmp[0] == TIME_EXCEEDED || icmp[0] == DEST_UNREACHABLE) {
		answer.kind = icmp[0] == TIME_EXCEEDED ? ICMP_TIME_EXCEEDED : ICMP_UNREACHABLE;
		probe = icmp + ICMP_HEADER;
		quoted = ip_header(probe, size - n - ICMP_HEADER);
		if (quoted == 0 || probe[quoted] != ECHO_REQUEST)
			return;
		probe += quoted;
	}
	if (answer.kind == ICMP_OTHER || get16(probe + 4) != id)
		return;
	answer.from = (uint32_t)get16(packet + 12) << 16 | get16(packet + 14);
	answer.ttl = packet[8];
	answer.code = icmp[1];
	answer.seq = get16(probe + 6);
	answer.size = size - n;
	*ret_answer = answer;
}

const char *icmp_text(const struct icmp_answer *answer)
{
	static const char *const unreachable[] = {
		"Destination Net Unreachable",	    "Destination Host Unreachable",
		"Destination Protocol Unreachable", "Destination Port Unreachable",
		"Frag needed and DF set",
	};

	if (answer->kind == ICMP_REPLY)
		return "Echo Reply";
	if (answer->kind == ICMP_TIME_EXCEEDED)
		return answer->code == 1 ? "Frag reassembly time exceeded"
					 : "Time to live exceeded";
	if (answer->kind == ICMP_UNREACHABLE && answer->code < 5)
		return unreachable[answer->code];
	return "Destination Unreachable";
}
