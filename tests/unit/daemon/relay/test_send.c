/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to packet sockets: what of them arrives at the other end of a link, and in which order.
 * Topology: a -- b, c -- d, in a network namespace of the test's own. Needs root; skips with the
 * reason otherwise.
 */
#include "daemon/relay/send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "include/shared/maps.h"
#include "include/shared/vdp.h"

enum { A = 300, B, C, D }; /* indices of devices */

#define NET_END (ETH_HLEN + VDP_NET_HLEN)

struct fixture {
	struct sender *sender;
	struct hold hold;
	int b, d; /* packet sockets with virtio headers */
};

static int packet_socket(uint32_t index, int protocol)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)index,
				 .sll_protocol = htons((uint16_t)protocol)};
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, size = 4 << 20;

	assert_true(sock >= 0);
	assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	(void)setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (index)
		assert_int_equal(bind(sock, (struct sockaddr *)&at, sizeof(at)), 0);
	return sock;
}

static int setup(void **state)
{
	struct fixture *f;

	*state = NULL;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 0;
	}
	assert_return_code(unshare(CLONE_NEWNET), errno);
	if (system("ip link add name a index 300 type veth peer name b index 301 &&"
		   " ip link add name c index 302 type veth peer name d index 303 &&"
		   " for i in a b c d; do ip link set dev $i up; done") != 0) {
		print_message("skipped: needs veth devices and ip\n");
		return 0;
	}
	f = calloc(1, sizeof(*f));
	assert_non_null(f);
	hold_init(&f->hold, 1 << 20);
	assert_int_equal(sender_new(&f->sender), 0);
	assert_int_equal(sender_router(f->sender, 1, packet_socket(0, 0)), 0);
	f->b = packet_socket(B, VDP_ETHERTYPE);
	f->d = packet_socket(D, VDP_ETHERTYPE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	sender_free(f->sender);
	assert_int_equal(f->hold.held, 0);
	hold_done(&f->hold);
	close(f->b);
	close(f->d);
	free(f);
	return 0;
}

#define NEED(state)                                                                                \
	if (!*(state))                                                                             \
	skip()

/* A datagram with so many bytes behind its network part, of which the first is mark. */
static struct packet *packet_new(struct fixture *f, uint8_t protocol, uint32_t size, uint8_t mark)
{
	struct packet *packet = hold_get(&f->hold, NET_END + size);
	struct ethhdr *eth = (void *)packet->frame;
	struct vdp_hdr *vdp = (void *)(packet->frame + ETH_HLEN);

	assert_non_null(packet);
	memset(packet->frame, 0x5a, packet->length);
	eth->h_proto = htons(VDP_ETHERTYPE);
	*vdp = (struct vdp_hdr){.version_flags = VDP_VERSION << 4,
				.ttl = 9,
				.protocol = protocol,
				.src = htonl(0x0a000001),
				.dst = htonl(0x0a000002)};
	if (size)
		packet->frame[NET_END] = mark;
	return packet;
}

static uint16_t pseudo(const struct packet *packet)
{
	const uint8_t *address = packet->frame + ETH_HLEN + 4;
	uint32_t sum = packet->frame[ETH_HLEN + 2] + packet->length - ETH_HLEN -
		       vdp_transport_at(packet->frame[ETH_HLEN]);

	for (int i = 0; i < 8; i += 2)
		sum += (uint32_t)(address[i] << 8 | address[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(struct packet *packet, uint32_t at, uint16_t value)
{
	packet->frame[at] = (uint8_t)(value >> 8);
	packet->frame[at + 1] = (uint8_t)value;
}

struct arrived {
	struct virtio_net_hdr head;
	uint8_t frame[2000];
	ssize_t length;
};

static bool arrive(int sock, struct arrived *ret)
{
	uint8_t buf[2100];
	ssize_t n = recv(sock, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < (ssize_t)sizeof(ret->head))
		return false;
	memcpy(&ret->head, buf, sizeof(ret->head));
	ret->length = n - (ssize_t)sizeof(ret->head);
	memcpy(ret->frame, buf + sizeof(ret->head), (size_t)ret->length);
	return true;
}

static bool send_one(struct fixture *f, struct packet *packet, uint32_t slot, uint32_t port)
{
	uint8_t lost = 0;

	send_packets(f->sender, &packet, &slot, &port, 1, &lost);
	return !lost;
}

static void a_checksum_that_is_left_to_be_completed_arrives_so(void **state)
{
	static const struct {
		const char *what;
		uint8_t protocol, flags;
		uint32_t size, sum_at; /* behind the network part; 0: nowhere */
		bool complete, partial;
	} rows[] = {
		{"UDP", VDP_PROTO_UDP, 0, 8, 6, false, true},
		{"UDP of full size", VDP_PROTO_UDP, 0, 1480, 6, false, true},
		{"UDP, complete", VDP_PROTO_UDP, 0, 100, 6, true, false},
		{"UDP, changed on the way", VDP_PROTO_UDP, VDP_FLAG_VERIFY, 100, 6, false, false},
		{"UDP, a fragment", VDP_PROTO_UDP, VDP_FLAG_FRAGMENT, 100, 6, false, false},
		{"UDP, cut short", VDP_PROTO_UDP, 0, 7, 0, false, false},
		{"UDP behind options", VDP_PROTO_UDP, VDP_FLAG_OPTIONS, 24, 22, false, true},
		{"UDP behind options, cut short", VDP_PROTO_UDP, VDP_FLAG_OPTIONS, 23, 0, false,
		 false},
		{"TCP", VDP_PROTO_TCP, 0, 20, 16, false, true},
		{"TCP with data", VDP_PROTO_TCP, 0, 1001, 16, false, true},
		{"TCP, complete", VDP_PROTO_TCP, 0, 60, 16, true, false},
		{"TCP, changed on the way", VDP_PROTO_TCP, VDP_FLAG_VERIFY, 60, 16, false, false},
		{"TCP, cut short", VDP_PROTO_TCP, 0, 19, 16, false, false},
		{"ICMP", VDP_PROTO_ICMP, 0, 64, 6, false, false},
		{"nothing behind the network part", VDP_PROTO_UDP, 0, 0, 0, false, false},
	};
	struct fixture *f = *state;

	NEED(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet *packet = packet_new(f, rows[i].protocol, rows[i].size, 1);
		struct arrived is;
		bool partial;

		packet->frame[ETH_HLEN] |= rows[i].flags;
		if (rows[i].sum_at)
			put16(packet, NET_END + rows[i].sum_at,
			      (uint16_t)(pseudo(packet) + rows[i].complete));
		assert_true(send_one(f, packet, 1, A));
		if (!arrive(f->b, &is))
			fail_msg("%s: has not come", rows[i].what);
		assert_int_equal(is.length, packet->length);
		assert_memory_equal(is.frame, packet->frame, packet->length);
		partial = is.head.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
		if (partial != rows[i].partial)
			fail_msg("%s: %s", rows[i].what, partial ? "left" : "not left");
		if (partial) {
			assert_int_equal(is.head.csum_start,
					 ETH_HLEN + vdp_transport_at(rows[i].flags));
			assert_int_equal(is.head.csum_start + is.head.csum_offset,
					 NET_END + rows[i].sum_at);
		}
		assert_int_equal(is.head.gso_type, VIRTIO_NET_HDR_GSO_NONE);
		hold_put(&f->hold, packet);
	}
}

static void what_one_router_sends_leaves_in_order_by_each_of_its_links(void **state)
{
	struct packet *packets[SEND_MAX];
	uint32_t slots[SEND_MAX], ports[SEND_MAX];
	uint8_t lost[SEND_MAX] = {0};
	struct fixture *f = *state;
	struct arrived is;

	NEED(state);
	assert_int_equal(sender_router(f->sender, VLSP_SLOT_MAX - 1, packet_socket(0, 0)), 0);
	for (uint8_t i = 0; i < SEND_MAX; i++) {
		packets[i] = packet_new(f, VDP_PROTO_ICMP, 64, i);
		slots[i] = i % 3 ? 1 : VLSP_SLOT_MAX - 1;
		ports[i] = i % 3 == 1 ? C : A;
	}
	send_packets(f->sender, packets, slots, ports, SEND_MAX, lost);
	for (int link = 0; link < 2; link++) {
		int before[3] = {-1, -1, -1}, count = 0;

		while (arrive(link ? f->d : f->b, &is)) {
			int mark = is.frame[NET_END];

			assert_int_equal(mark % 3 == 1, link);
			assert_true(mark > before[mark % 3]);
			before[mark % 3] = mark;
			count++;
		}
		assert_int_equal(count, link ? 21 : 43);
	}
	for (int i = 0; i < SEND_MAX; i++) {
		assert_int_equal(lost[i], 0);
		hold_put(&f->hold, packets[i]);
	}
}

static void what_the_kernel_does_not_take_is_lost_and_the_rest_is_not(void **state)
{
	static const struct {
		uint32_t slot, port;
		uint8_t lost;
	} rows[] = {
		{1, A, 0},
		{1, 999, SEND_GONE}, /* no such device */
		{1, A, 0},
		{2, A, SEND_GONE}, /* a router without a socket */
		{1, C, SEND_GONE}, /* a device that is down */
		{1, C, SEND_GONE},
		{1, A, 0},
		{UINT32_MAX, A, SEND_GONE},
		{VLSP_SLOT_MAX, A, SEND_GONE},
		{1, 0, SEND_GONE},
		{1, A, 0},
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	struct packet *packets[COUNT];
	uint32_t slots[COUNT], ports[COUNT];
	uint8_t lost[COUNT] = {0};
	struct fixture *f = *state;
	struct arrived is;
	int count = 0;

	NEED(state);
	assert_int_equal(system("ip link set dev c down"), 0);
	for (uint8_t i = 0; i < COUNT; i++) {
		packets[i] = packet_new(f, VDP_PROTO_UDP, 64, i);
		slots[i] = rows[i].slot;
		ports[i] = rows[i].port;
	}
	send_packets(f->sender, packets, slots, ports, COUNT, lost);
	for (uint8_t i = 0; i < COUNT; i++) {
		if (lost[i] != rows[i].lost)
			fail_msg("row %u", i);
		if (!lost[i]) {
			assert_true(arrive(f->b, &is));
			assert_int_equal(is.frame[NET_END], i);
			count++;
		}
		hold_put(&f->hold, packets[i]);
	}
	assert_int_equal(count, 4);
	assert_false(arrive(f->b, &is));
	assert_false(arrive(f->d, &is));
}

static void a_device_that_vanishes_takes_only_its_own_along(void **state)
{
	struct packet *first, *second;
	struct fixture *f = *state;

	NEED(state);
	first = packet_new(f, VDP_PROTO_UDP, 64, 1);
	second = packet_new(f, VDP_PROTO_UDP, 64, 2);
	assert_true(send_one(f, first, 1, C));
	assert_int_equal(system("ip link del dev c"), 0);
	assert_false(send_one(f, first, 1, C));
	assert_true(send_one(f, second, 1, A));
	hold_put(&f->hold, first);
	hold_put(&f->hold, second);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_socket_is_the_sender_s_until_another_comes(void **state)
{
	int first, second, third;
	struct packet *packet;
	struct fixture *f = *state;

	NEED(state);
	first = packet_socket(0, 0);
	second = packet_socket(0, 0);
	third = packet_socket(0, 0);
	packet = packet_new(f, VDP_PROTO_UDP, 64, 1);
	assert_int_equal(sender_router(f->sender, 5, first), 0);
	assert_int_equal(sender_router(f->sender, 5, second), 0);
	assert_false(is_open(first));
	assert_true(send_one(f, packet, 5, A));
	assert_int_equal(sender_router(f->sender, 5, -1), 0);
	assert_false(is_open(second));
	assert_false(send_one(f, packet, 5, A));
	assert_int_equal(sender_router(f->sender, 5, -1), 0);
	/* one for a router that cannot be stays the caller's */
	assert_int_equal(sender_router(f->sender, VLSP_SLOT_MAX, third), -EINVAL);
	assert_true(is_open(third));
	assert_int_equal(sender_router(f->sender, 6, third), 0);
	sender_free(f->sender);
	assert_false(is_open(third));
	f->sender = NULL;
	hold_put(&f->hold, packet);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_checksum_that_is_left_to_be_completed_arrives_so),
		T(what_one_router_sends_leaves_in_order_by_each_of_its_links),
		T(what_the_kernel_does_not_take_is_lost_and_the_rest_is_not),
		T(a_device_that_vanishes_takes_only_its_own_along),
		T(a_socket_is_the_sender_s_until_another_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
