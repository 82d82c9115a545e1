// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names of the shipped applications, without a daemon: the directory that vlspd would look
 * into, beside this program or where make install puts it. Called by topology_file.c.
 */
#include "cli/shipped.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/name.h"

static void find_dir(char path[PATH_MAX])
{
	char exe[PATH_MAX - 16];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (slash) {
		*slash = '\0';
		snprintf(path, PATH_MAX, "%s/vlsp-router", exe);
		if (access(path, X_OK) == 0) {
			snprintf(path, PATH_MAX, "%s/apps", exe);
			return;
		}
	}
	snprintf(path, PATH_MAX, "%s/libexec/vlsp/apps", VLSP_PREFIX);
}

static int is_program(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && name_check(entry->d_name, "", NULL) == 0 &&
	       !strchr(entry->d_name, '.');
}

char **shipped_read(void)
{
	struct dirent **entries = NULL;
	char dir[PATH_MAX], **list = NULL;
	size_t used = 0;
	int count;

	find_dir(dir);
	count = scandir(dir, &entries, is_program, alphasort);
	if (count > 0)
		list = calloc(2 * (size_t)count + 1, sizeof(*list));
	for (int i = 0; i < count; i++) {
		cleanup_free char *path = NULL;

		if (list && asprintf(&path, "%s/%s", dir, entries[i]->d_name) > 0 &&
		    access(path, X_OK) == 0) {
			list[used] = strdup(entries[i]->d_name);
			list[used + 1] = list[used] ? strdup("") : NULL;
			used += list[used + 1] ? 2 : 0;
		}
		free(entries[i]);
	}
	free(entries);
	return list;
}

void shipped_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
