// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames to packet sockets. Called by relay.c. A checksum that the sender's stack has left to be
 * completed stays so: the header of PACKET_VNET_HDR (virtio 1.2, 5.1.6) tells the kernel where it
 * is, and the receiving stack believes it, as it would without a relay in between.
 */
#include "daemon/relay/send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "include/shared/maps.h"
#include "include/shared/vdp.h"
#include "lib/base/checksum.h"

struct sender {
	int socks[VLSP_SLOT_MAX]; /* -1: none */
	struct mmsghdr msgs[SEND_MAX];
	struct iovec iov[SEND_MAX][2];
	struct virtio_net_hdr head[SEND_MAX];
	struct sockaddr_ll to[SEND_MAX];
};

int sender_new(struct sender **ret_sender)
{
	struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		sender->socks[slot] = -1;
	for (int i = 0; i < SEND_MAX; i++) {
		sender->to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET,
						     .sll_protocol = htons(VDP_ETHERTYPE),
						     .sll_halen = ETH_ALEN};
		sender->iov[i][0] = (struct iovec){&sender->head[i], sizeof(sender->head[i])};
		sender->msgs[i].msg_hdr = (struct msghdr){.msg_name = &sender->to[i],
							  .msg_namelen = sizeof(sender->to[i]),
							  .msg_iov = sender->iov[i],
							  .msg_iovlen = 2};
	}
	*ret_sender = sender;
	return 0;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (sender->socks[slot] >= 0)
			close(sender->socks[slot]);
	free(sender);
}

int sender_router(struct sender *sender, uint32_t slot, int sock)
{
	if (slot >= VLSP_SLOT_MAX)
		return -EINVAL;
	if (sender->socks[slot] >= 0)
		close(sender->socks[slot]);
	sender->socks[slot] = sock;
	return 0;
}

/* A checksum that is left to be completed stays so. */
static void checksum(const struct packet *packet, struct virtio_net_hdr *head)
{
	const uint8_t *datagram = packet->frame + ETH_HLEN;
	size_t size = packet->length - ETH_HLEN, at;

	*head = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	if (packet->length < ETH_HLEN + VDP_HLEN || !checksum_left(datagram, size))
		return;
	at = vdp_transport_at(datagram[0]);
	head->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	head->csum_start = (uint16_t)(ETH_HLEN + at); /* the machine's byte order: an old header */
	head->csum_offset = (uint16_t)(checksum_place(datagram, size) - at);
}

static void put(struct sender *sender, int at, struct packet *packet, uint32_t port)
{
	checksum(packet, &sender->head[at]);
	sender->iov[at][1] = (struct iovec){packet->frame, packet->length};
	sender->to[at].sll_ifindex = (int)port;
}

static enum send_lost why_lost(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM ? SEND_OVERRUN : SEND_GONE;
}

void send_packets(struct sender *sender, struct packet *const *packets, const uint32_t *slots,
		  const uint32_t *ports, size_t count, uint8_t *lost)
{
	uint8_t done[SEND_MAX] = {0}, at[SEND_MAX];

	for (size_t first = 0; first < count; first++) {
		int sock = slots[first] < VLSP_SLOT_MAX ? sender->socks[slots[first]] : -1;
		unsigned n = 0, sent = 0;

		if (done[first])
			continue;
		for (size_t i = first; i < count; i++) {
			if (done[i] || slots[i] != slots[first])
				continue;
			done[i] = 1;
			at[n] = (uint8_t)i;
			put(sender, (int)n++, packets[i], ports[i]);
		}
		while (sent < n) {
			int r = sock < 0 ? -1
					 : sendmmsg(sock, sender->msgs + sent, n - sent,
						    MSG_DONTWAIT);

			if (r > 0)
				sent += (unsigned)r;
			else
				lost[at[sent++]] = sock < 0 ? SEND_GONE : why_lost(errno);
		}
	}
}
