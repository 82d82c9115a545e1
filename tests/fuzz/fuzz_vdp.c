/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds what a router takes from its packet socket (first byte even), and from its netlink socket
 * (first byte odd), as bytes. Checked besides memory: a control datagram that is accepted is the
 * same one when it is encoded again; an ICMP error is well-formed and answers none.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/router/carrier.h"
#include "daemon/router/icmp.h"
#include "daemon/router/vdp.h"
#include "lib/base/checksum.h"

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

static void carrier_seen(void *arg, uint32_t port, bool carrier)
{
	size_t *count = arg;

	(void)carrier;
	CHECK(port > 0 && port <= INT32_MAX);
	(*count)++;
}

static void try_control(const uint8_t *frame, size_t size)
{
	struct vdp_ctl_head head, again;
	struct vdp_ctl ctl;

	if (vdp_ctl_decode(frame, size, &ctl) < 0)
		return;
	CHECK((const uint8_t *)ctl.payload == frame + sizeof(head));
	CHECK(ctl.size <= size - sizeof(head));
	memcpy(&head, frame, sizeof(head));
	if (head.dgram.dport || head.net.tclass || head.net.flow)
		return; /* not ours to send */
	vdp_ctl_encode(&again, ctl.src, ctl.dst, ctl.kind, ntohl(head.net.stamp), ctl.payload,
		       ctl.size);
	CHECK(memcmp(&head, &again, sizeof(head)) == 0);
}

static void try_icmp(const uint8_t *frame, size_t size, uint8_t how)
{
	size_t wire_size = how & 4 ? size + 100000 : size;
	enum icmp_error what = how & 2 ? ICMP_ERROR_TTL : ICMP_ERROR_NO_ROUTE;
	uint8_t out[ICMP_ERROR_MAX], again[ICMP_ERROR_MAX];
	uint8_t vdp[ICMP_ERROR_MAX];
	struct vdp_hdr head = {.version_flags = VDP_VERSION << 4, .protocol = VDP_PROTO_ICMP};
	struct iphdr ip;
	size_t inner;
	int n = icmp_error_build(what, 0x0a000001, frame, size, wire_size, out);

	if (n < 0)
		return;
	CHECK(n >= 20 + 8 + 20 && n <= ICMP_ERROR_MAX);
	memcpy(&ip, out, sizeof(ip));
	CHECK(ntohs(ip.tot_len) == n);
	CHECK(checksum_fold(checksum_add(0, out, 20)) == 0);
	CHECK(checksum_fold(checksum_add(0, out + 20, (size_t)n - 20)) == 0);
	inner = (size_t)(out[28] & 15) * 4; /* with the options that it has */
	CHECK(inner >= 20 && 28 + inner <= (size_t)n);
	CHECK(checksum_fold(checksum_add(0, out + 28, inner)) == 0);
	/* as the next router would see it */
	head.src = ip.saddr;
	head.dst = ip.daddr;
	memcpy(vdp, out, (size_t)n);
	memcpy(vdp, &head, sizeof(head));
	CHECK(icmp_error_build(what, 0x0a000002, vdp, (size_t)n, (size_t)n, again) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = 0;

	if (size < 1)
		return 0;
	if (data[0] & 1) {
		carrier_parse(data + 1, size - 1, carrier_seen, &count);
		CHECK(count <= size / 16);
		return 0;
	}
	try_control(data + 1, size - 1);
	try_icmp(data + 1, size - 1, data[0]);
	return 0;
}
