/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The flow id that the edge gives to a datagram (Documentation/wire.md): bpf/inc/translate.h
 * computes it for what is sent, libvlsp for what has arrived, since IPv4 does not carry it.
 */
#ifndef VLSP_SHARED_FLOW_H
#define VLSP_SHARED_FLOW_H

#include <linux/types.h>

/*
 * Of a conversation in one direction: source, destination, protocol and, where they are known,
 * ports (the first 32 bits of the transport header). All of it in host byte order. Never 0.
 * Multiplications and shifts after MurmurHash3's finalizer.
 */
static inline __attribute__((always_inline)) __u32 flow_id(__u32 src, __u32 dst, __u8 protocol,
							   __u32 ports)
{
	__u32 h = src * 0x9e3779b1u;

	h = (h ^ (h >> 15) ^ dst) * 0x85ebca6bu;
	h = (h ^ (h >> 13) ^ ports) * 0xc2b2ae35u;
	h = (h ^ (h >> 16) ^ protocol) * 0x27d4eb2fu;
	h ^= h >> 15;
	return h ? h : 1;
}

#endif
