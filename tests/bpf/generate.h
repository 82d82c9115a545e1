/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for fuzz_bpf: right, nearly right, or noise, by numbers that a seed decides about. */
#ifndef VLSP_TESTS_BPF_GENERATE_H
#define VLSP_TESTS_BPF_GENERATE_H

#include "tests/bpf/frames.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIZE_MAX_IN  1700

static uint64_t random_state;
static struct frame in; /* what make() makes */

static inline uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

static inline bool one_in(uint32_t n)
{
	return draw(n) == 0;
}

static inline uint32_t address(void)
{
	static const uint32_t usual[] = {ADDR(1),      ADDR(2),	   ADDR(2),    ADDR(3), ADDR(9),
					 ADDR(0xffff), 0x0b000001, 0x7f000001, 0,	0xffffffff};

	return one_in(20) ? draw(UINT32_MAX) : usual[draw(COUNT(usual))];
}

static inline void make_control(void)
{
	vdp_frame(&in, ADDR(2), ADDR(1), draw(40));
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	VDP(&in)->ttl = 1;
	UDP(&in)->sport = htons((uint16_t)draw(5));
	UDP(&in)->dport = 0;
}

/* Puts options, or nearly such, between network part and transport header. */
static inline void make_options(bool ip)
{
	struct vdp_meta meta = {VDP_META_TYPE,
				VDP_META_LEN,
				VDP_META_LEN + 1,
				VDP_META_FLAGS,
				htonl(VDP_META_MAGIC),
				one_in(2) ? draw(UINT32_MAX) : 0,
				0};
	uint8_t *at = in.bytes + ETH_HLEN + VDP_NET_HLEN;

	if (one_in(4))
		memset(&meta, 1, sizeof(meta));
	memmove(at + sizeof(meta), at, in.size - ETH_HLEN - VDP_NET_HLEN);
	memcpy(at, &meta, sizeof(meta));
	if (one_in(6))
		at[draw(sizeof(meta))] = (uint8_t)draw(256);
	in.size += sizeof(meta);
	if (ip)
		IP(&in)->ihl = 9;
	else
		VDP(&in)->version_flags |= VDP_FLAG_OPTIONS;
}

/* Something right, of which some bytes are others and the end is elsewhere, as often as not. */
static inline void make(bool ip)
{
	if (ip)
		ipv4_frame(&in, one_in(4) ? address() : ADDR(1), address(), draw(200));
	else if (one_in(6))
		make_control();
	else
		vdp_frame(&in, address(), address(), draw(200));
	if (!ip && one_in(8))
		VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
	if (!ip && one_in(8))
		VDP(&in)->ttl = (uint8_t)draw(3);
	if (!ip && one_in(8))
		VDP(&in)->protocol = one_in(2) ? VDP_PROTO_TCP : VDP_PROTO_ICMP;
	if (ip && one_in(20))
		IP(&in)->protocol = one_in(2) ? VDP_PROTO_CONTROL : (uint8_t)draw(256);
	if (one_in(10)) /* as a stack leaves it to the device */
		UDP(&in)->checksum = htons(pseudo_sum(&in));
	if (one_in(8))
		make_options(ip);
	for (uint32_t n = one_in(2) ? draw(4) : 0; n > 0; n--)
		in.bytes[one_in(3) ? draw(in.size) : draw(ETH_HLEN + VDP_HLEN)] = (uint8_t)draw(
			256);
	if (one_in(8))
		in.size = ETH_HLEN + 1 + draw(60);
	else if (one_in(40))
		in.size = ETH_HLEN + 1 + draw(SIZE_MAX_IN);
	if (one_in(12))
		UDP(&in)->checksum = 0; /* none was made: allowed */
	if (in.size >= ETH_HLEN + VDP_HLEN && one_in(6)) {
		UDP(&in)->length = htons((uint16_t)(in.size - ETH_HLEN - VDP_NET_HLEN));
		if (one_in(2))
			set_checksum(&in);
	}
	in.gso_size = one_in(10) ? 1 + draw(1400) : 0;
	if (one_in(200))
		for (uint32_t i = 0; i < in.size; i++)
			in.bytes[i] = (uint8_t)draw(256);
	/* BPF_PROG_TEST_RUN takes no shorter ones (Linux 6.18) */
	if (ETH(&in)->h_proto == htons(ETH_P_IP) && in.size < ETH_HLEN + sizeof(struct iphdr))
		in.size = ETH_HLEN + sizeof(struct iphdr);
	if (ETH(&in)->h_proto == htons(ETH_P_IPV6) && in.size < ETH_HLEN + 40)
		in.size = ETH_HLEN + 40;
}

#endif
