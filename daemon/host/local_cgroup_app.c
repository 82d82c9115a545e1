// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control groups in that of a router: "exec" for programs that somebody has started there (a group
 * with groups in it has no processes of its own, cgroups(7)), and "app-ID" for each application,
 * which is in the hierarchy that counts traffic, too. They do not stand in the journal: what is in
 * a directory of ours is ours. Called by local_app*.c and local_limits.c.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_cgroup_priv.h"

static bool is_ours(void *arg, const char *path)
{
	(void)arg;
	(void)path;
	return true;
}

char **local_cgroup_all(const struct local_cgroup *cgroup, const char *group)
{
	char **one = confine_cgroup_paths(cgroup->cgroups, group), **two, **all;
	size_t count = 0, size = 0, i = 0;
	char *text;

	if (!one || !cgroup->counters)
		return one;
	two = confine_cgroup_paths(cgroup->counters, group);
	for (char **p = one; two && *p; p++, count++)
		size += strlen(*p) + 1;
	for (char **p = two; two && *p; p++, count++)
		size += strlen(*p) + 1;
	all = two ? malloc((count + 1) * sizeof(*all) + size) : NULL;
	text = all ? (char *)(all + count + 1) : NULL;
	for (char **p = one; all && i < count; p = *p && p[1] ? p + 1 : two) {
		all[i++] = text;
		text = stpcpy(text, *p) + 1;
	}
	if (all)
		all[count] = NULL;
	free(one);
	free(two);
	return all;
}

char **local_cgroup_exec(struct local_cgroup *cgroup, uint32_t router_id, struct err *err)
{
	char router[GROUP_SIZE], group[GROUP_SIZE + 8];
	char **paths;

	if (!cgroup->cgroups)
		return NULL;
	local_cgroup_router(cgroup, router_id, router);
	snprintf(group, sizeof(group), "%s/exec", router);
	if (confine_cgroup_make(cgroup->cgroups, group, NULL, is_ours, NULL, err) < 0)
		return NULL;
	paths = confine_cgroup_paths(cgroup->cgroups, group);
	if (!paths)
		err_errno(err, ENOMEM, "control group");
	return paths;
}

static void app_group(const struct local_cgroup *cgroup, uint32_t router_id, uint32_t id,
		      char group[GROUP_SIZE])
{
	snprintf(group, GROUP_SIZE, "%.80s/%u/app-%u", cgroup->group, router_id, id);
}

int local_cgroup_app_add(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id,
			 const struct topo_limits *limits, char ***ret_paths, struct err *err)
{
	struct confine_limits wanted = {
		.memory = limits->memory, .cpu = limits->cpu, .pids = limits->pids};
	bool any = wanted.memory || wanted.cpu || wanted.pids;
	char group[GROUP_SIZE];
	char **paths;
	int r;

	*ret_paths = NULL;
	if (!cgroup->cgroups)
		return 0;
	app_group(cgroup, router_id, id, group);
	r = confine_cgroup_make(cgroup->cgroups, group, any ? &wanted : NULL, is_ours, NULL, err);
	if (r == 0 && cgroup->counters)
		r = confine_cgroup_make(cgroup->counters, group, NULL, is_ours, NULL, err);
	paths = r == 0 ? local_cgroup_all(cgroup, group) : NULL;
	if (r == 0 && !paths)
		r = err_errno(err, ENOMEM, "control group %s", group);
	if (r < 0) {
		(void)local_cgroup_remove(cgroup, group);
		return r;
	}
	*ret_paths = paths;
	return 0;
}

/* The number that the name is, behind that prefix; 0: it is none. */
static uint32_t number_of(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	unsigned long n;
	char *end;

	if (strncmp(name, prefix, length) != 0 || name[length] < '1' || name[length] > '9')
		return 0;
	n = strtoul(name + length, &end, 10);
	return *end || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static void each_of_router(const char *path, uint32_t router_id, local_cgroup_app_fn fn, void *arg)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		uint32_t id = number_of(entry->d_name, "app-");

		if (id)
			fn(arg, router_id, id);
	}
	if (dir)
		closedir(dir);
}

/* In each hierarchy: one of them may have what the others have not. */
void local_cgroup_app_each(const struct local_cgroup *cgroup, local_cgroup_app_fn fn, void *arg)
{
	char **paths = cgroup->cgroups ? local_cgroup_all(cgroup, cgroup->group) : NULL;

	for (char **p = paths; p && *p; p++) {
		DIR *dir = opendir(*p);
		const struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			uint32_t router_id = number_of(entry->d_name, "");
			char path[PATH_MAX];

			if (router_id && snprintf(path, sizeof(path), "%s/%u", *p, router_id) <
						 (int)sizeof(path))
				each_of_router(path, router_id, fn, arg);
		}
		if (dir)
			closedir(dir);
	}
	free(paths);
}

bool local_cgroup_counts_pids(const struct local_cgroup *cgroup)
{
	return cgroup->cgroups && confine_cgroups_count_pids(cgroup->cgroups);
}

void local_cgroup_app_del(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id)
{
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return;
	app_group(cgroup, router_id, id, group);
	(void)local_cgroup_remove(cgroup, group); /* goes with the router's at the latest */
}

/* The first of these directories that is in the unified hierarchy. */
static uint64_t unified(char **paths, char path[PATH_MAX])
{
	uint64_t id = 0;

	for (size_t i = 0; paths && paths[i] && !id; i++) {
		id = confine_cgroup_id(paths[i]);
		if (id)
			snprintf(path, PATH_MAX, "%s", paths[i]);
	}
	free(paths);
	return id;
}

void local_cgroup_counted(const struct local_cgroup *cgroup, char path[PATH_MAX])
{
	path[0] = '\0';
	if (cgroup->cgroups)
		(void)unified(local_cgroup_all(cgroup, cgroup->group), path);
}

uint64_t local_cgroup_app_id(const struct local_cgroup *cgroup, uint32_t router_id, uint32_t id)
{
	char group[GROUP_SIZE], path[PATH_MAX];

	if (!cgroup->cgroups)
		return 0;
	app_group(cgroup, router_id, id, group);
	return unified(local_cgroup_all(cgroup, group), path);
}

void local_cgroup_app_usage(struct local_cgroup *cgroup, uint32_t router_id, uint32_t id,
			    struct confine_usage *usage)
{
	char group[GROUP_SIZE];

	if (!cgroup->cgroups)
		return;
	app_group(cgroup, router_id, id, group);
	confine_cgroup_usage(cgroup->cgroups, group, usage);
	if (cgroup->counters)
		confine_cgroup_usage(cgroup->counters, group, usage);
}
