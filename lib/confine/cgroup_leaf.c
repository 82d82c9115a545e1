// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Version 2: a group with processes of its own cannot switch controllers on for groups in it
 * (cgroups(7), "no internal processes"). On a machine nobody has processes beside groups; but in a
 * container without an init that is used to it they are all in the container's root. They go into a
 * group "init.scope" in there, which limits nothing, as systemd and others do it, and back when the
 * last instance is gone. Called by cgroup.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/confine/cgroup_priv.h"

#define LEAF   "init.scope" /* process 1 is looked for in it: cgroup_probe.c */
#define ROUNDS 20	    /* they may fork meanwhile */

static int leaf_of(const struct tree *tree, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" LEAF, tree->dir);

	return n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int write_text(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	cleanup_close int fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* How many there were to move; -EBUSY: some are of a process namespace that we do not see. */
static int move_round(const char *from, const char *to)
{
	char path[PATH_MAX], text[16];
	cleanup_fclose FILE *file = NULL;
	int count = 0, pid;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", from) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fscanf(file, "%d", &pid) == 1) {
		int r;

		if (pid == 0)
			return -EBUSY;
		snprintf(text, sizeof(text), "%d", pid);
		r = write_text(to, "cgroup.procs", text);
		if (r < 0 && r != -ESRCH)
			return r;
		count++;
	}
	return count;
}

static int move_all(const char *from, const char *to)
{
	int r = 1;

	for (int i = 0; r > 0 && i < ROUNDS; i++)
		r = move_round(from, to);
	return r > 0 ? -EBUSY : r;
}

int cgroup_leaf_move(const struct tree *tree)
{
	char leaf[PATH_MAX];
	bool made;
	int r = leaf_of(tree, leaf);

	if (r < 0)
		return r;
	made = mkdir(leaf, 0755) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	if (made)
		(void)setxattr(leaf, CGROUP_MARK, "1", 1, 0);
	r = move_all(tree->dir, leaf);
	if (r < 0 && made) {
		(void)move_all(leaf, tree->dir);
		rmdir(leaf);
	}
	return r;
}

bool cgroup_leaf_is_ours(const struct tree *tree, char path[PATH_MAX])
{
	return tree->unified && leaf_of(tree, path) == 0 &&
	       getxattr(path, CGROUP_MARK, NULL, 0) >= 0;
}

static bool has_other_groups(const struct tree *tree)
{
	DIR *dir = opendir(tree->dir);
	const struct dirent *entry;
	bool found = !dir;

	while (!found && (entry = readdir(dir)))
		found = entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			strcmp(entry->d_name, LEAF) != 0;
	if (dir)
		closedir(dir);
	return found;
}

void cgroup_leaf_undo(const struct tree *tree)
{
	char leaf[PATH_MAX], text[16];

	if (!cgroup_leaf_is_ours(tree, leaf) || has_other_groups(tree))
		return;
	for (size_t i = 0; i < CONTROLLERS; i++) {
		snprintf(text, sizeof(text), "-%s", cgroup_controller[i]);
		if (tree->controllers & 1u << i &&
		    write_text(tree->dir, "cgroup.subtree_control", text) < 0)
			return;
	}
	if (move_all(leaf, tree->dir) == 0)
		rmdir(leaf);
}
