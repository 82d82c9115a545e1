/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Internet checksums (RFC 1071) of VDP in user space: Documentation/wire.md, "Checksum". Sums are
 * kept in the order of memory. Called by router processes, the relay, libvlsp.
 */
#ifndef VLSP_LIB_BASE_CHECKSUM_H
#define VLSP_LIB_BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/vdp.h"

/* Of data, added to sum; data may have any alignment and length, but only the last piece an odd
 * one. Not inverted. */
uint32_t checksum_add(uint32_t sum, const void *data, size_t size);
/* 16 bits, inverted: what is stored in a header. */
uint16_t checksum_fold(uint32_t sum);
/* Of the pseudo header; length of transport header and payload. */
uint32_t checksum_pseudo(const struct vdp_hdr *vdp, size_t length);

/*
 * Where the checksum of a UDP datagram or TCP segment is, from its first byte (that of the network
 * part) on; 0: it has none, or is a later fragment, or size bytes do not hold it.
 */
size_t checksum_place(const void *datagram, size_t size);
/* Whether it is left to be completed: the field holds the pseudo header's sum alone
 * (CHECKSUM_PARTIAL of the sender's stack), and nobody has to verify it. */
bool checksum_left(const void *datagram, size_t size);

#endif
