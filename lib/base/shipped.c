// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes with VLSP beside the daemon and the command line (shipped.h). */
#include "lib/base/shipped.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/name.h"

int shipped_find(char *path, size_t size, struct err *err)
{
	char exe[PATH_MAX - 16], router[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (slash) {
		*slash = '\0';
		snprintf(router, sizeof(router), "%s/vlsp-router", exe);
		snprintf(path, size, "%s", exe);
		if (access(router, X_OK) == 0)
			return 0;
	}
	snprintf(path, size, "%s/libexec/vlsp", VLSP_PREFIX);
	snprintf(router, sizeof(router), "%s/vlsp-router", path);
	if (access(router, X_OK) == 0)
		return 0;
	return err_set(err, ENOENT, "vlsp-router: neither beside this program nor in %s", path);
}

/* --- applications ----------------------------------------------------------------------------- */

static int by_name(const struct dirent **x, const struct dirent **y)
{
	return strcmp((*x)->d_name, (*y)->d_name);
}

static int is_program(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && name_check(entry->d_name, "", NULL) == 0 &&
	       !strchr(entry->d_name, '.');
}

/* "NAME\tA LINE\n"... in the file "about". */
static char *about(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, n) == 0 && line[n] == '\t')
			return strndup(line + n + 1, strcspn(line + n + 1, "\n"));
	}
	return strdup("");
}

static char *about_read(const char *dir)
{
	char path[PATH_MAX];
	cleanup_fclose FILE *file = NULL;
	char *text = NULL;
	size_t room = 0;

	snprintf(path, sizeof(path), "%s/about", dir);
	file = fopen(path, "re");
	if (file && getdelim(&text, &room, '\0', file) >= 0)
		return text;
	free(text);
	return NULL;
}

char **shipped_read(const char *dir)
{
	cleanup_free char *text = about_read(dir);
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_program, by_name); /* none: there are none */
	size_t used = 0;
	char **list = calloc(count > 0 ? 2 * (size_t)count + 1 : 1, sizeof(*list));

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%.3500s/%s", dir, entries[i]->d_name);
		if (list && stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111) {
			list[used] = strdup(entries[i]->d_name);
			list[used + 1] = about(text, entries[i]->d_name);
			if (list[used] && list[used + 1])
				used += 2;
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
