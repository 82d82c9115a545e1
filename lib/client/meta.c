// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: the IPv4 option of VLSP_META, struct vdp_meta, by which flow id and source timestamp
 * get from a socket to the edge and back. Any user may set it. Called by the parts of virtual
 * sockets.
 */
#include "lib/client/meta.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <string.h>

void meta_write(struct vdp_meta *ret_meta, uint32_t flow)
{
	*ret_meta = (struct vdp_meta){
		.type = VDP_META_TYPE,
		.length = VDP_META_LEN,
		.pointer = VDP_META_LEN + 1,
		.flags = VDP_META_FLAGS,
		.magic = htonl(VDP_META_MAGIC),
		.flow = htonl(flow),
	};
}

bool meta_find(const uint8_t *options, size_t size, struct vdp_meta *ret_meta)
{
	size_t at = 0;

	while (at < size && options[at] != IPOPT_EOL) {
		size_t length;

		if (options[at] == IPOPT_NOP) {
			at++;
			continue;
		}
		length = at + 1 < size ? options[at + 1] : 0;
		if (length < 2 || length > size - at)
			return false;
		if (length == VDP_META_LEN && options[at] == VDP_META_TYPE) {
			struct vdp_meta meta;

			memcpy(&meta, options + at, sizeof(meta));
			if (meta.magic == htonl(VDP_META_MAGIC)) {
				*ret_meta = meta;
				return true;
			}
		}
		at += length;
	}
	return false;
}
