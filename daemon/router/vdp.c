/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VDP control datagrams: the 28 bytes in front of what neighbours tell each other. Pure; called by
 * packet.c for everything that is sent and received. Nothing is believed before vdp_ctl_decode()
 * has accepted it.
 */
#include "daemon/router/vdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/checksum.h"

/* The sum over the pseudo header, the datagram part and the payload. */
static uint32_t ctl_sum(const struct vdp_hdr *net, const void *dgram, const void *payload,
			size_t size)
{
	uint32_t sum = checksum_pseudo(net, sizeof(struct vdp_udp) + size);

	sum = checksum_add(sum, dgram, sizeof(struct vdp_udp));
	return checksum_add(sum, payload, size);
}

void vdp_ctl_encode(struct vdp_ctl_head *head, uint32_t src, uint32_t dst, uint16_t kind,
		    uint32_t stamp_us, const void *payload, size_t size)
{
	*head = (struct vdp_ctl_head){
		.net = {.version_flags = VDP_VERSION << 4,
			.ttl = 1,
			.protocol = VDP_PROTO_CONTROL,
			.src = htonl(src),
			.dst = htonl(dst),
			.stamp = htonl(stamp_us)},
		.dgram = {.sport = htons(kind),
			  .length = htons((uint16_t)(sizeof(struct vdp_udp) + size))},
	};
	head->dgram.checksum = checksum_fold(ctl_sum(&head->net, &head->dgram, payload, size));
	if (head->dgram.checksum == 0) /* as in UDP: 0 means "none", which we never say */
		head->dgram.checksum = 0xffff;
}

int vdp_ctl_decode(const void *frame, size_t size, struct vdp_ctl *ret_ctl)
{
	struct vdp_ctl_head head;
	const uint8_t *payload = (const uint8_t *)frame + sizeof(head);
	size_t length;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, frame, sizeof(head));
	if (head.net.version_flags != VDP_VERSION << 4 || head.net.ttl != 1 ||
	    head.net.protocol != VDP_PROTO_CONTROL)
		return -EBADMSG;
	length = ntohs(head.dgram.length);
	if (length < sizeof(head.dgram) || length > size - sizeof(head.net))
		return -EBADMSG;
	length -= sizeof(head.dgram);
	if (head.dgram.checksum == 0 ||
	    checksum_fold(ctl_sum(&head.net, &head.dgram, payload, length)) != 0)
		return -EBADMSG;
	ret_ctl->src = ntohl(head.net.src);
	ret_ctl->dst = ntohl(head.net.dst);
	ret_ctl->kind = ntohs(head.dgram.sport);
	ret_ctl->payload = payload;
	ret_ctl->size = length;
	return 0;
}
