/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups of an instance: vlsp/INSTANCE, in it "routers" for all router processes, and for
 * each router a group of its id, with its limits, which has groups for the programs on it.
 * Directories stand in the journal (kind cgroup); one that exists and does not is somebody else's,
 * and is refused, never used, never removed. Functions are thread-safe for different routers.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_CGROUP_H
#define VLSP_DAEMON_HOST_LOCAL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/host/local_journal.h"
#include "lib/base/err.h"
#include "lib/confine/cgroup_usage.h"
#include "lib/topo/doc.h"

struct local_cgroup;

/*
 * Makes, or takes over from an earlier run, vlsp/INSTANCE and its "routers". wanted false, or a
 * machine without control groups that we may write: an object whose functions do nothing (that is
 * logged at info, as is each controller that is missing). -EEXIST: a group of that name is somebody
 * else's; -EBUSY: controllers cannot be switched on (v2); -errno.
 */
int local_cgroup_open(const char *instance, struct local_journal *journal, bool wanted,
		      struct local_cgroup **ret_cgroup, struct err *err);
/* Processes of this one, and what it forks later, count as routers'. 0 or -errno. */
int local_cgroup_spawner(struct local_cgroup *cgroup, pid_t pid);
/* The router's group; limits that are 0 are the defaults of lib/confine/confine.h. One that an
 * earlier run has left is taken over. -EEXIST: it is somebody else's. */
int local_cgroup_add(struct local_cgroup *cgroup, uint32_t router_id,
		     const struct topo_limits *limits, struct err *err);
/* -EBUSY: its programs use more memory than that (v1). */
int local_cgroup_set(struct local_cgroup *cgroup, uint32_t router_id,
		     const struct topo_limits *limits, struct err *err);
/* Ends what still runs in the router's group and removes it. 0 (also if there is none), -errno. */
int local_cgroup_del(struct local_cgroup *cgroup, uint32_t router_id);
/* Directories, in the router's, for a program that somebody starts there; NULL at the end, freed as
 * one block. NULL: there are none (err is untouched), or they cannot be made. */
char **local_cgroup_exec(struct local_cgroup *cgroup, uint32_t router_id, struct err *err);

/* Those of an application, with its limits; what is left of an earlier one of that id is taken
 * over. *ret_paths: as above; NULL: there are none. 0 or -errno. */
int local_cgroup_app_add(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id,
			 const struct topo_limits *limits, char ***ret_paths, struct err *err);
/* Their number of processes is limited by these groups. */
bool local_cgroup_counts_pids(const struct local_cgroup *cgroup);
/* Each that there is, also of applications that nobody knows; fn may delete it. */
typedef void (*local_cgroup_app_fn)(void *arg, uint32_t router_id, uint32_t id);
void local_cgroup_app_each(const struct local_cgroup *cgroup, local_cgroup_app_fn fn, void *arg);
/* Once it has ended. */
void local_cgroup_app_del(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id);
/* Directory of the unified hierarchy in which all of the instance's applications are; "": there is
 * none. */
void local_cgroup_counted(const struct local_cgroup *cgroup, char path[PATH_MAX]);
/* The id there of an application's group; 0: there is none. */
uint64_t local_cgroup_app_id(const struct local_cgroup *cgroup, uint32_t router_id, uint32_t id);
void local_cgroup_app_usage(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id,
			    struct confine_usage *usage);
/* keep: everything stays. Otherwise vlsp/INSTANCE goes with all that is in it, processes too. NULL
 * is fine. */
void local_cgroup_close(struct local_cgroup *cgroup, bool keep);

/* Without an object, for vlspd clean: ends the processes in all groups that stand in the journal
 * and removes them. 0 or -errno of the first that stays; its path is in err. */
int local_cgroup_clean(struct local_journal *journal, struct err *err);

#endif
