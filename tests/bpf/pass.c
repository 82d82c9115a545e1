// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network function that passes all that it gets, for tests/bpf/chain.sh, and for measuring: in a
 * router's network namespace it reads the ring of a function of an instance that runs, and sends
 * into lo. "ok" when it is ready; ends at end of file. pass INSTANCE INDEX [drop]
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "include/shared/emulate.h"
#include "include/shared/function.h"
#include "include/shared/vdp.h"
#include "lib/base/bpfring.h"
#include "lib/base/checksum.h"

#define BATCH 64

static struct {
	struct virtio_net_hdr head;
	uint8_t frame[VLSP_FRAME_MAX];
} slots[BATCH];
static struct mmsghdr msgs[BATCH];
static struct iovec iov[BATCH][2];
static struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = 1};

static int open_ring(const char *instance, uint32_t index, int *ret_fd)
{
	char path[128];
	uint32_t id;
	int map;

	snprintf(path, sizeof(path), "/sys/fs/bpf/vlsp/%s/vlsp_fn_ring", instance);
	map = bpf_obj_get(path);
	if (map < 0)
		return map;
	if (bpf_map_lookup_elem(map, &index, &id) < 0)
		return -ENOENT;
	*ret_fd = bpf_map_get_fd_by_id(id);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int open_socket(void)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, size = 16 << 20;

	if (sock < 0)
		return -errno;
	if (setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		return -errno;
	to.sll_protocol = htons(VDP_ETHERTYPE);
	return sock;
}

/* The daemon does that, for an application that could not. */
static int mark(int sock, uint16_t slot)
{
	uint32_t value = VLSP_RESUME_MARK | slot;

	return setsockopt(sock, SOL_SOCKET, SO_MARK, &value, sizeof(value));
}

static void put(unsigned at, const struct vlsp_fn_frame *from)
{
	struct virtio_net_hdr *head = &slots[at].head;
	const uint8_t *datagram = slots[at].frame + ETH_HLEN;
	size_t size = from->length - ETH_HLEN;

	memcpy(slots[at].frame, from->data, from->length);
	*head = (struct virtio_net_hdr){0};
	if (checksum_left(datagram, size)) {
		head->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		head->csum_start = (uint16_t)(ETH_HLEN + vdp_transport_at(datagram[0]));
		head->csum_offset = (uint16_t)(checksum_place(datagram, size) + ETH_HLEN -
					       head->csum_start);
	}
	iov[at][0] = (struct iovec){head, sizeof(*head)};
	iov[at][1] = (struct iovec){slots[at].frame, from->length};
	msgs[at].msg_hdr = (struct msghdr){
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = iov[at], .msg_iovlen = 2};
}

static void flush(int sock, unsigned n)
{
	for (unsigned done = 0; done < n;) {
		int r = sendmmsg(sock, msgs + done, n - done, 0);

		done += r > 0 ? (unsigned)r : 1; /* one that cannot be sent is lost */
	}
}

int main(int argc, char **argv)
{
	struct bpfring *ring = NULL;
	struct pollfd wait[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};
	int sock = open_socket(), r;
	unsigned n = 0;
	bool marked = false;

	if (argc < 3) {
		fprintf(stderr, "pass INSTANCE INDEX [drop]\n");
		return 2;
	}
	r = sock < 0 ? sock : open_ring(argv[1], (uint32_t)atoi(argv[2]), &wait[1].fd);
	if (r == 0)
		r = bpfring_open(wait[1].fd, &ring);
	printf(r < 0 ? "error: %s\n" : "ok\n", strerror(-r));
	fflush(stdout);
	while (r == 0) {
		const struct vlsp_fn_frame *frame;
		uint32_t size;

		while (n < BATCH && (frame = bpfring_peek(ring, &size))) {
			if (!marked && mark(sock, frame->slot) < 0)
				return 1;
			marked = true;
			if (argc == 3)
				put(n++, frame);
			bpfring_next(ring);
		}
		flush(sock, n);
		if (n == 0 && (poll(wait, 2, -1) < 0 || wait[0].revents))
			break;
		n = 0;
	}
	bpfring_close(ring);
	return r < 0;
}
