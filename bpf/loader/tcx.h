/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs at devices by tcx (Linux 6.6), beside clsact. Of the calling thread's namespace. */
#ifndef VLSP_BPF_LOADER_TCX_H
#define VLSP_BPF_LOADER_TCX_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the kernel has it, asked of any device there is; changes nothing. 0, -EINVAL: no. */
int bld_tcx_probe(uint32_t ifindex);
/* The program stays with the device, and goes with it. Waits 13 ms or so for the kernel. 0,
 * -EEXIST: it is there already, -ENODEV, -errno. */
int bld_tcx_attach(int prog, uint32_t ifindex, bool egress);
/* How many programs are there; ret_id: the kernel's id of the first (0: none). -errno. */
int bld_tcx_query(uint32_t ifindex, bool egress, uint32_t *ret_id);

#endif
