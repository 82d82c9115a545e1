/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two bytes of a packet, and Internet checksums (RFC 1071), for functions that look into packets.
 */
#ifndef VLSP_APPS_SUM_H
#define VLSP_APPS_SUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Of what was summed before, 0 at first, and size bytes, at most 65535. Folded, not inverted:
 * 0xffff over what has its right checksum in it. */
static inline uint16_t sum16(uint32_t before, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		before += get16(data + i);
	if (size % 2)
		before += (uint32_t)data[size - 1] << 8;
	before = (before & 0xffff) + (before >> 16);
	return (uint16_t)(before + (before >> 16));
}

#endif
