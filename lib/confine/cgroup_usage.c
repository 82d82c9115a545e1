// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading what a control group counts: cpu.stat, memory.current, memory.peak and memory.events of
 * version 2, cpuacct.usage_user, memory.usage_in_bytes and so on of version 1 (cgroup-v2.rst and
 * cgroup-v1 of the kernel). Called by daemon/host/local_app_usage.c and the supervisor.
 */
#include "lib/confine/cgroup_usage.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "lib/base/cleanup.h"
#include "lib/confine/cgroup_priv.h"

#define LEVELS 4 /* application, router, instance, vlsp */

static int text_of(const struct tree *tree, const char *group, const char *file, char *text,
		   size_t size)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/%s", tree->dir, group, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return cgroup_read(path, text, size);
}

static bool number_of(const struct tree *tree, const char *group, const char *file, uint64_t *ret)
{
	char text[64], *end;
	uint64_t value;

	if (text_of(tree, group, file, text, sizeof(text)) < 0)
		return false;
	value = strtoull(text, &end, 10);
	if (end == text)
		return false;
	*ret = value;
	return true;
}

/* "word NUMBER" on a line of its own. */
static bool word_of(const char *text, const char *word, uint64_t *ret)
{
	size_t n = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, n) == 0 && line[n] == ' ') {
			*ret = strtoull(line + n + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

static void cpu_usage(const struct tree *tree, const char *group, struct confine_usage *usage)
{
	uint64_t user, system;
	char text[1024];

	if (tree->unified) {
		if (text_of(tree, group, "cpu.stat", text, sizeof(text)) < 0 ||
		    !word_of(text, "user_usec", &user) || !word_of(text, "system_usec", &system))
			return;
	} else {
		if (!number_of(tree, group, "cpuacct.usage_user", &user) ||
		    !number_of(tree, group, "cpuacct.usage_sys", &system))
			return;
		user /= 1000;
		system /= 1000;
	}
	usage->has_cpu = true;
	usage->user_us = user;
	usage->system_us = system;
}

static void memory_usage(const struct tree *tree, const char *group, struct confine_usage *usage)
{
	const char *now = tree->unified ? "memory.current" : "memory.usage_in_bytes";
	const char *peak = tree->unified ? "memory.peak" : "memory.max_usage_in_bytes";

	usage->has_memory = number_of(tree, group, now, &usage->memory) &&
			    number_of(tree, group, peak, &usage->memory_max);
}

static void count_processes(const struct tree *tree, const char *group, struct confine_usage *usage)
{
	char path[PATH_MAX], line[32];
	cleanup_fclose FILE *file = NULL;

	if (snprintf(path, sizeof(path), "%s/%s/cgroup.procs", tree->dir, group) >=
	    (int)sizeof(path))
		return;
	file = fopen(path, "re");
	if (!file)
		return;
	usage->has_processes = true;
	usage->processes = 0;
	while (fgets(line, sizeof(line), file))
		usage->processes++;
}

void confine_cgroup_usage(const struct confine_cgroups *cgroups, const char *group,
			  struct confine_usage *usage)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct tree *tree = &cgroups->tree[i];

		if (!usage->has_cpu)
			cpu_usage(tree, group, usage);
		if (!usage->has_memory && tree->controllers & CONTROLLER_MEMORY)
			memory_usage(tree, group, usage);
		if (!usage->has_processes)
			count_processes(tree, group, usage);
	}
}

uint64_t confine_cgroup_oom_kills(const char *const *dirs)
{
	static const char *const files[] = {"memory.events", "memory.oom_control"};
	char path[PATH_MAX], text[512];
	uint64_t count = 0, one;

	for (; dirs && *dirs; dirs++)
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			if (snprintf(path, sizeof(path), "%s/%s", *dirs, files[i]) <
				    (int)sizeof(path) &&
			    cgroup_read(path, text, sizeof(text)) >= 0 &&
			    word_of(text, "oom_kill", &one))
				count += one;
		}
	return count;
}

/* The number in a file of the directory. false: there is none, as where it says "max". */
static bool file_number(const char *dir, const char *file, uint64_t *ret)
{
	char path[PATH_MAX], text[64], *end;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path) ||
	    cgroup_read(path, text, sizeof(text)) < 0)
		return false;
	*ret = strtoull(text, &end, 10);
	return end != text;
}

uint64_t confine_cgroup_pids_full(const char *const *dirs)
{
	char dir[PATH_MAX], *slash;
	uint64_t now, max;

	for (; dirs && *dirs; dirs++) {
		if (snprintf(dir, sizeof(dir), "%s", *dirs) >= (int)sizeof(dir))
			continue;
		for (int up = 0; up < LEVELS; up++) {
			/* who was refused may have left by now */
			if (file_number(dir, "pids.max", &max) &&
			    file_number(dir, "pids.current", &now) && now + 1 >= max)
				return max;
			slash = strrchr(dir, '/');
			if (!slash || slash == dir)
				break;
			*slash = '\0';
		}
	}
	return 0;
}

uint64_t confine_cgroup_id(const char *dir)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u = {.handle = {.handle_bytes = sizeof(uint64_t)}};
	struct statfs fs;
	uint64_t id;
	int mount;

	if (statfs(dir, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC ||
	    name_to_handle_at(AT_FDCWD, dir, &u.handle, &mount, 0) < 0 ||
	    u.handle.handle_bytes != sizeof(id))
		return 0;
	memcpy(&id, u.handle.f_handle, sizeof(id));
	return id;
}
