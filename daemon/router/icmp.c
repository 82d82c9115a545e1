/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors, built from the VDP header by which the datagram came. Called by router.c for what
 * the fast path passed up. The packet leaves by a raw socket with the router's own address, so the
 * edge makes a VDP datagram of it and it travels like any other.
 *
 * No route is "network unreachable" (code 0): a router knows routes to addresses of the virtual
 * network, and one that is missing does not tell whether the address exists.
 */
#include "daemon/router/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "include/shared/vdp.h"
#include "lib/base/checksum.h"
#include "lib/base/clock.h"

#define ICMP_HLEN	8
#define QUOTE_MAX	(ICMP_ERROR_MAX - (int)sizeof(struct iphdr) - ICMP_HLEN)
#define TOKEN_NS	(NSEC_PER_SEC / ICMP_RATE_PER_S)
#define TOS_CONTROL	0xc0 /* RFC 1812 section 4.3.2.5: internetwork control */
#define FRAGMENT_OFFSET 0x1fff

_Static_assert(sizeof(struct iphdr) == VDP_NET_HLEN, "the headers change places");

static bool is_host(uint32_t addr)
{
	return addr != 0 && !IN_MULTICAST(addr) && addr >> 24 != IN_LOOPBACKNET &&
	       addr != INADDR_BROADCAST;
}

static bool is_icmp_error(const uint8_t *transport, size_t size)
{
	if (size < 1)
		return true; /* nobody can tell */
	switch (transport[0]) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	}
	return false;
}

static bool may_answer(const struct vdp_hdr *vdp, const uint8_t *transport, size_t size)
{
	if (vdp->protocol == VDP_PROTO_CONTROL)
		return false;
	if ((vdp->version_flags & VDP_FLAG_FRAGMENT) && (ntohl(vdp->stamp) & FRAGMENT_OFFSET))
		return false;
	if (!is_host(ntohl(vdp->src)) || !is_host(ntohl(vdp->dst)))
		return false;
	return vdp->protocol != VDP_PROTO_ICMP || !is_icmp_error(transport, size);
}

/* As the edge translates: what the sender's IPv4 header was, with the TTL of now. Options of it are
 * what follows the network part. */
static void ipv4_of(const struct vdp_hdr *vdp, const uint8_t *options, size_t wire_size,
		    struct iphdr *ip)
{
	size_t head = vdp_transport_at(vdp->version_flags);
	uint32_t sum;

	*ip = (struct iphdr){
		.version = 4,
		.ihl = (head / 4) & 0xf,
		.tos = vdp->tclass,
		.tot_len = htons(wire_size > UINT16_MAX ? 0 : (uint16_t)wire_size),
		.frag_off = htons(IP_DF),
		.ttl = vdp->ttl,
		.protocol = vdp->protocol,
		.saddr = vdp->src,
		.daddr = vdp->dst,
	};
	if (vdp->version_flags & VDP_FLAG_FRAGMENT) {
		ip->id = htons((uint16_t)(ntohl(vdp->stamp) >> 16));
		ip->frag_off = htons((uint16_t)ntohl(vdp->stamp));
	}
	sum = checksum_add(0, ip, sizeof(*ip));
	ip->check = checksum_fold(checksum_add(sum, options, head - sizeof(*ip)));
}

int icmp_error_build(enum icmp_error what, uint32_t own, const void *frame, size_t size,
		     size_t wire_size, uint8_t out[ICMP_ERROR_MAX])
{
	const uint8_t *rest = (const uint8_t *)frame + sizeof(struct vdp_hdr);
	struct iphdr outer, quoted;
	struct icmphdr icmp = {
		.type = what == ICMP_ERROR_TTL ? ICMP_TIME_EXCEEDED : ICMP_DEST_UNREACH,
		.code = what == ICMP_ERROR_TTL ? ICMP_EXC_TTL : ICMP_NET_UNREACH,
	};
	struct vdp_hdr vdp;
	size_t quote, total, head;
	uint32_t sum;

	if (size < sizeof(vdp) || wire_size < size)
		return -EBADMSG;
	memcpy(&vdp, frame, sizeof(vdp));
	head = vdp_transport_at(vdp.version_flags);
	if (vdp.version_flags >> 4 != VDP_VERSION || size < head)
		return -EBADMSG;
	if (!may_answer(&vdp, (const uint8_t *)frame + head, size - head))
		return -EPERM;
	ipv4_of(&vdp, rest, wire_size, &quoted);
	quote = size < QUOTE_MAX ? size : QUOTE_MAX;
	total = sizeof(outer) + sizeof(icmp) + quote;
	outer = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = TOS_CONTROL,
		.tot_len = htons((uint16_t)total),
		.frag_off = htons(IP_DF),
		.ttl = VDP_TTL_DEFAULT,
		.protocol = IPPROTO_ICMP,
		.saddr = htonl(own),
		.daddr = vdp.src,
	};
	outer.check = checksum_fold(checksum_add(0, &outer, sizeof(outer)));
	sum = checksum_add(0, &icmp, sizeof(icmp));
	sum = checksum_add(sum, &quoted, sizeof(quoted));
	icmp.checksum = checksum_fold(checksum_add(sum, rest, quote - sizeof(quoted)));
	memcpy(out, &outer, sizeof(outer));
	memcpy(out + sizeof(outer), &icmp, sizeof(icmp));
	memcpy(out + sizeof(outer) + sizeof(icmp), &quoted, sizeof(quoted));
	memcpy(out + sizeof(outer) + sizeof(icmp) + sizeof(quoted), rest, quote - sizeof(quoted));
	return (int)total;
}

int icmp_limit_take(struct icmp_limit *limit, uint64_t now_ns)
{
	uint64_t passed = now_ns > limit->last_ns ? now_ns - limit->last_ns : 0;

	limit->spent_ns = passed < limit->spent_ns ? limit->spent_ns - passed : 0;
	limit->last_ns = now_ns;
	if (limit->spent_ns + TOKEN_NS > ICMP_BURST * TOKEN_NS)
		return 0;
	limit->spent_ns += TOKEN_NS;
	return 1;
}

int icmp_open(void)
{
	/* IPPROTO_RAW: for sending only, with a header of our own (raw(7)) */
	int sock = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

	return sock < 0 ? -errno : sock;
}

int icmp_send(int sock, const uint8_t *packet, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	memcpy(&to.sin_addr, packet + offsetof(struct iphdr, daddr), sizeof(to.sin_addr));
	if (sendto(sock, packet, size, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}
