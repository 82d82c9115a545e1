// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By bpf(2) itself: this is all that a router process needs of it, so it does without libbpf.
 * Called by child.c and router_frame.c, for what HELLO says.
 */
#include "daemon/router/map_id.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t map_id(int fd)
{
	struct { /* how the information on every kind of object begins */
		uint32_t type, id;
	} info = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}
