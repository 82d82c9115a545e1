// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of routers in /etc/hosts. The daemon keeps one file for all applications of an instance;
 * vlsp router exec makes one for its own command. Called by app_mounts.c, cli/netns.c and
 * daemon/host/local_hosts.c.
 */
#include "lib/confine/hosts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/mark.h"
#include "lib/base/name.h"

#define HOSTS "/etc/hosts"

char *confine_hosts_machine(void)
{
	cleanup_fclose FILE *file = fopen(HOSTS, "re");
	char *text = NULL;
	size_t room = 0;

	/* one "line" up to a NUL that does not come: all of it */
	if (file && getdelim(&text, &room, '\0', file) >= 0)
		return text;
	free(text);
	return strdup("");
}

void confine_hosts_begin(FILE *to, const char *own)
{
	size_t n = strlen(own);

	fprintf(to, "%s%s" MARK_HOSTS "\n", own, n && own[n - 1] != '\n' ? "\n" : "");
}

void confine_hosts_add(FILE *to, const char *name, uint32_t address)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(to, "%s %s\n", addr_format(address, text), name);
}

int confine_hosts_open(const char *path, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "%s", path);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		int r = err_errno(err, errno, "%s", path);

		close(fd);
		return r;
	}
	return fd;
}

int confine_hosts_mount(int fd, struct err *err)
{
	if (access(HOSTS, F_OK) < 0)
		return 0;
	if (move_mount(fd, "", AT_FDCWD, HOSTS, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, errno, "names of routers in " HOSTS);
	return 0;
}
