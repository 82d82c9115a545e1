/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An address with the length of its prefix, IPv4 or IPv6, as devices have them. */
#ifndef VLSP_LIB_BASE_PREFIX_H
#define VLSP_LIB_BASE_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#define PREFIX_TEXT_SIZE 56 /* of "ADDRESS/LENGTH" */

struct prefix {
	uint8_t version;   /* 4, 6; 0: none */
	uint8_t length;	   /* of the prefix, bits */
	uint8_t bytes[16]; /* network byte order; IPv4: the first four */
};

/* "192.0.2.1/24", "2001:db8::1/64": strict; the length must be there. 0 or -EINVAL. */
int prefix_text_parse(const char *text, struct prefix *ret_prefix);
const char *prefix_text_format(const struct prefix *prefix, char buf[PREFIX_TEXT_SIZE]);
bool prefix_equal(const struct prefix *x, const struct prefix *y);
/* Whether one is within the other's network; never of different versions. */
bool prefix_overlap(const struct prefix *x, const struct prefix *y);
/* A host address that a device may have: no network, broadcast, multicast, loopback or unspecified
 * address. NULL: fine; otherwise what is wrong with it. */
const char *prefix_host_fault(const struct prefix *prefix);

#endif
