/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a router sends datagrams. */
#ifndef VLSP_BPF_INC_ROUTE_H
#define VLSP_BPF_INC_ROUTE_H

#include <bpf/bpf_endian.h>

#include "bpf/inc/maps.h"

/* Port number towards dst in slot's FIB, 0: none. */
static __always_inline __u32 route(const struct vlsp_conf *conf, __u32 slot, __be32 dst)
{
	__u32 host = bpf_ntohl(dst & ~conf->mask);

	if ((dst ^ conf->network) & conf->mask)
		return 0;
	struct vlsp_addr *owner = bpf_map_lookup_elem(&vlsp_addr, &host);

	if (!owner || !owner->slot1)
		return 0;
	void *fib = bpf_map_lookup_elem(&vlsp_fib, &slot);

	if (!fib)
		return 0;
	__u32 to = owner->slot1 - 1;
	struct vlsp_fib *entry = bpf_map_lookup_elem(fib, &to);

	return entry ? entry->port : 0;
}

#endif
