// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams per second. A sender (UDP socket, or whole frames by a packet socket) and a receiver
 * (UDP socket), each in the network namespace in which it is started; tests/bench/forward.sh runs
 * one of each at the ends of a chain. Prints one line: packets, seconds, packets a second.
 *
 *   pps udp-send ADDRESS PORT BYTES SECONDS        sendmmsg, 64 a call
 *   pps gso-send ADDRESS PORT BYTES SECONDS        UDP_SEGMENT, 64 datagrams a call
 *   pps frame-send DEVICE ipv4|vdp SOURCE ADDRESS PORT BYTES SECONDS
 *   pps udp-recv PORT SECONDS                      recvmmsg; from the first datagram on
 *
 * BYTES: size of the datagram's network part and what follows (IPv4 or VDP), at least 28.
 * PPS_RATE in the environment: packets a second at most; sends 16 a call then, and spins between.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "include/shared/vdp.h"

#define BATCH	   64
#define FRAME_SIZE 2048

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "pps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long number(const char *text, long low, long high, const char *what)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < low || n > high) {
		fprintf(stderr, "pps: %s must be %ld to %ld, not \"%s\"\n", what, low, high, text);
		exit(2);
	}
	return n;
}

static struct in_addr address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1) {
		fprintf(stderr, "pps: \"%s\" is not an IPv4 address\n", text);
		exit(2);
	}
	return a;
}

static void report(uint64_t packets, double seconds)
{
	printf("%llu packets %.3f s %.0f pps\n", (unsigned long long)packets, seconds,
	       seconds > 0 ? packets / seconds : 0);
}

static double rate; /* packets a second; 0: as fast as it goes */

/* Sends the batch again and again. Full queues are part of the measurement: tried again. */
static void send_all(int fd, struct mmsghdr *msgs, unsigned n, unsigned per_msg, double seconds)
{
	double begin = now(), end = begin + seconds, t;
	uint64_t packets = 0;

	if (rate > 0 && n > 16)
		n = 16;
	do {
		while (rate > 0 && packets > (now() - begin) * rate)
			;
		int r = sendmmsg(fd, msgs, n, 0);

		if (r < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
			fail("sendmmsg");
		if (r > 0)
			packets += (uint64_t)r * per_msg;
		t = now();
	} while (t < end);
	report(packets, t - begin);
}

static int udp_socket(const char *host, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = address(host)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons(number(port, 1, 65535, "port"));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("UDP socket");
	return fd;
}

static int udp_send(char **argv)
{
	static char payload[FRAME_SIZE];
	struct iovec iov = {payload, number(argv[2], 28, 1500, "bytes") - 28};
	struct mmsghdr msgs[BATCH] = {0};

	for (int i = 0; i < BATCH; i++)
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	send_all(udp_socket(argv[0], argv[1]), msgs, BATCH, 1, number(argv[3], 1, 3600, "seconds"));
	return 0;
}

static int gso_send(char **argv)
{
	static char payload[65536];
	int size = number(argv[2], 29, 1500, "bytes") - 28;
	unsigned segments = 65000 / (size + 28) < BATCH ? 65000 / (size + 28) : BATCH;
	struct iovec iov = {payload, (size_t)size * segments};
	struct mmsghdr msg = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
	int fd = udp_socket(argv[0], argv[1]);

	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
		fail("UDP_SEGMENT");
	send_all(fd, &msg, 1, segments, number(argv[3], 1, 3600, "seconds"));
	return 0;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint64_t add(uint64_t sum, const void *bytes, size_t n)
{
	const uint16_t *p = bytes;

	for (; n > 1; n -= 2)
		sum += *p++;
	return n ? sum + *(const uint8_t *)p : sum;
}

/* One frame; the checksum is a full one, as a NIC would deliver it. */
static size_t frame(uint8_t *buf, bool vdp, const uint8_t *mac, struct in_addr src,
		    struct in_addr dst, uint16_t port, size_t bytes)
{
	struct ethhdr *eth = (struct ethhdr *)buf;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	struct vdp_hdr *v = (struct vdp_hdr *)(eth + 1);
	struct vdp_udp *udp = (struct vdp_udp *)(v + 1);
	uint64_t sum;

	memset(buf, 0, FRAME_SIZE);
	memcpy(eth->h_dest, mac, ETH_ALEN);
	eth->h_source[0] = 2;
	eth->h_proto = htons(vdp ? VDP_ETHERTYPE : ETH_P_IP);
	udp->sport = htons(9);
	udp->dport = htons(port);
	udp->length = htons(bytes - VDP_NET_HLEN);
	sum = add(add(0, &src, 4), &dst, 4) + htons(IPPROTO_UDP) + udp->length;
	udp->checksum = ~fold(add(sum, udp, bytes - VDP_NET_HLEN));
	if (vdp) {
		*v = (struct vdp_hdr){.version_flags = VDP_VERSION << 4,
				      .ttl = VDP_TTL_DEFAULT,
				      .protocol = IPPROTO_UDP,
				      .src = src.s_addr,
				      .dst = dst.s_addr};
	} else {
		*ip = (struct iphdr){.version = 4,
				     .ihl = 5,
				     .tot_len = htons(bytes),
				     .frag_off = htons(0x4000),
				     .ttl = 64,
				     .protocol = IPPROTO_UDP,
				     .saddr = src.s_addr,
				     .daddr = dst.s_addr};
		ip->check = ~fold(add(0, ip, sizeof(*ip)));
	}
	return ETH_HLEN + bytes;
}

/* The device's peer answers ARP for nobody: the frame goes to the device's own peer by broadcast
 * address for VDP (which looks at none), and to MAC of the environment for IPv4. */
static void peer_mac(uint8_t *mac)
{
	const char *text = getenv("PEER_MAC");
	unsigned m[6] = {255, 255, 255, 255, 255, 255};

	if (text && sscanf(text, "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6) {
		fprintf(stderr, "pps: PEER_MAC is not a MAC address\n");
		exit(2);
	}
	for (int i = 0; i < 6; i++)
		mac[i] = m[i];
}

static int frame_send(char **argv)
{
	static uint8_t aligned[FRAME_SIZE + 2] __attribute__((aligned(4)));
	uint8_t *buf = aligned + 2; /* aligns what follows the Ethernet header */
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};
	struct mmsghdr msgs[BATCH] = {0};
	struct iovec iov = {.iov_base = buf};
	bool vdp = strcmp(argv[1], "vdp") == 0;
	uint8_t mac[6];
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;

	peer_mac(mac);
	to.sll_ifindex = if_nametoindex(argv[0]);
	to.sll_protocol = htons(vdp ? VDP_ETHERTYPE : ETH_P_IP);
	if (fd < 0 || !to.sll_ifindex)
		fail(argv[0]);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		fail("PACKET_QDISC_BYPASS");
	iov.iov_len = frame(buf, vdp, mac, address(argv[2]), address(argv[3]),
			    number(argv[4], 1, 65535, "port"), number(argv[5], 28, 1500, "bytes"));
	for (int i = 0; i < BATCH; i++)
		msgs[i].msg_hdr = (struct msghdr){.msg_name = &to,
						  .msg_namelen = sizeof(to),
						  .msg_iov = &iov,
						  .msg_iovlen = 1};
	send_all(fd, msgs, BATCH, 1, number(argv[6], 1, 3600, "seconds"));
	return 0;
}

static int udp_recv(char **argv)
{
	static char payload[BATCH][FRAME_SIZE];
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct mmsghdr msgs[BATCH] = {0};
	struct iovec iov[BATCH];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;
	long seconds = number(argv[1], 1, 3600, "seconds");
	double begin = 0, last = 0;
	uint64_t packets = 0;
	struct timeval quiet = {.tv_sec = 5};

	at.sin_port = htons(number(argv[0], 1, 65535, "port"));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof(quiet));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("UDP socket");
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){payload[i], FRAME_SIZE};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	do {
		int r = recvmmsg(fd, msgs, BATCH, MSG_WAITFORONE, NULL);

		if (r < 0)
			break;
		last = now();
		if (begin == 0)
			begin = last;
		packets += r;
	} while (last < begin + seconds);
	report(packets, last - begin);
	return packets == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
	} modes[] = {
		{"udp-send", 4, udp_send},
		{"gso-send", 4, gso_send},
		{"frame-send", 7, frame_send},
		{"udp-recv", 2, udp_recv},
	};

	if (getenv("PPS_RATE"))
		rate = number(getenv("PPS_RATE"), 1, 100000000, "PPS_RATE");
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0 && argc == modes[i].args + 2)
			return modes[i].run(argv + 2);
	}
	fprintf(stderr, "pps udp-send ADDRESS PORT BYTES SECONDS\n"
			"pps gso-send ADDRESS PORT BYTES SECONDS\n"
			"pps frame-send DEVICE ipv4|vdp SOURCE ADDRESS PORT BYTES SECONDS\n"
			"pps udp-recv PORT SECONDS\n");
	return 2;
}
