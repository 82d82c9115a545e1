// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds where the memory, cpu and pids controllers are: /proc/self/mountinfo (proc(5)) names the
 * hierarchies, /proc/1/cgroup (cgroups(7)) our process 1's group in each, which is the root of the
 * container that we are in, or of the machine. Used through confine_cgroups_probe().
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/confine/cgroup_priv.h"

const char *const cgroup_controller[CONTROLLERS] = {"memory", "cpu", "pids"};

struct mount {
	char root[PATH_MAX];  /* directory of the hierarchy that is mounted */
	char point[PATH_MAX]; /* where */
	char type[16];
	char options[512]; /* of the file system: v1: the controllers */
};

int cgroup_read(const char *path, char *text, size_t size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		ssize_t n = read(fd, text + used, size - 1 - used);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	return 0;
}

/* \040 and the like; in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; to++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
}

/* Fields: id parent major:minor ROOT POINT options [optional ...] - TYPE source OPTIONS */
static bool mount_parse(const char *line, struct mount *mount)
{
	const char *dash = strstr(line, " - ");

	if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", mount->root, mount->point) != 2 ||
	    sscanf(dash + 3, "%15s %*s %511s", mount->type, mount->options) != 2)
		return false;
	unescape(mount->root);
	unescape(mount->point);
	return true;
}

static bool has_option(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = options; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, name, n) == 0 && (p[n] == '\0' || p[n] == ','))
			return true;
	}
	return false;
}

/* The group of process 1 in the hierarchy of a v1 controller, or in that of v2 (NULL). */
static int group_of_init(const char *root, const char *controller, char group[PATH_MAX])
{
	char path[PATH_MAX], line[PATH_MAX + 64];
	cleanup_fclose FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/proc/1/cgroup", root);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *list = strchr(line, ':');
		char *where = list ? strchr(list + 1, ':') : NULL;
		size_t n;

		if (!where)
			continue;
		*where++ = '\0';
		if (controller ? !has_option(list + 1, controller) : list[1] != '\0')
			continue;
		where[strcspn(where, "\n")] = '\0';
		/* systemd has moved itself there */
		n = strlen(where);
		if (n >= 11 && strcmp(where + n - 11, "/init.scope") == 0)
			where[n - 11] = '\0';
		snprintf(group, PATH_MAX, "%s", strcmp(where, "/") == 0 ? "" : where);
		return 0;
	}
	return -ENOENT;
}

/* Another mount may lie over this one. */
static bool is_seen(const struct tree *tree)
{
	struct statfs fs;

	return statfs(tree->dir, &fs) == 0 &&
	       fs.f_type == (tree->unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* Directory of process 1's group, as far as this mount shows it. */
static bool tree_dir(const char *root, const struct mount *mount, const char *controller,
		     struct tree *tree)
{
	const char *top = strcmp(mount->root, "/") == 0 ? "" : mount->root;
	char group[PATH_MAX];
	size_t n = strlen(top);

	if (group_of_init(root, controller, group) < 0)
		return false;
	if (strncmp(group, top, n) != 0 || (group[n] && group[n] != '/'))
		return false; /* it shows another part */
	if (snprintf(tree->dir, sizeof(tree->dir), "%s%s%s", root, mount->point, group + n) >=
	    (int)sizeof(tree->dir))
		return false;
	return access(tree->dir, W_OK) == 0 && (*root || is_seen(tree));
}

static unsigned controllers_v2(const struct tree *tree)
{
	char path[PATH_MAX], text[512];
	unsigned found = 0;

	if (snprintf(path, sizeof(path), "%s/cgroup.controllers", tree->dir) >= (int)sizeof(path) ||
	    cgroup_read(path, text, sizeof(text)) < 0)
		return 0;
	for (char *save = NULL, *word = strtok_r(text, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		for (size_t i = 0; i < CONTROLLERS; i++)
			if (strcmp(word, cgroup_controller[i]) == 0)
				found |= 1u << i;
	return found;
}

/* Takes of this mount what has not been found elsewhere. */
static void mount_take(struct confine_cgroups *cgroups, const char *root, const struct mount *mount,
		       unsigned *found)
{
	struct tree *tree = &cgroups->tree[cgroups->count];
	unsigned in = 0;
	const char *first = NULL;

	if (cgroups->count == TREES)
		return;
	memset(tree, 0, sizeof(*tree));
	tree->unified = strcmp(mount->type, "cgroup2") == 0;
	if (!tree->unified && strcmp(mount->type, "cgroup") != 0)
		return;
	for (size_t i = 0; !tree->unified && i < CONTROLLERS; i++) {
		if (!has_option(mount->options, cgroup_controller[i]))
			continue;
		in |= 1u << i;
		first = cgroup_controller[i];
	}
	if ((!tree->unified && !in) || !tree_dir(root, mount, first, tree))
		return;
	if (tree->unified)
		in = controllers_v2(tree);
	tree->controllers = in & ~*found;
	if (!tree->controllers)
		return;
	*found |= tree->controllers;
	cgroups->count++;
}

int confine_cgroups_counters(const char *root, const struct confine_cgroups *cgroups,
			     struct confine_cgroups **ret_counters)
{
	struct confine_cgroups *counters = calloc(1, sizeof(*counters));
	cleanup_free struct mount *mount = malloc(sizeof(*mount));
	cleanup_fclose FILE *file = NULL;
	cleanup_free char *line = NULL;
	char path[PATH_MAX];
	size_t room = 0;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	file = counters && mount ? fopen(path, "re") : NULL;
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->tree[i].unified && file) {
			fclose(file);
			file = NULL;
		}
	while (file && !counters->count && getline(&line, &room, file) >= 0) {
		counters->tree[0].unified = true;
		if (mount_parse(line, mount) && strcmp(mount->type, "cgroup2") == 0 &&
		    tree_dir(root, mount, NULL, &counters->tree[0]))
			counters->count = 1;
	}
	if (!counters || !counters->count) {
		free(counters);
		return -ENOENT;
	}
	*ret_counters = counters;
	return 0;
}

int confine_cgroups_probe(const char *root, struct confine_cgroups **ret_cgroups,
			  char ret_missing[64])
{
	struct confine_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	cleanup_free struct mount *mount = malloc(sizeof(*mount));
	cleanup_fclose FILE *file = NULL;
	cleanup_free char *line = NULL;
	char path[PATH_MAX];
	unsigned found = 0;
	size_t room = 0;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	file = cgroups && mount ? fopen(path, "re") : NULL;
	if (!file) {
		int r = cgroups && mount ? -errno : -ENOMEM;

		free(cgroups);
		return r;
	}
	while (getline(&line, &room, file) >= 0)
		if (mount_parse(line, mount))
			mount_take(cgroups, root, mount, &found);
	ret_missing[0] = '\0';
	for (size_t i = 0; i < CONTROLLERS; i++)
		if (!(found & 1u << i))
			sprintf(ret_missing + strlen(ret_missing), "%s%s", *ret_missing ? ", " : "",
				cgroup_controller[i]);
	if (!found) {
		free(cgroups);
		return -ENOENT;
	}
	*ret_cgroups = cgroups;
	return 0;
}

bool confine_cgroups_count_pids(const struct confine_cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->tree[i].controllers & CONTROLLER_PIDS)
			return true;
	return false;
}

void confine_cgroups_free(struct confine_cgroups *cgroups)
{
	free(cgroups);
}
