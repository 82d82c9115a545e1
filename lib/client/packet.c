// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: fields of a datagram that a network function has in its hands. Called by
 * applications. Setters follow a checksum's kind (Documentation/wire.md): one that is complete is
 * updated by the difference (RFC 1624), so that one which was wrong stays wrong; one that was left
 * to be completed is the new pseudo header's sum; one that is not there stays so.
 */
#include "include/vlsp/vlsp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/checksum.h"

static int failed(int error)
{
	errno = error;
	return -1;
}

static bool is_datagram(const struct vlsp_packet *packet)
{
	return packet->size >= VDP_NET_HLEN && packet->size <= packet->room &&
	       packet->data[0] >> 4 == VDP_VERSION &&
	       packet->size >= vdp_transport_at(packet->data[0]);
}

/* UDP or TCP with its header, and no fragment. */
static bool has_ports(const struct vlsp_packet *packet, const struct vdp_hdr *vdp)
{
	return !(vdp->version_flags & VDP_FLAG_FRAGMENT) &&
	       checksum_place(packet->data, packet->size) != 0;
}

int vlsp_packet_fields(const struct vlsp_packet *packet, struct vlsp_fields *ret_fields)
{
	struct vlsp_fields fields = {0};
	struct vdp_hdr vdp;
	uint16_t ports[2];
	size_t head;

	if (!is_datagram(packet))
		return failed(EINVAL);
	memcpy(&vdp, packet->data, sizeof(vdp));
	fields.src = ntohl(vdp.src);
	fields.dst = ntohl(vdp.dst);
	fields.protocol = vdp.protocol;
	fields.ttl = vdp.ttl;
	fields.tclass = vdp.tclass;
	fields.flow = ntohl(vdp.flow);
	head = vdp_transport_at(vdp.version_flags);
	fields.fragment = vdp.version_flags & VDP_FLAG_FRAGMENT;
	if (!fields.fragment)
		fields.stamp_us = ntohl(vdp.stamp);
	if (has_ports(packet, &vdp)) {
		memcpy(ports, packet->data + head, sizeof(ports));
		fields.sport = ntohs(ports[0]);
		fields.dport = ntohs(ports[1]);
		if (vdp.protocol == VDP_PROTO_UDP)
			head += sizeof(struct vdp_udp);
	}
	fields.payload = packet->data + head;
	fields.payload_size = packet->size - head;
	*ret_fields = fields;
	return 0;
}

struct change { /* of one address and, perhaps, port: offsets in network part and transport header
		 */
	size_t host_at, port_at;
	uint32_t host; /* as on the wire */
	uint16_t port;
};

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
static uint16_t updated(uint16_t field, const uint8_t *old, const uint8_t *new, size_t size)
{
	uint32_t sum = (uint16_t)~field;
	uint8_t inverse[8];

	for (size_t i = 0; i < size; i++)
		inverse[i] = (uint8_t)~old[i];
	sum = checksum_add(sum, inverse, size);
	return checksum_fold(checksum_add(sum, new, size));
}

static void sum_left(uint8_t *data, size_t size, size_t place)
{
	struct vdp_hdr vdp;
	uint16_t field;

	memcpy(&vdp, data, sizeof(vdp));
	field = (uint16_t)~checksum_fold(
		checksum_pseudo(&vdp, size - vdp_transport_at(vdp.version_flags)));
	memcpy(data + place, &field, sizeof(field));
}

static void sum_store(uint8_t *data, size_t place, uint16_t field)
{
	if (!field && data[offsetof(struct vdp_hdr, protocol)] == VDP_PROTO_UDP)
		field = 0xffff; /* 0 says that there is none */
	memcpy(data + place, &field, sizeof(field));
}

static int change_end(const struct vlsp_packet *packet, const struct change *change)
{
	uint8_t old[8] = {0}, new[8] = {0}, *data = packet->data;
	struct vdp_hdr vdp;
	uint16_t field;
	size_t place, port_at;
	bool left;

	if (!is_datagram(packet))
		return failed(EINVAL);
	memcpy(&vdp, data, sizeof(vdp));
	if (change->port && !has_ports(packet, &vdp))
		return failed(EINVAL);
	place = checksum_place(data, packet->size);
	left = checksum_left(data, packet->size);
	memcpy(old, data + change->host_at, 4);
	memcpy(data + change->host_at, &change->host, 4);
	memcpy(new, data + change->host_at, 4);
	port_at = vdp_transport_at(vdp.version_flags) + change->port_at;
	if (change->port) {
		memcpy(old + 4, data + port_at, 2);
		memcpy(data + port_at, &change->port, 2);
		memcpy(new + 4, data + port_at, 2);
	}
	if (!place)
		return 0;
	memcpy(&field, data + place, sizeof(field));
	if (left)
		sum_left(data, packet->size, place);
	else if (field || vdp.protocol != VDP_PROTO_UDP)
		sum_store(data, place, updated(field, old, new, sizeof(old)));
	return 0;
}

int vlsp_packet_set_src(struct vlsp_packet *packet, uint32_t host, uint16_t port)
{
	const struct change change = {.host_at = offsetof(struct vdp_hdr, src),
				      .port_at = offsetof(struct vdp_udp, sport),
				      .host = htonl(host),
				      .port = htons(port)};

	return change_end(packet, &change);
}

int vlsp_packet_set_dst(struct vlsp_packet *packet, uint32_t host, uint16_t port)
{
	const struct change change = {.host_at = offsetof(struct vdp_hdr, dst),
				      .port_at = offsetof(struct vdp_udp, dport),
				      .host = htonl(host),
				      .port = htons(port)};

	return change_end(packet, &change);
}

int vlsp_packet_set_tclass(struct vlsp_packet *packet, uint8_t tclass)
{
	if (!is_datagram(packet))
		return failed(EINVAL);
	packet->data[offsetof(struct vdp_hdr, tclass)] = tclass;
	return 0;
}

int vlsp_packet_set_flow(struct vlsp_packet *packet, uint32_t flow)
{
	flow = htonl(flow);
	if (!is_datagram(packet) || !flow)
		return failed(EINVAL);
	memcpy(packet->data + offsetof(struct vdp_hdr, flow), &flow, sizeof(flow));
	return 0;
}

int vlsp_packet_set_payload(struct vlsp_packet *packet, const void *data, size_t size)
{
	size_t at, head, place;
	struct vdp_hdr vdp;
	struct vdp_udp udp;
	bool left, had;

	if (!is_datagram(packet))
		return failed(EINVAL);
	memcpy(&vdp, packet->data, sizeof(vdp));
	if (vdp.protocol != VDP_PROTO_UDP || !has_ports(packet, &vdp))
		return failed(EINVAL);
	at = vdp_transport_at(vdp.version_flags);
	head = at + sizeof(udp);
	if (size > packet->room - head)
		return failed(EMSGSIZE);
	place = checksum_place(packet->data, packet->size);
	left = checksum_left(packet->data, packet->size);
	memcpy(&udp, packet->data + at, sizeof(udp));
	had = udp.checksum != 0;
	if (size)
		memmove(packet->data + head, data, size);
	packet->size = head + size;
	udp.length = htons((uint16_t)(sizeof(udp) + size));
	udp.checksum = 0;
	memcpy(packet->data + at, &udp, sizeof(udp));
	if (left)
		sum_left(packet->data, packet->size, place);
	else if (had)
		sum_store(packet->data, place,
			  checksum_fold(checksum_add(checksum_pseudo(&vdp, sizeof(udp) + size),
						     packet->data + at, sizeof(udp) + size)));
	return 0;
}
