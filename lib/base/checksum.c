// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Internet checksums of VDP datagrams, and which of them a sender's stack has left to be completed.
 * Called by the relay and libvlsp for what they send by packet sockets, by router processes for
 * control datagrams.
 */
#include "lib/base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#define UDP_PLACE offsetof(struct vdp_udp, checksum)
#define TCP_PLACE 16
#define TCP_HLEN  20

uint32_t checksum_add(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t wide = sum;
	uint32_t word;

	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide += word;
	}
	if (size) {
		word = 0;
		memcpy(&word, p, size);
		wide += word;
	}
	wide = (wide & 0xffffffff) + (wide >> 32);
	wide = (wide & 0xffffffff) + (wide >> 32);
	return (uint32_t)wide;
}

uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t checksum_pseudo(const struct vdp_hdr *vdp, size_t length)
{
	struct {
		__be32 src, dst;
		__u8 zero, protocol;
		__be16 length;
	} pseudo = {.src = vdp->src,
		    .dst = vdp->dst,
		    .protocol = vdp->protocol,
		    .length = htons((uint16_t)length)};

	return checksum_add(0, &pseudo, sizeof(pseudo));
}

size_t checksum_place(const void *datagram, size_t size)
{
	struct vdp_hdr vdp;
	size_t at;

	if (size < VDP_HLEN)
		return 0;
	memcpy(&vdp, datagram, sizeof(vdp));
	at = vdp_transport_at(vdp.version_flags);
	if (size < at + sizeof(struct vdp_udp))
		return 0;
	/* The low bits of the stamp are then IPv4's offset. */
	if (vdp.version_flags & VDP_FLAG_FRAGMENT && ntohl(vdp.stamp) & 0x1fff)
		return 0;
	if (vdp.protocol == VDP_PROTO_UDP)
		return at + UDP_PLACE;
	return vdp.protocol == VDP_PROTO_TCP && size >= at + TCP_HLEN ? at + TCP_PLACE : 0;
}

bool checksum_left(const void *datagram, size_t size)
{
	size_t place = checksum_place(datagram, size);
	struct vdp_hdr vdp;
	uint16_t field;

	if (!place)
		return false;
	memcpy(&vdp, datagram, sizeof(vdp));
	memcpy(&field, (const uint8_t *)datagram + place, sizeof(field));
	field = (uint16_t)~field; /* as folded */
	return !(vdp.version_flags & (VDP_FLAG_FRAGMENT | VDP_FLAG_VERIFY)) &&
	       field == checksum_fold(
				checksum_pseudo(&vdp, size - vdp_transport_at(vdp.version_flags)));
}
