// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs at devices by tcx. libbpf and the kernel's headers may be older than that: an ifindex is
 * given in the place of a target's descriptor, which is the same field. Called by daemon/host.
 */
#include "bpf/loader/tcx.h"

#include <bpf/bpf.h>
#include <errno.h>

/* BPF_TCX_INGRESS and BPF_TCX_EGRESS of include/uapi/linux/bpf.h. */
static enum bpf_attach_type type_of(bool egress)
{
	return (enum bpf_attach_type)(egress ? 47 : 46);
}

int bld_tcx_query(uint32_t ifindex, bool egress, uint32_t *ret_id)
{
	uint32_t ids[8] = {0}, flags, count = sizeof(ids) / sizeof(ids[0]);

	if (bpf_prog_query((int)ifindex, type_of(egress), 0, &flags, ids, &count) < 0)
		return -errno;
	*ret_id = ids[0];
	return (int)count;
}

int bld_tcx_probe(uint32_t ifindex)
{
	uint32_t id;
	int r = bld_tcx_query(ifindex, false, &id);

	return r == -ENOENT || r > 0 ? 0 : r;
}

int bld_tcx_attach(int prog, uint32_t ifindex, bool egress)
{
	return bpf_prog_attach(prog, (int)ifindex, type_of(egress), 0) < 0 ? -errno : 0;
}
