// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control groups: making, limiting, joining and removing a group in the hierarchies of the memory,
 * cpu and pids controllers, v1 or v2 (cgroups(7); Documentation/admin-guide/cgroup-v1 and
 * cgroup-v2.rst of the kernel). Where they are is found by cgroup_probe.c. Called by
 * daemon/host/local_cgroup.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/confine/cgroup_priv.h"

#define CPU_PERIOD_US 100000

static int path_of(char path[PATH_MAX], const struct tree *tree, const char *group,
		   const char *file)
{
	int n = snprintf(path, PATH_MAX, "%s/%s%s%s", tree->dir, group, file ? "/" : "",
			 file ? file : "");

	return n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int file_write(const struct tree *tree, const char *group, const char *file,
		      const char *text)
{
	char path[PATH_MAX];
	int fd, r = path_of(path, tree, group, file);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* --- limits -------------------------------------------------------------------------------------
 */

static void number(char text[32], uint64_t value, const char *none)
{
	if (value)
		snprintf(text, 32, "%llu", (unsigned long long)value);
	else
		snprintf(text, 32, "%s", none);
}

/* Memory and swap together, where the kernel counts swap; that limit is never below the other. */
static int memory_v1(const struct tree *tree, const char *group, uint64_t bytes)
{
	char text[32];
	int r, swap;

	number(text, bytes, "-1");
	r = file_write(tree, group, "memory.limit_in_bytes", text);
	if (r < 0 && r != -EINVAL)
		return r;
	swap = file_write(tree, group, "memory.memsw.limit_in_bytes", text);
	if (swap < 0 && swap != -ENOENT)
		return swap;
	return r < 0 ? file_write(tree, group, "memory.limit_in_bytes", text) : 0;
}

static int memory_v2(const struct tree *tree, const char *group, uint64_t bytes)
{
	char text[32];
	int r;

	number(text, bytes, "max");
	r = file_write(tree, group, "memory.max", text);
	if (r < 0)
		return r;
	r = file_write(tree, group, "memory.swap.max", bytes ? "0" : "max");
	return r == -ENOENT ? 0 : r; /* a kernel without swap */
}

static const char quota_file[] = "cpu.cfs_quota_us";

/* -1: none. */
static long long quota_of(const struct tree *tree, const char *group)
{
	char path[PATH_MAX], text[32];

	if (path_of(path, tree, group, quota_file) < 0 || cgroup_read(path, text, sizeof(text)) < 0)
		return -1;
	return atoll(text);
}

/* Groups in it that may have more. */
static void quota_lower(const struct tree *tree, const char *group, const char *text)
{
	char path[PATH_MAX];
	DIR *dir = path_of(path, tree, group, NULL) == 0 ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char below[PATH_MAX];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", group, entry->d_name) >=
			    (int)sizeof(below))
			continue;
		if (quota_of(tree, below) > atoll(text))
			(void)file_write(tree, below, quota_file, text);
	}
	if (dir)
		closedir(dir);
}

/* v1 refuses one that is more than that of the group above, or less than that of one below. */
static int quota_write(const struct tree *tree, const char *group, const char *text)
{
	char above[PATH_MAX], most[32], *slash;
	int r = file_write(tree, group, quota_file, text);

	if (r != -EINVAL)
		return r;
	quota_lower(tree, group, text);
	r = file_write(tree, group, quota_file, text);
	snprintf(above, sizeof(above), "%s", group);
	slash = strrchr(above, '/');
	if (r != -EINVAL || !slash)
		return r;
	*slash = '\0';
	snprintf(most, sizeof(most), "%lld", quota_of(tree, above));
	return file_write(tree, group, quota_file, most);
}

static int cpu_limit(const struct tree *tree, const char *group, uint32_t percent)
{
	uint64_t quota = (uint64_t)percent * (CPU_PERIOD_US / 100);
	char text[64];

	if (tree->unified) {
		number(text, quota, "max");
		snprintf(text + strlen(text), 32, " %d", CPU_PERIOD_US);
		return file_write(tree, group, "cpu.max", text);
	}
	number(text, quota, "-1");
	/* The period of a new group is this one. */
	return quota_write(tree, group, text);
}

static int pids_limit(const struct tree *tree, const char *group, uint32_t pids)
{
	char text[32];

	number(text, pids, "max");
	return file_write(tree, group, "pids.max", text);
}

/* What limit refused, with which of them; used as the start of the text. */
static int tree_limit(const struct tree *tree, const char *group,
		      const struct confine_limits *limits, struct err *err)
{
	int r = 0;

	if (tree->controllers & CONTROLLER_MEMORY) {
		r = tree->unified ? memory_v2(tree, group, limits->memory)
				  : memory_v1(tree, group, limits->memory);
		if (r == -EBUSY)
			return err_set(err, EBUSY,
				       "limits.memory: the router's programs use more than that");
		if (r < 0)
			return err_errno(err, r, "limits.memory: %s/%s", tree->dir, group);
	}
	if (tree->controllers & CONTROLLER_CPU) {
		r = cpu_limit(tree, group, limits->cpu);
		if (r < 0)
			return err_errno(err, r, "limits.cpu: %s/%s", tree->dir, group);
	}
	if (tree->controllers & CONTROLLER_PIDS) {
		r = pids_limit(tree, group, limits->pids);
		if (r < 0)
			return err_errno(err, r, "limits.pids: %s/%s", tree->dir, group);
	}
	return 0;
}

int confine_cgroup_limit(const struct confine_cgroups *cgroups, const char *group,
			 const struct confine_limits *limits, struct err *err)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		int r = tree_limit(&cgroups->tree[i], group, limits, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int confine_cgroup_first(const struct confine_cgroups *cgroups, const char *group, struct err *err)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct tree *tree = &cgroups->tree[i];
		int r;

		if (!tree->unified || !(tree->controllers & CONTROLLER_CPU))
			continue;
		r = file_write(tree, group, "cpu.weight", "10000");
		if (r < 0)
			return err_errno(err, r, "control group %s/%s: weight", tree->dir, group);
	}
	return 0;
}

/* --- making -------------------------------------------------------------------------------------
 */

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strstr(p, word)); p += n)
		if ((p == text || p[-1] == ' ') && strchr(" \n", p[n]))
			return true;
	return false;
}

/* v2: a group's children have only those controllers that it has switched on for them, and a group
 * with processes of its own, but the first of all, cannot. group "" is the one we start from, where
 * a container has its processes. */
static int children_control(const struct tree *tree, const char *group, struct err *err)
{
	char path[PATH_MAX], now[256] = "";
	int r;

	if (path_of(path, tree, group, "cgroup.subtree_control") < 0)
		return err_errno(err, ENAMETOOLONG, "control group %s", group);
	r = cgroup_read(path, now, sizeof(now));
	if (r < 0)
		return err_errno(err, r, "%s", path);
	for (size_t i = 0; i < CONTROLLERS; i++) {
		char text[16];

		if (!(tree->controllers & 1u << i) || has_word(now, cgroup_controller[i]))
			continue;
		snprintf(text, sizeof(text), "+%s", cgroup_controller[i]);
		r = file_write(tree, group, "cgroup.subtree_control", text);
		if (r == -EBUSY && !*group && cgroup_leaf_move(tree) == 0)
			r = file_write(tree, group, "cgroup.subtree_control", text);
		if (r == -EBUSY)
			return err_set(err, EBUSY,
				       "%s: controller %s cannot be switched on for the groups in "
				       "it, for it has processes of its own",
				       path, cgroup_controller[i]);
		if (r < 0)
			return err_errno(err, r, "%s: controller %s", path, cgroup_controller[i]);
	}
	return 0;
}

/* The groups above this one, which instances share: who makes one marks it, so that whoever is the
 * last can remove it. A file system without such attributes keeps it, empty. */
static int parents_make(const struct tree *tree, const char *group, struct err *err)
{
	char path[PATH_MAX], parent[PATH_MAX];
	const char *end = group;
	int r = tree->unified ? children_control(tree, "", err) : 0;

	while (r == 0 && (end = strchr(end, '/'))) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(end - group), group);
		r = path_of(path, tree, parent, NULL);
		if (r < 0)
			return err_errno(err, r, "control group %s", group);
		if (mkdir(path, 0755) == 0)
			(void)setxattr(path, CGROUP_MARK, "1", 1, 0);
		else if (errno != EEXIST)
			return err_errno(err, errno, "control group %s", path);
		if (tree->unified)
			r = children_control(tree, parent, err);
		end++;
	}
	return r;
}

static int mark(const char *path)
{
	(void)setxattr(path, CGROUP_MARK, "1", 1, 0);
	return 1;
}

bool confine_cgroup_marked(const char *path)
{
	return getxattr(path, CGROUP_MARK, NULL, 0) >= 0;
}

/* 1: made; 0: it is there and ours; -errno. */
static int tree_make(const struct tree *tree, const char *group,
		     bool (*ours)(void *arg, const char *path), void *arg, struct err *err)
{
	char path[PATH_MAX];
	int r = path_of(path, tree, group, NULL);

	if (r < 0)
		return err_errno(err, r, "control group %s", group);
	/* v1: those above are looked at only when they are missing. */
	if (!tree->unified && mkdir(path, 0755) == 0)
		return mark(path);
	if (tree->unified || errno == ENOENT) {
		r = parents_make(tree, group, err);
		if (r < 0)
			return r;
		if (mkdir(path, 0755) == 0)
			return mark(path);
	}
	if (errno != EEXIST)
		return err_errno(err, errno, "control group %s", path);
	if (ours && ours(arg, path))
		return 0;
	return err_set(err, EEXIST,
		       "control group %s: it exists and is not ours; remove it, or give this "
		       "instance another runtime directory",
		       path);
}

int confine_cgroup_make(const struct confine_cgroups *cgroups, const char *group,
			const struct confine_limits *limits,
			bool (*ours)(void *arg, const char *path), void *arg, struct err *err)
{
	bool made[TREES] = {false};
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < cgroups->count; i++) {
		r = tree_make(&cgroups->tree[i], group, ours, arg, err);
		made[i] = r == 1;
		if (r == 1)
			r = 0;
	}
	if (r == 0 && limits)
		r = confine_cgroup_limit(cgroups, group, limits, err);
	for (size_t i = 0; r < 0 && i < cgroups->count; i++)
		if (made[i] && path_of(path, &cgroups->tree[i], group, NULL) == 0)
			rmdir(path);
	return r;
}

int confine_cgroup_join(const struct confine_cgroups *cgroups, const char *group, int32_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct tree *tree = &cgroups->tree[i];
		int r;

		if (!tree->unified && tree->controllers & CONTROLLER_CPU)
			continue;
		r = file_write(tree, group, "cgroup.procs", text);
		if (r < 0)
			return r;
	}
	return 0;
}

void confine_cgroup_tidy(const struct confine_cgroups *cgroups, const char *group)
{
	char parent[PATH_MAX], path[PATH_MAX];
	char *slash;

	for (size_t i = 0; i < cgroups->count; i++) {
		snprintf(parent, sizeof(parent), "%s", group);
		while ((slash = strrchr(parent, '/'))) {
			*slash = '\0';
			if (path_of(path, &cgroups->tree[i], parent, NULL) < 0 ||
			    getxattr(path, CGROUP_MARK, NULL, 0) < 0 || rmdir(path) < 0)
				break;
		}
		cgroup_leaf_undo(&cgroups->tree[i]);
	}
}

const char *confine_cgroups_leaf(const struct confine_cgroups *cgroups, char path[PATH_MAX])
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroup_leaf_is_ours(&cgroups->tree[i], path))
			return path;
	return NULL;
}

char **confine_cgroup_paths(const struct confine_cgroups *cgroups, const char *group)
{
	size_t head = (cgroups->count + 1) * sizeof(char *), size = head;
	char **paths, *text;

	for (size_t i = 0; i < cgroups->count; i++)
		size += strlen(cgroups->tree[i].dir) + strlen(group) + 2;
	paths = malloc(size);
	if (!paths)
		return NULL;
	text = (char *)paths + head;
	for (size_t i = 0; i < cgroups->count; i++) {
		paths[i] = text;
		text += sprintf(text, "%s/%s", cgroups->tree[i].dir, group) + 1;
	}
	paths[cgroups->count] = NULL;
	return paths;
}
