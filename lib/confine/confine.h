/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges: capabilities, user, no_new_privs, namespaces, control groups. Used by the
 * daemon (keeps what it needs), the router process (keeps packet sockets) and whoever starts an
 * application on a router (keeps nothing).
 */
#ifndef VLSP_LIB_CONFINE_CONFINE_H
#define VLSP_LIB_CONFINE_CONFINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/*
 * Users of an instance's processes are numbers that nobody has an entry for: BASE for router
 * processes, BASE + 1 + slot for the applications of a router, so that those of one router can
 * neither signal nor trace those of another. Default base below; vlspd --user-base.
 */
#define CONFINE_USER_BASE 1448300000u

/* Keeps these capabilities (bits of 1 << CAP_*) permitted and effective, clears inheritable and
 * ambient, and drops all others from the bounding set. Those that the process does not have are
 * left out of keep silently. 0 or -errno (-EPERM: it may not narrow its bounding set). Concerns
 * the calling thread and those that it makes later. */
int confine_caps(uint64_t keep);
/* no_new_privs (prctl(2)). */
int confine_no_new_privs(void);
/* Becomes uid and gid (the same number) for good, without supplementary groups; keeps capabilities
 * keep, as confine_caps(); not dumpable: others of that number can neither trace it nor read its
 * /proc entry. Of a process with one thread. 0 or -errno: then it must end, half of it is done. */
int confine_user(uint32_t uid, uint64_t keep);
/* The same with another group, and supplementary ones; uid 0: stays root, with capabilities keep.
 */
int confine_user_groups(uint32_t uid, uint32_t gid, const uint32_t *gids, size_t count,
			uint64_t keep);

struct confine_file { /* put in where an application sees it */
	const char *path;
	const void *content;
	size_t size;
	unsigned mode;
};

struct confine_app {	      /* how an application is started */
	uint32_t uid;	      /* 0: stays who we are */
	uint32_t gid;	      /* 0: the number of uid */
	const uint32_t *gids; /* gid_count supplementary groups */
	size_t gid_count;
	uint64_t caps; /* that it keeps, of those that we have: with uid 0 only */
	bool rights; /* it may write /proc/sys/net, which is that of its network, and /run, its own
		      */
	bool own_mounts;	    /* own mount namespace: see confine_app_enter() */
	bool own_pids;		    /* own process namespace with its /proc, own System V IPC */
	const char *hosts;	    /* lies over /etc/hosts, changes included; NULL: nothing */
	const char *const *hide;    /* directories that are covered by empty ones; ends with NULL */
	const char *show;	    /* a directory that is seen, also below /tmp ...; NULL: none */
	const char *const *cgroups; /* directories to join; ends with NULL */
	const struct confine_file *files; /* file_count of them: see confine_app_enter() */
	size_t file_count;
	uint32_t pids; /* processes of that user at once; 0: CONFINE_PIDS_DEFAULT */
};
/*
 * Having entered the router's network namespace, as root: becomes the application, which has no
 * capability, cannot get any, and is limited. own_mounts: /sys is that of the network namespace,
 * read-only; /tmp, /var/tmp and /dev/shm are its own and empty; hide is hidden; no BPF, control
 * group and namespace file systems are left. System calls that reach beyond a network namespace, or
 * make namespaces, are refused (app_filter.c); descriptors but 0 to 2 close when a program is
 * executed. Returns 0 in the process that becomes the program.
 *
 * Files: one below /tmp, /var/tmp or /dev/shm (and /run, with rights) is made there, with the
 * directories that it needs, and is the application's; any other path must be that of a file, which
 * it lies over, read-only.
 *
 * own_pids: that is a new one; the caller's never returns, but passes on signals that it is sent,
 * and ends as the application does: with its status, or 128 + signal. When it is killed the
 * application is, too. Processes that the application leaves behind end with it.
 *
 * -errno with what failed: in whichever process; it must end then.
 */
int confine_app_enter(const struct confine_app *app, struct err *err);
/* The same but for namespaces of processes and IPC, in process 1 of one that the caller has made;
 * own_pids only says that it has. It goes on as the application's user. */
int confine_app_become(const struct confine_app *app, struct err *err);
/* Of a path below /tmp, /var/tmp, /dev/shm or /run, where an application does not see the machine's
 * files, that directory; NULL: the path is elsewhere. */
const char *confine_app_place(const char *path);

/* --- control groups: v1 or v2, by probe ---------------------------------------------------- */

struct confine_limits {	 /* 0: no limit */
	uint64_t memory; /* bytes */
	uint32_t cpu;	 /* percent of one processor */
	uint32_t pids;
};
/* What an application's router gets where the topology asks for nothing. */
#define CONFINE_MEMORY_DEFAULT (512ull << 20)
#define CONFINE_CPU_DEFAULT    100
#define CONFINE_PIDS_DEFAULT   256

struct confine_cgroups; /* where the memory, cpu and pids controllers are mounted */

/*
 * Finds the hierarchies: for each controller where it is mounted, v1 or v2, and the group of our
 * process 1 in it, below which ours are made, so that the limits of a container we run in hold for
 * us, too. *ret_missing: controllers that this machine does not have, or not writable, for a
 * message ("" : none). -ENOENT: there is none at all. root: "" ; another one for tests, in front of
 * every path that is read or written.
 */
int confine_cgroups_probe(const char *root, struct confine_cgroups **ret_cgroups,
			  char ret_missing[64]);
/* The unified hierarchy where it has none of those controllers, and none of our groups therefore:
 * groups in it count CPU time and traffic. -ENOENT: cgroups has it already (then groups there do),
 * or it is not mounted, or not writable. */
int confine_cgroups_counters(const char *root, const struct confine_cgroups *cgroups,
			     struct confine_cgroups **ret_counters);
/* The pids controller is among them. */
bool confine_cgroups_count_pids(const struct confine_cgroups *cgroups);
void confine_cgroups_free(struct confine_cgroups *cgroups); /* NULL is fine */
/*
 * Makes group "vlsp/INSTANCE/NAME" in every hierarchy and sets limits. Those above it are made
 * as needed, but not counted as made by this call; v2: their controllers are switched on for what
 * is below, and a container's processes that are in the way move into init.scope beside them
 * (confine_cgroups_leaf()). A directory of the group that is there is used only if ours(arg, PATH)
 * says so (NULL: none is); otherwise -EEXIST, naming it. What this call has made is removed again
 * if it fails.
 */
int confine_cgroup_make(const struct confine_cgroups *cgroups, const char *group,
			const struct confine_limits *limits,
			bool (*ours)(void *arg, const char *path), void *arg, struct err *err);
/* -EBUSY: more memory is in use than would be allowed (v1). The text starts with the limit's name.
 * A group never gets more CPU than the one that it is in; on v1 limits of groups in it that are
 * higher become this one. */
int confine_cgroup_limit(const struct confine_cgroups *cgroups, const char *group,
			 const struct confine_limits *limits, struct err *err);
/* v2: of all groups, this one's processes get the CPU first when it is short. v1: nothing to do. */
int confine_cgroup_first(const struct confine_cgroups *cgroups, const char *group, struct err *err);
/* Moves a process that is to start router processes. Not in the CPU hierarchy of v1: a hundred
 * processes of one group would weigh there as much as one process outside. Applications join by
 * confine_app_enter(). */
int confine_cgroup_join(const struct confine_cgroups *cgroups, const char *group, int32_t pid);
/* Whether confine_cgroup_make() has made this directory, in any process (trusted.vlsp). */
bool confine_cgroup_marked(const char *path);
/* Removes those above it that confine_cgroup_make() has made, in any process, and that are empty;
 * with the last one, processes that were moved go back. */
void confine_cgroup_tidy(const struct confine_cgroups *cgroups, const char *group);
/* Where confine_cgroup_make(), of any process, has moved a container's processes, in path; NULL. */
const char *confine_cgroups_leaf(const struct confine_cgroups *cgroups, char path[PATH_MAX]);
/* Paths of the group's directories, one per hierarchy; ends with NULL; to be freed with free()
 * as one block. NULL: out of memory. */
char **confine_cgroup_paths(const struct confine_cgroups *cgroups, const char *group);

#endif
