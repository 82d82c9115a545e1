/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What local_cgroup.c and local_cgroup_app.c share. */
#ifndef VLSP_DAEMON_HOST_LOCAL_CGROUP_PRIV_H
#define VLSP_DAEMON_HOST_LOCAL_CGROUP_PRIV_H

#include "daemon/host/local_cgroup.h"
#include "lib/confine/confine.h"

#define GROUP_SIZE 112

struct local_cgroup {
	struct confine_cgroups *cgroups;  /* NULL: does nothing */
	struct confine_cgroups *counters; /* of applications; NULL: cgroups has them, or nobody */
	struct local_journal *journal;
	char group[GROUP_SIZE]; /* vlsp/INSTANCE */
};

void local_cgroup_router(const struct local_cgroup *cgroup, uint32_t router_id,
			 char group[GROUP_SIZE]);
/* Its directories in all hierarchies, as confine_cgroup_paths(). */
char **local_cgroup_all(const struct local_cgroup *cgroup, const char *group);
/* With all that is in it. */
int local_cgroup_remove(struct local_cgroup *cgroup, const char *group);

#endif
