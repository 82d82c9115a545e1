/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builders of messages about IPv4 addresses and routes. Addresses are in host byte order. */
#ifndef VLSP_LIB_NLK_ADDR_H
#define VLSP_LIB_NLK_ADDR_H

#include <stdint.h>

#include "lib/nlk/batch.h"

/* address/prefix_len on the device, scope global, labelled with label (the device's name, or that
 * and ":" and a word). Refused with EEXIST when it has it, ENODEV when there is no such device. */
void nlk_addr_add(struct nlk_batch *batch, uint32_t index, uint32_t address, unsigned prefix_len,
		  const char *label);

/* network/prefix_len over the device, scope link, main table, source address source. The device
 * must be up. Refused with EEXIST when there is such a route. */
void nlk_route_add(struct nlk_batch *batch, uint32_t index, uint32_t network, unsigned prefix_len,
		   uint32_t source);

#endif
