/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The IPv4 option by which flow id and source timestamp get from a socket to the edge and back:
 * wire.md. */
#ifndef VLSP_LIB_CLIENT_META_H
#define VLSP_LIB_CLIENT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define META_SIZE 16

struct meta { /* host byte order */
	uint32_t flow;
	uint32_t stamp_us;
};

/* For setsockopt(IP_OPTIONS). flow 0: the edge's choice. */
void meta_write(uint8_t option[META_SIZE], uint32_t flow);
/* Looks for it in the options of a received datagram. */
bool meta_find(const uint8_t *options, size_t size, struct meta *ret_meta);

#endif
