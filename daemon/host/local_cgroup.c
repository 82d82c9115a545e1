// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control groups of an instance, by lib/confine, with every directory in the journal before it is
 * made. Called by local.c (opening, closing), local_ns.c (a router is made), local_remove.c (it
 * goes) and local_stale.c (cleaning up).
 */
#include "daemon/host/local_cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_cgroup_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define TREES_MAX 8
#define PATIENCE  (2 * NSEC_PER_SEC) /* until processes that were killed are gone */
#define PAUSE_US  2000

/* --- making -------------------------------------------------------------------------------------
 */

struct known { /* the group's directories that stood in the journal before */
	char **paths;
	bool had[TREES_MAX];
};

static bool is_ours(void *arg, const char *path)
{
	const struct known *known = arg;

	for (size_t i = 0; i < TREES_MAX && known->paths[i]; i++)
		if (known->had[i] && strcmp(known->paths[i], path) == 0)
			return true;
	return false;
}

/* In the journal first, then made. */
static int group_make(struct local_cgroup *cgroup, const struct confine_cgroups *in,
		      const char *group, const struct confine_limits *limits, struct err *err)
{
	struct known known = {.paths = confine_cgroup_paths(in, group)};
	const char *add[TREES_MAX];
	size_t count = 0;
	int r = 0;

	if (!known.paths)
		return err_errno(err, ENOMEM, "control group %s", group);
	for (size_t i = 0; i < TREES_MAX && known.paths[i]; i++) {
		known.had[i] = local_journal_has(cgroup->journal, "cgroup", known.paths[i]);
		if (!known.had[i])
			add[count++] = known.paths[i];
	}
	if (count)
		r = local_journal_add(cgroup->journal, "cgroup", add, count);
	if (r < 0) {
		err_errno(err, r, "journal");
		goto out;
	}
	r = confine_cgroup_make(in, group, limits, is_ours, &known, err);
	if (r < 0 && count)
		(void)local_journal_del(cgroup->journal, "cgroup", add, count);
out:
	free(known.paths);
	return r;
}

void local_cgroup_router(const struct local_cgroup *cgroup, uint32_t router_id,
			 char group[GROUP_SIZE])
{
	snprintf(group, GROUP_SIZE, "%.80s/%u", cgroup->group, router_id);
}

/* What is asked for, and the defaults for the rest. */
static void router_wants(const struct local_cgroup *cgroup, uint32_t router_id,
			 const struct topo_limits *limits, char group[GROUP_SIZE],
			 struct confine_limits *ret_limits)
{
	local_cgroup_router(cgroup, router_id, group);
	*ret_limits = (struct confine_limits){
		.memory = limits->memory ? limits->memory : CONFINE_MEMORY_DEFAULT,
		.cpu = limits->cpu ? limits->cpu : CONFINE_CPU_DEFAULT,
		.pids = limits->pids ? limits->pids : CONFINE_PIDS_DEFAULT,
	};
}

int local_cgroup_add(struct local_cgroup *cgroup, uint32_t router_id,
		     const struct topo_limits *limits, struct err *err)
{
	struct confine_limits all;
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return 0;
	router_wants(cgroup, router_id, limits, group, &all);
	return group_make(cgroup, cgroup->cgroups, group, &all, err);
}

int local_cgroup_set(struct local_cgroup *cgroup, uint32_t router_id,
		     const struct topo_limits *limits, struct err *err)
{
	struct confine_limits all;
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return 0;
	router_wants(cgroup, router_id, limits, group, &all);
	return confine_cgroup_limit(cgroup->cgroups, group, &all, err);
}

int local_cgroup_spawner(struct local_cgroup *cgroup, pid_t pid)
{
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return 0;
	snprintf(group, sizeof(group), "%.80s/routers", cgroup->group);
	return confine_cgroup_join(cgroup->cgroups, group, pid);
}

/* --- removing -----------------------------------------------------------------------------------
 */

/* Ends whoever is in the directory's group. The number of processes, 0 if it cannot be read. */
static size_t dir_kill(const char *path)
{
	char procs[4096];
	size_t count = 0;
	FILE *file;
	long pid;

	if (snprintf(procs, sizeof(procs), "%s/cgroup.procs", path) >= (int)sizeof(procs))
		return 0;
	file = fopen(procs, "re");
	if (!file)
		return 0;
	while (fscanf(file, "%ld", &pid) == 1) {
		count++;
		/* 0: of another process namespace than ours; it is not ours to number */
		if (pid > 1 && pid != getpid())
			(void)kill((pid_t)pid, SIGKILL);
	}
	fclose(file);
	return count;
}

static int dir_remove(const char *path, uint64_t deadline);

/* Groups in it. */
static void dir_empty(const char *path, uint64_t deadline)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char below[PATH_MAX];

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    (int)sizeof(below))
			(void)dir_remove(below, deadline); /* its parent will say */
	}
	if (dir)
		closedir(dir);
}

/* A directory with whoever is in it; those that were killed are in it until the kernel is done. */
static int dir_remove(const char *path, uint64_t deadline)
{
	while (rmdir(path) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() >= deadline)
			return -errno;
		dir_empty(path, deadline);
		if (dir_kill(path))
			usleep(PAUSE_US);
	}
	return 0;
}

/* It stands in the journal, or one that it is in does. */
static bool is_noted(const struct local_journal *journal, const char *path, bool *ret_itself)
{
	char above[PATH_MAX], *slash;

	snprintf(above, sizeof(above), "%s", path);
	*ret_itself = true;
	while (!local_journal_has(journal, "cgroup", above)) {
		*ret_itself = false;
		slash = strrchr(above, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

static int path_remove(struct local_journal *journal, const char *path)
{
	bool itself;
	int r = 0;

	if (!is_noted(journal, path, &itself))
		return access(path, F_OK) < 0 ? 0 : -EEXIST; /* not ours */
	r = dir_remove(path, clock_mono_ns() + PATIENCE);
	if (r < 0 || !itself)
		return r;
	return local_journal_del(journal, "cgroup", &path, 1);
}

int local_cgroup_remove(struct local_cgroup *cgroup, const char *group)
{
	char **paths = local_cgroup_all(cgroup, group);
	int r = 0;

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; paths[i]; i++) {
		int one = path_remove(cgroup->journal, paths[i]);

		if (one < 0)
			r = one;
	}
	free(paths);
	return r;
}

int local_cgroup_del(struct local_cgroup *cgroup, uint32_t router_id)
{
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return 0;
	local_cgroup_router(cgroup, router_id, group);
	return local_cgroup_remove(cgroup, group);
}

struct paths {
	char **path;
	size_t count;
	bool short_of_memory;
};

static void paths_add(void *arg, const char *what)
{
	struct paths *paths = arg;
	char **more = realloc(paths->path, (paths->count + 1) * sizeof(*more));

	if (more)
		paths->path = more;
	if (!more || !(more[paths->count] = strdup(what)))
		paths->short_of_memory = true;
	else
		paths->count++;
}

/* What is deeper comes first. */
static int compare(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

int local_cgroup_clean(struct local_journal *journal, struct err *err)
{
	struct confine_cgroups *cgroups = NULL;
	struct paths paths = {0};
	char missing[64];
	int r = 0;

	local_journal_each(journal, "cgroup", paths_add, &paths);
	if (paths.short_of_memory)
		r = err_errno(err, ENOMEM, "control groups");
	if (paths.count)
		qsort(paths.path, paths.count, sizeof(*paths.path), compare);
	for (size_t i = 0; i < paths.count; i++) {
		int one = path_remove(journal, paths.path[i]);

		if (one < 0 && r == 0)
			r = err_errno(err, one, "control group %s", paths.path[i]);
		free(paths.path[i]);
	}
	free(paths.path);
	if (paths.count && confine_cgroups_probe("", &cgroups, missing) == 0) {
		struct confine_cgroups *counters = NULL;

		confine_cgroup_tidy(cgroups, "vlsp/any");
		if (confine_cgroups_counters("", cgroups, &counters) == 0)
			confine_cgroup_tidy(counters, "vlsp/any");
		confine_cgroups_free(counters);
	}
	confine_cgroups_free(cgroups);
	return r;
}

void local_cgroup_close(struct local_cgroup *cgroup, bool keep)
{
	struct err err;

	if (!cgroup)
		return;
	if (cgroup->cgroups && !keep && local_cgroup_clean(cgroup->journal, &err) < 0)
		log_warn("%s", err.text);
	confine_cgroups_free(cgroup->counters);
	confine_cgroups_free(cgroup->cgroups);
	free(cgroup);
}

/* --- opening ------------------------------------------------------------------------------------
 */

static int groups_open(struct local_cgroup *cgroup, struct err *err)
{
	char routers[GROUP_SIZE], leaf[PATH_MAX];
	int r;

	r = group_make(cgroup, cgroup->cgroups, cgroup->group, NULL, err);
	if (r == 0 && cgroup->counters)
		r = group_make(cgroup, cgroup->counters, cgroup->group, NULL, err);
	if (r < 0)
		return r;
	snprintf(routers, sizeof(routers), "%.80s/routers", cgroup->group);
	r = group_make(cgroup, cgroup->cgroups, routers, NULL, err);
	if (r == 0)
		r = confine_cgroup_first(cgroup->cgroups, routers, err);
	if (r == 0 && confine_cgroups_leaf(cgroup->cgroups, leaf))
		log_info("processes of this container have been moved into control group %s, so "
			 "that "
			 "there can be others beside them; they go back with the last instance",
			 leaf);
	return r;
}

int local_cgroup_open(const char *instance, struct local_journal *journal, bool wanted,
		      struct local_cgroup **ret_cgroup, struct err *err)
{
	struct local_cgroup *cgroup = calloc(1, sizeof(*cgroup));
	char missing[64] = "";
	int r;

	if (!cgroup)
		return err_errno(err, ENOMEM, "control groups");
	cgroup->journal = journal;
	r = wanted ? confine_cgroups_probe("", &cgroup->cgroups, missing) : 0;
	if (r < 0)
		log_info("no control groups that can be written here: programs on routers are not "
			 "limited in memory and CPU");
	else if (*missing)
		log_info("no control groups for %s here: programs on routers are not limited in "
			 "that",
			 missing);
	snprintf(cgroup->group, sizeof(cgroup->group), "vlsp/%.63s", instance);
	if (cgroup->cgroups) {
		/* without it, nobody counts applications' traffic, and usage says so */
		(void)confine_cgroups_counters("", cgroup->cgroups, &cgroup->counters);
		r = groups_open(cgroup, err);
		if (r < 0) {
			confine_cgroup_tidy(cgroup->cgroups, cgroup->group);
			if (cgroup->counters)
				confine_cgroup_tidy(cgroup->counters, cgroup->group);
			local_cgroup_close(cgroup, true);
			return r;
		}
	}
	*ret_cgroup = cgroup;
	return 0;
}
