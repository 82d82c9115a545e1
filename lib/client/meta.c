// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: the IPv4 option of VLSP_META. It looks like a timestamp option (RFC 791) that is
 * full, so stacks leave it as it is, and any user may set it. The edge takes it out where a
 * datagram enters the network and puts it back at the destination. Called by the parts of virtual
 * sockets.
 */
#include "lib/client/meta.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <string.h>

#define META_MAGIC   0x564c5350u
#define META_POINTER 17 /* behind its end: full */

struct option {
	uint8_t type, size, pointer, flags;
	uint32_t magic, flow, stamp; /* network byte order */
};
_Static_assert(sizeof(struct option) == META_SIZE, "on the wire");

void meta_write(uint8_t bytes[META_SIZE], uint32_t flow)
{
	const struct option option = {
		.type = IPOPT_TIMESTAMP,
		.size = META_SIZE,
		.pointer = META_POINTER,
		.flags = IPOPT_TS_PRESPEC, /* the one of which stacks do not count overflows */
		.magic = htonl(META_MAGIC),
		.flow = htonl(flow),
	};

	memcpy(bytes, &option, sizeof(option));
}

bool meta_find(const uint8_t *options, size_t size, struct meta *ret_meta)
{
	size_t at = 0;

	while (at < size && options[at] != IPOPT_EOL) {
		struct option option;
		size_t length;

		if (options[at] == IPOPT_NOP) {
			at++;
			continue;
		}
		length = at + 1 < size ? options[at + 1] : 0;
		if (length < 2 || length > size - at)
			return false;
		if (length == META_SIZE) {
			memcpy(&option, options + at, sizeof(option));
			if (option.type == IPOPT_TIMESTAMP && option.magic == htonl(META_MAGIC)) {
				ret_meta->flow = ntohl(option.flow);
				ret_meta->stamp_us = ntohl(option.stamp);
				return true;
			}
		}
		at += length;
	}
	return false;
}
