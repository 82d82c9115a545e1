/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for the BPF tests: VDP and IPv4 datagrams with UDP inside, and their checksums. */
#ifndef VLSP_TESTS_BPF_FRAMES_H
#define VLSP_TESTS_BPF_FRAMES_H

#include "tests/bpf/harness.h"

static inline uint16_t sum16(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Host byte order, not complemented. */
static inline uint16_t pseudo_sum(const struct frame *f)
{
	return sum16(IPPROTO_UDP + ntohs(UDP(f)->length), &VDP(f)->src, 8);
}

static inline void set_checksum(struct frame *f)
{
	UDP(f)->checksum = 0;
	UDP(f)->checksum = htons(~sum16(pseudo_sum(f), UDP(f), f->size - ETH_HLEN - VDP_NET_HLEN));
}

/* A VDP datagram with UDP inside, correct in every field. */
static inline void vdp_frame(struct frame *f, uint32_t src, uint32_t dst, uint32_t payload)
{
	memset(f, 0, sizeof(*f));
	memset(ETH(f)->h_dest, 0x22, ETH_ALEN);
	memset(ETH(f)->h_source, 0x44, ETH_ALEN);
	ETH(f)->h_proto = htons(VDP_ETHERTYPE);
	f->size = ETH_HLEN + VDP_HLEN + payload;
	*VDP(f) = (struct vdp_hdr){
		.version_flags = VDP_VERSION << 4,
		.ttl = 64,
		.protocol = VDP_PROTO_UDP,
		.tclass = 0xb8,
		.src = htonl(src),
		.dst = htonl(dst),
		.flow = htonl(0x01020304),
		.stamp = htonl(0x05060708),
	};
	UDP(f)->sport = htons(1234);
	UDP(f)->dport = htons(7);
	UDP(f)->length = htons(payload + sizeof(struct vdp_udp));
	for (uint32_t i = 0; i < payload; i++)
		f->bytes[ETH_HLEN + VDP_HLEN + i] = i * 7 + 1;
	set_checksum(f);
}

static inline void set_ip_check(struct frame *f)
{
	IP(f)->check = 0;
	IP(f)->check = htons(~sum16(0, IP(f), sizeof(struct iphdr)));
}

/* An IPv4 datagram with UDP inside, as the stack sends it: don't fragment, id 0. */
static inline void ipv4_frame(struct frame *f, uint32_t src, uint32_t dst, uint32_t payload)
{
	vdp_frame(f, src, dst, payload);
	memset(f->bytes, 0, 2 * ETH_ALEN);
	ETH(f)->h_proto = htons(ETH_P_IP);
	*IP(f) = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = 0xb8,
		.tot_len = htons(f->size - ETH_HLEN),
		.frag_off = htons(0x4000),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(src),
		.daddr = htonl(dst),
	};
	set_ip_check(f);
}

#endif
