/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The IPv4 option by which flow id and source timestamp get from a socket to the edge and back:
 * wire.md. */
#ifndef VLSP_LIB_CLIENT_META_H
#define VLSP_LIB_CLIENT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/vdp.h"

/* For setsockopt(IP_OPTIONS). flow 0: the edge's choice. */
void meta_write(struct vdp_meta *ret_meta, uint32_t flow);
/* Looks for it in the options of a received datagram. */
bool meta_find(const uint8_t *options, size_t size, struct vdp_meta *ret_meta);

#endif
