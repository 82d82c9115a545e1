/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes of a control group have used. */
#ifndef VLSP_LIB_CONFINE_CGROUP_USAGE_H
#define VLSP_LIB_CONFINE_CGROUP_USAGE_H

#include "lib/confine/confine.h"

struct confine_usage {
	bool has_cpu, has_memory, has_processes; /* what the hierarchies can tell */
	uint64_t user_us, system_us;		 /* since the group was made */
	uint64_t memory, memory_max;		 /* bytes now, at most */
	uint32_t processes;			 /* now */
};

/* Adds to *usage what these hierarchies know of the group; what is known already stays. */
void confine_cgroup_usage(const struct confine_cgroups *cgroups, const char *group,
			  struct confine_usage *usage);
/* How many processes of the group the kernel has killed for want of memory; dirs: its directories,
 * ends with NULL. */
uint64_t confine_cgroup_oom_kills(const char *const *dirs);
/* The limit of processes that one of these directories, or one above it, has reached, or all but
 * one process of it; 0: none. */
uint64_t confine_cgroup_pids_full(const char *const *dirs);
/* The unified hierarchy's id of a group, which is a directory there; 0: it is none, or elsewhere.
 */
uint64_t confine_cgroup_id(const char *dir);

#endif
