/* SPDX-License-Identifier: GPL-2.0-only */
/* Internet checksums (RFC 1071) for the edge: sums are kept in the order of the wire's bytes. */
#ifndef VLSP_BPF_INC_CSUM_H
#define VLSP_BPF_INC_CSUM_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CSUM_CHUNK  128 /* bytes a step; the buffer is on the stack of 512, which callers share */
#define CSUM_CHUNKS 12	/* more than VDP_MTU - VDP_NET_HLEN */

static __always_inline __u16 csum_fold64(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* UDP's pseudo header; length as it stands in the datagram. */
static __always_inline __u64 csum_pseudo(__be32 src, __be32 dst, __u8 protocol, __be16 length)
{
	return (__u64)src + dst + bpf_htons(protocol) + length;
}

/*
 * sum and the bytes from offset to the end, not folded; negative if they cannot be read. At most
 * CSUM_CHUNK * CSUM_CHUNKS bytes. A function of its own, so that the buffer takes no stack from
 * the caller; works on paged data too.
 */
static __noinline __s64 csum_bytes(struct __sk_buff *skb, __u32 offset, __u32 length, __u32 sum)
{
	__u32 words[CSUM_CHUNK / 4 + 1];
	__s64 part = sum;
	__u32 tail = length % CSUM_CHUNK;

	for (int i = 0; i < CSUM_CHUNKS && length >= CSUM_CHUNK; i++) {
		if (bpf_skb_load_bytes(skb, offset, words, CSUM_CHUNK))
			return -1;
		part = bpf_csum_diff(NULL, 0, words, CSUM_CHUNK, part);
		offset += CSUM_CHUNK;
		length -= CSUM_CHUNK;
	}
	if (length >= CSUM_CHUNK)
		return -1;
	if (tail) {
		tail = (tail - 1) & (CSUM_CHUNK - 1);
		asm volatile("" : "+r"(tail)); /* so that every verifier sees 1 .. CSUM_CHUNK */
		tail++;
		words[tail / 4] = 0;
		if (bpf_skb_load_bytes(skb, offset, words, tail))
			return -1;
		part = bpf_csum_diff(NULL, 0, words, (tail + 3) & ~3u, part);
	}
	return part;
}

/* True if sum and the bytes from offset to the end add up to a valid checksum. */
static __always_inline bool csum_valid(struct __sk_buff *skb, __u32 offset, __u32 length, __u32 sum)
{
	__s64 part = csum_bytes(skb, offset, length, sum);

	return part >= 0 && csum_fold64(part) == 0xffff;
}

#endif
