/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending and receiving VDP on the links of this router, below the fast path. Called by router.c
 * and through links_ops. The receive buffers are static, so that a page of them costs memory only
 * when a burst was that long. A datagram longer than a buffer is a large TCP segment that found no
 * route: its head is enough to answer it.
 *
 * The destination on the wire is the broadcast address: a link has two ends, and the BPF program of
 * the other one does not look at it.
 */
#include "daemon/router/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define RX_BATCH    16
#define RX_SIZE	    1536
#define TX_BATCH    16
#define RCVBUF_SIZE (2 << 20)

struct packet {
	const struct packet_ops *ops;
	void *arg;
	struct loop_source *source;
	struct packet_stats stats;
	uint32_t address;
	int sock;
};

static uint8_t rx_buf[RX_BATCH][RX_SIZE];

static void take(struct packet *packet, uint32_t port, const uint8_t *frame, size_t size,
		 size_t wire_size)
{
	struct vdp_ctl ctl;

	if (size < sizeof(struct vdp_hdr)) {
		packet->stats.bad++;
		return;
	}
	if (frame[offsetof(struct vdp_hdr, protocol)] != VDP_PROTO_CONTROL)
		packet->ops->data(packet->arg, port, frame, size, wire_size);
	else if (port == PACKET_PORT_LOCAL || vdp_ctl_decode(frame, size, &ctl) < 0)
		packet->stats.bad++;
	else
		packet->ops->control(packet->arg, port, &ctl);
}

static void ready(void *arg, uint32_t events)
{
	struct packet *packet = arg;
	struct mmsghdr msgs[RX_BATCH];
	struct iovec iov[RX_BATCH];
	struct sockaddr_ll from[RX_BATCH];
	int n;

	(void)events;
	for (int i = 0; i < RX_BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = rx_buf[i], .iov_len = RX_SIZE};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
						  .msg_iovlen = 1,
						  .msg_name = &from[i],
						  .msg_namelen = sizeof(from[i])};
	}
	n = recvmmsg(packet->sock, msgs, RX_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n < 0) {
		/* ENETDOWN: a device went; carrier events say which. ENOBUFS: some were lost */
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			packet->stats.overflow++;
		return;
	}
	for (int i = 0; i < n; i++) {
		size_t wire_size = msgs[i].msg_len;
		size_t size = wire_size < RX_SIZE ? wire_size : RX_SIZE;

		if (from[i].sll_pkttype == PACKET_OUTGOING || from[i].sll_ifindex <= 0)
			continue;
		take(packet, (uint32_t)from[i].sll_ifindex, rx_buf[i], size, wire_size);
	}
	packet->ops->batch_end(packet->arg);
}

int packet_new(struct loop *loop, const struct packet_ops *ops, void *arg,
	       struct packet **ret_packet)
{
	struct packet *packet = calloc(1, sizeof(*packet));
	int size = RCVBUF_SIZE, on = 1, r;

	if (!packet)
		return -ENOMEM;
	packet->ops = ops;
	packet->arg = arg;
	/* with this protocol it is bound to all devices already; the kernel's header is cut off */
	packet->sock = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      htons(VDP_ETHERTYPE));
	r = packet->sock < 0 ? -errno : 0;
	/* a limit, not memory that is used; without it the default must do */
	if (r == 0)
		(void)setsockopt(packet->sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	/* What neighbours say to each other does not wait in the queue of a link with a rate. */
	if (r == 0 &&
	    setsockopt(packet->sock, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add(loop, packet->sock, EPOLLIN, ready, packet, &packet->source);
	if (r < 0) {
		packet_free(packet);
		return r;
	}
	*ret_packet = packet;
	return 0;
}

void packet_free(struct packet *packet)
{
	if (!packet)
		return;
	loop_del(packet->source);
	if (packet->sock >= 0)
		close(packet->sock);
	free(packet);
}

void packet_address(struct packet *packet, uint32_t address)
{
	packet->address = address;
}

static struct sockaddr_ll neighbour(uint32_t port)
{
	return (struct sockaddr_ll){.sll_family = AF_PACKET,
				    .sll_protocol = htons(VDP_ETHERTYPE),
				    .sll_ifindex = (int)port,
				    .sll_halen = ETH_ALEN,
				    .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

static uint32_t stamp_us(void)
{
	return (uint32_t)(clock_mono_ns() / 1000);
}

static void hellos_send(struct packet *packet, uint16_t kind, const struct links_hello *hellos,
			size_t count)
{
	struct mmsghdr msgs[TX_BATCH];
	struct iovec iov[TX_BATCH];
	struct sockaddr_ll to[TX_BATCH];
	struct {
		struct vdp_ctl_head head;
		struct vdp_hello hello;
	} frames[TX_BATCH];
	uint32_t stamp = stamp_us();
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		frames[i].hello = hellos[i].payload;
		vdp_ctl_encode(&frames[i].head, packet->address, hellos[i].peer, kind, stamp,
			       &frames[i].hello, sizeof(frames[i].hello));
		to[i] = neighbour(hellos[i].port);
		iov[i] = (struct iovec){.iov_base = &frames[i], .iov_len = sizeof(frames[i])};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
						  .msg_iovlen = 1,
						  .msg_name = &to[i],
						  .msg_namelen = sizeof(to[i])};
	}
	while (sent < count) {
		int n = sendmmsg(packet->sock, msgs + sent, (unsigned)(count - sent), MSG_DONTWAIT);

		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		/* this port's device is down or gone: the next one is not to blame */
		packet->stats.unsent++;
		sent++;
	}
}

void packet_hellos(struct packet *packet, uint16_t kind, const struct links_hello *hellos,
		   size_t count)
{
	for (size_t i = 0; i < count; i += TX_BATCH)
		hellos_send(packet, kind, hellos + i, count - i < TX_BATCH ? count - i : TX_BATCH);
}

void packet_send(struct packet *packet, uint32_t port, uint32_t peer, uint16_t kind,
		 const void *payload, size_t size)
{
	struct sockaddr_ll to = neighbour(port);
	struct vdp_ctl_head head;
	struct iovec iov[2] = {{.iov_base = &head, .iov_len = sizeof(head)},
			       {.iov_base = (void *)(uintptr_t)payload, .iov_len = size}};
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_name = &to, .msg_namelen = sizeof(to)};

	vdp_ctl_encode(&head, packet->address, peer, kind, stamp_us(), payload, size);
	if (sendmsg(packet->sock, &msg, MSG_DONTWAIT) < 0)
		packet->stats.unsent++;
}

const struct packet_stats *packet_stats(const struct packet *packet)
{
	return &packet->stats;
}
